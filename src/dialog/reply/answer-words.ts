import type { BoundedQueue } from '../../lib/queue.ts';
import type { TextToSpeech } from '../contract/ports.ts';
import { FLUSH, type TextPiece } from '../contract/speech.ts';
import type { Language } from '../language/language.ts';
import { PlainSpeech } from '../language/plain-speech.ts';
import { SentenceSplitter } from '../language/sentence-splitter.ts';

export interface AnswerWordsOptions {
  readonly language: Language;
  /** Where the words go. */
  readonly pieces: BoundedQueue<TextPiece>;
  readonly takes: TextToSpeech['takes'];
  /** The reply's first answer, of which the voice may begin with a clause; else with whole sentences. */
  readonly isFirst: boolean;
  /** The answer before this one, if there was one with words. */
  readonly before: AnswerWords | undefined;
}

/** The words of one answer of a model's, on their way to the voice: plain speech, in the pieces that the voice takes. */
export class AnswerWords {
  readonly #options: AnswerWordsOptions;
  readonly #plain: PlainSpeech;
  readonly #splitter: SentenceSplitter;
  #text = '';
  #given = '';
  #lastPiece: string | undefined;
  /** A voice that takes text as it comes has some that it hasn't been told to speak yet. */
  #isGathering = false;

  constructor(options: AnswerWordsOptions) {
    const { language, takes, isFirst, before } = options;
    this.#options = options;
    this.#lastPiece = before?.lastPiece;
    this.#plain = new PlainSpeech(language);
    const wantsWhole = takes === 'sentences' || !isFirst;
    this.#splitter = new SentenceSplitter({ language, ...(wantsWhole && { firstClauseFrom: 0 }) });
  }

  /** All words that there were, as plain speech. */
  get text(): string {
    return this.#text;
  }

  /** Those of them that were given to the voice. */
  get given(): string {
    return this.#given;
  }

  /** Undefined: neither this answer nor one before it had words. */
  get lastPiece(): string | undefined {
    return this.#lastPiece;
  }

  /** As the model writes them; resolves when the voice has room again. True: there was something to say among them. */
  take(written: string): Promise<boolean> {
    return this.#add(this.#plain.push(written));
  }

  /** Nothing follows for now; `cut`: it was broken off there, perhaps in the middle of a sentence. As `take`. */
  async flush(cut: boolean): Promise<boolean> {
    const isMore = await this.#add(this.#plain.flush());
    await this.#give(cut ? this.#splitter.flushCut() : this.#splitter.flush());
    if (this.#options.takes === 'text' && this.#isGathering) await this.#options.pieces.send(FLUSH);
    this.#isGathering = false;
    return isMore;
  }

  /** The model has failed: whole sentences that waited for what follows are given, and the rest of a sentence is forgotten. */
  async flushSentences(): Promise<void> {
    if (this.#options.takes === 'text') return;
    const rest = this.#plain.flush();
    this.#text += rest;
    await this.#give([...this.#splitter.push(rest), ...this.#splitter.flushSentences()]);
  }

  async #add(plain: string): Promise<boolean> {
    if (plain === '') return false;
    this.#text += plain;
    this.#isGathering = true;
    await this.#give(this.#options.takes === 'text' ? [plain] : this.#splitter.push(plain));
    return true;
  }

  async #give(pieces: readonly string[]): Promise<void> {
    for (const piece of pieces) {
      // Words before and after a tool belong to different answers, and need a space between them.
      const isJoint = this.#given === '' && /\S$/.test(this.#lastPiece ?? '') && /^\S/.test(piece);
      this.#lastPiece = piece;
      this.#given += piece;
      await this.#options.pieces.send(isJoint ? ` ${piece}` : piece);
    }
  }
}
