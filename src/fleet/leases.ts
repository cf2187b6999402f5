import type { Lease, CallKey, FleetStore } from './contract.ts';

type Store = Pick<FleetStore, 'keep' | 'end'>;

interface Held extends Lease {
  /** Undefined: the store doesn't have it yet, or another node's instead. */
  token: number | undefined;
}

/** The calls of this node, as the shared store is told of them: late, while it is away. */
export class Leases {
  readonly #node: string;
  readonly #run: string;
  readonly #held = new Map<string, Held>();
  #ended: (CallKey & { token: number })[] = [];
  #flushing: Promise<void> = Promise.resolve();

  constructor(node: string, run: string) {
    this.#node = node;
    this.#run = run;
  }

  begin(call: string, lease: Lease): void {
    this.#held.set(call, { ...lease, token: undefined });
  }

  end(call: string): void {
    const held = this.#held.get(call);
    this.#held.delete(call);
    if (held?.token !== undefined) this.#ended.push({ ...held, token: held.token });
  }

  /** Whose calls the store doesn't know yet: a number for each. */
  get untold(): readonly string[] {
    return [...this.#held.values()].filter(({ token }) => token === undefined).map(({ caller }) => caller);
  }

  /** Tells the store what it doesn't know; one after the other. Rejects if that fails: it is for the next time then. */
  flush(store: Store): Promise<void> {
    const flushing = this.#flushing.then(() => this.#flush(store));
    this.#flushing = flushing.catch(() => undefined);
    return flushing;
  }

  async #flush(store: Store): Promise<void> {
    const fresh = [...this.#held].filter(([, { token }]) => token === undefined);
    if (fresh.length > 0) {
      const kept = await store.keep(
        this.#node,
        this.#run,
        fresh.map(([, lease]) => lease),
      );
      for (const { server, channel, token } of kept) {
        const found = fresh.find(([, lease]) => lease.server === server && lease.channel === channel);
        if (!found) continue;
        const [call, lease] = found;
        lease.token = token;
        // It has ended meanwhile.
        if (this.#held.get(call) !== lease) this.#ended.push({ server, channel, token });
      }
    }
    const ended = this.#ended;
    if (ended.length === 0) return;
    this.#ended = [];
    try {
      await store.end(this.#node, ended);
    } catch (error) {
      this.#ended.unshift(...ended);
      throw error;
    }
  }
}
