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
    for (let index = 0; index < half; index++) {
      const from = 2 * (this.#reversed[index] as number);
      this.#re[index] = samples[from] as number;
      this.#im[index] = samples[from + 1] as number;
    }
    this.#transform();
    // What the even and the odd samples gave is taken apart, and put together as the spectrum of all.
    for (let bin = 0; bin <= half; bin++) {
      const at = bin % half;
      const mirror = (half - bin) % half;
      const evenRe = ((this.#re[at] as number) + (this.#re[mirror] as number)) / 2;
      const evenIm = ((this.#im[at] as number) - (this.#im[mirror] as number)) / 2;
      const oddRe = ((this.#im[at] as number) + (this.#im[mirror] as number)) / 2;
      const oddIm = ((this.#re[mirror] as number) - (this.#re[at] as number)) / 2;
      const cos = bin === half ? -1 : (this.#cos[bin] as number);
      const sin = bin === half ? 0 : (this.#sin[bin] as number);
      re[bin] = evenRe + cos * oddRe - sin * oddIm;
      im[bin] = evenIm + cos * oddIm + sin * oddRe;
    }
  }

  /** The way back: `re`, `im` (`bins`) → `samples` (`size`). */
  inverse(re: Float64Array, im: Float64Array, samples: Float64Array): void {
    const half = this.#half;
    for (let index = 0; index < half; index++) {
      const bin = this.#reversed[index] as number;
      const mirror = half - bin;
      const evenRe = ((re[bin] as number) + (re[mirror] as number)) / 2;
      const evenIm = ((im[bin] as number) - (im[mirror] as number)) / 2;
      const differenceRe = ((re[bin] as number) - (re[mirror] as number)) / 2;
      const differenceIm = ((im[bin] as number) + (im[mirror] as number)) / 2;
      const cos = this.#cos[bin] as number;
      const sin = -(this.#sin[bin] as number);
      const oddRe = cos * differenceRe - sin * differenceIm;
      const oddIm = cos * differenceIm + sin * differenceRe;
      // Conjugated: the way back is the way there of the conjugate.
      this.#re[index] = evenRe - oddIm;
      this.#im[index] = -(evenIm + oddRe);
    }
    this.#transform();
    for (let index = 0; index < half; index++) {
      samples[2 * index] = (this.#re[index] as number) / half;
      samples[2 * index + 1] = -(this.#im[index] as number) / half;
    }
  }

  /** Radix 2, in place, of what was put there in reversed order. */
  #transform(): void {
    const re = this.#re;
    const im = this.#im;
    for (let width = 1; width < this.#half; width *= 2) {
      const stride = this.#half / width;
      for (let index = 0; index < width; index++) {
        const cos = this.#cos[index * stride] as number;
        const sin = this.#sin[index * stride] as number;
        for (let low = index; low < this.#half; low += 2 * width) {
          const high = low + width;
          const real = cos * (re[high] as number) - sin * (im[high] as number);
          const imaginary = cos * (im[high] as number) + sin * (re[high] as number);
          re[high] = (re[low] as number) - real;
          im[high] = (im[low] as number) - imaginary;
          re[low] = (re[low] as number) + real;
          im[low] = (im[low] as number) + imaginary;
        }
      }
    }
  }
}
