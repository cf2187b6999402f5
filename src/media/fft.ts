/**
 * Fourier transform of real samples, a power of two of them: as a complex one of half the size. Allocates nothing
 * after its construction. A spectrum is `size / 2 + 1` bins from 0 Hz to half the sample rate, its real and imaginary
 * parts apart.
 */
export class RealFft {
  readonly size: number;
  readonly bins: number;
  readonly #half: number;
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  /** Of the whole size: `exp(−2πi · index / size)`. */
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #reversed: Uint16Array;

  /** Throws RangeError unless `size` is a power of two from 4 to 65,536. */
  constructor(size: number) {
    if (!Number.isInteger(Math.log2(size)) || size < 4 || size > 65_536) {
      throw new RangeError(`the size of a transform is a power of two from 4 to 65536, not ${size}`);
    }
    this.size = size;
    this.bins = size / 2 + 1;
    const half = size / 2;
    this.#half = half;
    this.#re = new Float64Array(half);
    this.#im = new Float64Array(half);
    this.#cos = Float64Array.from({ length: half }, (_, index) => Math.cos((2 * Math.PI * index) / size));
    this.#sin = Float64Array.from({ length: half }, (_, index) => -Math.sin((2 * Math.PI * index) / size));
    this.#reversed = new Uint16Array(half);
    for (let index = 1; index < half; index++) {
      this.#reversed[index] = ((this.#reversed[index >> 1] as number) >> 1) | ((index & 1) * (half >> 1));
    }
  }

  /** `samples` (`size` of them) → `re`, `im` (`bins`). */
  forward(samples: Float64Array, re: Float64Array, im: Float64Array): void {
    const half = this.#half;
    const reversed = this.#reversed;
    const ofRe = this.#re;
    const ofIm = this.#im;
    for (let index = 0; index < half; index++) {
      const from = 2 * (reversed[index] as number);
      ofRe[index] = samples[from] as number;
      ofIm[index] = samples[from + 1] as number;
    }
    this.#transform();
    // What the even and the odd samples gave is taken apart, and put together as the spectrum of all: two bins at once.
    const evens = ofRe[0] as number;
    const odds = ofIm[0] as number;
    re[0] = evens + odds;
    im[0] = 0;
    re[half] = evens - odds;
    im[half] = 0;
    for (let bin = 1, mirror = half - 1; bin <= mirror; bin++, mirror--) {
      const cos = this.#cos[bin] as number;
      const sin = this.#sin[bin] as number;
      const evenRe = ((ofRe[bin] as number) + (ofRe[mirror] as number)) / 2;
      const evenIm = ((ofIm[bin] as number) - (ofIm[mirror] as number)) / 2;
      const oddRe = ((ofIm[bin] as number) + (ofIm[mirror] as number)) / 2;
      const oddIm = ((ofRe[mirror] as number) - (ofRe[bin] as number)) / 2;
      const turnedRe = cos * oddRe - sin * oddIm;
      const turnedIm = cos * oddIm + sin * oddRe;
      re[bin] = evenRe + turnedRe;
      im[bin] = evenIm + turnedIm;
      re[mirror] = evenRe - turnedRe;
      im[mirror] = turnedIm - evenIm;
    }
  }

  /** The way back: `re`, `im` (`bins`) → `samples` (`size`). */
  inverse(re: Float64Array, im: Float64Array, samples: Float64Array): void {
    const half = this.#half;
    const reversed = this.#reversed;
    const ofRe = this.#re;
    const ofIm = this.#im;
    const cosines = this.#cos;
    const sines = this.#sin;
    for (let index = 0; index < half; index++) {
      const bin = reversed[index] as number;
      const mirror = half - bin;
      const evenRe = ((re[bin] as number) + (re[mirror] as number)) / 2;
      const evenIm = ((im[bin] as number) - (im[mirror] as number)) / 2;
      const differenceRe = ((re[bin] as number) - (re[mirror] as number)) / 2;
      const differenceIm = ((im[bin] as number) + (im[mirror] as number)) / 2;
      const cos = cosines[bin] as number;
      const sin = -(sines[bin] as number);
      const oddRe = cos * differenceRe - sin * differenceIm;
      const oddIm = cos * differenceIm + sin * differenceRe;
      // Conjugated: the way back is the way there of the conjugate.
      ofRe[index] = evenRe - oddIm;
      ofIm[index] = -(evenIm + oddRe);
    }
    this.#transform();
    for (let index = 0; index < half; index++) {
      samples[2 * index] = (ofRe[index] as number) / half;
      samples[2 * index + 1] = -(ofIm[index] as number) / half;
    }
  }

  /** In place, of what was put there in reversed order: two stages of radix 2 at once, which halves the loads and stores. */
  #transform(): void {
    const re = this.#re;
    const im = this.#im;
    const cosines = this.#cos;
    const sines = this.#sin;
    const half = this.#half;
    let width = 1;
    // An odd number of stages: the first, which turns nothing, by itself.
    if (Math.log2(half) % 2 === 1) {
      for (let low = 0; low < half; low += 2) {
        const real = re[low + 1] as number;
        const imaginary = im[low + 1] as number;
        re[low + 1] = (re[low] as number) - real;
        im[low + 1] = (im[low] as number) - imaginary;
        re[low] = (re[low] as number) + real;
        im[low] = (im[low] as number) + imaginary;
      }
      width = 2;
    }
    for (; width < half; width *= 4) {
      const stride = half / width;
      for (let index = 0; index < width; index++) {
        // Of the first stage, and of the second, where a quarter turn is between its two pairs.
        const cos1 = cosines[index * stride] as number;
        const sin1 = sines[index * stride] as number;
        const cos2 = cosines[(index * stride) / 2] as number;
        const sin2 = sines[(index * stride) / 2] as number;
        for (let a = index; a < half; a += 4 * width) {
          const b = a + width;
          const c = b + width;
          const d = c + width;
          const bRe = cos1 * (re[b] as number) - sin1 * (im[b] as number);
          const bIm = cos1 * (im[b] as number) + sin1 * (re[b] as number);
          const dRe = cos1 * (re[d] as number) - sin1 * (im[d] as number);
          const dIm = cos1 * (im[d] as number) + sin1 * (re[d] as number);
          const sumRe = (re[a] as number) + bRe;
          const sumIm = (im[a] as number) + bIm;
          const differenceRe = (re[a] as number) - bRe;
          const differenceIm = (im[a] as number) - bIm;
          const upperRe = (re[c] as number) + dRe;
          const upperIm = (im[c] as number) + dIm;
          const lowerRe = (re[c] as number) - dRe;
          const lowerIm = (im[c] as number) - dIm;
          const cRe = cos2 * upperRe - sin2 * upperIm;
          const cIm = cos2 * upperIm + sin2 * upperRe;
          const turnedRe = cos2 * lowerIm + sin2 * lowerRe;
          const turnedIm = sin2 * lowerIm - cos2 * lowerRe;
          re[a] = sumRe + cRe;
          im[a] = sumIm + cIm;
          re[c] = sumRe - cRe;
          im[c] = sumIm - cIm;
          re[b] = differenceRe + turnedRe;
          im[b] = differenceIm + turnedIm;
          re[d] = differenceRe - turnedRe;
          im[d] = differenceIm - turnedIm;
        }
      }
    }
  }
}
