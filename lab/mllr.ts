import { CEPSTRA } from '../src/providers/embedded/stt/front-end.ts';

/**
 * The affine map (MLLR: maximum-likelihood linear regression, Leggetter & Woodland 1995; here by least squares)
 * that moves the means of the wideband acoustic model to where telephone speech has them. One map for each of
 * the three streams: cepstra, their differences, and the differences of those.
 */
export class MllrFit {
  readonly #streams = Array.from({ length: STREAMS }, () => ({
    /** Sums of x·xᵀ and x·yᵀ, where x is a wideband vector with a 1 at its end and y the telephone vector. */
    xx: Array.from({ length: CEPSTRA + 1 }, () => new Float64Array(CEPSTRA + 1)),
    xy: Array.from({ length: CEPSTRA + 1 }, () => new Float64Array(CEPSTRA)),
  }));

  /** The same utterance's cepstra, row by row, of both kinds, mean-normalised. */
  add(wideband: Float32Array, telephone: Float32Array): void {
    const frames = Math.min(wideband.length, telephone.length) / CEPSTRA;
    for (let frame = REACH; frame < frames - REACH; frame++) {
      this.#streams.forEach(({ xx, xy }, stream) => {
        const x = [...dynamic(wideband, frame, stream), 1];
        const y = dynamic(telephone, frame, stream);
        x.forEach((value, i) => {
          const row = xx[i] as Float64Array;
          const out = xy[i] as Float64Array;
          x.forEach((other, j) => (row[j] = (row[j] as number) + value * other));
          y.forEach((other, j) => (out[j] = (out[j] as number) + value * other));
        });
      });
    }
  }

  /** The file that pocketsphinx reads with `-mllr`: matrices, biases, and variance factors of 1. */
  toFile(): string {
    const lines = ['1', String(STREAMS)];
    for (const { xx, xy } of this.#streams) {
      const solution = solve(xx, xy); // (CEPSTRA + 1) × CEPSTRA: row i says what x[i] adds to each y
      lines.push(String(CEPSTRA));
      for (let out = 0; out < CEPSTRA; out++) {
        lines.push(
          solution
            .slice(0, CEPSTRA)
            .map((row) => (row[out] as number).toFixed(6))
            .join(' '),
        );
      }
      lines.push(Array.from(solution[CEPSTRA] as Float64Array, (value) => value.toFixed(6)).join(' '));
      lines.push(new Array<string>(CEPSTRA).fill('1.0000').join(' '));
    }
    return lines.join('\n') + '\n';
  }
}

const STREAMS = 3;
/** Frames on each side that the second differences look at (sphinxbase feat.c, 1s_c_d_dd). */
const REACH = 3;

/** Stream 0: cepstra; 1: c[t+2] − c[t−2]; 2: (c[t+3] − c[t−1]) − (c[t+1] − c[t−3]). */
function dynamic(cepstra: Float32Array, frame: number, stream: number): number[] {
  const at = (offset: number, k: number): number => cepstra[(frame + offset) * CEPSTRA + k] as number;
  return Array.from({ length: CEPSTRA }, (_, k) => {
    if (stream === 0) return at(0, k);
    if (stream === 1) return at(2, k) - at(-2, k);
    return at(3, k) - at(-1, k) - (at(1, k) - at(-3, k));
  });
}

/** Solves A·X = B for symmetric positive A by Gauss–Jordan elimination with pivoting. */
function solve(a: readonly Float64Array[], b: readonly Float64Array[]): Float64Array[] {
  const size = a.length;
  const rows = a.map((row, i) => Float64Array.from([...row, ...(b[i] as Float64Array)]));
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(rows[row]?.[column] ?? 0) > Math.abs(rows[pivot]?.[column] ?? 0)) pivot = row;
    }
    const head = rows[pivot] as Float64Array<ArrayBuffer>;
    rows[pivot] = rows[column] as Float64Array<ArrayBuffer>;
    rows[column] = head;
    const scale = head[column] as number;
    if (Math.abs(scale) < 1e-9) throw new RangeError('too little audio to fit');
    for (let k = 0; k < head.length; k++) head[k] = (head[k] as number) / scale;
    rows.forEach((row, n) => {
      const factor = row[column] as number;
      if (n === column || factor === 0) return;
      for (let k = 0; k < row.length; k++) row[k] = (row[k] as number) - factor * (head[k] as number);
    });
  }
  return rows.map((row) => row.slice(size));
}
