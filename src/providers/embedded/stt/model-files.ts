import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VoiceAgentError } from '../../../lib/errors.ts';

/** What to install where the library or the model is missing. */
export const DEBIAN_PACKAGES = ['libpocketsphinx3', 'libsphinxbase3', 'pocketsphinx-en-us'] as const;

const DEFAULT_MODEL_PATH = '/usr/share/pocketsphinx/model/en-us';

export interface ModelFiles {
  readonly acoustic: string;
  readonly dictionary: string;
}

/** Throws STT_UNAVAILABLE that names what to install. */
export function findModel(path = DEFAULT_MODEL_PATH): ModelFiles {
  const model = {
    acoustic: join(path, 'en-us'),
    dictionary: join(path, 'cmudict-en-us.dict'),
  };
  for (const file of [join(model.acoustic, 'mdef'), model.dictionary]) {
    if (!existsSync(file)) throw notInstalled(`the acoustic model is missing (no ${file})`);
  }
  return model;
}

export function unavailable(what: string, cause?: unknown): VoiceAgentError {
  return new VoiceAgentError('STT_UNAVAILABLE', `speech recognition: ${what}`, { cause });
}

export function notInstalled(what: string): VoiceAgentError {
  return unavailable(`${what}. Install the Debian 12 packages: apt-get install ${DEBIAN_PACKAGES.join(' ')}`);
}
