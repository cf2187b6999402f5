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
import ari from 'ari-client';
import swagger, { type SwaggerHttpRequest } from 'swagger-client';
import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { AriError } from './ari-error.ts';
import { openAriHttp, type AriHttp, type AriHttpAnswer, type AriServer } from './ari-http.ts';

/** ARI's operations by resource and nickname, as the server's api-docs name them. */
export interface AriOperations {
  /**
   * Calls e.g. `('channels', 'answer', { channelId })`. Rejects with an `AriError`: ARI_UNREACHABLE,
   * ARI_TIMEOUT, ARI_UNAUTHORIZED, or ARI_REQUEST_FAILED with the HTTP status.
   */
  call(resource: string, operation: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** See `AriHttp.dropIdle`. */
  dropIdle(): void;
  close(): void;
}

type Operation = (parameters: Readonly<Record<string, unknown>>) => PromiseLike<unknown>;
type Client = Partial<Record<string, Partial<Record<string, Operation>>>>;

interface Transport {
  readonly server: AriServer;
  readonly http: AriHttp;
  /** The first thing that went wrong; swagger-client forgets it while it loads. */
  failure?: AriError;
}

/** Whose request swagger-client is making at this moment: it makes them synchronously. */
let calling: Transport | undefined;
/** The client whose api-docs are being loaded; one at a time. */
let loading: Transport | undefined;
let lastLoad: Promise<unknown> = Promise.resolve();

swagger.SwaggerHttp.prototype.execute = (request: SwaggerHttpRequest): void => {
  const transport = calling ?? loading;
  if (transport) void execute(transport, request);
  else request.on.error(new AriError('ARI_REQUEST_FAILED', 'no ARI connection is open for this request'));
};

// Asterisk's api-docs are of Swagger 1.1. swagger-client says at each start that this is deprecated, through
// a global function that also keeps everything it ever printed.
(globalThis as { log?: () => void }).log = () => undefined;

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
    request.on.response({ url, method, status, headers: answer.headers, data: answer.body });
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
export async function openAriOperations(server: AriServer, timeoutMs: Milliseconds): Promise<AriOperations> {
  const transport: Transport = { server, http: openAriHttp(server, timeoutMs) };
  const load = lastLoad.then(() => loadClient(transport, timeoutMs));
  lastLoad = load.catch(() => undefined);
  try {
    const client = await load;
    return {
      async call(resource, operation, parameters = {}) {
        const run = client[resource]?.[operation];
        if (!run) {
          const message = `Asterisk "${server.name}" has no ARI operation ${resource}.${operation}`;
          throw new AriError('ARI_REQUEST_FAILED', message);
        }
        return await attempt(transport, run, parameters);
      },
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

/** The request is made before this returns, so nobody else runs while `calling` is set. */
function attempt(
  transport: Transport,
  run: Operation,
  parameters: Readonly<Record<string, unknown>>,
): PromiseLike<unknown> {
  calling = transport;
  try {
    return run(parameters);
  } finally {
    calling = undefined;
  }
}

async function loadClient(transport: Transport, timeoutMs: Milliseconds): Promise<Client> {
  const { server } = transport;
  loading = transport;
  let timer: NodeJS.Timeout | undefined;
  try {
    const connected = ari.connect(ariBase(server), server.username, server.password);
    // ari-client has just left its credentials for the whole process; our transport puts in the right ones.
    swagger.authorizations.remove('basic-auth');
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `Asterisk "${server.name}" didn't give its ARI api-docs within ${timeoutMs} ms`;
        reject(new AriError('ARI_TIMEOUT', message));
      }, timeoutMs);
    });
    return (await Promise.race([connected, late])) as unknown as Client;
  } catch (error) {
    if (error instanceof AriError) throw error;
    if (transport.failure) throw transport.failure;
    const message = `Asterisk "${server.name}" gives no ARI api-docs: ${messageOf(error)}`;
    throw new AriError('ARI_UNREACHABLE', message, undefined, error);
  } finally {
    clearTimeout(timer);
    loading = undefined;
  }
}
