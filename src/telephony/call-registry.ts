import type { CallKey } from '../dialog/call-info.ts';

/**
 * The calls that go on, by (server, channel). A channel's id is unique within one Asterisk only.
 * One registry may serve all servers.
 */
export class CallRegistry<Call> {
  readonly #calls = new Map<string, Map<string, Call>>();
  #count = 0;
  #total = 0;

  /** Calls that go on. */
  get count(): number {
    return this.#count;
  }

  /** Calls there ever were. */
  get total(): number {
    return this.#total;
  }

  /** Calls of one server that go on. */
  countOf(server: string): number {
    return this.#calls.get(server)?.size ?? 0;
  }

  /** False: a call with that key goes on already, and stays. */
  add(key: CallKey, call: Call): boolean {
    const calls = this.#calls.get(key.server) ?? new Map<string, Call>();
    if (calls.has(key.channel)) return false;
    this.#calls.set(key.server, calls);
    calls.set(key.channel, call);
    this.#count += 1;
    this.#total += 1;
    return true;
  }

  get(key: CallKey): Call | undefined {
    return this.#calls.get(key.server)?.get(key.channel);
  }

  /** False: there was none. */
  remove(key: CallKey): boolean {
    const calls = this.#calls.get(key.server);
    if (!calls?.delete(key.channel)) return false;
    if (calls.size === 0) this.#calls.delete(key.server);
    this.#count -= 1;
    return true;
  }

  *all(): Generator<Call> {
    for (const calls of this.#calls.values()) yield* calls.values();
  }
}
