import { readdirSync, readFileSync } from 'node:fs';
import { messageOf } from '../../../lib/errors.ts';
import type { Provider } from '../../provider.ts';
import { sha256 } from '../../speech-store.ts';
import { FLITE_VOICES } from './flite-engine.ts';

/** The same for all agents: read once. */
let version: string | undefined;

export const flite: Provider<'tts'> = {
  part: 'tts',
  name: 'flite',
  languages: ['en'],
  voices: FLITE_VOICES,
  // How a number is read out, and how loud a voice is, stands in these files.
  soundVersion: () =>
    (version ??= sha256(
      readdirSync(import.meta.dirname)
        .map((name) => readFileSync(`${import.meta.dirname}/${name}`, 'utf8'))
        .join('\n'),
    )),
  rank: 100,
  // It can speak only what it knows the sounds of: speakable.ts.
  figures: () => ({ reads: ['en'] }),
  async open({ follows, later, onTrouble, onAbandoned }) {
    const { createFliteTts } = await import('./flite-tts.ts');
    const tts = await createFliteTts({ startsLate: follows, onTrouble, supervision: { onAbandoned } });
    later('called', () =>
      tts.load().catch((error: unknown) => {
        onTrouble(messageOf(error));
      }),
    );
    return tts;
  },
};
