/**
 * A bounded queue between one or more producers and one consumer. When it is full, `push` refuses
 * and the refusal is counted; `send` waits for room instead. Ends with `close`.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly capacity: number;
  #dropped = 0;
  #closed = false;
  readonly #items: T[] = [];
  readonly #takers: ((result: IteratorResult<T>) => void)[] = [];
  readonly #waiters: (() => void)[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  /** How many items `push` refused because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes `item` if there is room. False: it was full (counted) or closed. */
  push(item: T): boolean {
    if (this.#closed) return false;
    const taker = this.#takers.shift();
    if (taker) {
      taker({ value: item, done: false });
      return true;
    }
    if (this.#items.length >= this.capacity) {
      this.#dropped += 1;
      return false;
    }
    this.#items.push(item);
    return true;
  }

  /** Waits for room, then takes `item`. False: the queue was closed. */
  async send(item: T): Promise<boolean> {
    while (!this.#closed && this.#items.length >= this.capacity) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return this.push(item);
  }

  /** No more items; what is queued can still be read. `discard` throws that away too. */
  close(options: { discard?: boolean } = {}): void {
    this.#closed = true;
    if (options.discard) this.#items.length = 0;
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true });
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#waiters.shift()?.();
      return Promise.resolve({ value: item, done: false });
    }
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return { next: () => this.next() };
  }
}
