import type { Agent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import https from 'node:https';
import { RequestAbort } from '../../lib/abort.ts';
import { systemClock, type Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { http } from '../../lib/node-http.ts';
import { AriError } from './ari-error.ts';

/** Where an Asterisk's ARI is and who we are there. */
export interface AriServer {
  /** The name that this program gives it; the first half of a call's key. */
  readonly name: string;
  /** `http://host:8088` or `https://…`, with or without a path prefix before `/ari`; no credentials in it. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

interface AriHttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface AriHttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asterisk serves each connection by a thread, and 100 sessions at most by default (http.conf, `sessionlimit`). */
const MOST_CONNECTIONS = 16;
/** Below http.conf's `session_keep_alive` (15 s by default): we hang up first, so no request meets a closed door. */
const IDLE_MS = 10_000;
/** A list of a thousand channels is about 1 MB. */
const LONGEST_ANSWER_BYTES = 64 * 1024 * 1024;

/** The value of the `Authorization` header (RFC 7617). */
export function basicAuthorization(server: Pick<AriServer, 'username' | 'password'>): string {
  return `Basic ${Buffer.from(`${server.username}:${server.password}`, 'utf8').toString('base64')}`;
}

/** HTTP to one ARI: kept connections, a time-out over each whole request. */
export class AriHttp {
  readonly #server: AriServer;
  readonly #timeoutMs: Milliseconds;
  readonly #secure: boolean;
  readonly #agent: Agent;
  readonly #closing = new AbortController();

  constructor(server: AriServer, timeoutMs: Milliseconds) {
    this.#server = server;
    this.#timeoutMs = timeoutMs;
    this.#secure = server.url.startsWith('https:');
    const options = { keepAlive: true, maxSockets: MOST_CONNECTIONS, timeout: IDLE_MS };
    this.#agent = this.#secure ? new https.Agent(options) : new http.Agent(options);
  }

  /**
   * One request with the server's credentials, in a header. Any HTTP status is an answer; rejects with
   * ARI_UNREACHABLE or ARI_TIMEOUT.
   */
  async request(request: AriHttpRequest): Promise<AriHttpAnswer> {
    const { name } = this.#server;
    const what = `${request.method} ${pathOf(request.url)}`;
    const late = `Asterisk "${name}" didn't answer ${what} within ${this.#timeoutMs} ms`;
    const abort = new RequestAbort(this.#closing.signal, systemClock);
    abort.deadline(systemClock.now() + this.#timeoutMs, () => new AriError('ARI_TIMEOUT', late));
    try {
      return await this.#send(request, abort.signal);
    } catch (error) {
      const message = `Asterisk "${name}" can't be reached for ${what}: ${whyUnreachable(error, this.#secure)}`;
      throw abort.missed ?? new AriError('ARI_UNREACHABLE', message, undefined, error);
    } finally {
      abort.release();
    }
  }

  /** Drops the connections that are kept for later: after a loss they may be half-open, and would cost a time-out each. */
  dropIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of [...(sockets ?? [])]) socket.destroy();
    }
  }

  /** Drops all connections; requests under way reject. Idempotent. */
  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  #send(request: AriHttpRequest, signal: AbortSignal): Promise<AriHttpAnswer> {
    const { url, method, body } = request;
    const authorization = basicAuthorization(this.#server);
    const headers: Record<string, string> = { ...request.headers, authorization };
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
    const { promise, resolve, reject } = Promise.withResolvers<AriHttpAnswer>();
    const outgoing = (this.#secure ? https : http).request(
      url,
      { method, agent: this.#agent, headers, signal },
      (incoming) => {
        answerOf(incoming).then(resolve, reject);
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed the kept connection while the request was on its way: it wasn't taken.
      const unlucky = outgoing.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted;
      if (unlucky) resolve(this.#send(request, signal));
      else reject(error);
    });
    outgoing.end(body);
    return promise;
  }
}

function answerOf(incoming: IncomingMessage): Promise<AriHttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > LONGEST_ANSWER_BYTES) incoming.destroy(new Error('the answer is too long'));
    });
    incoming.on('end', () => {
      const { statusCode: status, headers } = incoming;
      const body = Buffer.concat(chunks).toString('utf8');
      if (status === undefined) reject(new Error('the answer has no status'));
      else resolve({ status, headers, body });
    });
    incoming.on('error', reject);
  });
}

/** Without the query: it may hold variables' values. */
function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/]*/, '').replace(/\?.*$/, '');
}

/** What Node's and OpenSSL's codes mean here, with what to do. */
const WHY: readonly (readonly [codes: RegExp, why: string])[] = [
  [
    /^(?:EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/,
    'what answers there speaks no TLS; write http:// in place of https:// in its address (ARI_URL)',
  ],
  [
    /SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED/,
    'nobody whom this machine trusts has signed its certificate; name who has in NODE_EXTRA_CA_CERTS',
  ],
  [/CERT_HAS_EXPIRED/, 'its certificate has expired'],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, 'its certificate is for another name than that in its address (ARI_URL)'],
  [
    /^HPE_/,
    'what answers there speaks no HTTP; if the port is the encrypted one, write https:// in its address (ARI_URL)',
  ],
];
const MORE: readonly (readonly [codes: RegExp, more: string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens there (http.conf: enabled, bindaddr, bindport)'],
  [
    /^ECONNRESET$/,
    'it hangs up without an answer. Is that the port of Asterisk’s HTTP server, and if it is the encrypted one, does its address begin with https:// (ARI_URL)?',
  ],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, 'no such host is known; look at its address (ARI_URL)'],
];

function whyUnreachable(error: unknown, secure: boolean): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  const why = WHY.find(([codes]) => codes.test(code))?.[1];
  if (why !== undefined && (secure || code.startsWith('HPE_'))) return why;
  const more = MORE.find(([codes]) => codes.test(code))?.[1];
  return more === undefined ? messageOf(error) : `${messageOf(error)}: ${more}`;
}
