import { describe, expect, it } from 'vitest';
import { endpointingByWords } from '../../../src/dialog/turn/endpointing-policy.ts';
import { pausingForWords } from '../../../src/dialog/turn/interruption-policy.ts';
import { KNOWN_LANGUAGES, languageOf } from '../../../src/dialog/language/known-languages.ts';
import type { Language } from '../../../src/dialog/language/language.ts';

const english = languageOf('en');
const pauseFor = (ordinaryMs: number, text: string): number =>
  endpointingByWords(english).pauseAfter({ text }, ordinaryMs);
const interrupts = (words: string, language: Language): boolean =>
  pausingForWords(language).judge({ words, final: false, into: 'reply' }) === 'interrupts';

describe('the pause that ends a turn', () => {
  it.each([
    ['', 500],
    ['when do you open', 500],
    ['Yes, please.', 350],
    ["that's all", 350],
    ['I would like to', 800],
    ['can you put me through to the', 800],
    ['my number is five five', 1000],
    ['my number is 555', 1000],
    ['it is five', 500],
    ['zero three zero one two three four five six seven eight', 500],
  ])('after "%s" is %i ms of 500', (text, pause) => {
    expect(pauseFor(500, text)).toBe(pause);
  });
});

describe('in every language that there is data of', () => {
  /** Unfinished, whole, a number in the middle, a listener's words, an interruption. */
  const examples: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
    en: ['I would like to', 'Yes, please.', 'it is five five', 'mhm', 'stop'],
    de: ['Ich hätte gern einen', 'Ja, gerne.', 'null drei null', 'Ja, genau.', 'Moment mal'],
    fr: ['Je voudrais un', 'Oui, merci.', 'zéro six douze', "D'accord, je vois", 'Attendez'],
    es: ['Quiero una', 'Sí, por favor.', 'seis uno dos', 'Vale, ya veo', 'espere un momento'],
    it: ['Vorrei un', 'Sì, grazie.', 'tre quattro sette', 'Va bene, ho capito', 'aspetti'],
    pt: ['Eu queria uma', 'Sim, por favor.', 'nove um dois', 'Está bem', 'espere'],
    nl: ['Ik wil graag een', 'Ja, graag.', 'nul zes twaalf', 'ja, oké', 'wacht even'],
    pl: [
      'Chciałbym się umówić na',
      'Tak, poproszę.',
      'pięć sześć siedem',
      'no tak, rozumiem',
      'proszę poczekać',
    ],
    hi: ['मुझे कल के लिए', 'जी हाँ', 'नौ आठ सात', 'अच्छा, ठीक है', 'रुकिए'],
    ja: [
      '予約をしたいんですけど',
      'はい、お願いします。',
      '〇三',
      'なるほど、そうですか',
      'ちょっと待ってください',
    ],
    zh: ['我想预约但是', '好的，谢谢。', '一三九', '嗯嗯，好的', '等一下'],
    th: ['ผมอยากนัดหมอและ', 'ใช่ครับ', 'ศูนย์ แปด หนึ่ง', 'อ๋อ ค่ะ', 'เดี๋ยวก่อน'],
  };

  it('has an example', () => {
    expect(Object.keys(examples).sort()).toEqual([...KNOWN_LANGUAGES].sort());
  });

  it.each(Object.entries(examples))('%s waits, goes on and gives way by the words', (code, texts) => {
    const [open, whole, number, listening, interrupting] = texts;
    const language = languageOf(code);
    const pause = (text: string): number => endpointingByWords(language).pauseAfter({ text }, 500);
    expect([pause(open), pause(whole), pause(number)]).toEqual([800, 350, 1000]);
    expect([interrupts(listening, language), interrupts(interrupting, language)]).toEqual([false, true]);
  });

  it.each([
    ['de', 'Was kostet das'],
    ['de', 'Wann öffnen Sie'],
    ['de', 'Ich wollte fragen, ob noch jemand da ist'],
    ['es', '¿Dónde está?'],
    ['fr', 'À quelle heure ouvrez-vous ?'],
    ['nl', 'Dat weet ik niet'],
    ['pl', 'Bardzo dziękuję, naprawdę bardzo'],
    ['pt', 'Acho que não'],
  ])('%s: "%s" may well be the whole turn', (code, text) => {
    expect(endpointingByWords(languageOf(code)).pauseAfter({ text }, 500)).toBe(500);
  });

  it('es: a number of one word is dictated like others', () => {
    expect(endpointingByWords(languageOf('es')).pauseAfter({ text: 'seis dieciséis veintidós' }, 500)).toBe(
      1000,
    );
  });

  it.each(KNOWN_LANGUAGES)('%s says every phrase in words of its own', (code) => {
    const phrases = Object.values(languageOf(code).phrases);
    expect(new Set(phrases).size).toBe(phrases.length);
    expect(phrases.length).toBe(Object.keys(english.phrases).length);
    if (code !== 'en')
      expect(phrases.filter((text) => Object.values(english.phrases).includes(text))).toEqual([]);
  });
});

describe('a language without data', () => {
  const language = languageOf('sw-KE');
  it('has ordinary pauses, but for figures, and every word interrupts', () => {
    const policy = endpointingByWords(language);
    expect(['habari', 'ndiyo', '', '0 7 1'].map((text) => policy.pauseAfter({ text }, 500))).toEqual([
      500, 500, 500, 1000,
    ]);
    expect(interrupts('mhm', language)).toBe(true);
    expect(interrupts('', language)).toBe(false);
  });
  it('has no phrases', () => {
    expect(language.phrases).toEqual({});
  });
});

it('a tag names a language with its region or script', () => {
  expect([languageOf('pt-BR').code, languageOf('zh_Hans').code, languageOf('DE-at').code]).toEqual([
    'pt',
    'zh',
    'de',
  ]);
});
