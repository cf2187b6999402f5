import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './paths.ts';
import { UserError } from './user-error.ts';

export interface DemoCall {
  readonly extension: string;
  readonly account: 'softphone1' | 'softphone2';
  readonly voice: string;
  readonly turns: readonly { readonly name: string; readonly reply: RegExp }[];
}

/**
 * Who calls whom in the demonstration, and what they say: recordings of lab/callers. `reply` is what
 * the answer must have in it, as config/agents.yaml has it: that shows that the caller was understood.
 */
export const DEMO_CALLS: readonly DemoCall[] = [
  {
    extension: '510001',
    account: 'softphone1',
    voice: 'kay',
    turns: [
      { name: 'd-hours', reply: /from eight to/ },
      { name: 'd-price-checkup', reply: /forty five dollars/ },
      { name: 'd-price-whitening', reply: /two hundred and ninety dollars/ },
      { name: 'd-address', reply: /Mill Lane/ },
      { name: 'd-thanks-bye', reply: /goodbye|bye/i },
    ],
  },
  {
    extension: '510002',
    account: 'softphone2',
    voice: 'ked',
    turns: [
      { name: 'g-hours', reply: /from seven thirty to/ },
      { name: 'g-price-oil', reply: /fifty nine dollars/ },
      { name: 'g-hours-saturday', reply: /Saturday/ },
      { name: 'g-brakes', reply: /brake pads/ },
      { name: 'g-bye', reply: /goodbye|bye/i },
    ],
  },
];

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
