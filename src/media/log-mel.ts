import { RealFft } from './fft.ts';

/** What the features are made of. */
export const LOG_MEL_RATE_HZ = 16_000;
export const LOG_MEL_MS = 8000;
export const LOG_MEL_BANDS = 80;
export const LOG_MEL_STEPS = 800;

const HOP = 160;
const SAMPLES = LOG_MEL_STEPS * HOP;
const WINDOW = 400;
const BINS = WINDOW / 2 + 1;
const BIN_HZ = LOG_MEL_RATE_HZ / WINDOW;
/** 400 isn't a power of two: its transform is made of 25 transforms, each of every 25th sample. */
const PARTS = 25;
const PART = WINDOW / PARTS;
/** Against a division by zero; the least power of a band; decades below the loudest band. Source: WhisperFeatureExtractor. */
const LEAST_VARIANCE = 1e-7;
const LEAST_POWER = 1e-10;
const RANGE = 8;

/**
 * A sound's logarithmic mel spectrogram as Whisper's models hear it: what `WhisperFeatureExtractor(chunk_length=8)` of Hugging
 * Face's transformers makes with `do_normalize` (Radford et al. 2022, section 2.2). Windows of 25 ms every 10 ms, 80 bands of
 * Slaney's mel scale up to 8 kHz, base-10 logarithms, of which the loudest is about 1 and the rest at most 2 below it.
 */
export class LogMel {
  /** The whole sound of mean 0 and variance 1, with what is mirrored before and behind it. */
  readonly #signal = new Float64Array(SAMPLES + WINDOW);
  readonly #window = Float64Array.from(
    { length: WINDOW },
    (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / WINDOW),
  );
  readonly #bands = melBands();
  readonly #fft = new RealFft(PART);
  readonly #part = new Float64Array(PART);
  readonly #re = new Float64Array(this.#fft.bins);
  readonly #im = new Float64Array(this.#fft.bins);
  /** Of each part its whole spectrum: `part · PART + bin`. */
  readonly #partsRe = new Float64Array(WINDOW);
  readonly #partsIm = new Float64Array(WINDOW);
  /** `exp(−2πi · part · bin / WINDOW)`, at `bin · PARTS + part`. */
  readonly #cos = new Float64Array(BINS * PARTS);
  readonly #sin = new Float64Array(BINS * PARTS);
  readonly #power = new Float64Array(BINS);

  constructor() {
    for (let at = 0; at < BINS * PARTS; at++) {
      const angle = (2 * Math.PI * Math.floor(at / PARTS) * (at % PARTS)) / WINDOW;
      this.#cos[at] = Math.cos(angle);
      this.#sin[at] = -Math.sin(angle);
    }
  }

  /**
   * `samples`: −1 … 1 at 16 kHz. Of more than 8 s the last count, and before less than that is silence. Gives 80 rows of 800
   * values each, the lowest band first.
   */
  extract(samples: Float32Array): Float32Array {
    const silent = this.#fill(samples);
    const features = new Float32Array(LOG_MEL_BANDS * LOG_MEL_STEPS);
    let loudest = -Infinity;
    for (let step = 0; step < LOG_MEL_STEPS; step++) {
      // All windows before the sound begins are one and the same.
      const isNew = step === 0 || step * HOP + WINDOW / 2 >= silent;
      if (isNew) this.#transform(step * HOP);
      for (let band = 0, at = step; band < LOG_MEL_BANDS; band++, at += LOG_MEL_STEPS) {
        const value = isNew ? this.#level(band) : (features[at - 1] as number);
        features[at] = value;
        if (value > loudest) loudest = value;
      }
    }
    for (let at = 0; at < features.length; at++) {
      features[at] = (Math.max(features[at] as number, loudest - RANGE) + 4) / 4;
    }
    return features;
  }

  /** Returns how many samples of silence stand before the sound. */
  #fill(samples: Float32Array): number {
    const sound = samples.subarray(Math.max(0, samples.length - SAMPLES));
    const silent = SAMPLES - sound.length;
    let sum = 0;
    let squares = 0;
    for (const sample of sound) {
      sum += sample;
      squares += sample * sample;
    }
    const mean = sum / SAMPLES;
    const gain = 1 / Math.sqrt(Math.max(0, squares / SAMPLES - mean * mean) + LEAST_VARIANCE);
    const first = WINDOW / 2;
    const end = first + SAMPLES;
    const signal = this.#signal.fill(-mean * gain, first, first + silent);
    for (let at = 0; at < sound.length; at++) {
      signal[first + silent + at] = ((sound[at] as number) - mean) * gain;
    }
    for (let away = 1; away <= first; away++) {
      signal[first - away] = signal[first + away] as number;
      signal[end - 1 + away] = signal[end - 1 - away] as number;
    }
    return silent;
  }

  /** Sets the power of each bin in the window that begins at `from`. */
  #transform(from: number): void {
    const partsRe = this.#partsRe;
    const partsIm = this.#partsIm;
    for (let part = 0; part < PARTS; part++) {
      for (let at = 0, place = part; at < PART; at++, place += PARTS) {
        this.#part[at] = (this.#signal[from + place] as number) * (this.#window[place] as number);
      }
      this.#fft.forward(this.#part, this.#re, this.#im);
      for (let bin = 0; bin < PART; bin++) {
        // The upper half of a real signal's spectrum mirrors the lower.
        const isMirrored = bin > PART / 2;
        const known = isMirrored ? PART - bin : bin;
        partsRe[bin * PARTS + part] = this.#re[known] as number;
        partsIm[bin * PARTS + part] = (isMirrored ? -1 : 1) * (this.#im[known] as number);
      }
    }
    for (let bin = 0; bin < BINS; bin++) {
      const turn = bin * PARTS;
      const same = (bin % PART) * PARTS;
      let re = 0;
      let im = 0;
      for (let part = 0; part < PARTS; part++) {
        const cos = this.#cos[turn + part] as number;
        const sin = this.#sin[turn + part] as number;
        const x = partsRe[same + part] as number;
        const y = partsIm[same + part] as number;
        re += cos * x - sin * y;
        im += cos * y + sin * x;
      }
      this.#power[bin] = re * re + im * im;
    }
  }

  /** Decades. */
  #level(band: number): number {
    const { firstBin, weights } = this.#bands[band] as MelBand;
    let power = 0;
    for (let at = 0; at < weights.length; at++) {
      power += (weights[at] as number) * (this.#power[firstBin + at] as number);
    }
    return Math.log10(Math.max(power, LEAST_POWER));
  }
}

