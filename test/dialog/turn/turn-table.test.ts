import { describe, expect, it } from 'vitest';
import type { PostedEvent } from '../../../src/dialog/call/turn-inbox.ts';
import type { Transcript } from '../../../src/dialog/contract/speech.ts';
import { nextDeadline, opening, step } from '../../../src/dialog/turn/turn-machine.ts';
import {
  DEFAULT_TURN_SETTINGS,
  type Ending,
  type FollowUp,
  type Transfer,
  type TurnEvent,
  type TurnSettings,
  type TurnState,
} from '../../../src/dialog/turn/turn-states.ts';

const SETTINGS: TurnSettings = { ...DEFAULT_TURN_SETTINGS, earlyStart: true };
/** Of the same agent, whose recogniser finds turns. */
const FINDING: TurnSettings = { ...SETTINGS, findsTurns: true };
/** Of the same agent, who has called somebody and lets them say hello. */
const CALLING: TurnSettings = { ...SETTINGS, hello: { waitMs: 2500, pauseMs: 1500, longestMs: 4000 } };

const WORDS: Transcript = { text: 'when do you open', understood: true, confidence: 0.9 };
const NOTHING: Transcript = { text: '', understood: false, confidence: 0 };
const GOODBYE: Ending = { reason: 'agent-hung-up', way: 'hang-up' };
const DRAINING: Ending = { reason: 'draining', phrase: 'draining', way: 'hang-up' };
const TRANSFER: Transfer = {
  way: 'transfer',
  target: {
    name: 'Bob',
    also: [],
    endpoint: 'PJSIP/bob',
    callerId: 'caller',
    ringMs: 20_000,
    whileRinging: 'ringing',
  },
  call: { id: 'call-1', name: 'transfer', arguments: { target: 'Bob' } },
};

/** A state, and in it what the table tells apart. */
function nameOf(state: TurnState): string {
  switch (state.phase) {
    case 'opening':
      if (state.held) return 'opening, on hold';
      if (state.greetBy === undefined) return 'opening';
      return state.ear.is === 'quiet' ? 'opening, waiting' : `opening, ${state.ear.is}`;
    case 'transferring':
      return state.held ? 'transferring, on hold' : 'transferring';
    case 'listening': {
      if (state.digits) return 'listening to keys';
      if (state.preemptive?.reply !== undefined) return 'listening, preparing';
      if (state.ear.is === 'quiet') return 'listening';
      if (state.ear.is === 'cut') return 'listening, cut';
      const asks = state.said.pieces.some(({ transcript }) => !transcript);
      return `listening, ${asks && state.ear.is !== 'talking' ? 'asking' : state.ear.is}`;
    }
    case 'thinking':
      return state.committed ? 'thinking, acting' : 'thinking';
    case 'greeting':
    case 'speaking': {
      const name = state.phase === 'greeting' ? 'greeting' : `speaking a ${state.what}`;
      return state.overlap ? `${name}, ${state.overlap.is}` : name;
    }
    case 'closing':
      return state.reply === undefined ? 'closing, lingering' : 'closing, speaking';
    default:
      return state.phase;
  }
}

type Next = (state: TurnState) => PostedEvent & { readonly at?: number };

const replyIn = (state: TurnState): number =>
  state.phase === 'listening' ? (state.preemptive?.reply ?? 0) : 'reply' in state ? (state.reply ?? 0) : 0;
const askedIn = (state: TurnState): number => {
  const said =
    state.phase === 'listening' ? state.said : 'overlap' in state ? state.overlap?.said : undefined;
  return said?.pieces.at(-1)?.question?.ask ?? 0;
};
const ended =
  (ending?: FollowUp): Next =>
  (state) => ({ type: 'reply-ended', reply: replyIn(state), ending });
const always =
  (event: PostedEvent): Next =>
  () =>
    event;
