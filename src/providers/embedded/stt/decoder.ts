import type { WordPlace } from '../../../dialog/contract/speech.ts';
import type { CepstraBlock } from './front-end.ts';
import { unavailable } from './model-files.ts';
import type { Pocketsphinx, Pointer } from './pocketsphinx.ts';

/** More at once overruns the feature buffer when the second pass (`-fwdflat`) is off (seen: empty results from 60). */
const MAX_FRAMES = 6;

/** A word that was found. */
export interface HeardWord {
  readonly text: string;
  /** Where it was, in rows. */
  readonly place: WordPlace;
  /** Natural logarithm of its posterior probability within the lattice; 0 where the search has none, as a grammar's. */
  readonly logPosterior: number;
}

/** One search over cepstra: an utterance at a time. */
export class Decoder {
  readonly #ps: Pocketsphinx;
  readonly #decoder: Pointer;
  readonly #logmath: Pointer;
  #freed = false;

  /** With these command-line arguments of pocketsphinx. Throws STT_UNAVAILABLE. */
  constructor(ps: Pocketsphinx, args: Readonly<Record<string, string>>) {
    this.#ps = ps;
    const flat = Object.entries({ '-hmm': ps.model.acoustic, '-logfn': '/dev/null', ...args }).flat();
    const config = ps.api.cmd_ln_parse_r(null, ps.api.ps_args(), flat.length, flat, 1);
    if (!config) throw unavailable('pocketsphinx refused its options (is it another version than 0.8?)');
    const decoder = ps.api.ps_init(config);
    ps.api.cmd_ln_free_r(config); // the decoder keeps a reference of its own
    if (!decoder) throw unavailable('pocketsphinx could not start with its model');
    this.#decoder = decoder;
    this.#logmath = ps.api.ps_get_logmath(decoder);
  }

  /** Adapts the acoustic model with the transform (MLLR) in `file`, instead of the one before. Not within an utterance. */
  adapt(file: string): void {
    const mllr = this.#ps.api.ps_mllr_read(file);
    if (!mllr) throw unavailable(`the adaptation ${file} can't be read`);
    this.#ps.api.ps_update_mllr(this.#decoder, mllr); // the decoder owns it from now on
  }

  start(): void {
    this.#ps.api.ps_start_utt(this.#decoder);
  }

  /** Searches `frames` rows of `block` from row `from`; they must be mean-normalised already. */
  process(block: CepstraBlock, from: number, frames: number): void {
    for (let done = 0; done < frames; done += MAX_FRAMES) {
      const part = Math.min(MAX_FRAMES, frames - done);
      this.#ps.api.ps_process_cep(this.#decoder, block.rowsFrom(from + done), part, 0, 0);
    }
  }

  /** Ends the utterance; what follows tells its result. */
  finish(): void {
    this.#ps.api.ps_end_utt(this.#decoder);
  }

  /** The best text so far, or of the finished utterance. Empty: nothing fits. */
  text(): string {
    return this.#ps.api.ps_get_hyp(this.#decoder, [0]) ?? '';
  }

  /** The words of `text`; those that the dictionary has only for noise and pauses are none. */
  words(): HeardWord[] {
    const { api } = this.#ps;
    const words: HeardWord[] = [];
    // The last step frees the iterator.
    for (let at = api.ps_seg_iter(this.#decoder, null); at; at = api.ps_seg_next(at)) {
      const text = api.ps_seg_word(at);
      if (/^[<[(+]/.test(text)) continue;
      const [from, to]: [[number], [number]] = [[0], [0]];
      api.ps_seg_frames(at, from, to);
      words.push({
        // "was(2)": the second way to say it.
        text: text.replace(/\(\d+\)$/, ''),
        place: { frame: from[0], toFrame: to[0] },
        logPosterior: this.#natural(api.ps_seg_prob(at, null, null, null)),
      });
    }
    return words;
  }

  /** Score of the best path, acoustic and language, in the decoder's own units: higher is better. */
  score(): number {
    const score: [number] = [0];
    this.#ps.api.ps_get_hyp(this.#decoder, score);
    return score[0];
  }

  /** Natural logarithm of the posterior probability of the result within its lattice. */
  posterior(): number {
    return this.#natural(this.#ps.api.ps_get_prob(this.#decoder));
  }

  #natural(log: number): number {
    return this.#ps.api.logmath_log_to_ln(this.#logmath, log);
  }

  free(): void {
    if (!this.#freed) this.#ps.api.ps_free(this.#decoder);
    this.#freed = true;
  }
}
