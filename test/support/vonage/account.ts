/**
 * An account with an application of the Vonage dashboard: what signs its webhooks, and what it takes
 * from our side. Written with node:crypto alone, so that it checks the library that the agent uses.
 *
 * Webhooks: developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks (the sample
 * JWT: header {alg: HS256, typ: JWT}, claims iat, jti, iss "Vonage", payload_hash, api_key, application_id).
 * payload_hash is the SHA-256 of the body; for GET, of the query parameters as JSON in their order without
 * white space (api.support.vonage.com article 19033783342876).
 * REST: developer.vonage.com/en/getting-started/concepts/authentication#json-web-tokens (RS256, claims
 * application_id, iat, jti; exp, or 15 minutes after iat).
 */
import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  verify,
} from 'node:crypto';

export interface VonageAccount {
  readonly apiKey: string;
  readonly applicationId: string;
  /** Signs the webhooks that the application gets. */
  readonly signatureSecret: string;
  /** PEM (PKCS #8): what the dashboard lets its owner download, once. */
  readonly privateKey: string;
  readonly publicKey: string;
}

/** How a webhook's signature is spoilt. */
export interface SignatureFault {
  /** `none`: no Authorization at all; `unsigned`: {alg: none}; `wrong-secret`; `garbage`: no JWT. */
  readonly kind?: 'none' | 'unsigned' | 'wrong-secret' | 'garbage' | 'cut-off';
  /** Seconds by which iat lies in the future, or in the past where negative. */
  readonly iatShiftS?: number;
  /** Claims put in place of the right ones; undefined leaves the claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

const TOKEN_LIFE_S = 900;
/** Clocks differ: so much of a future is forgiven. */
const CLOCK_SKEW_S = 60;

/** Making them takes a quarter of a second: accounts of one process share them. */
let keys: ReturnType<typeof createKeys> | undefined;

export function createKeys() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

export function createVonageAccount(): VonageAccount {
  const { privateKey, publicKey } = (keys ??= createKeys());
  return {
    apiKey: randomBytes(4).toString('hex'),
    applicationId: randomUUID(),
    signatureSecret: randomBytes(32).toString('base64url'),
    privateKey,
    publicKey,
  };
}

/** The value of `Authorization` on a webhook whose payload (body, or query as JSON) is given. */
export function signWebhook(
  account: VonageAccount,
  payload: string | undefined,
  fault: SignatureFault = {},
): string | undefined {
  if (fault.kind === 'none') return undefined;
  if (fault.kind === 'garbage') return 'Bearer not.a.token';
  const unsigned = fault.kind === 'unsigned';
  const claims = {
    iat: Math.floor(Date.now() / 1000) + (fault.iatShiftS ?? 0),
    jti: randomUUID(),
    iss: 'Vonage',
    ...(payload === undefined ? {} : { payload_hash: sha256(payload) }),
    api_key: account.apiKey,
    application_id: account.applicationId,
    ...fault.claims,
  };
  const signed = `${encode({ alg: unsigned ? 'none' : 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  const secret = fault.kind === 'wrong-secret' ? `${account.signatureSecret}x` : account.signatureSecret;
  const signature = unsigned ? '' : createHmac('sha256', secret).update(signed).digest('base64url');
  const token = `${signed}.${signature}`;
  return `Bearer ${fault.kind === 'cut-off' ? token.slice(0, -7) : token}`;
}

/** Why a REST request of our side is refused; undefined: it is taken. */
export function refusalOf(account: VonageAccount, authorization: string | undefined): string | undefined {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
  if (token === undefined) return 'there is no bearer token';
  const parts = token.split('.');
  if (parts.length !== 3) return 'the token has not three parts';
  const [head, body, signature] = parts as [string, string, string];
  const header = decode(head);
  const claims = decode(body);
  if (!header || !claims) return 'the token is not JSON';
  if (header['alg'] !== 'RS256') return `alg is ${String(header['alg'])}, not RS256`;
  const key = createPublicKey(account.publicKey);
  const genuine = verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
  if (!genuine) return 'the signature is not of the application’s key';
  if (claims['application_id'] !== account.applicationId) return 'application_id is another';
  if (typeof claims['jti'] !== 'string' || claims['jti'] === '') return 'there is no jti';
  const now = Date.now() / 1000;
  const iat = claims['iat'];
  if (typeof iat !== 'number' || !Number.isInteger(iat)) return 'iat is not a number of seconds';
  if (iat > now + CLOCK_SKEW_S) return 'iat lies in the future';
  const exp = claims['exp'] ?? iat + TOKEN_LIFE_S;
  if (typeof exp !== 'number' || exp < now) return 'the token has expired';
  return undefined;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
