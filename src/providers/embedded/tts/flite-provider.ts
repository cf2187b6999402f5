import { readdirSync, readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { messageOf, VoiceAgentError } from '../../../lib/errors.ts';
import type { Provider } from '../../provider.ts';
import { sha256 } from '../../speech-store.ts';
import { FLITE_VOICES, fliteFile } from './flite-engine.ts';

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
  checkMachine: async () => {
    try {
      await access(fliteFile());
    } catch (cause) {
      const message = `flite is missing: ${messageOf(cause)}; run npm ci again`;
      throw new VoiceAgentError('TTS_UNAVAILABLE', message, { cause });
    }
  },
  async open({ follows, later, onTrouble, onAbandoned }) {
    const { createFliteTts } = await import('./flite-tts.ts');
    const tts = createFliteTts({ onTrouble, supervision: { onAbandoned } });
    // Greetings are heard meanwhile. What has to be spoken for them, as in a first start, starts it.
    later(follows ? 'called' : 'ready', () =>
      tts.load().catch((error: unknown) => {
        onTrouble(messageOf(error));
      }),
    );
    return tts;
  },
};
