/** Zero crossings of the sinc on each side; with the Kaiser window below: flat to 3.5 kHz, images −70 dB. */
const ZERO_CROSSINGS = 16;
const KAISER_BETA = 7;

/** Half-band taps at the odd places between two samples: the even ones are the samples themselves. */
const TAPS = Float64Array.from({ length: ZERO_CROSSINGS * 2 }, (_, n) => {
  const x = n - ZERO_CROSSINGS + 0.5;
  return (Math.sin(Math.PI * x) / (Math.PI * x)) * kaiser(x / ZERO_CROSSINGS);
});

/** 8 → 16 kHz with state across chunks. Delays by 16 samples of 8 kHz (2 ms). */
export class Upsampler {
  readonly #past = new Float64Array(ZERO_CROSSINGS * 2);

  reset(): void {
    this.#past.fill(0);
  }

  /** Fills `into` with twice as many samples as `samples` has; returns that part of it. */
  process(samples: Int16Array, into: Int16Array): Int16Array {
    const past = this.#past;
    for (let n = 0; n < samples.length; n++) {
      past.copyWithin(0, 1);
      past[past.length - 1] = samples[n] as number;
      let between = 0;
      for (let k = 0; k < past.length; k++) between += (past[k] as number) * (TAPS[k] as number);
      into[2 * n] = past[ZERO_CROSSINGS - 1] as number;
      into[2 * n + 1] = Math.max(-32768, Math.min(32767, Math.round(between)));
    }
    return into.subarray(0, samples.length * 2);
  }
}

function kaiser(position: number): number {
  return bessel(KAISER_BETA * Math.sqrt(Math.max(0, 1 - position * position))) / bessel(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 30; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
