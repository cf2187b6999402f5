import { signal } from '@preact/signals';
import type { Session } from '../src/console/protocol.ts';

/** Undefined: not known yet; null: nobody has signed in. */
export const session = signal<Session | null | undefined>(undefined);
export const agentAway = signal(false);

export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the server answers, as JSON. Throws Refused; a session that is over leads to signing in. */
export async function get<T>(path: string): Promise<T> {
  return (await request(path, { method: 'GET' })).json() as Promise<T>;
}

export async function post(path: string, body: object = {}): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await request(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function request(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init);
  if (response.ok) return response;
  if (response.status === 401 && path !== '/api/sign-in') session.value = null;
  const { error = response.statusText } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Refused(response.status, error);
}

/** Finds out who is signed in, with the token of the address (`#token=…`) if there is one. */
export async function begin(): Promise<void> {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token !== undefined) {
    // Not in the history of the browser, nor on the screen.
    window.history.replaceState(null, '', '/#/live');
    await signIn(decodeURIComponent(token)).catch(() => undefined);
  }
  await refreshSession();
}

export async function signIn(token: string): Promise<void> {
  await post('/api/sign-in', { token });
  await refreshSession();
}

export async function signOut(): Promise<void> {
  await post('/api/sign-out');
  session.value = null;
}

async function refreshSession(): Promise<void> {
  try {
    session.value = await get<Session>('/api/session');
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    session.value = null;
  }
}
