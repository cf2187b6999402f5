import { editDistance } from '../../src/lib/edit-distance.ts';
import { nameIn } from '../../src/providers/embedded/receptionist/caller-name.ts';
import { knowledgeOf } from '../../src/providers/embedded/receptionist/knowledge.ts';
import { digitsIn } from '../../src/providers/embedded/receptionist/spoken-digits.ts';
import { understand } from '../../src/providers/embedded/receptionist/understand.ts';
import { spokenWords, tokens } from '../../src/providers/embedded/words.ts';
import type { AgentProfile } from '../../src/dialog/contract/agent-profile.ts';
import type { CallerSentence } from './caller-audio.ts';

/** What the receptionist would do with a text; empty: nothing, it asks again. */
function meaningOf(agent: AgentProfile, sentence: CallerSentence, text: string): string {
  if (sentence.name.startsWith('m-name')) return nameIn(text)?.name ?? '';
  if (sentence.name.startsWith('m-number')) return digitsIn(text);
  const { acts, answer } = understand(text, knowledgeOf(agent));
  // Whether a question was "are you open" or "when are you open" changes the answer's form, not its matter.
  const matter = acts.map((act) => ({ ...act, yesNo: undefined, closing: undefined, text: undefined }));
  return matter.length > 0 || answer ? JSON.stringify([matter, answer]) : '';
}

export interface Judgement {
  readonly words: number;
  readonly errors: number;
  /** The receptionist does what it would have done with the very words. */
  readonly right: boolean;
  /** It does something else. */
  readonly wrong: boolean;
}

export function judgeTurn(agent: AgentProfile, sentence: CallerSentence, text: string): Judgement {
  const reference = spokenWords(sentence.text);
  const errors = editDistance(reference, tokens(text));
  if (sentence.kind === 'outside') {
    return { words: reference.length, errors, right: false, wrong: meaningOf(agent, sentence, text) !== '' };
  }
  if (sentence.name.startsWith('m-about')) {
    const right = errors <= reference.length * 0.3;
    return { words: reference.length, errors, right, wrong: !right };
  }
  const [meant, understood] = [meaningOf(agent, sentence, sentence.text), meaningOf(agent, sentence, text)];
  const right = meant === understood;
  return { words: reference.length, errors, right, wrong: !right && understood !== '' };
}
