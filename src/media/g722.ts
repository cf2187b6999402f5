/**
 * ITU-T G.722 at 64 kbit/s (mode 1), written from the recommendation (11/1988): 16 kHz audio is split by a quadrature
 * mirror filter into two bands, sampled at 8 kHz each; ADPCM codes the lower one with 6 bits a sample and the higher
 * one with 2. So two samples make a byte, with the higher band's code in its two upper bits (§1.4.4). Capital names are
 * those of the recommendation's computations (§6.2); its sums and shifts to the left saturate at 16 bits (§5.2). The
 * audio has 16 bits here, where the recommendation has 14. Exact to libspandsp2 and to ffmpeg, bit by bit
 * (test/integration/g722-oracle.test.ts), but for libspandsp2's overflow where the decoded sound exceeds 16 bits: it is
 * limited here, as §4.4 demands and ffmpeg does.
 */

/** Table 11: h0 … h11 of the filter's 24 taps, in 1/8192; h12 … h23 are the same backwards. */
const HALF_TAPS = [3, -11, -11, 53, 12, -156, 32, 362, -210, -805, 951, 3876];
/** h0, h2 … h22, which backwards are h23, h21 … h1. */
const TAPS = Int32Array.from([...HALF_TAPS, ...HALF_TAPS.toReversed()].filter((_, i) => i % 2 === 0));
const PAIRS = TAPS.length;

