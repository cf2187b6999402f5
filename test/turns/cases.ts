import type { Milliseconds } from '../../src/lib/clock.ts';
import { BEDS, murmur, NOISES, type BedKind, type NoiseKind } from './noises.ts';
import { Random } from './random.ts';
import {
  activeDbov,
  extent,
  gained,
  joined,
  lengthMs,
  levelled,
  lowPassed,
  mix,
  silence,
  type Sound,
} from './sound.ts';
import {
  recorded,
  say,
  SPEECH_DBOV,
  VOICES,
  type Half,
  type PlacedWord,
  type Speaker,
  type Spoken,
} from './voices.ts';

export const CLASSES = [
  'back-channel',
  'vocal noise',
  'other noise',
  'talk to others',
  'echo',
  'interruption',
  'echo with interruption',
  'complete sentence',
  'hesitation',
  'digits',
  'correction',
  'talk from the first moment',
  'quiet or clipped',
  'noisy line',
  'noise alone',
  'silence',
] as const;

export type CaseClass = (typeof CLASSES)[number];

/** One call: what the agent has to say, and what is to be heard of the caller, and when. */
export interface Case {
  readonly id: string;
  readonly half: Half;
  readonly class: CaseClass;
  /** What of its class it is: the word, the noise, the pause. */
  readonly kind: string;
  readonly greeting: string;
  /** Sentences of the answer to the first question; what follows is answered by SHORT_ANSWER. */
  readonly answer: readonly string[];
  readonly steps: readonly Step[];
  readonly line: Line;
  /** The call is watched at least so long. */
  readonly leastMs: Milliseconds;
}

export interface Step {
  readonly cue: Cue;
  /** `turn`: wants an answer. `interruption`: wants the agent to stop, and an answer. `disturbance`: neither. */
  readonly role: 'turn' | 'interruption' | 'disturbance';
  readonly make: () => Promise<CallerSound>;
}

/** When a step begins: so long after the call has, after the agent was last heard, or after it began with its answer. */
export interface Cue {
  readonly after: 'start' | 'quiet' | 'answer';
  readonly ms: Milliseconds;
}

export interface CallerSound {
  readonly sound: Sound;
  /** What is said, if it is said; a machine may hear other words in it, and words in a noise. */
  readonly words: readonly PlacedWord[];
  /** What a machine may take for words though there are none. */
  readonly noise?: NoiseKind | 'murmur' | BedKind | 'babble' | 'television';
  /** Pauses in it after which it goes on. */
  readonly holds: readonly Hold[];
}

export interface Hold {
  readonly from: Milliseconds;
  readonly to: Milliseconds;
  /** What was said until then could be the whole. */
  readonly whole: boolean;
}

/** What the telephone line does to the caller's voice. */
export interface Line {
  /** What is always there; its level is that of its active parts. */
  readonly bed?: { readonly kind: BedKind | 'babble' | 'television'; readonly dbov: number } | undefined;
  /** The agent comes back: so much weaker, so much later. */
  readonly echo?: { readonly lossDb: number; readonly delayMs: Milliseconds } | undefined;
  /** Of the caller's voice; what doesn't fit is clipped. */
  readonly gainDb?: number;
}

export const GREETING = 'Hello, how can I help you?';
const ASKS_NUMBER = 'What is your telephone number, please?';
export const SHORT_ANSWER = ['All right, I will see to that.'];

const ANSWERS: readonly (readonly string[])[] = [
  [
    'We are open from Monday to Friday between nine in the morning and half past five.',
    'On Saturday we are here until noon.',
    'You will find us right next to the old bridge.',
  ],
  [
    'A check up costs forty nine pounds, and it takes about half an hour.',
    'Please bring your insurance card with you.',
    'If you can not come, let us know one day before.',
  ],
  [
    'Let me tell you how that works with us.',
    'First you fill in a form with your name and your telephone number.',
    'Then the doctor has a look, and we talk about what has to be done.',
  ],
];

const QUESTIONS = ['What are your opening hours?', 'How much is a check up?', 'How does it work?'];

/** Every case of both halves, in an order that stays. */
export function allCases(): readonly Case[] {
  return [...casesOf('tune'), ...casesOf('held-out')];
}

