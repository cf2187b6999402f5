/** WAV files of the lab: mono, 8,000 Hz. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import type { G711Law } from '../src/media/audio.ts';
import { decodeG711 } from '../src/media/g711.ts';
import { UserError } from './user-error.ts';

const RATE_HZ = 8000;

function header(dataBytes: number, channels: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + dataBytes, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(RATE_HZ, 24);
  head.writeUInt32LE(RATE_HZ * 2 * channels, 28);
  head.writeUInt16LE(2 * channels, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(dataBytes, 40);
  return head;
}

/** Writes mono sound followed by `silenceMs` of silence, which takes no room on the disk. */
export function writeSound(path: string, samples: Int16Array, silenceMs = 0): void {
  const dataBytes = samples.byteLength + 2 * Math.round((silenceMs * RATE_HZ) / 1000);
  const file = openSync(path, 'w');
  writeSync(file, header(dataBytes, 1));
  writeSync(file, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
  ftruncateSync(file, 44 + dataBytes);
  closeSync(file);
}

/** Writes two directions side by side: caller left, agent right. */
export function writeStereo(path: string, left: Int16Array, right: Int16Array): void {
  const length = Math.max(left.length, right.length);
  const both = new Int16Array(2 * length);
  for (let i = 0; i < length; i += 1) {
    both[2 * i] = left[i] ?? 0;
    both[2 * i + 1] = right[i] ?? 0;
  }
  writeFileSync(path, Buffer.concat([header(both.byteLength, 2), Buffer.from(both.buffer)]));
}

const PCM = 1;
const G711: Readonly<Record<number, G711Law>> = { 6: 'alaw', 7: 'ulaw' };

/** Reads a mono WAV file of 8,000 Hz, 16-bit or G.711. Throws UserError when it is something else. */
export function readSound(path: string): Int16Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new UserError(`There is no file ${path}.`);
  }
  if (bytes.length < 12 || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw new UserError(`${path} is no WAV file.`);
  }
  let format: Buffer | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const name = bytes.toString('latin1', at, at + 4);
    const body = bytes.subarray(at + 8, at + 8 + bytes.readUInt32LE(at + 4));
    if (name === 'fmt ') format = body;
    else if (name === 'data') return decode(path, format, body);
    at += 8 + body.length + (body.length & 1);
  }
  throw new UserError(`${path} has no sound in it.`);
}

function decode(path: string, format: Buffer | undefined, data: Buffer): Int16Array {
  const tag = format?.readUInt16LE(0) ?? 0;
  const mono = format?.readUInt16LE(2) === 1 && format.readUInt32LE(4) === RATE_HZ;
  const law = G711[tag];
  if (mono && law) return decodeG711(law, data);
  if (mono && tag === PCM && format.readUInt16LE(14) === 16) {
    return Int16Array.from({ length: data.length >> 1 }, (_, i) => data.readInt16LE(2 * i));
  }
  throw new UserError(
    `${path} must be mono, 8,000 Hz, 16-bit or G.711 (sox IN.wav -r 8000 -c 1 -b 16 OUT.wav).`,
  );
}
