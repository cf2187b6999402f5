import { Decoder } from './decoder.ts';
import type { DomainFiles } from './domain-files.ts';
import { CepstraBlock, FEATURE_FRAME_MS, FrontEnd } from './front-end.ts';
import { MeanNormaliser } from './mean-normaliser.ts';
import type { Pocketsphinx } from './pocketsphinx.ts';
import type { Evidence } from './verdict.ts';

/** A turn is heard up to this length; what is said beyond it is ignored. */
const MAX_TURN_MS = 30_000;

/** Grammar: digits want a word insertion penalty (measured: see the README of this folder). */
const GRAMMAR_ARGS = { '-wip': '0.5', '-lw': '6.5' };
const MODEL_ARGS = { '-wip': '0.65', '-lw': '6.5' };

/** One agent's ears for one call at a time: the same cepstra searched by grammar and by language model. */
export class Recogniser {
  readonly #frontEnd: FrontEnd;
  readonly #raw: CepstraBlock;
  readonly #normalised: CepstraBlock;
  readonly #mean = new MeanNormaliser();
  readonly #grammar: Decoder;
  readonly #model: Decoder;
  #frames = 0;

  constructor(ps: Pocketsphinx, files: DomainFiles) {
    const common = {
      '-dict': files.dictionary,
      '-mllr': files.mllr,
      '-featparams': files.featureParameters,
      '-cmn': 'none',
    };
    const capacity = MAX_TURN_MS / FEATURE_FRAME_MS;
    this.#frontEnd = new FrontEnd(ps);
    this.#raw = new CepstraBlock(capacity);
    this.#normalised = new CepstraBlock(capacity);
    this.#grammar = new Decoder(ps, { ...common, ...GRAMMAR_ARGS, '-fsg': files.fsg });
    this.#model = new Decoder(ps, { ...common, ...MODEL_ARGS, '-lm': files.arpa });
  }

  start(): void {
    this.#frames = 0;
    this.#mean.start();
    this.#frontEnd.start();
    this.#grammar.start();
    this.#model.start();
  }

  /** 16 kHz samples. */
  push(samples: Int16Array): void {
    this.#frames += this.#frontEnd.push(samples, this.#raw, this.#frames);
    this.#search(false);
  }

  /** The best guess so far. */
  partial(): string {
    return plain(this.#model.text());
  }

  finish(): Evidence {
    this.#frames += this.#frontEnd.finish(this.#raw, this.#frames);
    this.#search(true);
    this.#grammar.finish();
    this.#model.finish();
    return {
      grammar: { text: plain(this.#grammar.text()), segments: this.#grammar.segments() },
      model: {
        text: plain(this.#model.text()),
        segments: this.#model.segments(),
        posterior: this.#model.posterior(),
      },
    };
  }

  /** Throws the utterance away. */
  abandon(): void {
    this.#grammar.finish();
    this.#model.finish();
  }

  free(): void {
    this.#grammar.free();
    this.#model.free();
    this.#frontEnd.free();
    this.#raw.free();
    this.#normalised.free();
  }

  #search(last: boolean): void {
    const from = this.#mean.ready;
    this.#mean.advance(this.#raw, this.#normalised, this.#frames, last);
    const frames = this.#mean.ready - from;
    this.#grammar.process(this.#normalised, from, frames);
    this.#model.process(this.#normalised, from, frames);
  }
}

/** Letters without the dot that marks them in the dictionary. */
function plain(text: string): string {
  return text.replace(/\b([a-z])\./g, '$1');
}
