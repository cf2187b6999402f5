/**
 * A finite-state grammar in sphinxbase's FSG format: the sentences share their beginnings, then everything that
 * goes on alike shares its ending (a minimal acyclic automaton), and a few loops hang on it.
 */
export interface Arc {
  readonly from: number;
  readonly to: number;
  readonly probability: number;
  readonly word: string;
}

/** How much likelier it is that a sentence is over at its end than that something is added (weight 1). */
const STOP_WEIGHT = 20;

/** A word on its way to another state, with its weight against the others that leave there. */
interface Edge {
  readonly to: number;
  readonly word: string;
  weight: number;
}

export class Grammar {
  readonly start = 0;
  readonly final = 1;
  readonly #states: Edge[][] = [[], []];
  readonly #ends = new Set<number>();

  state(): number {
    return this.#states.push([]) - 1;
  }

  get size(): number {
    return this.#states.length;
  }

  /** One word from state to state; the weights of all words that leave a state are scaled to 1. */
  add(from: number, word: string, to: number, weight: number): void {
    const edges = this.#states[from] as Edge[];
    const same = edges.find((edge) => edge.word === word && edge.to === to);
    if (same) same.weight += weight;
    else edges.push({ to, word, weight });
  }

  /** A sentence may end in `state`. (Such a state is never merged with another.) */
  mayEnd(state: number): void {
    this.#ends.add(state);
  }

  /** A whole sentence, sharing the beginning with those that were added between the same states. */
  sentence(from: number, words: readonly string[], to: number, weight: number, shared: PrefixTree): void {
    let at = from;
    words.forEach((word, n) => {
      if (n === words.length - 1) {
        this.add(at, word, to, weight);
        return;
      }
      const key = `${at} ${word}`;
      let next = shared.get(key);
      if (next === undefined) shared.set(key, (next = this.state()));
      this.add(at, word, next, weight);
      at = next;
    });
  }

  /** Makes states that go on alike one. Loops (a state among its own successors) are left as they are. */
  minimise(): void {
    for (;;) {
      const alike = new Map<string, number>();
      const moved = new Map<number, number>();
      this.#states.forEach((edges, state) => {
        if (state <= 1 || edges.length === 0 || this.#ends.has(state)) return;
        const key = signature(edges);
        const other = alike.get(key);
        if (other === undefined) alike.set(key, state);
        else moved.set(state, other);
      });
      if (moved.size === 0) return;
      for (const [gone, kept] of moved) {
        for (const edge of (this.#states[gone] as Edge[]).splice(0))
          this.add(kept, edge.word, edge.to, edge.weight);
      }
      this.#states.forEach((edges, state) => {
        for (const edge of edges.splice(0))
          this.add(state, edge.word, moved.get(edge.to) ?? edge.to, edge.weight);
      });
    }
  }

  arcs(): Arc[] {
    return this.#states.flatMap((edges, from) => {
      const stop = from === this.final ? STOP_WEIGHT : 0;
      const total = edges.reduce((sum, edge) => sum + edge.weight, stop);
      return edges.map(({ to, word, weight }) => ({ from, to, word, probability: weight / total }));
    });
  }

  /** The file that `-fsg` reads. */
  toFsg(): string {
    return [
      'FSG_BEGIN agent',
      `NUM_STATES ${this.size}`,
      `START_STATE ${this.start}`,
      `FINAL_STATE ${this.final}`,
      ...this.arcs().map(({ from, to, probability, word }) => {
        return `TRANSITION ${from} ${to} ${Math.max(probability, 1e-7).toPrecision(4)} ${word}`;
      }),
      ...Array.from(this.#ends, (state) => `TRANSITION ${state} ${this.final} 1.0`),
      'FSG_END',
      '',
    ].join('\n');
  }
}

/** Which state the words so far lead to: shared beginnings. */
export type PrefixTree = Map<string, number>;

function signature(edges: readonly Edge[]): string {
  return edges
    .map((edge) => `${edge.word}>${edge.to}`)
    .sort()
    .join(' ');
}