/** Table 14: decision levels (Q…) and output values (QQ…) of each quantiser, in 1/4096 of its scale factor. */
const Q6 = Int32Array.of(
  ...[0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650],
  ...[714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
const QQ6 = [
  ...[17, 54, 91, 130, 170, 211, 254, 300, 347, 396, 447, 501, 558, 618, 682],
  ...[750, 822, 899, 982, 1072, 1170, 1279, 1399, 1535, 1689, 1873, 2088, 2376, 2738, 3101],
];
const QQ4 = [0, 150, 323, 530, 786, 1121, 1612, 2557];
const Q2 = 564;
const QQ2 = [202, 926];
/** Table 14: what an interval adds to the scale factor's logarithm, in the lower and in the higher band. */
const WL = [-60, -30, 58, 172, 334, 538, 1198, 3042];
const WH = [-214, 798];
/** Table 15: 2048 · 2^(i/32). */
const ILB = Int32Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834],
  ...[2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
);

// Tables 16 to 21 in both directions: 6 bits for a sign and an interval (counted from 0 here), and what a code stands for.
const INTERVALS = QQ6.length;
const CODE_POSITIVE = Int32Array.from({ length: INTERVALS }, (_, interval) => 61 - interval);
const CODE_NEGATIVE = Int32Array.from({ length: INTERVALS }, (_, i) => (i < 2 ? 63 - i : 33 - i));
/** Output values in 1/32768. Codes 0 … 3 come only from errors of transmission (table 18, note). */
const LOW_6_BITS = Int32Array.from({ length: 64 }, (_, code) => {
  if (code < 4) return -8 * nth(QQ6, 0);
  if (code < 32) return -8 * nth(QQ6, 33 - code);
  return code < 62 ? 8 * nth(QQ6, 61 - code) : -8 * nth(QQ6, 63 - code);
});
const LOW_4_BITS = Int32Array.from({ length: 16 }, (_, code) =>
  code < 8 ? -8 * nth(QQ4, -code & 7) : 8 * nth(QQ4, 15 - code),
);
const LOW_WEIGHTS = Int32Array.from({ length: 16 }, (_, code) => nth(WL, code < 8 ? -code & 7 : 15 - code));
const HIGH_2_BITS = Int32Array.of(-8 * nth(QQ2, 1), -8 * nth(QQ2, 0), 8 * nth(QQ2, 1), 8 * nth(QQ2, 0));
const HIGH_WEIGHTS = Int32Array.of(nth(WH, 1), nth(WH, 0), nth(WH, 1), nth(WH, 0));

function nth(list: ArrayLike<number>, index: number): number {
  return list[index] as number;
}

function saturate(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}

/** LIMIT: a band's reconstructed signal has 15 bits. */
function limit(value: number): number {
  return value > 16383 ? 16383 : value < -16384 ? -16384 : value;
}

/**
 * The quadrature mirror filter (§3.1, §4.4). Splitting and joining are the same sums over pairs: of two samples one
 * way, of the bands' sum and difference the other way.
 */
class MirrorFilter {
  /** Σ over the pairs' second and first halves, in 1/8192: XA and XB, or XOUT1 and XOUT2. */
  second = 0;
  first = 0;
  // The last 12 pairs, each written twice, so that they always lie side by side.
  readonly #firsts = new Int32Array(2 * PAIRS);
  readonly #seconds = new Int32Array(2 * PAIRS);
  #at = 0;

  push(first: number, second: number): void {
    const firsts = this.#firsts;
    const seconds = this.#seconds;
    const at = this.#at;
    firsts[at] = firsts[at + PAIRS] = first;
    seconds[at] = seconds[at + PAIRS] = second;
    const oldest = at + 1 === PAIRS ? 0 : at + 1;
    this.#at = oldest;
    let ofFirst = 0;
    let ofSecond = 0;
    for (let i = 0; i < PAIRS; i++) {
      ofFirst += nth(firsts, oldest + i) * nth(TAPS, i);
      ofSecond += nth(seconds, oldest + i) * nth(TAPS, PAIRS - 1 - i);
    }
    this.first = ofFirst;
    this.second = ofSecond;
  }
}

interface BandTables {
  /** DETL, DETH at the beginning (§6.2, reset), and the largest logarithm (LOGSCL, LOGSCH). */
  readonly scale: number;
  readonly maxLogarithm: number;
  /** SCALEL, SCALEH: octaves of the logarithm at which a value of table 15 isn't shifted. */
  readonly octaves: number;
  /** By code, as the loop uses it: output value and weight. */
  readonly outputs: Int32Array;
  readonly weights: Int32Array;
}

const LOW: BandTables = {
  scale: 32,
  maxLogarithm: 18_432,
  octaves: 8,
  outputs: LOW_4_BITS,
  weights: LOW_WEIGHTS,
};
const HIGH: BandTables = {
  scale: 8,
  maxLogarithm: 22_528,
  octaves: 10,
  outputs: HIGH_2_BITS,
  weights: HIGH_WEIGHTS,
};

/**
 * The loop of one band, the same in encoder and decoder: from the codes alone it adapts the quantiser's scale factor
 * (block 3) and predicts the next sample with six zeros and two poles (block 4). All coefficients leak, so that a
 * decoder that has missed codes comes back to where the encoder is.
 */
class BandLoop {
  /** DETL, DETH. */
  scale: number;
  /** SL, SH: the prediction of the next sample. */
  prediction = 0;
  readonly #tables: BandTables;
  #logarithm = 0;
  // SZ, AL1 and AL2, RLT1, PLT1 and PLT2, BL1 … BL6, DLT1 … DLT6; RLT1 and DLT… doubled, as the filters take them
  #zeros = 0;
  #pole1 = 0;
  #pole2 = 0;
  #rebuilt1 = 0;
  #partial1 = 0;
  #partial2 = 0;
  #b1 = 0;
  #b2 = 0;
  #b3 = 0;
  #b4 = 0;
  #b5 = 0;
  #b6 = 0;
  #d1 = 0;
  #d2 = 0;
  #d3 = 0;
  #d4 = 0;
  #d5 = 0;
  #d6 = 0;

  constructor(tables: BandTables) {
    this.#tables = tables;
    this.scale = tables.scale;
  }

  /** `code` as the loop uses it: the lower band without its two lowest bits, which is what modes 2 and 3 rely on. */
  advance(code: number): void {
    const { outputs, weights } = this.#tables;
    const difference = (this.scale * nth(outputs, code)) >> 15; // INVQAL, INVQAH
    this.#adaptScale(nth(weights, code));
    this.#predict(difference);
  }

  #adaptScale(weight: number): void {
    const { maxLogarithm, octaves } = this.#tables;
    const logarithm = Math.min(Math.max(((this.#logarithm * 127) >> 7) + weight, 0), maxLogarithm);
    this.#logarithm = logarithm;
    const mantissa = nth(ILB, (logarithm >> 6) & 31);
    const shift = octaves - (logarithm >> 11);
    this.scale = (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2;
  }

  #predict(difference: number): void {
    const rebuilt = saturate(saturate(this.prediction + difference) << 1); // RECONS
    const partial = saturate(this.#zeros + difference); // PARREC
    const agrees1 = (partial ^ this.#partial1) >= 0;
    const agrees2 = (partial ^ this.#partial2) >= 0;

    // UPPOL2: the second pole's coefficient, at most 0.75
    const wd1 = saturate(this.#pole1 << 2);
    const wd2 = agrees1 ? Math.min(-wd1, 32767) : wd1;
    const leaking2 = (wd2 >> 7) + (agrees2 ? 128 : -128) + ((this.#pole2 * 32512) >> 15);
    const pole2 = Math.min(Math.max(leaking2, -12288), 12288);
    // UPPOL1: the first one's, within what keeps the filter stable beside the second
    const leaking1 = saturate((agrees1 ? 192 : -192) + ((this.#pole1 * 32640) >> 15));
    const bound = 15360 - pole2;
    const pole1 = Math.min(Math.max(leaking1, -bound), bound);

    // UPZERO: each zero's coefficient goes up where its difference and the new one have the same sign
    const step = difference === 0 ? 0 : 128;
    const doubled = saturate(difference << 1);
    const b1 = saturate(((doubled ^ this.#d1) >= 0 ? step : -step) + ((this.#b1 * 32640) >> 15));
    const b2 = saturate(((doubled ^ this.#d2) >= 0 ? step : -step) + ((this.#b2 * 32640) >> 15));
    const b3 = saturate(((doubled ^ this.#d3) >= 0 ? step : -step) + ((this.#b3 * 32640) >> 15));
    const b4 = saturate(((doubled ^ this.#d4) >= 0 ? step : -step) + ((this.#b4 * 32640) >> 15));
    const b5 = saturate(((doubled ^ this.#d5) >= 0 ? step : -step) + ((this.#b5 * 32640) >> 15));
    const b6 = saturate(((doubled ^ this.#d6) >= 0 ? step : -step) + ((this.#b6 * 32640) >> 15));

    // DELAYA: what was new is one sample old from here on
    this.#d6 = this.#d5;
    this.#d5 = this.#d4;
    this.#d4 = this.#d3;
    this.#d3 = this.#d2;
    this.#d2 = this.#d1;
    this.#d1 = doubled;
    this.#b1 = b1;
    this.#b2 = b2;
    this.#b3 = b3;
    this.#b4 = b4;
    this.#b5 = b5;
    this.#b6 = b6;
    this.#partial2 = this.#partial1;
    this.#partial1 = partial;
    this.#pole1 = pole1;
    this.#pole2 = pole2;

    // FILTEP, FILTEZ, PREDIC
    const poles = saturate(((pole1 * rebuilt) >> 15) + ((pole2 * this.#rebuilt1) >> 15));
    this.#rebuilt1 = rebuilt;
    const zeros = saturate(
      ((b6 * this.#d6) >> 15) +
        ((b5 * this.#d5) >> 15) +
        ((b4 * this.#d4) >> 15) +
        ((b3 * this.#d3) >> 15) +
        ((b2 * this.#d2) >> 15) +
        ((b1 * this.#d1) >> 15),
    );
    this.#zeros = zeros;
    this.prediction = saturate(poles + zeros);
  }
}

/** QUANTL: the 6 bits for `difference`. The decision levels rise with the interval, so that halving finds it. */
function quantiseLow(difference: number, scale: number): number {
  const magnitude = difference < 0 ? ~difference : difference;
  let interval = 0;
  let above = INTERVALS;
  while (above - interval > 1) {
    const middle = (interval + above) >> 1;
    if (magnitude < (nth(Q6, middle) * scale) >> 12) above = middle;
    else interval = middle;
  }
  return nth(difference < 0 ? CODE_NEGATIVE : CODE_POSITIVE, interval);
}

/** QUANTH: the 2 bits for `difference`. */
function quantiseHigh(difference: number, scale: number): number {
  const magnitude = difference < 0 ? ~difference : difference;
  const far = magnitude >= (Q2 * scale) >> 12;
  if (difference < 0) return far ? 0 : 1;
  return far ? 2 : 3;
}

/**
 * An encoder with a memory of its own: 16 kHz samples, an even number of them, become half as many bytes in `into`
 * (allocated when left out). Throws RangeError for an odd number, or too little room. Where the stream is cut into
 * pieces makes no difference.
 */
export function createG722Encoder(): (samples: Int16Array, into?: Uint8Array) => Uint8Array {
  const filter = new MirrorFilter();
  const low = new BandLoop(LOW);
  const high = new BandLoop(HIGH);
  return (samples, into = new Uint8Array(samples.length >> 1)) => {
    if (samples.length % 2 !== 0) throw new RangeError(`${samples.length} samples aren't whole pairs`);
    const count = samples.length >> 1;
    checkRoom(into.length, count);
    for (let i = 0; i < count; i++) {
      filter.push(nth(samples, 2 * i), nth(samples, 2 * i + 1));
      // 13 bits for the taps, and one for the sum of both halves: a band has 15 bits, for audio of 16.
      const lowBand = (filter.second + filter.first) >> 14;
      const highBand = (filter.second - filter.first) >> 14;
      const lowCode = quantiseLow(saturate(lowBand - low.prediction), low.scale);
      const highCode = quantiseHigh(saturate(highBand - high.prediction), high.scale);
      low.advance(lowCode >> 2);
      high.advance(highCode);
      into[i] = (highCode << 6) | lowCode;
    }
    return into;
  };
}

/**
 * A decoder with a memory of its own: bytes become twice as many 16 kHz samples in `into` (allocated when left out).
 * Throws RangeError for too little room. Every byte is a code; after a gap the loops find back by themselves.
 */
export function createG722Decoder(): (bytes: Uint8Array, into?: Int16Array) => Int16Array {
  const filter = new MirrorFilter();
  const low = new BandLoop(LOW);
  const high = new BandLoop(HIGH);
  return (bytes, into = new Int16Array(2 * bytes.length)) => {
    const count = bytes.length;
    checkRoom(into.length, 2 * count);
    for (let i = 0; i < count; i++) {
      const code = nth(bytes, i);
      const lowCode = code & 63;
      const highCode = code >> 6;
      const lowBand = limit(low.prediction + ((low.scale * nth(LOW_6_BITS, lowCode)) >> 15));
      const highBand = limit(high.prediction + ((high.scale * nth(HIGH_2_BITS, highCode)) >> 15));
      low.advance(lowCode >> 2);
      high.advance(highCode);
      filter.push(lowBand + highBand, lowBand - highBand);
      // 13 bits for the taps, less two: each output is half of the sum, and of 16 bits again.
      into[2 * i] = saturate(filter.second >> 11);
      into[2 * i + 1] = saturate(filter.first >> 11);
    }
    return into;
  };
}

function checkRoom(room: number, needed: number): void {
  if (room < needed) throw new RangeError(`room for ${room}, ${needed} needed`);
}
