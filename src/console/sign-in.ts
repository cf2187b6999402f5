import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Milliseconds } from '../lib/clock.ts';
import type { Role } from './protocol.ts';

export interface SignInOptions {
  /** Who has one of these has the role. */
  readonly tokens: Readonly<Partial<Record<Role, string>>>;
  /** An authenticating proxy, whose word is taken from these addresses alone. */
  readonly proxy?: {
    readonly addresses: readonly string[];
    /** In which it says who asks. */
    readonly header: string;
    /** Those who may operate; the others view. */
    readonly operators: readonly string[];
  };
}

/** Somebody who has signed in. */
export interface Visitor {
  readonly role: Role;
  readonly name: string;
}

/** What is known of a request's sender. */
export interface Sender {
  readonly address: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A working day: then the token is asked for again. */
const SESSION_MS: Milliseconds = 12 * 3_600_000;
const COOKIE = 'voice-agent-console';

/**
 * Who may see the page. A session is a cookie that says role and end and is signed with what the tokens are: nothing is kept
 * here, it outlives a restart, and another token ends it.
 */
export class SignIn {
  readonly #options: SignInOptions;
  readonly #key: Buffer;

  constructor(options: SignInOptions) {
    this.#options = options;
    this.#key = digest(JSON.stringify([options.tokens.operate ?? '', options.tokens.view ?? '']));
  }

  /** The role of a token; undefined: it isn't one. */
  roleOf(token: string): Role | undefined {
    const roles = ['operate', 'view'] as const;
    return roles.find((role) => {
      const right = this.#options.tokens[role];
      return right !== undefined && timingSafeEqual(digest(right), digest(token));
    });
  }

  /** The header that begins a session. `secure`: the connection is encrypted. */
  cookie(role: Role, now: Milliseconds, secure: boolean): string {
    const end = String(now + SESSION_MS);
    const value = `${role}.${end}.${this.#signature(role, end)}`;
    return `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1000}${secure ? '; Secure' : ''}`;
  }

  /** The header that ends one. */
  get noCookie(): string {
    return `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
  }

  /** Who asks; undefined: nobody who has signed in. */
  visitor({ address, headers }: Sender, now: Milliseconds): Visitor | undefined {
    const { proxy } = this.#options;
    if (proxy?.addresses.includes(plainAddress(address)) === true) {
      const name = headers[proxy.header.toLowerCase()];
      if (typeof name === 'string' && name !== '')
        return { name, role: proxy.operators.includes(name) ? 'operate' : 'view' };
    }
    const cookies = String(headers['cookie'] ?? '').split(/;\s*/);
    const value = cookies.find((one) => one.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? '';
    const [role = '', end = '', signature = ''] = value.split('.');
    if ((role !== 'view' && role !== 'operate') || this.#options.tokens[role] === undefined) return undefined;
    if (!(Number(end) > now)) return undefined;
    if (!timingSafeEqual(digest(signature), digest(this.#signature(role, end)))) return undefined;
    return { role, name: `token (${role})` };
  }

  #signature(role: string, end: string): string {
    return createHmac('sha256', this.#key).update(`${role}.${end}`).digest('base64url');
  }
}

/** The request comes from a page of the same origin, not from somebody else's. */
export function isOwnOrigin({ headers }: Sender): boolean {
  const { origin, host } = headers;
  return typeof origin === 'string' && URL.canParse(origin) && new URL(origin).host === host;
}

/** IPv4 as it is, though a socket for both kinds writes it as IPv6. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