/** A tick when the state wants one, or `early`. */
const due =
  (settings: TurnSettings, early = 0): Next =>
  (state) => {
    const at = nextDeadline(state, settings);
    return at === undefined ? { type: 'tick' } : { type: 'tick', at: at - early };
  };

/** All that can happen: the compiler misses here what is new. */
const EVERY: Readonly<Record<TurnEvent['type'], true>> = {
  ...{ answered: true, tick: true, 'speech-start': true, 'speech-stop': true, 'barge-in': true },
  ...{
    'speech-lasts': true,
    'level-rises': true,
    'line-heard': true,
    'end-judged': true,
    partial: true,
    'turn-eager-end': true,
  },
  ...{ 'turn-end': true, 'turn-resume': true, transcript: true, recogniser: true, 'stt-failed': true },
  ...{ 'reply-near': true, 'reply-committed': true, 'reply-resumed': true, 'reply-audible': true },
  ...{ 'reply-ended': true, 'reply-failed': true, 'agent-said': true, dtmf: true, hold: true, unhold: true },
  ...{ 'caller-changed': true, 'line-ended': true, 'transfer-over': true, 'target-left': true },
  ...{ 'media-lost': true, 'internal-error': true, finish: true, 'operator-says': true, 'put-through': true },
};

const eventsFor = (settings: TurnSettings): Readonly<Record<string, Next>> => ({
  answered: always({ type: 'answered' }),
  'tick (early)': due(settings, 1),
  'tick (due)': due(settings),
  'speech-start': always({ type: 'speech-start', frame: 145, since: 2900 }),
  'speech-stop': always({ type: 'speech-stop', frame: 145, lastAt: 2900 }),
  'barge-in': always({ type: 'barge-in', frame: 145, since: 2900 }),
  'speech-lasts': always({ type: 'speech-lasts', dbov: -30, nowDbov: -30, frame: 145, since: 2900 }),
  'level-rises': always({ type: 'level-rises', frame: 145, since: 2900 }),
  'line-heard': always({ type: 'line-heard' }),
  'end-judged': always({ type: 'end-judged', frame: 100, chance: 0.9 }),
  partial: always({ type: 'partial', text: 'where are you' }),
  'turn-eager-end': always({ type: 'turn-eager-end', transcript: { ...WORDS, text: 'where are you' } }),
  'turn-end': always({ type: 'turn-end', transcript: { ...WORDS, text: 'where are you' } }),
  'turn-resume': always({ type: 'turn-resume' }),
  'transcript (words)': (state) => ({ type: 'transcript', ask: askedIn(state), transcript: WORDS }),
  'transcript (nothing)': (state) => ({ type: 'transcript', ask: askedIn(state), transcript: NOTHING }),
  'transcript (stale)': always({ type: 'transcript', ask: -1, transcript: WORDS }),
  recogniser: always({ type: 'recogniser', findsTurns: !settings.findsTurns }),
  'stt-failed': always({ type: 'stt-failed', fatal: false }),
  'stt-failed (fatal)': always({ type: 'stt-failed', fatal: true }),
  'reply-near': (state) => ({ type: 'reply-near', reply: replyIn(state) }),
  'reply-committed': (state) => ({ type: 'reply-committed', reply: replyIn(state) }),
  'reply-resumed': (state) => ({ type: 'reply-resumed', reply: replyIn(state) }),
  'reply-audible': (state) => ({ type: 'reply-audible', reply: replyIn(state) }),
  'reply-ended': ended(),
  'reply-ended (goodbye)': ended(GOODBYE),
  'reply-ended (transfer)': ended(TRANSFER),
  'reply-ended (stale)': always({ type: 'reply-ended', reply: -1 }),
  'reply-failed': (state) => ({ type: 'reply-failed', reply: replyIn(state) }),
  'reply-failed (stale)': always({ type: 'reply-failed', reply: -1 }),
  'agent-said': always({ type: 'agent-said', text: 'We open at eight.' }),
  'dtmf 1': always({ type: 'dtmf', digit: '1' }),
  'dtmf #': always({ type: 'dtmf', digit: '#' }),
  'dtmf *': always({ type: 'dtmf', digit: '*' }),
  hold: always({ type: 'hold' }),
  unhold: always({ type: 'unhold' }),
  'caller-changed': always({ type: 'caller-changed' }),
  'line-ended': always({ type: 'line-ended', reason: 'caller-hung-up' }),
  'transfer-over (answered)': always({ type: 'transfer-over', outcome: 'answered' }),
  'transfer-over (busy)': always({ type: 'transfer-over', outcome: 'busy' }),
  'transfer-over (caller-gone)': always({ type: 'transfer-over', outcome: 'caller-gone' }),
  'target-left': always({ type: 'target-left' }),
  'media-lost': always({ type: 'media-lost' }),
  'internal-error': always({ type: 'internal-error' }),
  finish: always({ type: 'finish', ending: DRAINING, now: false }),
  'finish (now)': always({ type: 'finish', ending: DRAINING, now: true }),
  'operator-says': always({ type: 'operator-says', text: 'One moment, please.' }),
  'put-through': always({ type: 'put-through', transfer: TRANSFER }),
});

