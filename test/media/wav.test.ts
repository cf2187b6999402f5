import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VoiceAgentError } from '../../src/lib/errors.ts';
import type { Audio, SampleRateHz } from '../../src/media/audio.ts';
import { readWav, wavHeader, writeWav } from '../../src/media/wav.ts';

const pcm = (rateHz: SampleRateHz, ...samples: number[]): Audio => ({
  encoding: 'pcm_s16',
  rateHz,
  samples: Int16Array.from(samples),
});

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => parseInt(pair, 16));
}

describe('a WAV file', () => {
  it('with 16-bit samples has the usual header', () => {
    expect(writeWav(pcm(8000, 1, -2))).toEqual(
      bytesOf(
        '52494646 28000000 57415645 666d7420 10000000 0100 0100 401f0000 803e0000 0200 1000 64617461 04000000 0100 feff',
      ),
    );
  });

  it('with μ-law samples has the fact chunk that non-PCM needs, and an even length', () => {
    const file = writeWav({ encoding: 'ulaw', rateHz: 8000, bytes: Uint8Array.of(1, 2, 3) });
    expect(file).toEqual(
      bytesOf(
        '52494646 36000000 57415645 666d7420 12000000 0700 0100 401f0000 401f0000 0100 0800 0000' +
          '66616374 04000000 03000000 64617461 03000000 010203ff',
      ),
    );
  });

  it.each<[string, Audio]>([
    ['16-bit', pcm(22050, 5, -5, 32_767, -32_768)],
    ['float', { encoding: 'pcm_f32', rateHz: 24000, samples: Float32Array.of(0.5, -1, 2) }],
    ['μ-law', { encoding: 'ulaw', rateHz: 8000, bytes: Uint8Array.of(0, 127, 255) }],
    ['A-law', { encoding: 'alaw', rateHz: 8000, bytes: Uint8Array.of(0xd5, 1, 2, 3) }],
  ])('of %s comes back as it went', (_, audio) => {
    expect(readWav(writeWav(audio))).toEqual({ ...audio, channels: [audio] });
  });

  it('keeps the caller left and the agent right, and fills the shorter one with silence', () => {
    const left = pcm(8000, 1, 2, 3);
    const both = readWav(writeWav(left, pcm(8000, -1)));
    expect(both.channels).toEqual([left, pcm(8000, -1, 0, 0)]);
    const laws = readWav(
      writeWav(
        { encoding: 'alaw', rateHz: 8000, bytes: Uint8Array.of(7) },
        { encoding: 'alaw', rateHz: 8000, bytes: Uint8Array.of(8, 9) },
      ),
    );
    expect(laws.channels[0]).toEqual({ encoding: 'alaw', rateHz: 8000, bytes: Uint8Array.of(7, 0xd5) });
  });

  it('can be written as it comes: header first, its lengths last', () => {
    const format = { encoding: 'ulaw', rateHz: 8000 } as const;
    const begun = wavHeader(format, 2, 0);
    const ended = wavHeader(format, 2, 320);
    expect(begun).toHaveLength(ended.length);
    const file = new Uint8Array([...ended, ...new Uint8Array(320)]);
    expect(readWav(file).channels.map((channel) => 'bytes' in channel && channel.bytes.length)).toEqual([
      160, 160,
    ]);
  });

  it('whose data length was never filled in reaches to its end', () => {
    const file = writeWav(pcm(8000, 1, 2, 3));
    new DataView(file.buffer).setUint32(40, 0xffffffff, true);
    expect(readWav(file)).toMatchObject({ samples: Int16Array.of(1, 2, 3) });
  });

  it('may hold other chunks, and the extensible format', () => {
    const file = bytesOf(
      '52494646 00000000 57415645 4c495354 03000000 61626300' +
        '666d7420 28000000 feff 0100 803e0000 007d0000 0200 1000 1600 1000 04000000 0100000000001000800000aa00389b71' +
        '64617461 02000000 3412',
    );
    expect(readWav(file)).toMatchObject({
      encoding: 'pcm_s16',
      rateHz: 16000,
      samples: Int16Array.of(0x1234),
    });
  });

  it.each([
    ['nothing', new Uint8Array(0), /no RIFF/],
    ['something else', new Uint8Array(100), /no RIFF/],
    ['no data', writeWav(pcm(8000, 1)).subarray(0, 36), /no data chunk/],
    ['no format', bytesOf('52494646 04000000 57415645'), /no format chunk/],
    ['an empty recording', writeWav(pcm(8000)), /empty/],
    ['a rate that is not ours', writeWav(pcm(11025 as SampleRateHz, 1)), /11025 Hz/],
    ['24 bits', writeWav(pcm(8000, 1)).with(34, 24), /format 1 with 24 bits/],
    ['three channels', writeWav(pcm(8000, 1)).with(22, 3), /3 channels/],
    ['a format cut short', writeWav(pcm(8000, 1)).subarray(0, 30), /cut short/],
    [
      'data before the format',
      bytesOf('52494646 00000000 57415645 64617461 02000000 0000'),
      /before their format/,
    ],
  ])('with %s is refused', (_, file, message) => {
    expect(() => readWav(file)).toThrow(message);
    expect(() => readWav(file)).toThrow(expect.objectContaining({ code: 'AUDIO_FORMAT_INVALID' }));
  });

  it('cannot hold two different formats', () => {
    expect(() => writeWav(pcm(8000, 1), pcm(16000, 1))).toThrow(/8000 Hz beside pcm_s16 at 16000 Hz/);
  });

  it('is read or refused, never worse, whatever bytes it has', () => {
    const good = writeWav(pcm(8000, 1, 2, 3, 4), pcm(8000, 5, 6, 7, 8));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(good.length),
        (changes, length) => {
          const file = good.slice(0, length);
          for (const [at, value] of changes) if (at < length) file[at] = value;
          try {
            expect(readWav(file).channels.length).toBeLessThanOrEqual(2);
          } catch (error) {
            expect(error).toBeInstanceOf(VoiceAgentError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
