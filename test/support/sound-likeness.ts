/**
 * How much one piece of speech sounds like another: the correlation of their spectra over time (14 bands
 * of a telephone line, in 32 ms steps of 10 ms, on a logarithmic scale), at the place where it is
 * greatest. Robust against level, G.711, a synthesiser's own noise, and one stall of the machine; not against other words.
 */
const RATE_HZ = 8000;
const WINDOW = 256;
const HOP = 80;
const BANDS = 14;
const LOWEST_HZ = 200;
const HIGHEST_HZ = 3600;
/** 50 dB below the loudest is silence. */
const FLOOR = 1e-5;
/** What is behind a stall may be heard so much later, or earlier, than it should: 300 ms. */
const TORN_HOPS = 30;

export interface Likeness {
  /** Pearson's correlation, −1 … 1. */
  readonly correlation: number;
  /** Where in `heard` the piece begins, in samples at 8,000 Hz (to 10 ms). */
  readonly at: number;
}

/** Finds `piece` in `heard`, both 8,000 Hz. It may be torn once. */
export function findSpeech(heard: Int16Array, piece: Int16Array): Likeness {
  const whole = spectra(heard);
  const wanted = spectra(piece);
  const at = (place: number): Sums[] => sumsUpTo(whole.slice(place, place + wanted.length), wanted);
  let [place, best] = [0, -1];
  for (let from = 0; from + wanted.length <= whole.length; from += 1) {
    const correlation = correlationOf(at(from).at(-1));
    if (correlation > best) [place, best] = [from, correlation];
  }
  // Either part may be the longer one, which was found.
  const found = at(place);
  for (let other = place - TORN_HOPS; other <= place + TORN_HOPS; other += 1) {
    if (other < 0 || other + wanted.length > whole.length) continue;
    const [first, second] = other < place ? [at(other), found] : [found, at(other)];
    for (const torn of wanted.keys()) {
      const correlation = correlationOf(joined(first, second, torn));
      best = Math.max(best, correlation);
    }
  }
  return { correlation: best, at: place * HOP };
}

/** n, Σa, Σb, Σaa, Σbb, Σab of pairs of values. */
type Sums = readonly number[];
const NOTHING: Sums = [0, 0, 0, 0, 0, 0];

/** Of no frame, of the first, of the first two … */
function sumsUpTo(a: readonly Float64Array[], b: readonly Float64Array[]): Sums[] {
  const sums: Sums[] = [NOTHING];
  let [n, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0];
  for (const [index, frame] of a.entries()) {
    const other = b[index] as Float64Array;
    for (let band = 0; band < BANDS; band += 1) {
      const x = frame[band] as number;
      const y = other[band] as number;
      n += 1;
      sumA += x;
      sumB += y;
      sumAA += x * x;
      sumBB += y * y;
      sumAB += x * y;
    }
    sums.push([n, sumA, sumB, sumAA, sumBB, sumAB]);
  }
  return sums;
}

/** The first `torn` frames of the one, and the rest of the other. */
function joined(first: readonly Sums[], second: readonly Sums[], torn: number): Sums {
  const [head = NOTHING, skipped = NOTHING, all = NOTHING] = [first[torn], second[torn], second.at(-1)];
  return head.map((sum, i) => sum + (all[i] as number) - (skipped[i] as number));
}

/** Pearson's. */
function correlationOf([n = 0, sumA = 0, sumB = 0, sumAA = 0, sumBB = 0, sumAB = 0]: Sums = NOTHING): number {
  const covariance = sumAB - (sumA * sumB) / n;
  const spread = Math.sqrt((sumAA - (sumA * sumA) / n) * (sumBB - (sumB * sumB) / n));
  return spread > 0 ? covariance / spread : 0;
}

/** Log energies of the bands of each step. */
function spectra(samples: Int16Array): Float64Array[] {
  const frames: Float64Array[] = [];
  let loudest = 0;
  for (let from = 0; from + WINDOW <= samples.length; from += HOP) {
    const frame = bandEnergies(samples.subarray(from, from + WINDOW));
    loudest = Math.max(loudest, ...frame);
    frames.push(frame);
  }
  const floor = Math.max(1, loudest * FLOOR);
  return frames.map((frame) => frame.map((energy) => Math.log(Math.max(energy, floor))));
}

/** Band edges, equally far from each other on the mel scale, as bins of the spectrum. */
const EDGES = Array.from({ length: BANDS + 1 }, (_, index) => {
  const mel = (hz: number): number => Math.log(1 + hz / 700);
  const at = mel(LOWEST_HZ) + ((mel(HIGHEST_HZ) - mel(LOWEST_HZ)) * index) / BANDS;
  return Math.round((700 * (Math.exp(at) - 1) * WINDOW) / RATE_HZ);
});
const HANN = Float64Array.from(
  { length: WINDOW },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (WINDOW - 1)),
);

function bandEnergies(window: Int16Array): Float64Array {
  const re = Float64Array.from(window, (sample, i) => sample * (HANN[i] as number));
  const im = new Float64Array(WINDOW);
  transform(re, im);
  return Float64Array.from({ length: BANDS }, (_, band) => {
    const [from, to] = [EDGES[band] as number, EDGES[band + 1] as number];
    let energy = 0;
    for (let bin = from; bin < Math.max(to, from + 1); bin += 1) {
      energy += (re[bin] as number) ** 2 + (im[bin] as number) ** 2;
    }
    return energy;
  });
}

/** The fast Fourier transform in place (Cooley and Tukey, radix 2). */
function transform(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i += 1) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j] as number, re[i] as number];
      [im[i], im[j]] = [im[j] as number, im[i] as number];
    }
  }
  for (let length = 2; length <= size; length <<= 1) {
    const half = length >> 1;
    for (let k = 0; k < half; k += 1) {
      const cos = Math.cos((2 * Math.PI * k) / length);
      const sin = -Math.sin((2 * Math.PI * k) / length);
      for (let from = k; from < size; from += length) {
        const to = from + half;
        const x = (re[to] as number) * cos - (im[to] as number) * sin;
        const y = (re[to] as number) * sin + (im[to] as number) * cos;
        re[to] = (re[from] as number) - x;
        im[to] = (im[from] as number) - y;
        re[from] = (re[from] as number) + x;
        im[from] = (im[from] as number) + y;
      }
    }
  }
}
