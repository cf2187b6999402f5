import type { Audio, AudioEncoding, AudioFormat, G711Law } from './audio.ts';
import { decodeG711, encodeG711 } from './g711.ts';
import { floatToInt16, int16ToFloat } from './pcm.ts';
import { Resampler } from './resampler.ts';

/** What holds the samples of an encoding. */
export type SamplesOf<E extends AudioEncoding> = E extends G711Law
  ? Uint8Array
  : E extends 'pcm_s16'
    ? Int16Array
    : Float32Array;

/**
 * Converts a stream of audio, piece by piece, to one format: rate, law and number format. What has
 * the format already passes through untouched (not even copied). The source may change its format.
 */
export class AudioConverter<E extends AudioEncoding> {
  readonly target: AudioFormat & { readonly encoding: E };
  #resampler: Resampler | undefined;

  constructor(target: AudioFormat & { readonly encoding: E }) {
    this.target = target;
  }

  /** The part of `audio` (and of what was held back before) that is ready. */
  convert(audio: Audio): SamplesOf<E> {
    const { encoding, rateHz } = this.target;
    let rest: Float32Array | undefined;
    if (this.#resampler && this.#resampler.fromHz !== audio.rateHz) {
      rest = this.#resampler.flush();
      this.#resampler = undefined;
    }
    if (audio.rateHz === rateHz) {
      const samples = audio.encoding === encoding ? samplesOf(audio) : this.#express(linearOf(audio));
      return (rest ? join([this.#express(rest), samples]) : samples) as SamplesOf<E>;
    }
    this.#resampler ??= new Resampler(audio.rateHz, rateHz);
    const samples = this.#express(this.#resampler.process(linearOf(audio)));
    return (rest ? join([this.#express(rest), samples]) : samples) as SamplesOf<E>;
  }

  /** What the resampler held back. Then a new stream may begin. */
  flush(): SamplesOf<E> {
    const rest = this.#resampler?.flush() ?? new Float32Array(0);
    this.#resampler = undefined;
    return this.#express(rest) as SamplesOf<E>;
  }

  #express(linear: Int16Array | Float32Array): Samples {
    const { encoding } = this.target;
    if (encoding === 'pcm_f32') return linear instanceof Int16Array ? int16ToFloat(linear) : linear;
    const pcm = linear instanceof Int16Array ? linear : floatToInt16(linear);
    return encoding === 'pcm_s16' ? pcm : encodeG711(encoding, pcm);
  }
}

type Samples = Uint8Array | Int16Array | Float32Array;

function samplesOf(audio: Audio): Samples {
  return 'bytes' in audio ? audio.bytes : audio.samples;
}

function linearOf(audio: Audio): Int16Array | Float32Array {
  return 'bytes' in audio ? decodeG711(audio.encoding, audio.bytes) : audio.samples;
}

function join([first, second]: [Samples, Samples]): Samples {
  const whole = new (first.constructor as new (length: number) => Samples)(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
