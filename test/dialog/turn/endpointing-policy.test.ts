import { describe, expect, it } from 'vitest';
import { endpointingByWords, type PausingTurn } from '../../../src/dialog/turn/endpointing-policy.ts';
import { pausingForWords } from '../../../src/dialog/turn/interruption-policy.ts';
import { KNOWN_LANGUAGES, languageOf } from '../../../src/dialog/language/known-languages.ts';
import type { Language } from '../../../src/dialog/language/language.ts';

const english = languageOf('en');
const pauseFor = (ordinaryMs: number, text: string): number =>
  endpointingByWords(english).pauseAfter({ text }, ordinaryMs);
const interrupts = (words: string, language: Language): boolean =>
  pausingForWords(language).judge({ words, final: false, isOver: false, into: 'reply' }) === 'interrupts';

describe('the pause that ends a turn', () => {
  it.each([
    ['', 500],
    ['when do you open', 500],
    ['Yes, please.', 350],
    ["that's all", 350],
    ['I would like to', 2200],
    ['can you put me through to the', 2200],
    ['Hello, I have a quick question.', 1600],
    ['I have a question about my bill', 500],
    ['that is no problem', 500],
    ['my number is five five', 1500],
    ['my number is 555', 1500],
    ['my number is 555 8392', 1000],
    ['it is five', 500],
    ['zero three zero one two three four five six seven eight', 500],
  ])('after "%s" is %i ms of 500', (text, pause) => {
    expect(pauseFor(500, text)).toBe(pause);
  });
});

describe('a sentence in whose middle the caller hangs', () => {
  it.each([
    ['could you tell me', 1600],
    ['my name', 1600],
    ['I would like', 1600],
    ['could you tell me more', 500],
  ])('"%s": %i ms of 500', (text, pause) => {
    expect(pauseFor(500, text)).toBe(pause);
  });

  it('is waited for as long by an agent whose pauses are short, if it isn’t told to be quick', () => {
    expect([150, 500, 1000].map((ordinaryMs) => pauseFor(ordinaryMs, 'my name is'))).toEqual([
      2200, 2200, 4400,
    ]);
    expect(endpointingByWords(english, 'quick').pauseAfter({ text: 'my name is' }, 300)).toBe(1540);
  });

  it.each([
    ['en', 'could you tell me'],
    ['de', 'können Sie mir sagen'],
    ['fr', 'pouvez-vous me dire'],
    ['es', 'me gustaría'],
    ['it', 'può dirmi'],
    ['pt', 'pode me dizer'],
    ['nl', 'mijn naam'],
    ['pl', 'mój numer'],
    ['hi', 'मेरा नाम'],
    ['ja', '教えていただきたいのですが'],
    ['zh', '请告诉我'],
    ['th', 'อยากทราบ'],
  ])('%s: "%s" announces what follows', (code, text) => {
    expect(endpointingByWords(languageOf(code)).pauseAfter({ text }, 500)).toBeGreaterThanOrEqual(1600);
  });
});

