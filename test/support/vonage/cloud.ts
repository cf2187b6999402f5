/**
 * The Vonage side of the Voice API, for tests and for the demonstration: it places calls to the
 * application's webhooks and WebSocket, and serves the REST API that steers calls.
 * REST: the OpenAPI description of the Voice API, version 1.10 (PUT /v1/calls/{uuid}: 204, 401, 404; PUT
 * /v1/calls/{uuid}/dtmf: 200 with `message` and `uuid`).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen, type ListeningServer } from '../provider-servers/listening-server.ts';
import { createVonageAccount, refusalOf, type VonageAccount } from './account.ts';
import { VonageCall, type ApplicationUrls, type CallOptions, type TelephoneOutcome } from './call.ts';
import { checkNcco, NccoError, readNcco, type NccoAction } from './ncco.ts';
import { Webhooks, type WebhookSeen } from './webhooks.ts';

export interface CloudOptions {
  readonly account?: VonageAccount;
  readonly telephone?: (address: string) => TelephoneOutcome;
  readonly ringMs?: number;
  /** The path of the region that carries the calls, `/eu-3`: below another one there is no such call. */
  readonly region?: string;
  /** How long `talk` takes. People hear about 350 ms a word; tests needn't wait for that. */
  readonly talkMsPerWord?: number;
}

/** A request to the REST API and what it was answered. */
export interface RestSeen {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly status: number;
  readonly why: string | undefined;
}

export interface VonageCloud {
  readonly account: VonageAccount;
  /** Base URL of the REST API, as https://api.nexmo.com is. */
  readonly url: string;
  /** Base URL of the region that carries the calls: what `region_url` says. */
  readonly regionUrl: string;
  readonly calls: readonly VonageCall[];
  readonly webhooks: readonly WebhookSeen[];
  readonly requests: readonly RestSeen[];
  /** Gives the application its URLs: before the first call. */
  link(application: ApplicationUrls): void;
  /** Somebody calls one of the application's numbers. */
  call(options: CallOptions): VonageCall;
  /** The next requests to the REST API are answered by these, one each. */
  failNext(...statuses: number[]): void;
  /** Ends all calls and the REST API. */
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 100_000;

export async function startVonageCloud(options: CloudOptions = {}): Promise<VonageCloud> {
  const account = options.account ?? createVonageAccount();
  const webhooks = new Webhooks(account);
  const calls: VonageCall[] = [];
  const requests: RestSeen[] = [];
  const failures: number[] = [];
  const region = options.region ?? '';
  let application: ApplicationUrls | undefined;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: path = '' } = request;
    const text = await readBody(request);
    const outcome = await serve(method, path, text, request.headers.authorization);
    requests.push({
      at: Date.now(),
      method,
      path,
      body: outcome.body,
      status: outcome.status,
      why: outcome.why,
    });
    const reply = outcome.reply ?? (outcome.why === undefined ? undefined : { title: outcome.why });
    // Kept alive, connections of many calls that ended at once would look like a leak.
    response.setHeader('Connection', 'close');
    response.writeHead(outcome.status, reply ? { 'Content-Type': 'application/json' } : {});
    response.end(reply && JSON.stringify(reply));
  };

  const serve = async (
    method: string,
    path: string,
    text: string,
    authorization: string | undefined,
  ): Promise<{ status: number; body?: unknown; reply?: unknown; why?: string }> => {
    const failure = failures.shift();
    if (failure !== undefined) return { status: failure, body: text, why: 'as the test wants it' };
    const refusal = refusalOf(account, authorization);
    if (refusal !== undefined) return { status: 401, body: text, why: refusal };
    const [, uuid, part] = /^\/v1\/calls\/([^/?]+)(\/[^?]*)?$/.exec(path.replace(region, '')) ?? [];
    if (!path.startsWith(region))
      return { status: 404, body: parse(text), why: 'no such call in this region' };
    const call = calls.find((one) => one.uuid === uuid && one.endReason === undefined);
    const body = parse(text);
    if (method === 'GET' && part === undefined) {
      const known = calls.find((one) => one.uuid === uuid);
      const status = known?.endReason === undefined ? 'answered' : 'completed';
      return known ? { status: 200, reply: { uuid, status } } : { status: 404, why: 'no such call' };
    }
    if (method !== 'PUT' || uuid === undefined) return { status: 404, body, why: `no such resource ${path}` };
    if (typeof body !== 'object' || body === null)
      return { status: 400, body, why: 'the body is no JSON object' };
    const { action, digits } = body as { action?: unknown; digits?: unknown };
    if (!call) {
      const found = action === 'hangup' && calls.some((one) => one.hangUpLeg(uuid));
      return found ? { status: 204, body } : { status: 404, body, why: 'no such call' };
    }
    if (part === '/dtmf') {
      if (typeof digits !== 'string' || !/^[0-9*#p]+$/.test(digits))
        return { status: 400, body, why: 'digits' };
      call.digitsHeard.push(...Array.from(digits));
      return { status: 200, body, reply: { message: 'DTMF sent', uuid } };
    }
    if (part !== undefined) return { status: 404, body, why: `no such resource ${path}` };
    if (action === 'hangup') {
      void call.end('hung up through the REST API');
      return { status: 204, body };
    }
    if (action !== 'transfer') return { status: 400, body, why: `unknown action ${String(action)}` };
    try {
      void call.transfer(await destination((body as { destination?: unknown }).destination));
      return { status: 204, body };
    } catch (error) {
      return { status: 400, body, why: error instanceof NccoError ? error.message : String(error) };
    }
  };

  const server: ListeningServer = await listen({
    onRequest: (request, response) => {
      answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    },
  });

  return {
    account,
    url: server.url,
    regionUrl: `${server.url}${region}`,
    calls,
    webhooks: webhooks.seen,
    requests,
    link(urls) {
      application = urls;
    },
    call(wanted) {
      if (!application) throw new Error('the application has no URLs yet: link()');
      const call = new VonageCall(
        {
          account,
          webhooks,
          application,
          regionUrl: `${server.url}${region}`,
          telephone: options.telephone ?? (() => 'answered'),
          talkMsPerWord: options.talkMsPerWord ?? 20,
          ringMs: options.ringMs ?? 100,
        },
        wanted,
      );
      calls.push(call);
      call.start().catch((error: unknown) => {
        call.complaints.push(String(error));
        void call.end('the emulator failed');
      });
      return call;
    },
    failNext(...statuses) {
      failures.push(...statuses);
    },
    async close() {
      await Promise.all(calls.map((call) => call.end('the emulator closed')));
      await server.close();
    },
  };
}

/** The NCCO of a transfer: inline, or behind a URL. Throws NccoError. */
async function destination(value: unknown): Promise<NccoAction[]> {
  const { type, ncco, url } = (value ?? {}) as { type?: unknown; ncco?: unknown; url?: unknown };
  if (type !== 'ncco') throw new NccoError('destination.type is not ncco.');
  if (ncco !== undefined) return checkNcco(ncco);
  if (!Array.isArray(url) || typeof url[0] !== 'string')
    throw new NccoError('destination.url is not an array.');
  const response = await fetch(url[0], { signal: AbortSignal.timeout(5000) });
  return readNcco(await response.text(), response.headers.get('content-type') ?? undefined);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= BODY_MAX_BYTES) pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
