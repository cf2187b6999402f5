import { FLUSH, type TextPiece } from '../../dialog/contract/speech.ts';

/**
 * A text that comes in pieces, and can be read again from any place: by the next provider, if one breaks off.
 * A piece stays a piece, because each is to be spoken by itself.
 */
export class TextTape {
  readonly #source: AsyncIterator<TextPiece>;
  readonly #pieces: TextPiece[] = [];
  #text = '';
  #ended = false;
  #pulling: Promise<void> | undefined;

  constructor(source: AsyncIterable<TextPiece>) {
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

  /** The text from `at` on, piece by piece, as it comes. Readers don't take it from each other. */
  async *from(at: number): AsyncGenerator<TextPiece> {
    let skipped = at;
    for (let next = 0; ;) {
      const piece = this.#pieces[next];
      if (piece === FLUSH) {
        next += 1;
        if (skipped === 0) yield piece;
      } else if (piece !== undefined) {
        next += 1;
        if (piece.length > skipped || skipped === 0) yield piece.slice(skipped);
        skipped = Math.max(0, skipped - piece.length);
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
        else {
          this.#pieces.push(result.value);
          if (result.value !== FLUSH) this.#text += result.value;
        }
      })
      .finally(() => {
        this.#pulling = undefined;
      });
    return this.#pulling;
  }
}