const AT = 3000;

function live(settings: TurnSettings, state: TurnState, ...events: Next[]): TurnState {
  let at = 1000;
  return events.reduce((before, next) => {
    const event = next(before);
    at = Math.max(at, event.at ?? 0);
    return step(before, { ...event, at }, settings).state;
  }, state);
}

/** Each state of a call of ours before it is greeted. */
function openings(): Readonly<Record<string, TurnState>> {
  const fresh = opening(CALLING);
  const waiting = live(CALLING, fresh, always({ type: 'answered' }));
  const talking = live(CALLING, waiting, start);
  const all = [fresh, waiting, talking, live(CALLING, talking, stop)];
  return Object.fromEntries(all.map((state) => [nameOf(state), state]));
}

const start: Next = always({ type: 'speech-start', frame: 50, since: 1000 });
const stop: Next = always({
  type: 'speech-stop',
  frame: 100,
  lastAt: 2000,
  traits: { dbov: -20, pitched: 0.8 },
});
const words: Next = (state) => ({ type: 'transcript', ask: askedIn(state), transcript: WORDS, at: 2500 });

/** Each state as it comes to be. */
function states(settings: TurnSettings): Readonly<Record<string, TurnState>> {
  const from = (state: TurnState, ...events: Next[]): TurnState => live(settings, state, ...events);
  const tick = due(settings);
  const fresh = opening(settings);
  const greeting = from(fresh, always({ type: 'answered' }));
  const listening = from(greeting, ended());
  const pausing = from(listening, start, stop);
  const asking = from(pausing, tick);
  const thinking = settings.findsTurns
    ? from(pausing, always({ type: 'turn-end', transcript: WORDS }))
    : from(asking, words, tick);
  const preparing = settings.findsTurns
    ? from(pausing, always({ type: 'turn-eager-end', transcript: WORDS }))
    : from(asking, always({ type: 'transcript', ask: askedIn(asking), transcript: WORDS }));
  const speaking = from(thinking, (state) => ({ type: 'reply-audible', reply: replyIn(state) }));
  const paused = from(
    speaking,
    always({ type: 'speech-start', frame: 130, since: 2600 }),
    always({ type: 'barge-in', frame: 140, since: 2800 }),
    always({ type: 'speech-stop', frame: 145, lastAt: 2900 }),
  );
  // Much weaker than what they said before: it is meant for somebody else.
  const aside = from(
    speaking,
    always({ type: 'speech-start', frame: 130, since: 2600 }),
    always({ type: 'barge-in', frame: 140, since: 2800 }),
    always({ type: 'speech-lasts', dbov: -40 }),
  );
  const transferring = from(speaking, ended(TRANSFER));
  const closing = from(speaking, ended({ ...GOODBYE, phrase: 'goodbye' }));
  return Object.fromEntries(
    [
      fresh,
      from(fresh, always({ type: 'hold' })),
      greeting,
      listening,
      from(listening, start),
      pausing,
      from(listening, start, tick),
      from(listening, start, tick, words, ended()),
      asking,
      preparing,
      from(listening, always({ type: 'dtmf', digit: '5' })),
      thinking,
      from(thinking, (state) => ({ type: 'reply-committed', reply: replyIn(state) })),
      speaking,
      paused,
      from(paused, tick),
      aside,
      from(
        greeting,
        always({ type: 'speech-start', frame: 130, since: 2600 }),
        always({ type: 'barge-in', frame: 140, since: 2800 }),
      ),
      from(listening, tick),
      from(speaking, always({ type: 'hold' })),
      transferring,
      from(transferring, always({ type: 'hold' })),
      from(transferring, always({ type: 'transfer-over', outcome: 'answered' })),
      closing,
      from(closing, ended()),
      from(closing, always({ type: 'line-ended', reason: 'caller-hung-up' })),
    ].map((state) => [nameOf(state), state]),
  );
}

