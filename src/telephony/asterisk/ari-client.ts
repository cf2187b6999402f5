/**
 * The one file that knows the ari-client package. Its operations are built from the server's own
 * api-docs and are used as they are; beneath them stands our HTTP instead of swagger-client's
 * (`SwaggerHttp.execute`), because that one
 * - leaves a promise pending for ever when the connection fails, and has no time-outs;
 * - loses the HTTP status of an error, by which "gone" is told from "not ready";
 * - throws a string into the event loop when api-docs can't be read (a wrong password, for one);
 * - keeps one set of credentials for the whole process, so a second server gets the first's.
 * Events don't come through here: see event-stream.ts.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import './without-request.ts';
import ari, { type Client } from 'ari-client';
import swagger, { type SwaggerHttpRequest } from 'swagger-client';
import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { AriError } from './ari-error.ts';
import { AriHttp, type AriHttpAnswer, type AriServer } from './ari-http.ts';

/** ARI's operations, by resource, as the package's own types describe them, and those that these forget. */
export type AriApi = Pick<Client, 'applications' | 'asterisk' | 'bridges'> & {
  readonly events: {
    claimChannel(params: Record<'channelId' | 'application', string>): PromiseLike<unknown>;
  };
  readonly channels: Client['channels'] & {
    create(params: Record<'channelId' | 'endpoint' | 'app' | 'appArgs', string>): PromiseLike<unknown>;
    move(params: Record<'channelId' | 'app' | 'appArgs', string>): PromiseLike<unknown>;
    dial(params: { readonly channelId: string; readonly timeout: number }): PromiseLike<unknown>;
  };
};

/** One Asterisk's ARI. */
export interface AriClient {
  /**
   * Calls e.g. `(ari) => ari.channels.answer({ channelId })`. Rejects with an `AriError`: ARI_UNREACHABLE,
   * ARI_TIMEOUT, ARI_UNAUTHORIZED, or ARI_REQUEST_FAILED with the HTTP status. What it resolves with has come
   * from the wire unchecked, whatever the package's types promise.
   */
  call(operation: (ari: AriApi) => PromiseLike<unknown>): Promise<unknown>;
  /** See `AriHttp.dropIdle`. */
  dropIdle(): void;
  close(): void;
}

interface Transport {
  readonly server: AriServer;
  readonly http: AriHttp;
  /** The first thing that went wrong; swagger-client forgets it while it loads. */
  failure?: AriError;
}

/** Whose requests swagger-client makes: it doesn't say so itself, and all servers share its one transport. */
const transports = new AsyncLocalStorage<Transport>();

swagger.SwaggerHttp.prototype.execute = (request: SwaggerHttpRequest): void => {
  const transport = transports.getStore();
  if (transport) void execute(transport, request);
  else request.on.error(new AriError('ARI_REQUEST_FAILED', 'no ARI connection is open for this request'));
};

async function execute(transport: Transport, request: SwaggerHttpRequest): Promise<void> {
  const { server, http } = transport;
  const { headers, body } = request;
  const method = request.method.toUpperCase();
  try {
    // Whatever host api-docs name, only their path counts: a proxy may stand before Asterisk.
    const url = `${ariBase(server)}${request.url.slice(request.url.indexOf('/ari/'))}`;
    const answer = await http.request({ method, url, headers, ...(body === undefined ? {} : { body }) });
    const { status } = answer;
    if (status < 200 || status >= 300) throw refusal(server, method, url, answer);
    request.on.response({ url, method, status, headers: answer.headers, data: asSwagger12(answer.body) });
  } catch (error) {
    const failure = error instanceof AriError ? error : unreadable(server, method, request.url, error);
    transport.failure ??= failure;
    try {
      request.on.error(failure);
    } catch {
      // swagger-client throws after it has reported the failure; the report is what counts.
    }
  }
}

/**
 * Asterisk's api-docs say that they are Swagger 1.1, of which swagger-client complains at each start, on the console and
 * into a list that only grows. As 1.2 it reads the same in them, and says nothing.
 */
