import { readFileSync } from 'node:fs';
import { decodeG711 } from '../../src/media/g711.ts';
import { readWav } from '../../src/media/wav.ts';

const CALLERS = new URL('../../lab/callers/', import.meta.url);

/** One line of lab/callers/sentences.tsv. */
export interface CallerSentence {
  readonly name: string;
  /** The extension it is meant for; `*`: any. */
  readonly extension: string;
  readonly kind: 'verbatim' | 'paraphrase' | 'message' | 'outside';
  readonly text: string;
}

export const CALLER_VOICES = ['ked', 'kay', 'ned', 'eve'] as const;

export const CALLER_SENTENCES: readonly CallerSentence[] = readFileSync(
  new URL('sentences.tsv', CALLERS),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [name = '', extension = '', kind = '', text = ''] = line.split('\t');
    return { name, extension, kind: kind as CallerSentence['kind'], text };
  });

/** A recorded caller, 8 kHz: `callerAudio('ked', 'd-hours')`. */
export function callerAudio(voice: string, name: string): Int16Array {
  return wavSamples(readFileSync(new URL(`${voice}/${name}.wav`, CALLERS)));
}

export function wavSamples(file: Uint8Array): Int16Array {
  const audio = readWav(file);
  if (audio.encoding === 'pcm_s16') return audio.samples;
  if (audio.encoding === 'pcm_f32') throw new TypeError('no float recordings here');
  return decodeG711(audio.encoding, audio.bytes);
}
