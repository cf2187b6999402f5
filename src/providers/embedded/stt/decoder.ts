import type { CepstraBlock } from './front-end.ts';
import { unavailable, type Pocketsphinx, type Pointer } from './pocketsphinx.ts';

/** One word of a result, in frames of 10 ms. */
export interface Segment {
  readonly word: string;
  readonly startFrame: number;
  readonly endFrame: number;
  /** Acoustic and language score, natural logarithm, higher is better. */
  readonly acoustic: number;
  readonly language: number;
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

  start(): void {
    this.#ps.api.ps_start_utt(this.#decoder);
  }

  /** Searches `frames` rows of `block` from row `from`; they must be mean-normalised already. */
  process(block: CepstraBlock, from: number, frames: number): void {
    if (frames > 0) this.#ps.api.ps_process_cep(this.#decoder, block.rowsFrom(from), frames, 0, 0);
  }

  /** Ends the utterance; what follows tells its result. */
  finish(): void {
    this.#ps.api.ps_end_utt(this.#decoder);
  }

  /** The best text so far, or of the finished utterance. Empty: nothing fits. */
  text(): string {
    return this.#ps.api.ps_get_hyp(this.#decoder, [0]) ?? '';
  }

  segments(): Segment[] {
    const { api } = this.#ps;
    const segments: Segment[] = [];
    const acoustic: [number] = [0];
    const language: [number] = [0];
    const start: [number] = [0];
    const end: [number] = [0];
    for (let seg = api.ps_seg_iter(this.#decoder); seg; seg = api.ps_seg_next(seg)) {
      api.ps_seg_frames(seg, start, end);
      api.ps_seg_prob(seg, acoustic, language, [0]);
      segments.push({
        word: api.ps_seg_word(seg),
        startFrame: start[0],
        endFrame: end[0],
        acoustic: this.#ln(acoustic[0]),
        language: this.#ln(language[0]),
      });
    }
    return segments;
  }

  /** Natural logarithm of the posterior probability of the result within its lattice. */
  posterior(): number {
    return this.#ln(this.#ps.api.ps_get_prob(this.#decoder));
  }

  free(): void {
    if (!this.#freed) this.#ps.api.ps_free(this.#decoder);
    this.#freed = true;
  }

  #ln(value: number): number {
    return this.#ps.api.logmath_log_to_ln(this.#logmath, value);
  }
}
