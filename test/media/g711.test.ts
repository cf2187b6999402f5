import { describe, expect, it } from 'vitest';
import { VoiceAgentError } from '../../src/lib/errors.ts';
import type { G711Law } from '../../src/media/audio.ts';
import { codecOf } from '../../src/media/codec.ts';
import { DECODE_TABLE, decodeG711, encodeG711, SILENCE_BYTE } from '../../src/media/g711.ts';

const EVERY_INPUT = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
const EVERY_CODE = Uint8Array.from({ length: 256 }, (_, i) => i);

/*
 * An independent reference: the decision values of G.711's tables 1a (A-law, 13 bits) and 2a
 * (μ-law, 14 bits), segment by segment, and a search through them. The code under test computes
 * segments from the position of the leading bit instead.
 */
interface Quantiser {
  /** Upper decision values of the positive intervals 0 … 127, in the units of the recommendation. */
  upper: number[];
  /** Output values of the same intervals. */
  output: number[];
}

function quantiser(firstSegment: number[], laterSegments: number[]): Quantiser {
  const upper: number[] = [];
  const output: number[] = [];
  let edge = 0;
  for (const step of [...firstSegment, ...laterSegments.flatMap((step) => Array<number>(16).fill(step))]) {
    output.push(step === 1 ? 0 : edge + step / 2);
    edge += step;
    upper.push(edge);
  }
  return { upper, output };
}

// Table 2a: one interval of 1, fifteen of 2, then 16 each of 4 … 256: 8,159 is the virtual end.
const ULAW = quantiser([1, ...Array<number>(15).fill(2)], [4, 8, 16, 32, 64, 128, 256]);
// Table 1a: 32 intervals of 2, then 16 each of 4 … 128: 4,096 is the virtual end.
const ALAW = quantiser([], [2, 2, 4, 8, 16, 32, 64, 128]);

function interval({ upper }: Quantiser, magnitude: number): number {
  const found = upper.findIndex((edge) => magnitude < edge);
  return found < 0 ? 127 : found;
}

// G.191 folds negative inputs by one's complement and drops 2 bits (μ-law, of 16) or 4 (A-law: its
// smallest interval is 2 units of 13 bits, so the 13th bit never decides).
function referenceEncode(law: G711Law, sample: number): number {
  const positive = sample >= 0;
  const folded = positive ? sample : -1 - sample;
  if (law === 'ulaw') {
    return 255 - interval(ULAW, Math.floor(folded / 4)) - (positive ? 0 : 128);
  }
  return ((positive ? 128 : 0) + interval(ALAW, Math.floor(folded / 16) * 2)) ^ 0x55;
}

function referenceDecode(law: G711Law, code: number): number {
  if (law === 'ulaw') {
    const magnitude = ULAW.output[127 - (code % 128)]! * 4;
    return code >= 128 ? magnitude : 0 - magnitude;
  }
  const plain = code ^ 0x55;
  const magnitude = ALAW.output[plain % 128]! * 8;
  return plain >= 128 ? magnitude : -magnitude;
}

