import { createHash, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { HttpRequest } from '../../lib/http-exchange.ts';
import type { WebhookToken } from './answered-webhooks.ts';

export interface SignatureOptions {
  /** Of the account's settings in the dashboard: signs the webhooks. */
  readonly secret: string;
  /** Of the application that the webhooks must belong to. */
  readonly applicationId: string;
  /** Of the account, if that shall be compared, too. */
  readonly apiKey?: string | undefined;
  /** Takes requests that have no signature at all; those that have one are checked. */
  readonly allowUnsigned?: boolean;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly wallClock: () => Milliseconds;
}

export type Verdict =
  /** No token: it isn't signed, and that is permitted. */
  | { readonly genuine: true; readonly token?: WebhookToken }
  | { readonly genuine: false; readonly why: string };

export interface SignatureCheck {
  check(request: HttpRequest): Promise<Verdict>;
}

/** A webhook is good for so long from when it was signed; Vonage gives up waiting for an answer long before. */
const WINDOW_S = 300;
/** Clocks differ by so much. */
const SKEW_S = 60;
/** After so long no token is good any more that is good now: it may be of the future by the skew. */
export const TOKEN_GOOD_MS = (WINDOW_S + 2 * SKEW_S) * 1000;

/**
 * Signed webhooks: a JWT (HS256, the account's signature secret) in the Authorization header, with `iat`,
 * `jti`, `iss: Vonage`, `payload_hash`, `api_key` and `application_id`
 * (https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks).
 * `payload_hash` is the SHA-256 of the body, or for GET of the query as a JSON object in the order of its
 * parameters (https://api.support.vonage.com/hc/en-us/articles/19033783342876).
 */
export function createSignatureCheck(options: SignatureOptions): SignatureCheck {
  const key = new TextEncoder().encode(options.secret);

  return {
    async check(request) {
      const token = /^Bearer (\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
      if (token === undefined) {
        return options.allowUnsigned === true ? { genuine: true } : refused('it is not signed');
      }
      const now = new Date(options.wallClock());
      let claims: Record<string, unknown>;
      try {
        const verified = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer: 'Vonage',
          requiredClaims: ['iat', 'jti', 'payload_hash', 'application_id'],
          maxTokenAge: WINDOW_S,
          clockTolerance: SKEW_S,
          currentDate: now,
        });
        claims = verified.payload;
      } catch (error) {
        return refused(reasonOf(error));
      }
      if (claims['application_id'] !== options.applicationId) return refused('it is of another application');
      if (options.apiKey !== undefined && claims['api_key'] !== options.apiKey) {
        return refused('it is of another account');
      }
      const hash = claims['payload_hash'];
      if (typeof hash !== 'string' || !payloadsOf(request).some((payload) => same(hash, payload))) {
        return refused('its content is not what was signed');
      }
      return { genuine: true, token: { id: String(claims['jti']), content: `${request.path} ${hash}` } };
    },
  };
}

function refused(why: string): Verdict {
  return { genuine: false, why };
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is not of our secret';
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    return `its ${error.claim} is not as it must be`;
  }
  return `its signature can't be read (${messageOf(error)})`;
}

/**
 * What may have been hashed: the body as it is or as compact JSON, or the query as JSON, in which what is
 * JSON itself may stand as such (the original request of a fallback).
 */
function payloadsOf({ method, query, body }: HttpRequest): string[] {
  if (method === 'GET') {
    const parameters = [...new URLSearchParams(query)];
    return [
      JSON.stringify(Object.fromEntries(parameters)),
      JSON.stringify(Object.fromEntries(parameters.map(([name, value]) => [name, unpacked(value)]))),
    ];
  }
  const compact = unpacked(body);
  return typeof compact === 'string' ? [body] : [body, JSON.stringify(compact)];
}

/** Objects and lists for what is JSON of one; everything else as it is. */
function unpacked(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function same(hash: string, payload: string): boolean {
  const ours = Buffer.from(createHash('sha256').update(payload).digest('hex'));
  const theirs = Buffer.from(hash.toLowerCase());
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