function casesOf(half: Half): readonly Case[] {
  const cases: Case[] = [];
  const { speakers, recorded: recordings } = VOICES[half];
  /** A case's own chance. */
  const randomOf = (id: string): Random => new Random(half, id);
  let round = 0;
  const nextSpeaker = (): Speaker => speakers[round++ % speakers.length] as Speaker;

  const add = (
    of: CaseClass,
    kind: string,
    steps: (random: Random) => readonly Step[],
    more: Partial<Pick<Case, 'greeting' | 'answer' | 'line' | 'leastMs'>> = {},
  ): void => {
    const id = `${half}/${of}/${cases.filter((other) => other.class === of).length + 1}`;
    const random = randomOf(id);
    cases.push({
      id,
      half,
      class: of,
      kind,
      greeting: GREETING,
      answer: SHORT_ANSWER,
      steps: steps(random).map((step) => ({ ...step, make: once(step.make) })),
      line: {},
      leastMs: 0,
      ...more,
    });
  };

  /** The caller asks, and while the agent answers something comes in between. */
  const whileAnswering = (
    of: CaseClass,
    kind: string,
    role: Step['role'],
    make: (random: Random) => Step['make'],
    more: Partial<Pick<Case, 'line'>> = {},
  ): void => {
    const answer = ANSWERS[cases.length % ANSWERS.length] ?? [];
    const steps = (random: Random): Step[] => [
      question(nextSpeaker(), random),
      during(random, role, make(random)),
    ];
    add(of, kind, steps, { answer, ...more });
  };

  // ── While the agent speaks: what must not stop it ─────────────────────────────────────────────

  for (const who of speakers) {
    for (const words of ['okay', 'yeah', 'uh huh', 'right', 'I see', 'yeah, sure']) {
      whileAnswering('back-channel', words, 'disturbance', (random) =>
        saying(words, who, random.between(-6, 0)),
      );
    }
  }
  for (const [syllables, hz] of [
    [2, 105],
    [2, 130],
    [2, 190],
    [2, 230],
    [1, 115],
    [1, 210],
  ] as const) {
    const kind = syllables === 1 ? 'mm' : 'mhm';
    whileAnswering('back-channel', kind, 'disturbance', (random) =>
      noisy(
        'murmur',
        () => murmur(random, syllables, hz * random.between(0.95, 1.05)),
        random.between(-30, -23),
      ),
    );
  }
  for (const voice of recordings) {
    whileAnswering('back-channel', 'yes', 'disturbance', () => record(voice, 'd-yes', -3));
  }
  whileAnswering(
    'back-channel',
    'mhm … okay',
    'disturbance',
    (random) => async () =>
      followedBy(
        await noisy('murmur', () => murmur(random, 2, 140), -25)(),
        700,
        await saying('okay', speakers[0], -3)(),
      ),
  );
  for (const kind of [
    'cough',
    'cough',
    'cough',
    'cough',
    'throat',
    'throat',
    'throat',
    'sneeze',
    'sneeze',
    'laugh',
    'laugh',
    'laugh',
    'breath',
    'breath',
  ] as const) {
    whileAnswering('vocal noise', kind, 'disturbance', (random) => {
      const dbov = kind === 'breath' ? random.between(-42, -34) : random.between(-27, -15);
      return noisy(kind, () => NOISES[kind](random), dbov);
    });
  }
  for (const who of speakers) whileAnswering('vocal noise', 'um', 'disturbance', () => saying('um', who, -4));
  for (const kind of [
    'door',
    'door',
    'bark',
    'bark',
    'bark',
    'horn',
    'horn',
    'ring',
    'ring',
    'siren',
    'siren',
    'keyboard',
    'keyboard',
  ] as const) {
    whileAnswering('other noise', kind, 'disturbance', (random) =>
      noisy(kind, () => NOISES[kind](random), random.between(-34, -18)),
    );
  }
  for (const kind of ['music', 'television', 'wind'] as const) {
    whileAnswering('other noise', kind, 'disturbance', (random) =>
      noisy(kind, () => bed(kind, half, random, 2500), random.between(-36, -26)),
    );
  }
  for (const voice of recordings) {
    for (const name of ['o-aside', 'o-dog', 'o-library', 'o-football']) {
      whileAnswering(
        'talk to others',
        name,
        'disturbance',
        (random) => async () => turnedAway(await record(voice, name, random.between(-14, -8))()),
      );
    }
  }
  for (const who of speakers) {
    for (const words of ['Just a second, I am on the phone.', 'No, put it over there, please.']) {
      whileAnswering(
        'talk to others',
        words,
        'disturbance',
        (random) => async () => turnedAway(await saying(words, who, random.between(-14, -8))()),
      );
    }
  }

  // ── What must stop it ───────────────────────────────────────────────────────────────────────────

  for (const who of speakers) {
    for (const words of [
      'Stop!',
      'Stop!',
      'Wait, wait a moment.',
      'Excuse me, I have a question.',
      'No, that is not what I asked.',
      'Hold on, please.',
      'Can I come on Saturday?',
      'Sorry, could you repeat that?',
    ]) {
      whileAnswering('interruption', words, 'interruption', (random) =>
        saying(words, who, random.between(-4, 2)),
      );
    }
  }
  for (const voice of recordings) {
    for (const name of ['d-human', 'd-repeat', 'd-transfer', 'd-thanks-bye', 'd-price-checkup']) {
      whileAnswering('interruption', name, 'interruption', () => record(voice, name));
    }
  }

  // ── Echo, with and without the caller ───────────────────────────────────────────────────────────

  for (const [index, lossDb] of [6, 9, 12, 15, 18, 21, 25].entries()) {
    for (const delayMs of [
      [20, 200],
      [60, 300],
      [120, 240],
    ][index % 3] ?? []) {
      const line = { echo: { lossDb, delayMs } };
      add('echo', `−${lossDb} dB`, (random) => [question(nextSpeaker(), random)], {
        line,
        answer: ANSWERS[index % 3] ?? [],
      });
      whileAnswering(
        'echo with interruption',
        `−${lossDb} dB`,
        'interruption',
        (random) =>
          saying(
            random.pick(['Wait, I have another question.', 'Stop, that is enough for now.']),
            nextSpeaker(),
          ),
        { line },
      );
    }
  }

  // ── The end of a turn ───────────────────────────────────────────────────────────────────────────

  for (const [index, text] of COMPLETE.entries()) {
    for (const who of [speakers[index % 3], speakers[(index + 1) % 3]] as const) {
      if (who) add('complete sentence', text, () => [turn(saying(text, who))]);
    }
  }
  for (const voice of recordings) {
    for (const name of ['d-hours', 'd-book', 'd-where', 'g-flat']) {
      add('complete sentence', name, () => [turn(record(voice, name))]);
    }
  }
  for (const [index, [first, second, whole]] of CONTINUED.entries()) {
    for (const pauseMs of Math.floor(index / 2) % 2 === 0 ? [200, 500, 900, 1500] : [300, 700, 1200, 2000]) {
      for (const who of [nextSpeaker(), nextSpeaker()]) {
        add('hesitation', `${pauseMs} ms`, () => [turn(paused([first, second], pauseMs, whole, who))]);
      }
    }
  }
  for (const [index, groups] of NUMBERS.entries()) {
    for (const pauseMs of index % 2 === 0 ? [400, 800] : [600, 1000]) {
      const who = nextSpeaker();
      add('digits', groups.join(', '), () => [turn(paused(groups, pauseMs, false, who))], {
        greeting: ASKS_NUMBER,
      });
    }
  }
  for (const voice of recordings) {
    for (const name of ['m-number-seven', 'm-number-my']) {
      add('digits', name, () => [turn(record(voice, name))], { greeting: ASKS_NUMBER });
    }
  }
  for (const [first, second] of CORRECTIONS) {
    for (const pauseMs of [400, 800]) {
      const who = nextSpeaker();
      add('correction', `${pauseMs} ms`, () => [turn(paused([first, second], pauseMs, true, who))]);
    }
  }

  // ── Callers and lines that aren't as they should be ─────────────────────────────────────────────

  for (const who of speakers) {
    const first = { cue: { after: 'start', ms: 0 }, role: 'turn' } as const;
    add('talk from the first moment', 'a question', () => [
      { ...first, make: saying('Hello, are you open on Saturday?', who) },
    ]);
    add('talk from the first moment', '12 s', () => [{ ...first, make: saying(TALE, who) }]);
  }
  for (const dbov of [-40, -46, -52]) {
    for (const who of speakers.slice(0, 2)) {
      add('quiet or clipped', `${dbov} dBov`, (random) => [turn(saying(random.pick(QUESTIONS), who))], {
        line: { gainDb: dbov - SPEECH_DBOV },
      });
    }
  }
  for (const gainDb of [12, 20]) {
    for (const who of speakers.slice(1)) {
      add('quiet or clipped', `+${gainDb} dB`, (random) => [turn(saying(random.pick(QUESTIONS), who))], {
        line: { gainDb },
      });
    }
  }
  for (const kind of ['babble', 'music', 'wind', 'television', 'hum'] as const) {
    for (const snrDb of [10, 20]) {
      const line = { bed: { kind, dbov: SPEECH_DBOV - snrDb } };
      whileAnswering(
        'noisy line',
        `${kind} ${snrDb} dB`,
        'interruption',
        (random) => saying(random.pick(OBJECTIONS), nextSpeaker()),
        { line },
      );
    }
  }
  for (const kind of ['babble', 'music', 'wind', 'television', 'busy', 'music', 'hum', 'busy'] as const) {
    const line = { bed: { kind, dbov: kind === 'busy' ? -18 : SPEECH_DBOV - 10 } };
    add('noise alone', kind, () => [], { line, leastMs: TO_THE_END_MS });
  }
  add('silence', 'a quiet line', () => [], { leastMs: TO_THE_END_MS });
  for (const lossDb of [0, 6]) {
    const line = { echo: { lossDb, delayMs: 160 } };
    add('silence', `a loop of −${lossDb} dB`, () => [], { line, leastMs: TO_THE_END_MS });
  }
  add('silence', 'after a question', (random) => [question(nextSpeaker(), random)], { leastMs: 18_000 });
  return cases;
}

