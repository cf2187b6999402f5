import { describe, expect, it } from 'vitest';
import { Concealment } from '../../src/media/concealment.ts';
import { decibels, noise, rms } from './signals.ts';

describe.each([8000, 16000] as const)('concealment of a loss at %i Hz', (RATE) => {
  /** Samples to one at 8,000 Hz. */
  const SCALE = RATE / 8000;
  const FRAME = 160 * SCALE;

  /** A vowel of sorts: twenty harmonics of `hz`, falling by 6 dB an octave. */
  function vowel(hz: number, count: number): Int16Array {
    return Int16Array.from({ length: count }, (_, i) => {
      let sum = 0;
      for (let k = 1; k <= 20 && k * hz < 3400; k++)
        sum += Math.sin((2 * Math.PI * k * hz * i) / RATE + k * k) / k;
      return Math.round(4000 * sum);
    });
  }

  /** What is heard of `sound` when the frames in `lost` are. */
  function hear(sound: Int16Array, lost: number[]): Int16Array {
    const concealment = new Concealment(RATE);
    const heard = sound.slice();
    for (let frame = 0; frame * FRAME < sound.length; frame++) {
      const samples = heard.subarray(frame * FRAME, (frame + 1) * FRAME);
      if (lost.includes(frame)) concealment.conceal(samples);
      else concealment.good(samples);
    }
    return heard;
  }

  function difference(a: Int16Array, b: Int16Array): Float32Array {
    return Float32Array.from(a, (sample, i) => sample - b[i]!);
  }

  /** The largest step between neighbouring samples. */
  function steepest(samples: Int16Array): number {
    let largest = 0;
    for (let i = 1; i < samples.length; i++)
      largest = Math.max(largest, Math.abs(samples[i]! - samples[i - 1]!));
    return largest;
  }

  it('changes nothing while nothing is lost', () => {
    const sound = vowel(137, 3200 * SCALE);
    expect(hear(sound, [])).toEqual(sound);
  });

  it.each([70, 100, 125, 160, 200])('goes on with the pitch of a voice at %i Hz', (hz) => {
    const sound = vowel(hz, 3200 * SCALE);
    const heard = hear(sound, [10]);
    // The first 10 ms, which aren't faded.
    const [was, is] = [sound.subarray(10 * FRAME, 10.5 * FRAME), heard.subarray(10 * FRAME, 10.5 * FRAME)];
    const error = decibels(rms(difference(is, was)) / rms(was));
    expect(error).toBeLessThan(hz % 25 === 0 || hz === 160 ? -20 : -10);
    expect(Math.abs(decibels(rms(is) / rms(was)))).toBeLessThan(1);
  });

  it.each([70, 113, 200])('begins and ends without a click (%i Hz)', (hz) => {
    const sound = vowel(hz, 4800 * SCALE);
    for (const lost of [[10], [10, 11], [10, 12, 14], [8, 9, 10, 11, 12]]) {
      expect(steepest(hear(sound, lost))).toBeLessThan(1.25 * steepest(sound));
    }
  });

  it('joins on without a click where there is no pitch to find', () => {
    // 43 Hz: its period is longer than any that is searched for, so none of them fits.
    for (let phase = 0; phase < 6; phase++) {
      const sound = Int16Array.from(
        { length: 3200 * SCALE },
        (_, i) => 8000 * Math.sin((2 * Math.PI * 43 * i) / RATE + phase),
      );
      expect(steepest(hear(sound, [10, 11]))).toBeLessThan(1300);
    }
  });

  it('falls silent after 60 ms, step by step', () => {
    const heard = hear(vowel(125, 3200 * SCALE), [10, 11, 12, 13, 14]);
    const levels = Array.from({ length: 10 }, (_, i) =>
      rms(heard.subarray(1600 * SCALE + i * 80 * SCALE, 1680 * SCALE + i * 80 * SCALE)),
    );
    for (let i = 2; i < 6; i++) expect(levels[i]).toBeLessThan(levels[i - 1]!);
    expect(levels[5]).toBeGreaterThan(0);
    expect(levels.slice(6)).toEqual([0, 0, 0, 0]);
  });

  it('gives real sound back untouched after at most 10 ms', () => {
    const sound = vowel(125, 3200 * SCALE);
    for (const lost of [[10], [10, 11, 12], [7, 8, 9, 10, 11, 12]]) {
      const after = (Math.max(...lost) + 1) * FRAME + FRAME / 2;
      expect(hear(sound, lost).subarray(after)).toEqual(sound.subarray(after));
    }
  });

  it('keeps noise at its level, and does not grow louder than what was heard', () => {
    const sound = Int16Array.from(noise(6400 * SCALE, 7), (sample) => Math.round(3000 * sample));
    for (let frame = 5; frame < 35; frame += 3) {
      const estimate = hear(sound, [frame]).subarray(frame * FRAME, frame * FRAME + FRAME);
      expect(Math.abs(decibels(rms(estimate.subarray(0, FRAME / 2)) / rms(sound)))).toBeLessThan(4);
      expect(decibels(rms(estimate) / rms(sound))).toBeLessThan(1);
    }
  });

  it('stays within 16 bits however loud it is', () => {
    const square = Int16Array.from({ length: 10 * FRAME }, (_, i) =>
      i % (53 * SCALE) < 26 * SCALE ? 32_767 : -32_768,
    );
    const heard = hear(square, [3, 5, 6]);
    for (const sample of heard) expect(Number.isInteger(sample)).toBe(true);
    expect(rms(heard.subarray(3 * FRAME, 3.5 * FRAME))).toBeGreaterThan(25_000);
  });

  it('is silence where there was silence, or nothing at all', () => {
    expect(hear(new Int16Array(10 * FRAME), [3]).every((sample) => sample === 0)).toBe(true);
    const concealment = new Concealment(RATE);
    const frame = new Int16Array(FRAME).fill(99);
    concealment.conceal(frame);
    expect(frame.every((sample) => sample === 0)).toBe(true);
  });

  it('knows nothing of the stream before a reset', () => {
    const concealment = new Concealment(RATE);
    concealment.good(vowel(125, 160 * SCALE));
    concealment.conceal(new Int16Array(FRAME));
    concealment.reset();
    const next = vowel(90, 160 * SCALE);
    const heard = next.slice();
    concealment.good(heard);
    expect(heard).toEqual(next);
  });

  it('is closer to the voice than silence would be, at 5 % loss', () => {
    // A gliding pitch, as speech has: no period equals the one before.
    let phase = 0;
    const sound = Int16Array.from({ length: FRAME * 500 }, (_, i) => {
      phase += (2 * Math.PI * (130 + 30 * Math.sin(i / (4000 * SCALE)))) / RATE;
      return 3000 * Math.sin(phase) + 2000 * Math.sin(2 * phase + 1) + 1500 * Math.sin(5 * phase + 2);
    });
    const lost = Array.from({ length: 25 }, (_, i) => i * 20 + 7);
    const heard = hear(sound, lost);
    const muted = sound.slice();
    for (const frame of lost) muted.fill(0, frame * FRAME, frame * FRAME + FRAME);
    const gain = decibels(rms(difference(muted, sound)) / rms(difference(heard, sound)));
    expect(gain).toBeGreaterThan(6);
  });
});
