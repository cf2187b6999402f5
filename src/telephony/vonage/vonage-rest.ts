import { createPrivateKey, randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../../lib/errors.ts';
import type { Ncco } from './ncco.ts';

export interface VonageRestOptions {
  /** `https://api.nexmo.com`, or a region's. */
  readonly apiUrl: string;
  /** The base that a call's `region_url` stands for (default: none, everything goes to `apiUrl`): `regionsBeside`. */
  readonly regionOf?: ((regionUrl: string) => string | undefined) | undefined;
  readonly applicationId: string;
  /** PEM, as the dashboard gives it. */
  readonly privateKey: string;
  readonly wallClock: () => Milliseconds;
  /** For one request (default 5 s). */
  readonly timeoutMs?: Milliseconds;
}

/**
 * The requests of the Voice API that steer a call (https://developer.vonage.com/en/api/voice). Each rejects
 * with VONAGE_REQUEST_FAILED; `hangUp` not for a call that is over already.
 */
export interface VonageRest {
  /** PUT /v1/calls/{uuid} `hangup`. False: there is no such call any more. */
  hangUp(uuid: string): Promise<boolean>;
  /** PUT /v1/calls/{uuid} `transfer` to another NCCO. */
  transfer(uuid: string, ncco: Ncco): Promise<void>;
  /** PUT /v1/calls/{uuid}/dtmf. */
  sendDtmf(uuid: string, digits: string): Promise<void>;
  /** GET /v1/calls/{uuid}. True: it has ended, or there is none. */
  isOver(uuid: string): Promise<boolean>;
  /** The same for a call that is carried in another region: that region alone knows it, others answer 404. */
  at(regionUrl: string | undefined): VonageRest;
}

export const DEFAULT_API_URL = 'https://api.nexmo.com';

const TIMEOUT_MS = 5000;
/** Of a token: each request has one of its own. */
const TOKEN_LIFE_S = 300;
/** What may be better a moment later. */
const PASSING = new Set([429, 502, 503, 504]);
const RETRY_MS = 300;
/** States of a leg after which there is none any more. */
export const OVER = new Set<string | undefined>([
  'completed',
  'cancelled',
  'failed',
  'rejected',
  'busy',
  'timeout',
  'unanswered',
]);

/** What is believed of calls' regions: an `apiUrl` that somebody chose is used for all of them. */
export function regionsBeside(apiUrl: string): VonageRestOptions['regionOf'] {
  return apiUrl.replace(/\/+$/, '') === DEFAULT_API_URL ? vonageRegion : undefined;
}

/** Only Vonage's own hosts get our tokens: `https://api-eu-3.vonage.com`. Undefined: it is none. */
function vonageRegion(regionUrl: string): string | undefined {
  if (!URL.canParse(regionUrl)) return undefined;
  const { protocol, hostname, origin } = new URL(regionUrl);
  return protocol === 'https:' && /(^|\.)(nexmo|vonage)\.com$/.test(hostname) ? origin : undefined;
}

/** Throws VONAGE_REQUEST_FAILED when the private key can't be read. */
export function createVonageRest(options: VonageRestOptions): VonageRest {
  return new RegionRest(options.apiUrl.replace(/\/+$/, ''), readKey(options.privateKey), options);
}

interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly text: string;
}

/** The requests to one region. */
class RegionRest implements VonageRest {
  readonly #base: string;
  readonly #key: KeyObject;
  readonly #options: VonageRestOptions;

  constructor(base: string, key: KeyObject, options: VonageRestOptions) {
    this.#base = base;
    this.#key = key;
    this.#options = options;
  }

  async hangUp(uuid: string): Promise<boolean> {
    const answer = await this.#ask(pathOf(uuid), 'hang up', { action: 'hangup' });
    if (answer.status === 404) return false;
    mustSucceed(answer, 'hang up');
    return true;
  }

