import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createG722Decoder, createG722Encoder } from '../../src/media/g722.ts';
import { HOSTILE_BYTES, SOUNDS } from '../media/g722-vectors.ts';
import { decibels, rms } from '../media/signals.ts';
import { createSpandspDecoder, createSpandspEncoder } from '../support/spandsp-g722.ts';
import { widebandSound } from '../support/vonage/wideband-callers.ts';

const SPEECH = {
  'a woman’s speech': ['kay', 'd-price-whitening'],
  'a man’s speech': ['ked', 'g-brakes'],
} as const;
const sounds: Readonly<Record<string, Int16Array>> = {
  ...SOUNDS,
  ...Object.fromEntries(
    Object.entries(SPEECH).map(([name, [voice, sentence]]) => [name, whole(widebandSound(voice, sentence))]),
  ),
};

function whole(samples: Int16Array): Int16Array {
  return samples.subarray(0, samples.length & ~1);
}

/** Equal, and if not, where first: vitest's own comparison takes minutes over a million numbers. */
function firstDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>): string | undefined {
  if (ours.length !== theirs.length) return `${ours.length} against ${theirs.length}`;
  for (let i = 0; i < ours.length; i++) {
    if (ours[i] !== theirs[i]) return `at ${i}: ${ours[i]} against ${theirs[i]}`;
  }
  return undefined;
}

/**
 * libspandsp2 lets what it decodes overflow 16 bits, where the recommendation limits it (§4.4), and ffmpeg does: such
 * samples are taken as ours, and ffmpeg judges them.
 */
function unlessOverflown(theirs: Int16Array, ours: Int16Array): Int16Array {
  return theirs.map((sample, i) => (ours[i] === 32_767 || ours[i] === -32_768 ? ours[i] : sample));
}

function signalToNoiseDb(ours: Int16Array, theirs: Int16Array): number {
  const noise = rms(ours.map((sample, i) => sample - theirs[i]!));
  return noise === 0 ? Number.POSITIVE_INFINITY : decibels(rms(theirs) / noise);
}

function ffmpeg(args: readonly string[], input: Uint8Array): Buffer {
  const { status, stdout, stderr, error } = spawnSync('ffmpeg', ['-v', 'error', ...args, '-'], {
    input,
    maxBuffer: 1e8,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr.toString());
  return stdout;
}

function ffmpegEncode(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return ffmpeg(['-f', 's16le', '-ar', '16000', '-ac', '1', '-i', '-', '-f', 'g722'], bytes);
}

function ffmpegDecode(bytes: Uint8Array): Int16Array {
  const sound = ffmpeg(['-f', 'g722', '-i', '-', '-f', 's16le'], bytes);
  return Int16Array.from({ length: sound.length >> 1 }, (_, i) => sound.readInt16LE(2 * i));
}

describe.each(Object.entries(sounds))('G.722 of %s', (_, samples) => {
  const bytes = createG722Encoder()(samples);
  const decoded = createG722Decoder()(bytes);

  it('is encoded as by libspandsp2, bit by bit', () => {
    expect(firstDifference(bytes, createSpandspEncoder()(samples))).toBeUndefined();
  });

  it('is decoded as by libspandsp2, bit by bit, except where that overflows', () => {
    const theirs = createSpandspDecoder()(bytes);
    expect(firstDifference(decoded, unlessOverflown(theirs, decoded))).toBeUndefined();
  });

  it('is encoded and decoded as by ffmpeg, bit by bit', () => {
    expect(firstDifference(bytes, ffmpegEncode(samples))).toBeUndefined();
    expect(firstDifference(decoded, ffmpegDecode(bytes))).toBeUndefined();
  });
});

describe.each(Object.entries(HOSTILE_BYTES))('A G.722 decoder given %s', (_, bytes) => {
  const decoded = createG722Decoder()(bytes);

  it('does as libspandsp2 does, bit by bit, except where that overflows', () => {
    const theirs = createSpandspDecoder()(bytes);
    expect(firstDifference(decoded, unlessOverflown(theirs, decoded))).toBeUndefined();
  });

  // ffmpeg leaves out some of the 16-bit limits within the loops: 284 of a million samples differ, by a bit or two.
  it('does as ffmpeg does, at 60 dB or better', () => {
    expect(signalToNoiseDb(decoded, ffmpegDecode(bytes))).toBeGreaterThan(60);
  });
});

describe('G.722 of speech', () => {
  it.each(Object.keys(SPEECH))('needs no limit: %s is decoded as by libspandsp2 as it is', (name) => {
    const bytes = createG722Encoder()(sounds[name]!);
    expect(firstDifference(createG722Decoder()(bytes), createSpandspDecoder()(bytes))).toBeUndefined();
  });
});

describe('A G.722 decoder that has missed packets', () => {
  it('goes on as libspandsp2 does that has missed the same', () => {
    const bytes = createG722Encoder()(sounds['a man’s speech']!);
    const [ours, theirs] = [createG722Decoder(), createSpandspDecoder()];
    for (let packet = 0; (packet + 1) * 160 <= bytes.length; packet++) {
      if (packet % 7 === 3) continue;
      const payload = bytes.slice(packet * 160, (packet + 1) * 160);
      expect(firstDifference(ours(payload), theirs(payload))).toBeUndefined();
    }
  });
});