/** Until an agent whom nobody answers has asked twice, and said goodbye. */
const TO_THE_END_MS = 38_000;

const OBJECTIONS = ['Excuse me, I have a question.', 'Wait, wait a moment.', 'No, that is not what I asked.'];

const COMPLETE = [
  'What are your opening hours?',
  'I would like to book an appointment.',
  'Are you open?',
  'Do you take new patients?',
  'My name is Peter Miller.',
  'I have a question about my bill.',
  'Could I speak to the doctor?',
  'Yes.',
  'No, thank you.',
];

/** What is said before and after a pause; `true`: the first part could be the whole. */
const CONTINUED: readonly (readonly [string, string, boolean])[] = [
  ['I would like to book an appointment,', 'for next Tuesday morning.', true],
  ['Could you tell me the,', 'price of a check up?', false],
  ['Are you open,', 'tomorrow in the afternoon?', true],
  ['My name is,', 'Peter Miller.', false],
  ['I have a question,', 'about my last bill.', true],
  ['I need to see a dentist because,', 'my tooth has been hurting since Sunday.', false],
  ['Do you take new patients,', 'at the moment?', true],
  ['I wanted to ask,', 'whether you are open on Saturday.', false],
];

const NUMBERS: readonly (readonly string[])[] = [
  ['six one seven,', 'five five five,', 'eight three nine two.'],
  ['oh two oh,', 'seven nine four six,', 'oh one eight eight.'],
  ['zero three one,', 'four two two,', 'nine six zero one.'],
  ['two one two,', 'six six four,', 'seven six six five.'],
  ['four one five,', 'nine two,', 'seven three,', 'eight one five.'],
];

