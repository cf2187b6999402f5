import { describe, expect, it } from 'vitest';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { repeats } from '../../../src/dialog/language/words.ts';
import { pausingForWords, stoppingAtOnce } from '../../../src/dialog/turn/interruption-policy.ts';

const english = pausingForWords(languageOf('en'));
const interrupts = (words: string): boolean =>
  english.judge({ words, final: false, into: 'reply' }) === 'interrupts';

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

describe('a sound into the speech of the agent', () => {
  it.each([
    ['', false, 300, 'unclear'],
    ['', true, 300, 'listens'],
    ['', true, 1200, 'interrupts'],
    ['yeah', false, 400, 'unclear'],
    ['yeah', true, 400, 'listens'],
    ['yeah okay', true, 1200, 'listens'],
    ['stop', false, 400, 'interrupts'],
    ['no', true, 300, 'interrupts'],
  ] as const)('of which "%s" is known (final: %s) after %i ms: %s', (words, final, lastsMs, judgement) => {
    expect(english.judge({ words, final, lastsMs, into: 'reply' })).toBe(judgement);
  });

  it('pauses the agent, who waits for words no longer than they need', () => {
    expect(english.atOnce).toBe('pause');
    expect(english.waitsMs(400)).toBe(400);
    expect(english.waitsMs(2000)).toBe(1500);
  });

  it('can stop the agent at once instead', () => {
    const strict = stoppingAtOnce(languageOf('en'));
    expect(strict.atOnce).toBe('stop');
    expect(strict.judge({ words: 'mhm', final: true, into: 'reply' })).toBe('listens');
  });
});
