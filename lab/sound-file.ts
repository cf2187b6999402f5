/** WAV files of the lab: 16 bits, at the rate of a telephone call. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { messageOf } from '../src/lib/errors.ts';
import type { PcmS16, SampleRateHz } from '../src/media/audio.ts';
import { AudioConverter } from '../src/media/convert.ts';
import { readWav, wavHeader, writeWav, type WavAudio } from '../src/media/wav.ts';
import { UserError } from './user-error.ts';

/** What a telephone speaks that isn't told otherwise. */
const TELEPHONE_HZ = 8000;

function pcm(samples: Int16Array, rateHz: SampleRateHz): PcmS16 {
  return { encoding: 'pcm_s16', rateHz, samples };
}

/** Writes mono sound followed by `silenceMs` of silence, which takes no room on the disk. */
export function writeSound(
  path: string,
  samples: Int16Array,
  silenceMs = 0,
  rateHz: SampleRateHz = TELEPHONE_HZ,
): void {
  const dataBytes = samples.byteLength + 2 * Math.round((silenceMs * rateHz) / 1000);
  const head = wavHeader({ encoding: 'pcm_s16', rateHz }, 1, dataBytes);
  const file = openSync(path, 'w');
  writeSync(file, head);
  writeSync(file, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
  ftruncateSync(file, head.length + dataBytes);
  closeSync(file);
}

/** Writes two directions side by side: caller left, agent right. */
export function writeStereo(
  path: string,
  left: Int16Array,
  right: Int16Array,
  rateHz: SampleRateHz = TELEPHONE_HZ,
): void {
  writeFileSync(path, writeWav(pcm(left, rateHz), pcm(right, rateHz)));
}

/** Reads a mono WAV file, resampled to `rateHz` if it has another rate. Throws UserError when it can't be used. */
export function readSound(path: string, rateHz: SampleRateHz = TELEPHONE_HZ): Int16Array {
  const sound = parse(path, read(path));
  if (sound.channels.length > 1) {
    throw new UserError(`${path} must be mono, 16-bit or G.711 (sox IN.wav -c 1 -b 16 OUT.wav).`);
  }
  const converter = new AudioConverter({ encoding: 'pcm_s16', rateHz });
  const samples = converter.convert(sound);
  const rest = converter.flush();
  if (rest.length === 0) return samples;
  const whole = new Int16Array(samples.length + rest.length);
  whole.set(samples);
  whole.set(rest, samples.length);
  return whole;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new UserError(`There is no file ${path}.`);
  }
}

function parse(path: string, bytes: Buffer): WavAudio {
  if (bytes.toString('latin1', 8, 12) !== 'WAVE') throw new UserError(`${path} is no WAV file.`);
  try {
    return readWav(bytes);
  } catch (error) {
    throw new UserError(`${path}: ${messageOf(error)}`);
  }
}