const CORRECTIONS: readonly (readonly [string, string])[] = [
  ['I would like to come on Monday.', 'No, wait, on Tuesday.'],
  ['My name is Peter Brown.', 'Sorry, Peter Braun.'],
  ['Please put me through to billing.', 'Or better to the doctor.'],
];

const TALE =
  'Hello, I was at your clinic last week because of my back tooth, and the doctor told me that I should call ' +
  'again if it still hurts, and it does hurt a lot when I drink something cold, so I would like to come again.';

/** A case sounds the same however often it is replayed, though its chance is drawn when its sounds are made. */
function once(make: Step['make']): Step['make'] {
  let made: Promise<CallerSound> | undefined;
  return () => (made ??= make());
}

// ── What the caller does ──────────────────────────────────────────────────────────────────────

function turn(make: Step['make']): Step {
  return { cue: { after: 'quiet', ms: 500 }, role: 'turn', make };
}

function question(who: Speaker, random: Random): Step {
  return turn(saying(random.pick(QUESTIONS), who));
}

function during(random: Random, role: Step['role'], make: Step['make']): Step {
  return { cue: { after: 'answer', ms: Math.round(random.between(1000, 2600)) }, role, make };
}

function spokenSound({ sound, words }: Spoken, db = 0): CallerSound {
  return { sound: gained(sound, db), words, holds: [] };
}

function saying(text: string, who: Speaker, db = 0): Step['make'] {
  return async () => spokenSound(await say(text, who), db);
}

function record(voice: string, name: string, db = 0): Step['make'] {
  return () => Promise.resolve(spokenSound(recorded(voice, name), db));
}