  async transfer(uuid: string, ncco: Ncco): Promise<void> {
    const body = { action: 'transfer', destination: { type: 'ncco', ncco } };
    mustSucceed(await this.#ask(pathOf(uuid), 'transfer the call', body), 'transfer the call');
  }

  async sendDtmf(uuid: string, digits: string): Promise<void> {
    mustSucceed(await this.#ask(`${pathOf(uuid)}/dtmf`, 'send keys', { digits }), 'send keys');
  }

  async isOver(uuid: string): Promise<boolean> {
    const answer = await this.#ask(pathOf(uuid), 'look for the call');
    if (answer.status === 404) return true;
    mustSucceed(answer, 'look for the call');
    return OVER.has(statusIn(answer.text));
  }

  at(regionUrl: string | undefined): VonageRest {
    const base = regionUrl === undefined ? undefined : this.#options.regionOf?.(regionUrl);
    return new RegionRest(base ?? this.#base, this.#key, this.#options);
  }

  /** Asks once more if what went wrong may be better a moment later. */
  async #ask(path: string, what: string, body?: object): Promise<Answer> {
    let response = await this.#send(path, body).catch(() => undefined);
    if (response && PASSING.has(response.status)) {
      await response.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      response = undefined;
    }
    try {
      response ??= await this.#send(path, body);
      return { status: response.status, ok: response.ok, text: await response.text() };
    } catch (error) {
      throw failed(`can't ${what}: ${this.#base} isn't reached (${causeOf(error)})`, error);
    }
  }

  async #send(path: string, body: object | undefined): Promise<Response> {
    return fetch(`${this.#base}${path}`, {
      method: body ? 'PUT' : 'GET',
      redirect: 'error',
      signal: AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS),
      headers: { authorization: `Bearer ${await this.#token()}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }

  /** A JWT of the application: https://developer.vonage.com/en/getting-started/concepts/authentication#json-web-tokens */
  #token(): Promise<string> {
    const { applicationId, wallClock } = this.#options;
    const now = Math.floor(wallClock() / 1000);
    return new SignJWT({ application_id: applicationId })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuedAt(now)
      .setExpirationTime(now + TOKEN_LIFE_S)
      .setJti(randomUUID())
      .sign(this.#key);
  }
}

/** Throws VONAGE_REQUEST_FAILED. */
function mustSucceed({ ok, status, text }: Answer, what: string): void {
  if (!ok) throw failed(`can't ${what}: ${explain(status, text)}`);
}

function pathOf(uuid: string): string {
  return `/v1/calls/${encodeURIComponent(uuid)}`;
}

/** Throws VONAGE_REQUEST_FAILED. */
function readKey(pem: string): KeyObject {
  try {
    // In environment variables line breaks are often written as \n.
    const key = createPrivateKey(pem.replaceAll('\\n', '\n'));
    if (key.asymmetricKeyType !== 'rsa') throw new Error(`it is of type ${String(key.asymmetricKeyType)}`);
    return key;
  } catch (error) {
    throw failed(
      `the private key of the Vonage application can't be used: an RSA key in PEM is needed, as the dashboard gives it (${messageOf(error)})`,
    );
  }
}

/** Of a call's description. */
function statusIn(text: string): string | undefined {
  try {
    const call = JSON.parse(text) as { status?: unknown } | null;
    return typeof call?.status === 'string' ? call.status : undefined;
  } catch {
    return undefined;
  }
}

function failed(message: string, cause?: unknown): VoiceAgentError {
  return new VoiceAgentError('VONAGE_REQUEST_FAILED', message, { cause });
}

function explain(status: number, text: string): string {
  const hints: Readonly<Record<number, string>> = {
    401: 'the application id or its private key is not the right one (401)',
    404: 'there is no such call any more (404)',
    429: 'too many requests (429)',
  };
  return hints[status] ?? `HTTP ${status} ${text.slice(0, 200)}`.trim();
}

function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return messageOf(cause ?? error);
}
