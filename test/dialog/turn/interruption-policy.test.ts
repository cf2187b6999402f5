import { describe, expect, it } from 'vitest';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { repeats } from '../../../src/dialog/language/words.ts';
import { interruptionByWords } from '../../../src/dialog/turn/interruption-policy.ts';

const english = interruptionByWords(languageOf('en'));
const interrupts = (words: string): boolean => english.interrupts({ words, into: 'reply' });

describe('words into the speech of the agent', () => {
  it.each(['mhm', 'Uh-huh.', 'yeah, okay', 'I see', ''])('"%s" do not take the floor', (text) => {
    expect(interrupts(text)).toBe(false);
  });
  it.each(['stop', 'no', 'yes but when', 'wait a moment', 'yeah yeah yeah yeah yeah'])('"%s" do', (text) => {
    expect(interrupts(text)).toBe(true);
  });
  it('are known as a late repetition of what was answered', () => {
    expect(repeats('When do', 'when do you open?')).toBe(true);
    expect(repeats('open', 'when do you open?')).toBe(false);
    expect(repeats('w', 'when')).toBe(false);
    expect(repeats('', 'when')).toBe(false);
  });
});