/** What ends every call that is running. */
const ENDS = { 'line-ended': 'over', 'media-lost': 'over', 'finish (now)': 'over' };
/** The same where the caller listens to us, or talks with us. */
const WITH_US = {
  ...ENDS,
  'stt-failed (fatal)': 'closing, speaking',
  'internal-error': 'closing, speaking',
  hold: 'held',
};
const KEYS = { 'dtmf 1': 'listening to keys', 'dtmf #': 'listening to keys', 'dtmf *': 'listening to keys' };
const VOICE = { 'speech-start': 'listening, talking', 'barge-in': 'listening, talking' };
const SPOKEN = {
  ...WITH_US,
  ...KEYS,
  'tick (due)': 'closing, speaking', // the call has lasted long enough
  'reply-ended': 'listening',
  'reply-ended (goodbye)': 'closing, lingering',
  'reply-ended (transfer)': 'transferring',
};
/** The caller's sound is over, and the recogniser was asked for its words. */
const OVERLAPPED = {
  ...SPOKEN,
  'transcript (words)': 'listening, preparing',
  'transcript (nothing)': 'speaking a reply',
  'reply-ended': 'listening, asking',
  'reply-failed': 'speaking a phrase',
};
const THOUGHT = {
  ...WITH_US,
  ...KEYS,
  'reply-audible': 'speaking a reply',
  'reply-ended': 'speaking a phrase',
  'reply-ended (goodbye)': 'closing, speaking',
  'reply-ended (transfer)': 'transferring',
  'reply-failed': 'speaking a phrase',
};
const RINGING = {
  ...ENDS,
  'tick (due)': 'closing, speaking',
  'transfer-over (answered)': 'connected',
  'internal-error': 'over',
};
const PREPARED = 'listening, pausing';

