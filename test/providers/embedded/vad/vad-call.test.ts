import { describe, expect, it } from 'vitest';
import type { VadEvent } from '../../../../src/dialog/contract/speech.ts';
import { createFlushLine } from '../../../../src/media/flush-line.ts';
import { VadCall } from '../../../../src/providers/embedded/vad/vad-call.ts';
import { RingFeeder } from '../../../support/ring-feeder.ts';
import { joined, whiteNoise } from '../../../support/telephone-speech.ts';

const WINDOW = 256;
const CONTEXT = 32;

/** A call, and a model that takes for speech what is louder than −30 dBov; `asked`: what it was given. */
class Call {
  readonly events: VadEvent[] = [];
  readonly asked: Float32Array[] = [];
  readonly #ring = new RingFeeder();
  readonly #call = new VadCall(
    {
      type: 'open',
      stream: 0,
      heard: this.#ring.handle,
      flushLine: createFlushLine(),
      startMs: 60,
      stopMs: 100,
      bargeInMs: 160,
      fromFrame: 0,
    },
    (event) => this.events.push(event),
  );

  /** Returns how often the model was asked. */
  hear(samples: Int16Array): number {
    const before = this.asked.length;
    for (let at = 0; at < samples.length; at += 160) {
      this.#ring.write(samples.subarray(at, at + 160));
      while (this.#call.fill()) {
        const { lane } = this.#call;
        this.asked.push(lane.input.slice());
        const power = lane.input.reduce((sum, sample) => sum + sample ** 2, 0) / lane.input.length;
        lane.probability = power > 0.001 ? 0.9 : 0.05;
        this.#call.judge();
      }
    }
    return this.asked.length - before;
  }
}

const noise = (seconds: number, seed = 1): Int16Array => whiteNoise(seconds * 8000, -60, seed);
const voice = (seconds: number): Int16Array => whiteNoise(seconds * 8000, -22, 7);

describe('what the model of voice activity is asked for', () => {
  it('isn’t the noise of a line, nor silence', () => {
    const call = new Call();
    expect(call.hear(noise(10))).toBe(0);
    expect(call.hear(new Int16Array(8000))).toBe(0);
    expect(call.events).toEqual([]);
  });

  it('is every window of speech, and of the second after it', () => {
    const call = new Call();
    call.hear(noise(3));
    const windows = call.hear(voice(2)) + call.hear(noise(5, 2));
    const ofSpeech = (2 * 8000) / WINDOW;
    const ofSecond = 8000 / WINDOW;
    expect(windows).toBeGreaterThanOrEqual(ofSpeech + ofSecond);
    expect(windows).toBeLessThanOrEqual(ofSpeech + ofSecond + 12);
    expect(call.hear(noise(2, 3))).toBe(0);
    expect(call.events.map(({ type }) => type).filter((type) => type !== 'speech-lasts')).toEqual([
      'speech-start',
      'speech-stop',
    ]);
    // 3 s are 150 frames: the onset isn't later for the model's having slept.
    expect(call.events[0]?.frame).toBe(150);
  });

  it('begins with the quarter of a second before the first word, without a gap', () => {
    const call = new Call();
    const sound = joined(noise(3), voice(0.2));
    call.hear(sound);
    const firstWindow = Math.floor((3 * 8000) / WINDOW) - 8;
    for (const [index, input] of call.asked.slice(0, 12).entries()) {
      const from = (firstWindow + index) * WINDOW - CONTEXT;
      const expected = Float32Array.from(
        sound.subarray(from, from + CONTEXT + WINDOW),
        (each) => each / 32768,
      );
      expect(input, `window ${index}`).toEqual(expected);
    }
  });
});
