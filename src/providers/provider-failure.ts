import { messageOf, VoiceAgentError, type ErrorCode } from '../lib/errors.ts';
import type { FailureKind, ProviderTrouble } from '../dialog/contract/provider-failures.ts';
import type { Milliseconds } from '../lib/clock.ts';

export type { FailureKind } from '../dialog/contract/provider-failures.ts';

type ProviderErrorCode = Extract<
  ErrorCode,
  'LLM_FAILED' | 'TTS_FAILED' | 'STT_FAILED' | 'STT_UNAVAILABLE' | 'TTS_UNAVAILABLE'
>;

export interface FailureDetails {
  readonly code: ProviderErrorCode;
  /** As providers.yaml calls it. */
  readonly provider: string;
  readonly kind: FailureKind;
  readonly message: string;
  /** The provider says when it is worth asking again. */
  readonly retryAfterMs?: Milliseconds | undefined;
  /** It lies in what was said in one conversation: of the provider it says nothing, and of other calls. */
  readonly ofConversation?: boolean | undefined;
  readonly cause?: unknown;
}

/**
 * A failure of a provider, in words that hold no key: what adapters throw. What a call is told of it is a
 * `ProviderTrouble` (dialog/provider-failures.ts, with the kinds), which dialog/provider-trouble.ts makes an event.
 */
export class ProviderFailure extends VoiceAgentError {
  readonly kind: FailureKind;
  readonly provider: string;
  /** The message without provider and kind. */
  readonly reason: string;
  readonly retryAfterMs: Milliseconds | undefined;
  readonly ofConversation: boolean;
  readonly #details: FailureDetails;

  constructor(details: FailureDetails) {
    const { code, provider, kind, message, retryAfterMs, ofConversation = false, cause } = details;
    super(code, `${provider}: ${message} (${kind})`, cause === undefined ? {} : { cause });
    this.name = 'ProviderFailure';
    this.kind = kind;
    this.provider = provider;
    this.reason = message;
    this.retryAfterMs = retryAfterMs;
    this.ofConversation = ofConversation;
    this.#details = details;
  }

  /** The same failure under another error code, for a caller to whom it means something else. */
  as(code: ProviderErrorCode): ProviderFailure {
    return new ProviderFailure({ ...this.#details, code });
  }
}

/** What a call is told when the same provider is asked again. */
export function retried(part: ProviderTrouble['part'], failure: ProviderFailure): ProviderTrouble {
  const { provider, kind, message } = failure;
  return { part, provider, kind, message, outcome: 'retried' };
}

/** What an HTTP status (or the status in a protocol's own error event) means. */
export function kindOfStatus(status: number): FailureKind {
  if (status === 401 || status === 402 || status === 403) return 'unauthorized';
  if (status === 429) return 'rate-limited';
  if (status === 408 || status === 504) return 'timeout';
  return status >= 500 ? 'server' : 'rejected';
}

/** `retry-after`: seconds, or a date (RFC 9110 §10.2.3), counted from the answer's own `date`, if there is one. */
export function retryAfter(
  header: string | null | undefined,
  date?: string | null,
): Milliseconds | undefined {
  if (header === null || header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
  const [until, now] = [Date.parse(header), Date.parse(date ?? '')];
  return Number.isNaN(until) || Number.isNaN(now) ? undefined : Math.max(0, until - now);
}

/** OpenAI's and Azure's finer one, and what the refusal says in words where there is no header (OpenAI, Gemini). */
export function retryAfterIn(
  headers: Pick<Headers, 'get'> | undefined,
  message: string,
): Milliseconds | undefined {
  const ms = Number(headers?.get('retry-after-ms') ?? NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const [, minutes = '0', figure, unit] =
    /(?:try again|retry) (?:in|after) (?:(\d+)m(?=[\d ]))?([\d.]+) ?(ms|s)/i.exec(message) ?? [];
  const told = Number(minutes) * 60_000 + Number(figure ?? NaN) * (unit === 'ms' ? 1 : 1000);
  const fromHeader = retryAfter(headers?.get('retry-after'), headers?.get('date'));
  return fromHeader ?? (Number.isNaN(told) ? undefined : told);
}

/** What a connection's error means; looks down the causes and into joined errors. */
export function kindOfError(error: unknown): FailureKind | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; depth++) {
    if (at instanceof SyntaxError || at.name === 'HTTPParserError') return 'malformed';
    if (/before secure TLS connection was established/.test(at.message)) return 'tls'; // Node's tls
    const { code } = at as { code?: unknown };
    const kind = typeof code === 'string' ? kindOfCode(code) : undefined;
    if (kind) return kind;
    const status = /Unexpected server response: (\d{3})/.exec(at.message)?.[1]; // ws
    if (status !== undefined) return kindOfStatus(Number(status));
    if (/handshake has timed out/.test(at.message)) return 'timeout'; // ws
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return undefined;
}

/** Node's system errors, OpenSSL's, and undici's. */
function kindOfCode(code: string): FailureKind | undefined {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL') return 'dns';
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ENETDOWN|EHOSTDOWN)$/.test(code))
    return 'refused';
  if (/^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH)/.test(code)) {
    return 'tls';
  }
  if (/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT)$/.test(code)) return 'timeout';
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'stalled';
  if (/^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|UND_ERR_CLOSED|UND_ERR_DESTROYED)$/.test(code))
    return 'cut';
  if (/^(HPE_|WS_ERR_|Z_)/.test(code)) return 'malformed';
  return undefined;
}

/** The innermost message of an error, which says most, without the keys that a server may have repeated. */
export function plainMessage(error: unknown, keys: readonly string[]): string {
  let innermost = error;
  for (let depth = 0; depth < 8; depth++) {
    const next: unknown =
      innermost instanceof AggregateError ? innermost.errors[0] : (innermost as Error | undefined)?.cause;
    if (!(next instanceof Error) || messageOf(next) === '') break;
    innermost = next;
  }
  return withoutKeys(messageOf(innermost), keys);
}

export function withoutKeys(text: string, keys: readonly string[]): string {
  const clean = keys.filter(Boolean).reduce((rest, key) => rest.replaceAll(key, '…'), text);
  return clean.length > 300 ? `${clean.slice(0, 299)}…` : clean;
}
