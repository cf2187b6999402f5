/** A text that comes in pieces, and can be read again from any place: by the next provider, if one breaks off. */
export class TextTape {
  readonly #source: AsyncIterator<string>;
  #text = '';
  #ended = false;
  #pulling: Promise<void> | undefined;

  constructor(source: AsyncIterable<string>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** What has come so far. */
  get text(): string {
    return this.#text;
  }

  /** There is nothing more to be said behind `at`. */
  isSpent(at: number): boolean {
    return this.#ended && this.#text.slice(at).trim() === '';
  }

  /** The text from `at` on, as it comes. Readers don't take it from each other. */
  async *from(at: number): AsyncGenerator<string> {
    for (let next = at; ;) {
      if (next < this.#text.length) {
        const piece = this.#text.slice(next);
        next += piece.length;
        yield piece;
      } else if (this.#ended) return;
      else await this.#pull();
    }
  }

  /** Nobody reads any more. Not awaited: a generator that waits for its next value returns only after that. */
  close(): void {
    if (!this.#ended) this.#source.return?.().then(undefined, () => undefined);
    this.#ended = true;
  }

  #pull(): Promise<void> {
    this.#pulling ??= this.#source
      .next()
      .then((result) => {
        if (result.done === true) this.#ended = true;
        else this.#text += result.value;
      })
      .finally(() => {
        this.#pulling = undefined;
      });
    return this.#pulling;
  }
}
