import { signal } from '@preact/signals';
import type { Session } from '../src/console/protocol.ts';
import { inWords, texts } from './texts.ts';

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

/** What an agent is called; one that isn't there any more, by its id. */
export function agentName(id: string): string {
  return session.value?.agents.find((agent) => agent.id === id)?.name ?? id;
}

/** What the server answers, as JSON. Throws Refused; a session that is over leads to signing in. */
export async function get<T>(path: string): Promise<T> {
  return (await request(path, { method: 'GET' })).json() as Promise<T>;
}

export async function post(path: string, body: object = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return request(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** What went wrong, in the page's language where it is known: of the server's own words, English stays English. */
export function explain(error: unknown): string {
  const t = texts.value;
  if (!(error instanceof Refused)) return t.unreachableAgent;
  return inWords(t.refusals, String(error.status), error.message);
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
  await refreshSession().catch(() => {
    session.value = null;
  });
}

export async function signIn(token: string): Promise<void> {
  await post('/api/sign-in', { token });
  await refreshSession();
}

export async function signOut(): Promise<void> {
  await post('/api/sign-out');
  session.value = null;
}

/** Whether somebody is still signed in: of a socket that was closed nobody tells why. False: the agent is away. */
export async function stillThere(): Promise<boolean> {
  return refreshSession().then(
    () => true,
    () => false,
  );
}

async function refreshSession(): Promise<void> {
  try {
    session.value = await get<Session>('/api/session');
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    session.value = null;
  }
}