/** By state and event; what isn't listed leaves it as it is. */
const NEXT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  opening: {
    ...ENDS,
    answered: 'greeting',
    hold: 'opening, on hold',
    'stt-failed (fatal)': 'closing, speaking',
    'internal-error': 'over',
    finish: 'over',
  },
  'opening, on hold': {
    ...ENDS,
    answered: 'held',
    unhold: 'opening',
    'stt-failed (fatal)': 'closing, speaking',
    'internal-error': 'over',
    finish: 'over',
  },
  greeting: { ...SPOKEN, 'barge-in': 'greeting, paused', 'reply-failed': 'listening' },
  listening: {
    ...WITH_US,
    ...KEYS,
    ...VOICE,
    'tick (due)': 'speaking a phrase',
    finish: 'closing, speaking',
  },
  'listening, talking': {
    ...WITH_US,
    ...KEYS,
    'tick (due)': 'listening, cut', // they never end
    'speech-stop': 'listening, pausing',
  },
  // What was said until then is asked for.
  'listening, cut': {
    ...WITH_US,
    ...KEYS,
    ...VOICE,
    'speech-stop': 'listening, asking',
    'transcript (words)': 'thinking',
    'transcript (nothing)': 'thinking',
    'tick (due)': 'listening, cut',
    'stt-failed': 'speaking a phrase',
  },
  'listening, pausing': {
    ...WITH_US,
    ...KEYS,
    ...VOICE,
    'tick (due)': 'listening, asking',
    'stt-failed': 'speaking a phrase',
  },
  'listening, asking': {
    ...WITH_US,
    ...KEYS,
    ...VOICE,
    'transcript (words)': 'thinking',
    'transcript (nothing)': 'thinking',
    'stt-failed': 'speaking a phrase',
  },
  'listening, preparing': {
    ...WITH_US,
    ...KEYS,
    ...VOICE,
    'tick (due)': 'thinking',
    'dtmf #': 'thinking',
    'reply-ended': PREPARED,
    'reply-ended (goodbye)': PREPARED,
    'reply-ended (transfer)': PREPARED,
    'reply-failed': PREPARED,
    'stt-failed': 'speaking a phrase',
  },
  'listening to keys': { ...WITH_US, ...VOICE, 'tick (due)': 'thinking', 'dtmf #': 'thinking' },
  // A hash says that this was all.
  thinking: { ...THOUGHT, ...VOICE, 'dtmf #': 'thinking', 'reply-committed': 'thinking, acting' },
  'thinking, acting': THOUGHT,
  'speaking a reply': {
    ...SPOKEN,
    'barge-in': 'speaking a reply, paused',
    'reply-failed': 'speaking a phrase',
  },
  'speaking a phrase': { ...SPOKEN, 'barge-in': 'speaking a phrase, paused', 'reply-failed': 'listening' },
  'greeting, paused': {
    ...SPOKEN,
    'tick (due)': 'listening, talking', // they talk on and on
    'reply-ended': 'listening, talking',
    'reply-failed': 'listening, talking',
  },
  'speaking a reply, paused': {
    ...OVERLAPPED,
    'speech-lasts': 'speaking a reply, aside',
    'tick (due)': 'speaking a reply, resumed',
  },
  'speaking a reply, aside': {
    ...SPOKEN,
    'speech-start': 'speaking a reply', // another sound
    'speech-lasts': 'speaking a reply', // louder than it was
    'reply-ended': 'listening, talking',
    'reply-failed': 'speaking a phrase',
  },
  'speaking a reply, resumed': { ...OVERLAPPED, 'barge-in': 'speaking a reply, paused' },
  held: {
    ...ENDS,
    unhold: 'speaking a phrase',
    'tick (due)': 'closing, lingering',
    'stt-failed (fatal)': 'closing, lingering',
    'internal-error': 'over',
    finish: 'over',
  },
  transferring: { ...RINGING, hold: 'transferring, on hold', 'transfer-over (busy)': 'thinking' },
  'transferring, on hold': { ...RINGING, unhold: 'transferring', 'transfer-over (busy)': 'held' },
  // Its media has been given back: it can't be lost.
  connected: {
    'line-ended': 'over',
    'target-left': 'over',
    'internal-error': 'over',
    'finish (now)': 'over',
  },
  'closing, speaking': {
    ...ENDS,
    'tick (due)': 'over',
    'reply-ended': 'closing, lingering',
    'reply-ended (goodbye)': 'closing, lingering',
    'reply-ended (transfer)': 'closing, lingering',
    'reply-failed': 'closing, lingering',
    'internal-error': 'over',
  },
  'closing, lingering': { ...ENDS, 'tick (due)': 'over', 'internal-error': 'over' },
  over: {},
};

