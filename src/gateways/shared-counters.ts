/** Counters in shared memory, one 64-bit float each. */
export interface CountersHandle {
  readonly memory: SharedArrayBuffer;
}

/** Where each of a set of counters lies, by its name. */
export type CounterCells<Name extends string> = Readonly<Record<Name, number>>;

/** Lays out counters in the order of their names. */
export function counterCells<Name extends string>(names: readonly Name[]): CounterCells<Name> {
  return Object.fromEntries(names.map((name, index) => [name, index])) as CounterCells<Name>;
}

/** Memory for one set of counters, all of them 0. */
export function createCounters(layout: CounterCells<string>): CountersHandle {
  const bytes = Object.keys(layout).length * Float64Array.BYTES_PER_ELEMENT;
  return { memory: new SharedArrayBuffer(bytes) };
}

/**
 * One set of counters: written by one thread at a time, read by any thread at any time, still there when
 * the writer has died and another goes on. The hot path adds to a cell in place; names are for the rest.
 */
export class SharedCounters<Name extends string> {
  readonly cells: Float64Array;
  readonly #layout: CounterCells<Name>;

  constructor(layout: CounterCells<Name>, handle: CountersHandle) {
    this.#layout = layout;
    this.cells = new Float64Array(handle.memory);
  }

  add(cell: number, count = 1): void {
    this.cells[cell] = (this.cells[cell] as number) + count;
  }

  get(name: Name): number {
    return this.cells[this.#layout[name]] as number;
  }

  /** All of them by their names. */
  read(): Record<Name, number> {
    const entries = Object.entries<number>(this.#layout).map(([name, cell]) => [name, this.cells[cell]]);
    return Object.fromEntries(entries) as Record<Name, number>;
  }
}
