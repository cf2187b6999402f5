import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './paths.ts';
import { UserError } from './user-error.ts';

/** Who calls whom in the demonstration, and what they say: recordings of lab/callers. */
export const DEMO_CALLS = [
  {
    extension: '510001',
    account: 'softphone1',
    voice: 'kay',
    turns: ['d-hours', 'd-price-checkup', 'd-emergency', 'd-address', 'd-thanks-bye'],
  },
  {
    extension: '510002',
    account: 'softphone2',
    voice: 'ked',
    turns: ['g-hours', 'g-price-oil', 'g-brakes', 'g-address', 'g-bye'],
  },
] as const;

export type DemoCall = (typeof DEMO_CALLS)[number];

export interface Recording {
  readonly name: string;
  readonly text: string;
  readonly path: string;
}

/** A recording of a test caller, and its words (lab/callers/sentences.tsv: name, agent, kind, text). */
export function recordingOf(voice: string, name: string): Recording {
  const folder = join(PROJECT, 'lab/callers');
  const path = join(folder, voice, `${name}.wav`);
  if (!existsSync(path)) throw new UserError(`There is no recording ${path}.`);
  const line = readFileSync(join(folder, 'sentences.tsv'), 'utf8')
    .split('\n')
    .map((row) => row.split('\t'))
    .find(([first]) => first === name);
  return { name, path, text: line?.[3] ?? name };
}
