/**
 * Fits the recogniser's telephone adaptations anew, telephone-mllr.txt and noisy-telephone-mllr.txt:
 *     node lab/fit-telephone-mllr.ts [FOLDER]
 * Sentences are spoken by four voices of Debian's flite; each is turned into cepstra twice, as it is (16 kHz) and
 * as it sounds on the telephone (8 kHz, μ-law, back up as a call's audio is), and the map between them is fitted.
 * Needs: apt-get install flite. Takes a minute.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeG711, encodeG711 } from '../src/media/g711.ts';
import { floatToInt16 } from '../src/media/pcm.ts';
import { Resampler } from '../src/media/resampler.ts';
import { FAMILY_NAMES, FIRST_NAMES } from '../src/providers/embedded/names.ts';
import { EVERYDAY } from '../src/providers/embedded/stt/everyday.ts';
import { CEPSTRA, CepstraBlock, FrontEnd } from '../src/providers/embedded/stt/front-end.ts';
import { loadPocketsphinx } from '../src/providers/embedded/stt/pocketsphinx.ts';
import { MllrFit } from './mllr.ts';

/** None of the test callers' voices. */
const VOICES = ['slt', 'rms', 'awb', 'kal16'];

const SENTENCES = [
  ...EVERYDAY,
  ...Array.from({ length: 25 }, (_, n) => {
    return `my name is ${FIRST_NAMES[n * 7] ?? ''} ${FAMILY_NAMES[n * 5] ?? ''}, and I live near ${FAMILY_NAMES[n * 5 + 2] ?? ''} bridge`;
  }),
];

const output = process.argv[2] ?? 'src/providers/embedded/stt';
/** White noise below the speech in the noisy fit, dB. */
const NOISE_DB = 18;
const ps = loadPocketsphinx();
const frontEnd = new FrontEnd(ps);
const block = new CepstraBlock(2000);
const clean = new MllrFit();
const noisy = new MllrFit();
const folder = mkdtempSync(join(tmpdir(), 'fit-telephone-mllr-'));
try {
  for (const voice of VOICES) {
    for (const sentence of SENTENCES) fitOne(voice, sentence);
    console.log(`${voice}: ${SENTENCES.length} sentences`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
writeFileSync(join(output, 'telephone-mllr.txt'), clean.toFile());
writeFileSync(join(output, 'noisy-telephone-mllr.txt'), noisy.toFile());
console.log(`wrote both into ${output}`);

function fitOne(voice: string, sentence: string): void {
  const file = join(folder, 'said.wav');
  execFileSync('flite', ['-voice', voice, '-t', sentence, '-o', file]);
  const wide = wavSamples(readFileSync(file));
  const narrow = floatToInt16(resampled(wide, new Resampler(16000, 8000)));
  const original = normalised(wide);
  clean.add(original, normalised(overTelephone(narrow)));
  noisy.add(original, normalised(overTelephone(withNoise(narrow))));
}

function overTelephone(narrow: Int16Array): Int16Array {
  return floatToInt16(resampled(decodeG711('ulaw', encodeG711('ulaw', narrow)), new Resampler(8000, 16000)));
}

function withNoise(speech: Int16Array): Int16Array {
  const voiced = speech.filter((value) => Math.abs(value) > 200);
  const power = voiced.reduce((sum, value) => sum + value * value, 0) / Math.max(1, voiced.length);
  const amplitude = Math.sqrt((3 * power) / 10 ** (NOISE_DB / 10));
  return speech.map((value) => value + amplitude * (Math.random() * 2 - 1));
}

function resampled(samples: Int16Array, resampler: Resampler): Float32Array {
  return Float32Array.from([...resampler.process(samples), ...resampler.flush()]);
}

function normalised(samples: Int16Array): Float32Array {
  frontEnd.start();
  let frames = frontEnd.push(samples, block, 0);
  frames += frontEnd.finish(block, frames);
  const cepstra = block.values.slice(0, frames * CEPSTRA);
  for (let k = 0; k < CEPSTRA; k++) {
    let sum = 0;
    for (let at = k; at < cepstra.length; at += CEPSTRA) sum += cepstra[at] as number;
    for (let at = k; at < cepstra.length; at += CEPSTRA) cepstra[at] = (cepstra[at] as number) - sum / frames;
  }
  return cepstra;
}

function wavSamples(file: Buffer): Int16Array {
  const at = file.indexOf('data', 12, 'latin1') + 8;
  const bytes = file.subarray(at, at + ((file.length - at) & ~1));
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