/** What a recogniser says by itself counts only if it is one that finds turns. */
const FOUND = { 'turn-eager-end': 'listening, preparing', 'turn-end': 'thinking' };
/** It isn't asked; the sound that it speaks of is over. */
const OVERHEARD = {
  ...FOUND,
  partial: 'listening, pausing',
  'reply-ended': 'listening, pausing',
};
const unasked = (state: string) => ({ 'transcript (words)': state, 'transcript (nothing)': state });
const NEXT_FINDING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  greeting: { ...FOUND, partial: 'listening' },
  listening: FOUND,
  'listening, talking': FOUND,
  'listening, pausing': FOUND,
  'listening, asking': FOUND,
  'listening, preparing': { partial: PREPARED, 'turn-end': 'thinking' },
  'speaking a reply': { ...FOUND, partial: 'listening' },
  'listening, cut': FOUND,
  'greeting, paused': { ...FOUND, partial: 'listening, talking' },
  // Words to somebody else.
  'speaking a reply, aside': unasked('speaking a reply, aside'),
  'speaking a reply, paused': { ...OVERHEARD, ...unasked('speaking a reply, paused') },
  'speaking a reply, resumed': { ...OVERHEARD, ...unasked('speaking a reply, resumed') },
  'speaking a phrase': { ...FOUND, partial: 'listening' },
};

/** What somebody wants who looks on, or that somebody else is on the line, comes before what the agent does, while it has the line. */
const atOnce = (name: string) =>
  /^(greeting|listening|thinking|speaking)/.test(name)
    ? { 'operator-says': 'speaking a phrase', 'put-through': 'transferring', 'caller-changed': 'greeting' }
    : {};

const { answered: _answered, ...BEFORE } = NEXT['opening'] ?? {};
const ANSWERED = { ...BEFORE, 'line-heard': 'greeting' };
/** Nobody is greeted before they have said hello, or nothing for a while; who talks on and on is a recording. */
const NEXT_OPENING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  opening: { ...NEXT['opening'], answered: 'opening, waiting' },
  'opening, waiting': { ...ANSWERED, 'tick (due)': 'greeting', 'speech-start': 'opening, talking' },
  'opening, talking': { ...ANSWERED, 'tick (due)': 'over', 'speech-stop': 'opening, pausing' },
  'opening, pausing': { ...ANSWERED, 'tick (due)': 'greeting', 'speech-start': 'opening, talking' },
};

/** Where `state` comes to by each event. */
function nextOf(state: TurnState, settings: TurnSettings): Readonly<Record<string, string>> {
  const next = Object.entries(eventsFor(settings)).map(([event, happen]) => [
    event,
    nameOf(step(state, { at: AT, ...happen(state) }, settings).state),
  ]);
  return Object.fromEntries(next) as Readonly<Record<string, string>>;
}

/** The whole row: what isn't listed leaves the state as it is. */
function wholeRow(name: string, row: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...Object.fromEntries(Object.keys(eventsFor(SETTINGS)).map((event) => [event, name])), ...row };
}

describe.each([
  ['waits to be asked', SETTINGS],
  ['finds turns', FINDING],
])('every state meets every event, with a recogniser that %s', (_, settings) => {
  const reached = states(settings);

  it('is every event that there is', () => {
    const types = Object.values(eventsFor(settings)).map((happen) => happen(opening(settings)).type);
    expect([...new Set(types)].sort()).toEqual(Object.keys(EVERY).sort());
  });

  it('is every state that the table knows', () => {
    expect(Object.keys(reached).sort()).toEqual(Object.keys(NEXT).sort());
  });

  it.each(Object.entries(reached))('%s', (name, state) => {
    const row = { ...NEXT[name], ...atOnce(name), ...(settings.findsTurns && NEXT_FINDING[name]) };
    expect(nextOf(state, settings)).toEqual(wholeRow(name, row));
  });
});

describe('every state meets every event before somebody whom we have called is greeted', () => {
  const reached = openings();

  it('is every state that the table knows', () => {
    expect(Object.keys(reached).sort()).toEqual(Object.keys(NEXT_OPENING).sort());
  });

  it.each(Object.entries(reached))('%s', (name, state) => {
    expect(nextOf(state, CALLING)).toEqual(wholeRow(name, NEXT_OPENING[name] ?? {}));
  });
});