interface MelBand {
  readonly firstBin: number;
  /** Of the bins from there on. */
  readonly weights: Float64Array;
}

/** Triangles between the edges of their neighbours, each of the same area. */
function melBands(): readonly MelBand[] {
  const highest = melOf(LOG_MEL_RATE_HZ / 2);
  const edges = Array.from({ length: LOG_MEL_BANDS + 2 }, (_, index) =>
    hertzOf((highest * index) / (LOG_MEL_BANDS + 1)),
  );
  return edges.slice(2).map((above, index) => {
    const [below, centre] = edges.slice(index, index + 2) as [number, number];
    const firstBin = Math.ceil(below / BIN_HZ);
    const count = Math.floor(above / BIN_HZ) - firstBin + 1;
    const weights = Float64Array.from({ length: Math.max(0, count) }, (_, at) => {
      const hertz = (firstBin + at) * BIN_HZ;
      const height = Math.min((hertz - below) / (centre - below), (above - hertz) / (above - centre));
      return (Math.max(0, height) * 2) / (above - below);
    });
    return { firstBin, weights };
  });
}

/** Slaney's scale (Auditory Toolbox, 1998): 15 mels up to 1 kHz, and from there on 27 for a factor of 6.4. */
const LINEAR_MELS = 15;
const LINEAR_HZ = 1000;
const MELS_PER_NEPER = 27 / Math.log(6.4);

function melOf(hertz: number): number {
  return hertz < LINEAR_HZ
    ? (hertz * LINEAR_MELS) / LINEAR_HZ
    : LINEAR_MELS + MELS_PER_NEPER * Math.log(hertz / LINEAR_HZ);
}

function hertzOf(mel: number): number {
  return mel < LINEAR_MELS
    ? (mel * LINEAR_HZ) / LINEAR_MELS
    : LINEAR_HZ * Math.exp((mel - LINEAR_MELS) / MELS_PER_NEPER);
}