function asSwagger12(body: string): string {
  return body.replace(/("swaggerVersion"\s*:\s*)"1\.1"/, '$1"1.2"');
}

function unreadable(server: AriServer, method: string, url: string, error: unknown): AriError {
  const message = `Asterisk "${server.name}" answered ${what(method, url)} with what can't be read: ${messageOf(error)}`;
  return new AriError('ARI_REQUEST_FAILED', message, undefined, error);
}

/** Without the query, which may hold values of variables. */
function what(method: string, url: string): string {
  return `${method} ${url.slice(url.indexOf('/ari/')).replace(/\?.*$/, '')}`;
}

/** The URL up to, and without, `/ari`. */
export function ariBase(server: Pick<AriServer, 'url'>): string {
  return server.url.replace(/\/+$/, '').replace(/\/ari$/, '');
}

/** An HTTP status that isn't a success, in words. */
export function refusal(server: AriServer, method: string, url: string, answer: AriHttpAnswer): AriError {
  const { status } = answer;
  if (status === 401) {
    const message = `Asterisk "${server.name}" refuses the ARI user "${server.username}" or its password`;
    return new AriError('ARI_UNAUTHORIZED', message, status);
  }
  if (status === 403) {
    const message = `Asterisk "${server.name}" lets the ARI user "${server.username}" only read (ari.conf: read_only)`;
    return new AriError('ARI_UNAUTHORIZED', message, status);
  }
  const message = `Asterisk "${server.name}" answered ${what(method, url)} with ${status}${reasonIn(answer.body)}`;
  return new AriError('ARI_REQUEST_FAILED', message, status);
}

function reasonIn(body: string): string {
  try {
    const { message, error } = JSON.parse(body) as { message?: unknown; error?: unknown };
    const reason = message ?? error;
    return typeof reason === 'string' ? ` (${reason})` : '';
  } catch {
    return '';
  }
}

/** Loads the server's api-docs and gives its operations. Rejects as `call` does, within about `timeoutMs`. */
export async function openAriClient(server: AriServer, timeoutMs: Milliseconds): Promise<AriClient> {
  const transport: Transport = { server, http: new AriHttp(server, timeoutMs) };
  try {
    const ari = await transports.run(transport, () => loadClient(transport, timeoutMs));
    return {
      call: (operation) => transports.run(transport, () => request(server, ari, operation)),
      dropIdle: () => {
        transport.http.dropIdle();
      },
      close: () => {
        transport.http.close();
      },
    };
  } catch (error) {
    transport.http.close();
    throw error;
  }
}

async function request(
  server: AriServer,
  ari: AriApi,
  operation: (ari: AriApi) => PromiseLike<unknown>,
): Promise<unknown> {
  try {
    return await operation(ari);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // What api-docs don't name isn't there to be called.
    const message = `Asterisk "${server.name}" lacks an ARI operation: ${error.message}`;
    throw new AriError('ARI_REQUEST_FAILED', message, undefined, error);
  }
}

async function loadClient(transport: Transport, timeoutMs: Milliseconds): Promise<AriApi> {
  const { server } = transport;
  let timer: NodeJS.Timeout | undefined;
  try {
    const connected: Promise<unknown> = ari.connect(ariBase(server), server.username, server.password);
    // ari-client has just left its credentials for the whole process; our transport puts in the right ones.
    swagger.authorizations.remove('basic-auth');
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `Asterisk "${server.name}" didn't give its ARI api-docs within ${timeoutMs} ms`;
        reject(new AriError('ARI_TIMEOUT', message));
      }, timeoutMs);
    });
    return (await Promise.race([connected, late])) as AriApi;
  } catch (error) {
    if (error instanceof AriError) throw error;
    if (transport.failure) throw transport.failure;
    const message = `Asterisk "${server.name}" gives no ARI api-docs: ${messageOf(error)}`;
    throw new AriError('ARI_UNREACHABLE', message, undefined, error);
  } finally {
    clearTimeout(timer);
  }
}