function noisy(
  noise: NonNullable<CallerSound['noise']>,
  make: () => Sound | Promise<Sound>,
  dbov: number,
): Step['make'] {
  return async () => {
    const sound = await make();
    const { from, to } = extent(sound);
    return { sound: levelled(sound.slice(from * 8, to * 8), dbov), words: [], noise, holds: [] };
  };
}

/** One sentence with its own melody, torn apart where its commas are. */
function paused(parts: readonly string[], pauseMs: Milliseconds, whole: boolean, who: Speaker): Step['make'] {
  return async () => {
    const spoken = await say(parts.join(' '), who);
    let all: CallerSound = { sound: silence(0), words: [], holds: [] };
    let taken = 0;
    for (const [index, part] of parts.entries()) {
      const count = part.split(' ').length;
      const words = spoken.words.slice(taken, taken + count);
      const start = taken === 0 ? 0 : (words[0]?.from ?? 0);
      taken += count;
      const end = taken >= spoken.words.length ? lengthMs(spoken.sound) : (words.at(-1)?.to ?? 0);
      const piece: CallerSound = {
        sound: spoken.sound.slice(Math.round(start * 8), Math.round(end * 8)),
        words: words.map((word) => ({ ...word, from: word.from - start, to: word.to - start })),
        holds: [],
      };
      all = index === 0 ? piece : followedBy(all, pauseMs, piece, whole);
    }
    return all;
  };
}

function followedBy(one: CallerSound, pauseMs: Milliseconds, other: CallerSound, whole = true): CallerSound {
  const from = lengthMs(one.sound);
  const to = from + pauseMs;
  return {
    ...one,
    sound: joined(one.sound, silence(pauseMs), other.sound),
    words: [
      ...one.words,
      ...other.words.map((word) => ({ ...word, from: word.from + to, to: word.to + to })),
    ],
    holds: [...one.holds, { from, to, whole }],
  };
}

/** Said into the room, not into the telephone: duller, and with the room's own sound. */
function turnedAway(said: CallerSound): CallerSound {
  const dull = lowPassed(said.sound, 1200);
  const sound = joined(dull, silence(120));
  for (const [delayMs, db] of [
    [17, -8],
    [29, -10],
    [47, -13],
    [83, -17],
  ] as const)
    mix(sound, gained(dull, db), delayMs);
  return { ...said, sound: levelled(sound, activeDbov(said.sound)) };
}

// ── What is always there ──────────────────────────────────────────────────────────────────────

/** `kind` for so long, at any level. */
export async function bed(
  kind: BedKind | 'babble' | 'television',
  half: Half,
  random: Random,
  ms: Milliseconds,
): Promise<Sound> {
  if (kind !== 'babble' && kind !== 'television') return BEDS[kind](random, ms);
  const others = await talkers(half);
  const sound = silence(ms);
  const talker = (index: number, db: number): void => {
    const said = others[index % others.length] ?? silence(1);
    const shift = Math.floor(random.next() * said.length);
    mix(
      sound,
      gained(
        Float64Array.from(sound, (_, n) => said[(n + shift) % said.length] ?? 0),
        db,
      ),
    );
  };
  if (kind === 'television') {
    talker(Math.floor(random.next() * others.length), 0);
    mix(sound, levelled(BEDS.music(random, ms), SPEECH_DBOV - 12));
  } else {
    for (let index = 0; index < 6; index++) talker(index, random.between(-4, 0));
  }
  return sound;
}

const ASIDE = [
  'The weather will be cloudy with some rain in the evening, and the wind comes from the west.',
  'First you chop the onions and fry them in butter until they are soft and brown.',
  'The train to the north leaves from another platform today because of work on the line.',
];

/** Six people who talk without a pause about something else. */
async function talkers(half: Half): Promise<readonly Sound[]> {
  const { speakers, recorded: recordings } = VOICES[half];
  const told = await Promise.all(
    speakers.map(async (who, index) => {
      const texts = [...ASIDE.slice(index), ...ASIDE.slice(0, index)];
      return joined(...(await Promise.all(texts.map((text) => say(text, who)))).map(({ sound }) => sound));
    }),
  );
  const read = ['o-history', 'o-garden', 'o-music', 'o-politics'];
  const others = [0, 1, 2].map((shift) =>
    joined(...read.map((name, index) => recorded(recordings[(index + shift) % 2] ?? '', name).sound)),
  );
  return [...told, ...others];
}