describe('the pause that ends a turn, by more than its words', () => {
  it.each<[string, PausingTurn, number]>([
    ['nine digits', { text: 'six one seven five five five eight three nine' }, 700],
    ['one digit of a number that was asked for', { text: 'five', asked: 'What is your phone number?' }, 1500],
    ['the same after another sentence', { text: 'five', asked: 'Our number is 5. How many people?' }, 500],
    ['a letter of a name', { text: 'M I L', asked: 'Could you spell your name, please?' }, 1000],
    ['a letter of nothing', { text: 'plan B', asked: 'Which plan?' }, 500],
    ['yes, when that is all that was asked', { text: 'yes', asked: 'Is that right?' }, 250],
    ['yes, when more was asked', { text: 'yes', asked: 'When shall I put you down?' }, 350],
    ['yes, to a statement', { text: 'yes', asked: 'We are open until five.' }, 350],
    ['a melody that rises', { text: 'do you play basketball', rise: 2.5 }, 325],
    ['one that does not', { text: 'do you play basketball', rise: 1.9 }, 500],
    ['a rising sentence that is open', { text: 'do you play the', rise: 4 }, 2200],
    ['a caller who pauses long', { text: 'and on Monday', pauses: [300, 700, 800, 700, 650, 200] }, 780],
    ['one who once did', { text: 'and on Monday', pauses: [900] }, 500],
    ['one who does for very long', { text: 'and on Monday', pauses: [4000, 4000, 4000] }, 1250],
    ['what a model takes for the end', { text: 'on Monday', finished: 0.8 }, 300],
    ['what a model takes for a pause', { text: 'on Monday', finished: 0.2 }, 1250],
    ['what a model does not know', { text: 'on Monday', finished: 0.6 }, 500],
    ['words that are open, whatever a model says', { text: 'on the', finished: 0.9 }, 2200],
    ['what is whole, however they pause', { text: 'yes', pauses: [4000] }, 350],
  ])('%s', (_of, turn, pause) => {
    expect(endpointingByWords(english).pauseAfter(turn, 500)).toBeCloseTo(pause, 6);
  });

  const greeting = 'Hello, how can I help you?';
  it.each<[string, PausingTurn, number]>([
    ['what the caller calls for', { text: 'I would like to book an appointment', asked: greeting }, 1100],
    [
      'the same, to a greeting that asks nothing',
      { text: 'I would like to book an appointment', asked: 'Smith.' },
      1100,
    ],
    ['a question for yes or no', { text: 'do you take new patients', asked: greeting }, 900],
    ['the same of a certain day', { text: 'are you open on Saturday', asked: greeting }, 500],
    ['the same behind a greeting', { text: 'good morning are you open', asked: greeting }, 900],
    ['a call for something on a certain day', { text: 'an appointment for Monday', asked: greeting }, 1100],
    ['a question that rises', { text: 'do you take new patients', asked: greeting, rise: 3 }, 325],
    ['who, what, when', { text: 'hello when are you open', asked: greeting }, 500],
    ['what was asked for', { text: 'on Monday', asked: 'Is Monday all right?' }, 500],
    ['its details', { text: 'an appointment for next Tuesday', asked: greeting, pauses: [100, 250] }, 500],
    ['a breath before them', { text: 'an appointment', asked: greeting, pauses: [100, 120] }, 1100],
    ['what a model takes for the end', { text: 'an appointment', asked: greeting, finished: 0.8 }, 300],
    ['yes', { text: 'yes', asked: greeting }, 350],
    ['no words yet', { text: '', asked: greeting }, 500],
  ])('in the first turn: %s', (_of, turn, pause) => {
    expect(endpointingByWords(english).pauseAfter({ ...turn, first: true }, 500)).toBeCloseTo(pause, 6);
  });

  it.each([
    ['de', 'haben Sie geöffnet', 'haben Sie morgen auf', 'guten Morgen haben Sie auf'],
    ['nl', 'bent u open', 'bent u zaterdag open', 'goedemorgen bent u open'],
  ])(
    '%s: is longer after a question in the first turn that says nothing of when',
    (code, short, when, greets) => {
      const policy = endpointingByWords(languageOf(code));
      const pause = (text: string): number => policy.pauseAfter({ text, first: true }, 500);
      expect([short, when, greets].map(pause)).toEqual([900, 500, 900]);
    },
  );

  it('is the ordinary one in the first turn, too, where nothing is known of the language', () => {
    const policy = endpointingByWords(languageOf('xx'));
    expect(policy.pauseAfter({ text: 'gdje ste', first: true }, 500)).toBe(500);
  });

  it('is shorter of an agent that is quick, and longer of one that is relaxed', () => {
    const pauses = (['quick', 'normal', 'relaxed'] as const).map((patience) =>
      endpointingByWords(english, patience).pauseAfter({ text: 'on Monday' }, 500),
    );
    expect(pauses).toEqual([350, 500, 850]);
  });

  it.each(['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'hi', 'ja', 'zh', 'th'])(
    '%s: a number that is asked for is waited for from its first digit on, and a "yes" to yes or no is enough',
    (code) => {
      const language = languageOf(code);
      const [forNumber, yesOrNo, openly, one, yes] = questions[code] ?? [];
      const policy = endpointingByWords(language);
      const pause = (text = '', asked = ''): number => policy.pauseAfter({ text, asked }, 500);
      expect([pause(one, forNumber), pause(one, yesOrNo)]).toEqual([1500, 500]);
      expect([pause(yes, yesOrNo), pause(yes, openly), pause(yes, '')]).toEqual([250, 350, 350]);
    },
  );
});

/** Asks for a number; for yes or no; for something else; a digit; yes. */
const questions: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  en: ['What is your telephone number, please?', 'Is Monday all right?', 'When can you come?', 'five', 'yes'],
  de: ['Wie ist Ihre Telefonnummer?', 'Passt Ihnen Montag?', 'Wann passt es Ihnen?', 'fünf', 'ja'],
  fr: ['Quel est votre numéro ?', 'Lundi vous convient ?', 'Quand pouvez-vous venir ?', 'cinq', 'oui'],
  es: ['¿Cuál es su número de teléfono?', '¿Le viene bien el lunes?', '¿Cuándo puede venir?', 'cinco', 'sí'],
  it: ['Qual è il suo numero?', 'Lunedì va bene?', 'Quando può venire?', 'cinque', 'sì'],
  pt: ['Qual é o seu telefone?', 'Segunda-feira está bem?', 'Quando pode vir?', 'cinco', 'sim'],
  nl: ['Wat is uw telefoonnummer?', 'Komt maandag u uit?', 'Wanneer kunt u komen?', 'vijf', 'ja'],
  pl: ['Proszę podać numer telefonu.', 'Czy poniedziałek pasuje?', 'Kiedy może pan przyjść?', 'pięć', 'tak'],
  hi: ['आपका फ़ोन नंबर बताइए?', 'सोमवार ठीक है?', 'आप कब आ सकते हैं?', 'पाँच', 'हाँ'],
  ja: ['お電話番号をお願いします。', '月曜日でよろしいですか？', 'いつがよろしいですか？', '五', 'はい'],
  zh: ['请问您的电话号码？', '星期一可以吗？', '您什么时候来？', '五', '是的'],
  th: ['ขอหมายเลขโทรศัพท์ค่ะ', 'วันจันทร์สะดวกไหมคะ?', 'สะดวกเมื่อไหร่คะ?', 'ห้า', 'ใช่'],
};

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

  it.each([
    ['en', 'I would like to ask you something'],
    ['de', 'Guten Tag, ich hätte eine Frage'],
    ['fr', "Bonjour, j'ai une question"],
    ['es', 'Hola, tengo una consulta'],
    ['it', 'Buongiorno, vorrei un\u2019informazione'],
    ['pt', 'Eu tenho uma dúvida'],
    ['nl', 'Mag ik u iets vragen'],
    ['pl', 'Dzień dobry, mam pytanie'],
    ['hi', 'मेरा एक सवाल है'],
    ['ja', 'すみません、お聞きしたいことがあります'],
    ['zh', '你好，我有个问题'],
    ['th', 'สวัสดีครับ มีคำถามครับ'],
  ])('%s: "%s" is waited for what it announces', (code, text) => {
    expect(endpointingByWords(languageOf(code)).pauseAfter({ text }, 500)).toBe(1600);
  });

  it('has an example', () => {
    expect(Object.keys(examples).sort()).toEqual([...KNOWN_LANGUAGES].sort());
  });

  it.each(Object.entries(examples))('%s waits, goes on and gives way by the words', (code, texts) => {
    const [open, whole, number, listening, interrupting] = texts;
    const language = languageOf(code);
    const pause = (text: string): number => endpointingByWords(language).pauseAfter({ text }, 500);
    expect([pause(open), pause(whole), pause(number)]).toEqual([2200, 350, 1500]);
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
      1500,
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
      500, 500, 500, 1500,
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
