import { fileURLToPath } from 'node:url';
import type { Milliseconds } from '../../../lib/clock.ts';
import { tokens } from '../words.ts';
import { isFunctionWord } from '../function-words.ts';
import { FAMILY_NAMES, FIRST_NAMES } from '../names.ts';
import { Decoder, type HeardWord } from './decoder.ts';
import type { DomainFiles } from './domain-files.ts';
import { CALL_WORDS, COMMON_WORDS, DIGITS, LETTERS, REPEATS } from './everyday.ts';
import { CepstraBlock, FEATURE_FRAME_MS, FrontEnd } from './front-end.ts';
import { MeanNormaliser } from './mean-normaliser.ts';
import { NoiseMeter } from './noise-meter.ts';
import type { Pocketsphinx } from './pocketsphinx.ts';
import type { Evidence } from './verdict.ts';
import type { WordPairs } from './word-pairs.ts';

/** A turn is heard up to this length; what is said beyond it is ignored. */
const MAX_TURN_MS = 30_000;

/**
 * The second pass (`-fwdflat`) costs 55 ms after the end of a turn and gains nothing here (measured: 26.7 % word
 * errors without, 27.2 % with it, over paraphrases).
 */
const MODEL_ARGS = { '-fwdflat': 'no' };

/**
 * A digit more must pay: with the default of 0.65, long digits fall apart into two (measured: 34 % word errors of
 * human digits, 25 % with 0.1 … 0.003; the latter parts numbers best from other sentences).
 */
const NUMBER_ARGS = { '-wip': '0.003' };

/**
 * Transforms (MLLR) of the wideband model for the telephone, and for a telephone with noise on the line. A wideband call
 * needs none: its file changes nothing, for pocketsphinx 0.8 can't take a transform away, only put another in its place.
 */
const ADAPTATIONS = {
  clean: fileURLToPath(new URL('./telephone-mllr.txt', import.meta.url)),
  noisy: fileURLToPath(new URL('./noisy-telephone-mllr.txt', import.meta.url)),
  wideband: fileURLToPath(new URL('./wideband-mllr.txt', import.meta.url)),
} as const;

/** Recognises one call at a time with one agent's models: grammar, language model and numbers search the same cepstra. */
export class Recogniser {
  readonly #frontEnd: FrontEnd;
  readonly #raw: CepstraBlock;
  readonly #normalised: CepstraBlock;
  readonly #mean = new MeanNormaliser();
  readonly #grammar: Decoder;
  readonly #model: Decoder;
  readonly #numbers: Decoder;
  readonly #searches: readonly Decoder[];
  readonly #familiar: WordPairs;
  readonly #noise = new NoiseMeter();
  #line: keyof typeof ADAPTATIONS = 'clean';
  #wideband = false;
  #searching = false;
  #frames = 0;

  constructor(ps: Pocketsphinx, files: DomainFiles) {
    const common = {
      '-dict': files.dictionary,
      '-mllr': ADAPTATIONS.clean,
      '-featparams': files.featureParameters,
      '-cmn': 'none',
    };
    this.#familiar = files.familiar;
    const capacity = MAX_TURN_MS / FEATURE_FRAME_MS;
    this.#frontEnd = new FrontEnd(ps);
    this.#raw = new CepstraBlock(capacity);
    this.#normalised = new CepstraBlock(capacity);
    this.#grammar = new Decoder(ps, { ...common, '-fsg': files.fsg });
    this.#model = new Decoder(ps, { ...common, ...MODEL_ARGS, '-lm': files.arpa });
    this.#numbers = new Decoder(ps, { ...common, ...NUMBER_ARGS, '-fsg': files.numberFsg });
    this.#searches = [this.#grammar, this.#model, this.#numbers];
  }

  /** `pauseMs`: how much of what follows comes before the speech. `wideband`: it didn't come through a telephone's 8 kHz. */
  start(pauseMs: Milliseconds, wideband: boolean): void {
    this.#wideband = wideband;
    this.#frames = 0;
    this.#mean.start(Math.floor(pauseMs / FEATURE_FRAME_MS));
    this.#noise.start();
    this.#frontEnd.start();
    this.#searching = false;
  }

  /** 16 kHz samples. */
  push(samples: Int16Array): void {
    if (!this.#searching) this.#noise.push(samples);
    this.#frames += this.#frontEnd.push(samples, this.#raw, this.#frames);
    this.#search(false);
  }

  /** The best guess so far. */
  partial(): string {
    return this.#searching ? plain(this.#model.text()) : '';
  }

  finish(): Evidence {
    this.#frames += this.#frontEnd.finish(this.#raw, this.#frames);
    this.#search(true);
    for (const search of this.#searches) search.finish();
    const grammar = plain(this.#grammar.text());
    const heard = this.#model.words();
    const model = plain(this.#model.text());
    const numbers = {
      text: this.#numbers.text(),
      places: this.#numbers.words().map(({ place }) => place),
      lead: (this.#numbers.score() - this.#model.score()) / Math.max(1, this.#frames),
    };
    return {
      grammar,
      numbers,
      model,
      places: heard.map(({ place }) => place),
      posterior: this.#model.posterior(),
      telling: meanLogPosterior(heard),
      familiar: this.#familiar.share(tokens(model)),
    };
  }

  /** Throws the utterance away. */
  abandon(): void {
    if (!this.#searching) return;
    for (const search of this.#searches) search.finish();
    this.#searching = false;
  }

  free(): void {
    for (const search of this.#searches) search.free();
    this.#frontEnd.free();
    this.#raw.free();
    this.#normalised.free();
  }

  /** As soon as enough was heard to know the line. */
  #begin(): void {
    const line = this.#wideband ? 'wideband' : this.#noise.noisy ? 'noisy' : 'clean';
    if (line !== this.#line) {
      for (const search of this.#searches) search.adapt(ADAPTATIONS[line]);
      this.#line = line;
    }
    for (const search of this.#searches) search.start();
    this.#searching = true;
  }

  #search(last: boolean): void {
    const from = this.#mean.ready;
    this.#mean.advance(this.#raw, this.#normalised, this.#frames, last);
    const frames = this.#mean.ready - from;
    if (!this.#searching && (frames > 0 || last)) this.#begin();
    for (const search of this.#searches) search.process(this.#normalised, from, frames);
  }
}

/** Of the words that tell what a sentence is about, names apart: any name is about as likely as another. 0: there are none. */
function meanLogPosterior(heard: readonly HeardWord[]): number {
  const telling = heard.filter(({ text }) => !isFunctionWord(text) && !NEVER_TELLING.has(text));
  return telling.reduce((sum, { logPosterior }) => sum + logPosterior, 0) / Math.max(1, telling.length);
}

const EVERYDAY: ReadonlySet<string> = new Set([...COMMON_WORDS, ...CALL_WORDS]);
const NEVER_TELLING: ReadonlySet<string> = new Set([
  ...[...FIRST_NAMES, ...FAMILY_NAMES].filter((name) => !EVERYDAY.has(name)),
  ...DIGITS,
  ...REPEATS,
  ...LETTERS.map((letter) => `${letter}.`),
]);

/** Letters without the dot that marks them in the dictionary. */
function plain(text: string): string {
  return text.replace(/\b([a-z])\./g, '$1');
}
