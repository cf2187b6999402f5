import { describe, expect, it } from 'vitest';
import { SAMPLE_RATES_HZ, type Audio, type G711Law } from '../../src/media/audio.ts';
import { AudioConverter } from '../../src/media/convert.ts';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { floatToInt16, int16ToFloat } from '../../src/media/pcm.ts';
import { convertForRtp } from '../support/convert-for-rtp.ts';
import { decodeRtp, RtpPacketizer, type RtpPacket } from '../support/rtp-packets.ts';
import { component, decibels, noise, tone } from './signals.ts';

const LAWS: G711Law[] = ['ulaw', 'alaw'];

describe.each(LAWS)('converting for RTP in %s', (law) => {
  it.each(SAMPLE_RATES_HZ)('brings float32 at %i Hz over, at its level and length', (rateHz) => {
    const bytes = convertForRtp(
      { encoding: 'pcm_f32', rateHz, samples: tone(1020, rateHz, rateHz, 0.25) },
      law,
    );
    expect(bytes).toHaveLength(8000);
    const heard = int16ToFloat(decodeG711(law, bytes)).subarray(800, 7200);
    const { amplitude, residue } = component(heard, 1020, 8000);
    expect(Math.abs(decibels(amplitude / 0.25))).toBeLessThan(0.1);
    // G.711's own noise is 37 to 38 dB below the signal.
    expect(decibels(residue / (0.25 / Math.SQRT2))).toBeLessThan(-35);
  });

  it('brings int16 at 8,000 Hz over exactly as G.711 says', () => {
    const samples = floatToInt16(noise(333));
    expect(convertForRtp({ encoding: 'pcm_s16', rateHz: 8000, samples }, law)).toEqual(
      encodeG711(law, samples),
    );
  });

  it('leaves bytes of the same law untouched', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(convertForRtp({ encoding: law, rateHz: 8000, bytes }, law)).toBe(bytes);
  });

  it('takes the other law to the nearest value', () => {
    const other = law === 'ulaw' ? 'alaw' : 'ulaw';
    const bytes = encodeG711(other, floatToInt16(tone(440, 8000, 160, 0.5)));
    expect(convertForRtp({ encoding: other, rateHz: 8000, bytes }, law)).toEqual(
      encodeG711(law, decodeG711(other, bytes)),
    );
  });

  it('becomes packets at one stroke', () => {
    const audio: Audio = { encoding: 'pcm_f32', rateHz: 24000, samples: tone(500, 24000, 24000, 0.5) };
    const packets = new RtpPacketizer(law)
      .packetize(convertForRtp(audio, law))
      .map((bytes) => decodeRtp(bytes) as RtpPacket);
    expect(packets).toHaveLength(50);
    expect(Uint8Array.of(...packets.flatMap(({ payload }) => [...payload]))).toEqual(
      convertForRtp(audio, law),
    );
  });

  it('is silent for silence', () => {
    const bytes = convertForRtp({ encoding: 'pcm_f32', rateHz: 22050, samples: new Float32Array(2205) }, law);
    expect(new Set(bytes)).toEqual(new Set([law === 'ulaw' ? 0xff : 0xd5]));
  });
});

describe('a converter of a stream', () => {
  it('gives in pieces what it gives of the whole', () => {
    const samples = noise(10_000);
    const whole = convertForRtp({ encoding: 'pcm_f32', rateHz: 22050, samples }, 'ulaw');
    const converter = new AudioConverter({ encoding: 'ulaw', rateHz: 8000 });
    const pieces: number[] = [];
    for (let at = 0; at < samples.length; at += 441) {
      const piece = samples.subarray(at, at + 441);
      pieces.push(...converter.convert({ encoding: 'pcm_f32', rateHz: 22050, samples: piece }));
    }
    pieces.push(...converter.flush());
    expect(Uint8Array.from(pieces)).toEqual(whole);
  });

  it('goes the other way too: G.711 to the 16 kHz of a recogniser', () => {
    const bytes = encodeG711('alaw', floatToInt16(tone(1000, 8000, 8000, 0.5)));
    const converter = new AudioConverter({ encoding: 'pcm_s16', rateHz: 16000 });
    const first = converter.convert({ encoding: 'alaw', rateHz: 8000, bytes });
    const rest = converter.flush();
    expect(first).toBeInstanceOf(Int16Array);
    expect(first.length + rest.length).toBe(16_000);
    const { amplitude } = component(int16ToFloat(first).subarray(1600, 14_400), 1000, 16_000);
    expect(Math.abs(decibels(amplitude / 0.5))).toBeLessThan(0.1);
  });

  it('gives floats where floats are asked for', () => {
    const converter = new AudioConverter({ encoding: 'pcm_f32', rateHz: 8000 });
    const samples = Int16Array.of(-32_768, 16_384);
    expect(converter.convert({ encoding: 'pcm_s16', rateHz: 8000, samples })).toEqual(
      Float32Array.of(-1, 0.5),
    );
    expect(converter.flush()).toHaveLength(0);
  });

  it('survives a source that changes its rate, and loses nothing at the seam', () => {
    const converter = new AudioConverter({ encoding: 'pcm_s16', rateHz: 8000 });
    let count = 0;
    for (const rateHz of [24000, 8000, 48000, 22050] as const) {
      count += converter.convert({ encoding: 'pcm_f32', rateHz, samples: new Float32Array(rateHz) }).length;
    }
    expect(count + converter.flush().length).toBe(32_000);
  });
});