describe.each(['ulaw', 'alaw'] as const)('G.711 %s', (law) => {
  it('encodes all 65,536 inputs as the decision values of the recommendation say', () => {
    const codes = encodeG711(law, EVERY_INPUT);
    expect(codes).toEqual(Uint8Array.from(EVERY_INPUT, (sample) => referenceEncode(law, sample)));
  });

  it('decodes all 256 codes to the output values of the recommendation', () => {
    const samples = decodeG711(law, EVERY_CODE);
    expect(samples).toEqual(Int16Array.from(EVERY_CODE, (code) => referenceDecode(law, code)));
    expect(samples).toEqual(DECODE_TABLE[law]);
  });

  it('gives every code back after decoding and encoding (but the negative zero of μ-law)', () => {
    const again = encodeG711(law, decodeG711(law, EVERY_CODE));
    const expected = Uint8Array.from(EVERY_CODE, (code) => (law === 'ulaw' && code === 0x7f ? 0xff : code));
    expect(again).toEqual(expected);
  });

  it('stays within half a quantisation step: the round trip is at least 35 dB above its noise', () => {
    const sine = Int16Array.from(
      { length: 8000 },
      (_, i) => 8000 * Math.sin((2 * Math.PI * 1004 * i) / 8000),
    );
    const back = decodeG711(law, encodeG711(law, sine));
    let signal = 0;
    let noise = 0;
    sine.forEach((sample, i) => {
      signal += sample ** 2;
      noise += (sample - back[i]!) ** 2;
    });
    expect(10 * Math.log10(signal / noise)).toBeGreaterThan(35);
  });

  it('writes into the memory that it is given, and refuses what is too small', () => {
    const into = new Uint8Array(10);
    expect(encodeG711(law, Int16Array.of(0, 0, 0), into)).toBe(into);
    expect([...into.subarray(0, 4)]).toEqual([SILENCE_BYTE[law], SILENCE_BYTE[law], SILENCE_BYTE[law], 0]);
    const samples = new Int16Array(3);
    expect(decodeG711(law, into.subarray(0, 3), samples)).toBe(samples);
    expect(() => encodeG711(law, new Int16Array(11), into)).toThrow(RangeError);
    expect(() => decodeG711(law, into, samples)).toThrow(RangeError);
  });

  it('has a frame of silence that is silent', () => {
    const { silence, frameBytes } = codecOf(law);
    expect(silence).toEqual(encodeG711(law, new Int16Array(160)));
    expect(frameBytes).toBe(160);
    expect(Math.max(...decodeG711(law, silence))).toBeLessThanOrEqual(8);
  });
});

describe('G.711 known values', () => {
  it.each([
    ['ulaw', 0, 0xff, 0],
    ['ulaw', -1, 0x7f, 0],
    ['ulaw', 4, 0xfe, 8],
    ['ulaw', 32_767, 0x80, 32_124],
    ['ulaw', -32_768, 0x00, -32_124],
    ['ulaw', 1000, 0xce, 988],
    ['alaw', 0, 0xd5, 8],
    ['alaw', -1, 0x55, -8],
    ['alaw', 32_767, 0xaa, 32_256],
    ['alaw', -32_768, 0x2a, -32_256],
    ['alaw', 1000, 0xfa, 1008],
  ] as const)('%s: %i is 0x%s and back', (law, sample, code, value) => {
    expect(encodeG711(law, Int16Array.of(sample))[0]).toBe(code);
    expect(decodeG711(law, Uint8Array.of(code))[0]).toBe(value);
  });

  it('bears the static payload types of RFC 3551', () => {
    expect([codecOf('ulaw').payloadType, codecOf('alaw').payloadType]).toEqual([0, 8]);
  });

  it('codes the milliwatt sequence of G.711 table 5/6 at 0 dBm0', () => {
    // Eight codes that repeat as 1 kHz at 0 dBm0, which is 3.14 dB (A-law) / 3.17 dB (μ-law) below overload.
    const ulaw = decodeG711('ulaw', Uint8Array.of(0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e));
    const alaw = decodeG711('alaw', Uint8Array.of(0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4));
    for (const samples of [ulaw, alaw]) {
      const power = samples.reduce((sum, sample) => sum + sample ** 2, 0) / 8;
      expect(10 * Math.log10(power / 32_768 ** 2)).toBeCloseTo(-3.01 - 3.15, 0);
      expect(samples.reduce((sum, sample) => sum + sample, 0)).toBe(0);
    }
  });
});

describe('a codec by its name', () => {
  it('is refused when unknown, with the names that are known', () => {
    expect(codecOf('alaw').name).toBe('alaw');
    expect(() => codecOf('opus')).toThrow(VoiceAgentError);
    expect(() => codecOf('opus')).toThrow(/"opus".*ulaw, alaw/);
    expect(() => codecOf('toString')).toThrow(expect.objectContaining({ code: 'CODEC_UNKNOWN' }));
  });
});
