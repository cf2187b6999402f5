import { Decoder } from './decoder.ts';
import type { DomainFiles } from './domain-files.ts';
import { CepstraBlock, FEATURE_FRAME_MS, FrontEnd } from './front-end.ts';
import { MeanNormaliser } from './mean-normaliser.ts';
import type { Pocketsphinx } from './pocketsphinx.ts';
import { split, type Evidence } from './verdict.ts';
import type { WordPairs } from './word-pairs.ts';

/** A turn is heard up to this length; what is said beyond it is ignored. */
const MAX_TURN_MS = 30_000;

/**
 * The second pass (`-fwdflat`) costs 55 ms after the end of a turn and gains nothing here (measured: 26.7 % word
 * errors without, 27.2 % with it, over paraphrases).
 */
const MODEL_ARGS = { '-fwdflat': 'no' };

/** One agent's ears for one call at a time: the same cepstra searched by grammar and by language model. */
export class Recogniser {
  readonly #frontEnd: FrontEnd;
  readonly #raw: CepstraBlock;
  readonly #normalised: CepstraBlock;
  readonly #mean = new MeanNormaliser();
  readonly #grammar: Decoder;
  readonly #model: Decoder;
  readonly #familiar: WordPairs;
  #frames = 0;

  constructor(ps: Pocketsphinx, files: DomainFiles) {
    const common = {
      '-dict': files.dictionary,
      '-mllr': files.mllr,
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
    const grammar = plain(this.#grammar.text());
    const model = plain(this.#model.text());
    return {
      grammar,
      model,
      posterior: this.#model.posterior(),
      familiar: this.#familiar.share(split(model)),
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
