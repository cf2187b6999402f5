import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PcmF32, PcmS16 } from '../../src/media/audio.ts';
import { audioDuration, floatToInt16, int16ToFloat, validatePcmFormat } from '../../src/media/pcm.ts';

describe('float and int16 samples', () => {
  it('map full scale to full scale', () => {
    expect([...floatToInt16(Float32Array.of(-1, -0.5, 0, 0.5, 1))]).toEqual([
      -32_768, -16_384, 0, 16_384, 32_767,
    ]);
    expect([...int16ToFloat(Int16Array.of(-32_768, -16_384, 0, 16_384))]).toEqual([-1, -0.5, 0, 0.5]);
  });

  it('clip what is too loud, and are silent where there is no number', () => {
    expect([...floatToInt16(Float32Array.of(1.5, -1.5, Infinity, -Infinity, NaN))]).toEqual([
      32_767, -32_768, 32_767, -32_768, 0,
    ]);
  });

  it('survive the way from int16 to float and back, each of them', () => {
    const every = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
    expect(floatToInt16(int16ToFloat(every))).toEqual(every);
  });

  it('come back from int16 within half a step', () => {
    fc.assert(
      fc.property(fc.float({ min: -1, max: Math.fround(0.9999), noNaN: true }), (sample) => {
        const back = int16ToFloat(floatToInt16(Float32Array.of(sample)))[0]!;
        expect(Math.abs(back - sample)).toBeLessThanOrEqual(0.5 / 32_768);
      }),
    );
  });

  it('are written into memory that is given, if there is room', () => {
    const into = new Int16Array(4);
    expect(floatToInt16(Float32Array.of(1, 1), into)).toBe(into);
    expect([...into]).toEqual([32_767, 32_767, 0, 0]);
    const floats = new Float32Array(2);
    expect(int16ToFloat(Int16Array.of(16_384), floats)).toBe(floats);
    expect(() => floatToInt16(new Float32Array(5), into)).toThrow(RangeError);
    expect(() => int16ToFloat(new Int16Array(5), floats)).toThrow(RangeError);
  });
});

describe('validatePcmFormat', () => {
  it('takes good int16 samples, as a view of the bytes', () => {
    const bytes = new Uint8Array(Int16Array.of(1, -2, 3).buffer);
    const audio = validatePcmFormat(bytes, { encoding: 'pcm_s16', rateHz: 22050 }) as PcmS16;
    expect(audio).toEqual({ encoding: 'pcm_s16', rateHz: 22050, samples: Int16Array.of(1, -2, 3) });
    expect(audio.samples.buffer).toBe(bytes.buffer);
  });

  it('takes good float samples, also from an odd place in a buffer', () => {
    const bytes = new Uint8Array(9);
    bytes.set(new Uint8Array(Float32Array.of(0.5, -0.25).buffer), 1);
    const audio = validatePcmFormat(bytes.subarray(1), { encoding: 'pcm_f32', rateHz: 24000, channels: 1 });
    expect((audio as PcmF32).samples).toEqual(Float32Array.of(0.5, -0.25));
  });

  it('takes G.711 as it is', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(validatePcmFormat(bytes, { encoding: 'alaw', rateHz: 8000 })).toEqual({
      encoding: 'alaw',
      rateHz: 8000,
      bytes,
    });
  });

  it.each([
    ['nothing at all', 0, { encoding: 'pcm_s16', rateHz: 8000 }, /empty/],
    ['half a sample', 3, { encoding: 'pcm_s16', rateHz: 8000 }, /3 bytes.*2-byte/],
    ['a quarter of a float', 6, { encoding: 'pcm_f32', rateHz: 8000 }, /6 bytes.*4-byte/],
    ['a rate of its own', 4, { encoding: 'pcm_s16', rateHz: 11025 }, /11025 Hz.*8000, 16000/],
    ['stereo', 4, { encoding: 'pcm_s16', rateHz: 8000, channels: 2 }, /2 channels/],
    ['an unknown encoding', 4, { encoding: 'mp3', rateHz: 8000 }, /"mp3".*pcm_s16/],
    ['G.711 at 16 kHz', 4, { encoding: 'ulaw', rateHz: 16000 }, /ulaw at 16000 Hz/],
  ])('refuses %s', (_, length, claimed, message) => {
    const act = (): unknown => validatePcmFormat(new Uint8Array(length), claimed);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code: 'AUDIO_FORMAT_INVALID' }));
  });
});

describe('the duration of audio', () => {
  it('is samples by rate, in milliseconds', () => {
    expect(audioDuration({ encoding: 'pcm_s16', rateHz: 16000, samples: new Int16Array(8000) })).toBe(500);
    expect(audioDuration({ encoding: 'pcm_f32', rateHz: 44100, samples: new Float32Array(441) })).toBe(10);
    expect(audioDuration({ encoding: 'ulaw', rateHz: 8000, bytes: new Uint8Array(160) })).toBe(20);
    expect(audioDuration({ encoding: 'alaw', rateHz: 8000, bytes: new Uint8Array(0) })).toBe(0);
  });
});
