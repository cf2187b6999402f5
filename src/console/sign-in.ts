import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
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
  /**
   * Names by which browsers may know this console, besides its addresses and `localhost`; undefined: any. Whoever owns another
   * name can let it lead here ("DNS rebinding"), and has a page of theirs ask as if it were ours.
   */
  readonly hostNames?: readonly string[] | undefined;
}

/** Somebody who has signed in. */
export interface Visitor {
  readonly role: Role;
  readonly name: string;
  /** Of the session; missing: a proxy vouches for them. */
  readonly session?: { readonly id: string; readonly ends: Milliseconds };
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
 * here but who has signed out, it outlives a restart, and another token ends it.
 */
export class SignIn {
  readonly #options: SignInOptions;
  readonly #key: Buffer;
  /** Sessions that were ended before their time, with that. */
  readonly #ended = new Map<string, Milliseconds>();

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
    const session = `${role}.${now + SESSION_MS}.${randomBytes(9).toString('base64url')}`;
    const value = `${session}.${this.#signature(session)}`;
    return `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1000}${secure ? '; Secure' : ''}`;
  }

  /** Ends a session, for whoever has its cookie. Returns the header that takes it away. */
  signOut({ session }: Visitor, now: Milliseconds): string {
    for (const [id, ends] of this.#ended) if (ends <= now) this.#ended.delete(id);
    if (session) this.#ended.set(session.id, session.ends);
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
    const [role = '', end = '', id = '', signature = ''] = value.split('.');
    if ((role !== 'view' && role !== 'operate') || this.#options.tokens[role] === undefined) return undefined;
    const ends = Number(end);
    if (!(ends > now) || this.#ended.has(id)) return undefined;
    if (!timingSafeEqual(digest(signature), digest(this.#signature(`${role}.${end}.${id}`))))
      return undefined;
    return { role, name: `token (${role})`, session: { id, ends } };
  }

  /** The browser knows this console by a name that it has. */
  isOwnHost({ headers: { host = '' } }: Sender): boolean {
    const { hostNames } = this.#options;
    if (!hostNames) return true;
    const url = `http://${String(host)}`;
    const name = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
    // Nobody can let an address lead elsewhere, and browsers take `localhost` for their own machine.
    return isIP(name) > 0 || name === 'localhost' || name.endsWith('.localhost') || hostNames.includes(name);
  }

  #signature(session: string): string {
    return createHmac('sha256', this.#key).update(session).digest('base64url');
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
