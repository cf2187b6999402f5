import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { unavailable } from './model-files.ts';
import type { Pocketsphinx, Pointer } from './pocketsphinx.ts';

/** Cepstral coefficients of one frame of 10 ms. */
export const CEPSTRA = 13;
/** The front end's frames are half as long as the ring's: 10 ms. */
export const FEATURE_FRAME_MS = 10;
const MAX_PUSH = 4800;

/** A block of cepstra in native memory that both sides see: row `n` is frame `n`. */
export class CepstraBlock {
  readonly capacity: number;
  /** Row by row, 13 values each. */
  readonly values: Float32Array;
  readonly #data: Pointer;
  readonly #rows: Pointer;

  constructor(capacity: number) {
    this.capacity = capacity;
    const rowBytes = CEPSTRA * 4;
    this.#data = koffi.alloc('float', capacity * CEPSTRA) as Pointer;
    this.#rows = koffi.alloc('uint64_t', capacity) as Pointer;
    this.values = new Float32Array(koffi.view(this.#data, capacity * rowBytes));
    const rows = new BigUint64Array(koffi.view(this.#rows, capacity * 8));
    for (let n = 0; n < capacity; n++) rows[n] = this.#data + BigInt(n * rowBytes);
  }

  /** Address of row `n` in the table of rows: what C calls `mfcc_t **`. */
  rowsFrom(n: number): Pointer {
    return this.#rows + BigInt(n * 8);
  }

  /** Address of the values of row `n`. */
  row(n: number): Pointer {
    return this.#data + BigInt(n * CEPSTRA * 4);
  }

  /** The views are void afterwards. */
  free(): void {
    koffi.free(this.#rows);
    koffi.free(this.#data);
  }
}

/** Sphinx's own front end (mel cepstra, spectral subtraction) with the model's parameters; 16 kHz in. */
export class FrontEnd {
  readonly #ps: Pocketsphinx;
  readonly #frontEnd: Pointer;
  readonly #samples: Pointer;
  readonly #sampleView: Int16Array;
  /** Native cells: pointer to samples, samples left, frames. */
  readonly #cells: Pointer;
  readonly #cellView: BigUint64Array;
  readonly #frames: Int32Array;

  constructor(ps: Pocketsphinx) {
    this.#ps = ps;
    const args = [...frontEndArguments(ps), '-samprate', '16000', '-remove_silence', 'no'];
    const config = ps.api.cmd_ln_parse_r(null, ps.api.fe_get_args(), args.length, args, 1);
    const frontEnd = config ? ps.api.fe_init_auto_r(config) : null; // owns `config` from now on
    if (!frontEnd) throw unavailable('the front end refused the parameters of the model (feat.params)');
    this.#frontEnd = frontEnd;
    this.#samples = koffi.alloc('int16_t', MAX_PUSH) as Pointer;
    this.#sampleView = new Int16Array(koffi.view(this.#samples, MAX_PUSH * 2));
    this.#cells = koffi.alloc('uint64_t', 3) as Pointer;
    const cells = koffi.view(this.#cells, 24);
    this.#cellView = new BigUint64Array(cells);
    this.#frames = new Int32Array(cells, 16, 1);
  }

  start(): void {
    this.#ps.api.fe_start_utt(this.#frontEnd);
  }

  /** Turns samples into frames, written from row `at` of `block`; returns how many. */
  push(samples: Int16Array, block: CepstraBlock, at: number): number {
    let written = 0;
    for (let offset = 0; offset < samples.length; offset += MAX_PUSH) {
      const part = samples.subarray(offset, offset + MAX_PUSH);
      this.#sampleView.set(part);
      this.#cellView[0] = this.#samples;
      this.#cellView[1] = BigInt(part.length);
      this.#frames[0] = Math.max(0, block.capacity - at - written);
      this.#ps.api.fe_process_frames(
        this.#frontEnd,
        this.#cells,
        this.#cells + 8n,
        block.rowsFrom(Math.min(at + written, block.capacity - 1)),
        this.#cells + 16n,
        null,
      );
      written += this.#frames[0];
    }
    return written;
  }

  /** The last, incomplete frame, if there is one (0 or 1). */
  finish(block: CepstraBlock, at: number): number {
    this.#frames[0] = 0;
    if (at >= block.capacity) return 0;
    this.#ps.api.fe_end_utt(this.#frontEnd, block.row(at), this.#cells + 16n);
    return this.#frames[0];
  }

  free(): void {
    this.#ps.api.fe_free(this.#frontEnd);
    koffi.free(this.#samples);
    koffi.free(this.#cells);
  }
}

/** Those lines of the model's feat.params that speak to the front end. */
function frontEndArguments(ps: Pocketsphinx): string[] {
  const wanted = new Set(['-lowerf', '-upperf', '-nfilt', '-transform', '-lifter']);
  return readFileSync(join(ps.model.acoustic, 'feat.params'), 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([name]) => name !== undefined && wanted.has(name))
    .flat();
}
