import { describe, expect, it } from 'vitest';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { repeats } from '../../../src/dialog/language/words.ts';
import {
  pausingForWords,
  stoppingAtOnce,
  type CallerSound,
  type Judgement,
} from '../../../src/dialog/turn/interruption-policy.ts';

const english = pausingForWords(languageOf('en'));
const interrupts = (words: string): boolean =>
  english.judge({ words, final: false, isOver: false, into: 'reply' }) === 'interrupts';

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
    expect(english.judge({ words, final, lastsMs, isOver: final, into: 'reply' })).toBe(judgement);
  });

  it.each<[string, Partial<CallerSound>, Judgement]>([
    ['one word, while it may become more', { words: 'now', lastsMs: 400 }, 'unclear'],
    ['one word, and no more', { words: 'now', lastsMs: 400, isOver: true }, 'interrupts'],
    ['one word that the detector has not heard', { words: 'now' }, 'interrupts'],
    [
      'a word of which nobody is sure, while more may follow',
      { words: 'how yeah', final: true, isOver: true, confidence: 0.5, lastsMs: 900 },
      'unclear',
    ],
    [
      'the same, when nothing has',
      { words: 'how yeah', final: true, isOver: true, waited: true, confidence: 0.5, lastsMs: 900 },
      'listens',
    ],
    [
      'one that lasts as long as a sentence',
      { words: 'how', final: true, isOver: true, confidence: 0.5, lastsMs: 1300 },
      'listens',
    ],
    [
      'a whole sentence of which nobody is sure',
      { words: 'that what right i', final: true, isOver: true, confidence: 0.6, lastsMs: 1700 },
      'interrupts',
    ],
    [
      'one of them behind a laugh',
      { words: 'ha ha how', final: true, isOver: true, confidence: 0.6, lastsMs: 1200 },
      'listens',
    ],
    [
      'a word of which it is sure enough',
      { words: 'how', final: true, isOver: true, confidence: 0.75, lastsMs: 400 },
      'interrupts',
    ],
    [
      'three of them',
      { words: 'how are you', final: true, isOver: true, confidence: 0.5, lastsMs: 900 },
      'interrupts',
    ],
    [
      'a cough in which a word was heard',
      { words: 'what', isOver: true, pitched: 0.3, lastsMs: 300 },
      'listens',
    ],
    ['a cough, before anything was', { words: '', isOver: true, pitched: 0.3, lastsMs: 1300 }, 'listens'],
    ['a laugh, while it lasts', { words: '', laughs: true, lastsMs: 800 }, 'listens'],
    [
      'a laugh in which words were heard',
      { words: 'how are how', final: true, isOver: true, laughs: true, lastsMs: 1400 },
      'listens',
    ],
    [
      'a question behind a laugh',
      { words: 'no but how much is it', final: true, isOver: true, laughs: true, lastsMs: 2400 },
      'interrupts',
    ],
    ['"stop" in a laugh', { words: 'stop', isOver: true, laughs: true, lastsMs: 900 }, 'interrupts'],
    ['"stop", hoarse', { words: 'stop', isOver: true, pitched: 0.3, lastsMs: 300 }, 'interrupts'],
    ['words into the room', { words: 'put it over there', lastsMs: 900, weakerDb: 6 }, 'listens'],
    ['a little quieter', { words: 'put it over there', lastsMs: 900, weakerDb: 5 }, 'interrupts'],
    ['"wait" from far away', { words: 'wait wait', lastsMs: 900, weakerDb: 12 }, 'interrupts'],
  ])('%s', (_of, sound, judgement) => {
    const all = { words: '', final: false, isOver: false, into: 'reply', ...sound } as const;
    expect(english.judge(all)).toBe(judgement);
  });

  it.each([
    ['de', 'Moment mal'],
    ['fr', 'attendez'],
    ['es', 'un momento'],
    ['it', 'aspetti'],
    ['pt', 'espere'],
    ['nl', 'wacht even'],
    ['pl', 'chwileczkę'],
    ['hi', 'रुकिए'],
    ['ja', 'ちょっと待って'],
    ['zh', '等一下'],
    ['th', 'เดี๋ยวก่อน'],
  ])('%s: "%s" stops the agent at once', (code, words) => {
    // prettier-ignore
    const sound = { words, final: false, lastsMs: 300, isOver: false, into: 'reply' } as const;
    expect(pausingForWords(languageOf(code)).judge(sound)).toBe('interrupts');
  });

  it.each([
    ['en', 'Go on, please.'],
    ['en', 'okay, go ahead'],
    ['de', 'Ja, bitte weiter.'],
    ['fr', 'Oui, continuez'],
    ['es', 'sí, siga'],
    ['it', 'continui pure'],
    ['pt', 'pode continuar'],
    ['nl', 'ja, gaat u verder'],
    ['pl', 'proszę mówić dalej'],
    ['hi', 'आगे बोलिए'],
    ['ja', '続けてください'],
    ['zh', '请继续'],
    ['th', 'พูดต่อเลย'],
  ])('%s: "%s" lets the agent go on', (code, words) => {
    // prettier-ignore
    const sound = { words, final: true, lastsMs: 900, isOver: true, into: 'reply' } as const;
    expect(pausingForWords(languageOf(code)).judge(sound)).toBe('listens');
  });

  it('counts words where nothing stands between them', () => {
    const sound = {
      words: '我想问一下价格',
      final: true,
      confidence: 0.5,
      lastsMs: 900,
      isOver: true,
    } as const;
    expect(pausingForWords(languageOf('zh')).judge({ ...sound, into: 'reply' })).toBe('interrupts');
  });

  it('pauses the agent, who waits for words no longer than they need', () => {
    expect(english.atOnce).toBe('pause');
    expect(english.waitsMs(400)).toBe(400);
    expect(english.waitsMs(2000)).toBe(1500);
  });

  it('can stop the agent at once instead', () => {
    const strict = stoppingAtOnce(languageOf('en'));
    expect(strict.atOnce).toBe('stop');
    expect(strict.judge({ words: 'mhm', final: true, isOver: true, into: 'reply' })).toBe('listens');
  });
});
