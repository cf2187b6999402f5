import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { FILLER_TONE_MS } from '../../media/filler-tone.ts';
import type { TransferOutcome } from '../contract/call-info.ts';
import type { JudgedSound } from '../contract/call-events.ts';
import type { FailureReason } from '../contract/end-reason.ts';
import type { Wait } from './filler-policy.ts';
import { ASIDE_DB, SPEECH_PITCHED, type CallerSound } from './interruption-policy.ts';
import {
  expectsText,
  heardPlaces,
  heardText,
  isKeyed,
  knownText,
  lastKeys,
  NOTHING_SAID,
  pauseOf,
  withKeys,
  withPiece,
} from './caller-turn.ts';
import type {
  CallerInput,
  ClosingState,
  Common,
  ConnectedState,
  Digits,
  Ear,
  Ending,
  EventOf,
  HeldState,
  Interrupter,
  ListeningState,
  OpeningState,
  PhraseName,
  Said,
  Sentence,
  SpeakingState,
  ThinkingState,
  Transfer,
  TransferringState,
  TurnAction,
  TurnEvent,
  TurnInput,
  TurnSettings,
  TurnState,
} from './turn-states.ts';
import { repeats } from '../language/words.ts';

/*
 * The turn machine: what follows from an event in a state. Pure; the instants stand in the events. Its states,
 * events and actions, and the drawing of how they follow each other, are in turn-states.ts; this file is read from
 * top to bottom: any state, opening, listening, thinking, speaking, held, transferring, closing, and what they share.
 *
 * The voice-activity detector and the recogniser share the work like this: *the detector says when the caller begins to
 * talk, and so interrupts; a recogniser that finds turns says when they have finished; with any other recogniser, a
 * pause that the detector reports does.* Two rules catch what this misses: words from the recogniser interrupt even if
 * the detector heard nothing; and a recogniser that reports nothing after the caller fell silent is asked after
 * `turnTimeoutMs`.
 */

export interface Step<State extends TurnState = TurnState> {
  readonly state: State;
  readonly actions: readonly TurnAction[];
}

type RunningState = Exclude<TurnState, { phase: 'over' }>;

/** The state before anything has happened. With an `announcement`, the call consists of that. */
export function opening(
  { findsTurns }: Pick<TurnSettings, 'findsTurns'>,
  announcement?: Ending,
): OpeningState {
  return {
    phase: 'opening',
    turn: 0,
    lastId: 0,
    ear: { is: 'quiet' },
    callEndsAt: undefined,
    prompts: 0,
    failures: 0,
    pauses: [],
    findsTurns,
    announcement,
    held: false,
  };
}

/** What follows from `event` in `state`. */
export function step(state: TurnState, event: TurnEvent, settings: TurnSettings): Step {
  if (state.phase === 'over') return unchanged(state);
  return inAnyState(state, event, settings) ?? inItsState(state, event, settings);
}

/** What an event means in any state; undefined: that depends on the state. */
function inAnyState(state: RunningState, event: TurnEvent, settings: TurnSettings): Step | undefined {
  const { at } = event;
  switch (event.type) {
    case 'line-ended': {
      const transferred = state.phase === 'connected' && event.reason === 'caller-hung-up';
      return leave(state, { reason: transferred ? 'transferred' : event.reason, way: 'none' });
    }
    case 'media-lost':
      // Of a call that goes on without us the media is given back.
      if (state.phase === 'connected') return unchanged(state);
      return leave(state, failedEnding('media-lost', settings));
    case 'internal-error':
      // In these states the caller would not hear an apology.
      return ['opening', 'held', 'transferring', 'connected', 'closing'].includes(state.phase)
        ? leave(state, { reason: 'internal-error', way: 'proceed' })
        : close(state, failedEnding('internal-error', settings, 'apology'), at, settings);
    case 'reply-committed':
    case 'reply-resumed':
    case 'reply-near':
    case 'reply-audible':
    case 'reply-ended':
    case 'reply-failed':
      // Events of a reply that nobody waits for any more mean nothing.
      return event.reply === replyOf(state) ? undefined : unchanged(state);
    case 'agent-said':
      return unchanged({ ...state, asked: event.text });
    case 'finish':
      return finish(state, event, settings);
    case 'operator-says':
    case 'put-through':
      return operated(state, event, settings);
    case 'caller-changed':
      return callerChanged(state);
    case 'tick':
      return overdue(state, at, settings);
    case 'speech-stop':
      if (['listening', 'greeting', 'speaking'].includes(state.phase)) return undefined;
      return unchanged({ ...state, ear: stopped(state.ear, event) });
    case 'stt-failed': {
      if (!event.fatal || state.phase === 'connected' || state.phase === 'closing') return undefined;
      const ending = failedEnding('failed', settings, 'apology');
      if (state.phase !== 'transferring') return close(state, ending, at, settings);
      // If the target answers, no recogniser is needed. If not, the call can't go on.
      return unchanged({ ...state, wanted: state.wanted ?? { ending } });
    }
    case 'hold':
    case 'unhold':
      if (state.phase === 'opening' || state.phase === 'transferring') {
        return unchanged({ ...state, held: event.type === 'hold' });
      }
      if (event.type === 'unhold' || ['held', 'connected', 'closing'].includes(state.phase)) return undefined;
      return hold(state, at);
    default:
      return undefined;
  }
}

function inItsState(state: RunningState, event: TurnEvent, settings: TurnSettings): Step {
  const heard = event.type === 'recogniser' ? { ...state, findsTurns: event.findsTurns } : state;
  switch (heard.phase) {
    case 'opening':
      return whenOpening(heard, event, settings);
    case 'listening':
      return whenListening(heard, event, settings);
    case 'thinking':
      return whenThinking(heard, event, settings);
    case 'greeting':
    case 'speaking':
      return whenSpeaking(heard, event, settings);
    case 'held':
      return whenHeld(heard, event, settings);
    case 'transferring':
      return whenTransferring(heard, event, settings);
    case 'connected':
      return whenConnected(heard, event);
    case 'closing':
      return whenClosing(heard, event, settings);
  }
}

/** The reply, or phrase, that the state is about. */
function replyOf(state: TurnState): number | undefined {
  switch (state.phase) {
    case 'listening':
      return state.preemptive?.reply;
    case 'thinking':
    case 'greeting':
    case 'speaking':
    case 'closing':
      return state.reply;
    default:
      return undefined;
  }
}

/** When the machine wants its next `tick`; undefined if it waits for something else. */
export function nextDeadline(state: TurnState, settings: TurnSettings): Milliseconds | undefined {
  switch (state.phase) {
    case 'opening':
      return openingDeadline(state, settings);
    case 'over':
      return undefined;
    case 'closing':
      return state.by;
    case 'listening':
      return earliest(callDeadline(state), listeningDeadline(state, settings));
    case 'thinking':
      return earliest(callDeadline(state), state.fillerAt, state.giveUpAt, state.heldUntil);
    case 'greeting':
    case 'speaking':
      return earliest(callDeadline(state), overlapDeadline(state, settings));
    default:
      return callDeadline(state);
  }
}

/**
 * The reply that the caller's voice may stop now (the flush line is armed for it); undefined: none. A sound that never
 * ends, such as a television, may not stop it: the agent would never be heard.
 */
export function interruptible(
  state: TurnState,
  { greetingInterruptible }: Pick<TurnSettings, 'greetingInterruptible'>,
): number | undefined {
  if (state.phase !== 'greeting' && state.phase !== 'speaking') return undefined;
  if (state.phase === 'greeting' && !greetingInterruptible) return undefined;
  const { ear, overlap } = state;
  const isHeard = overlap?.is === 'paused' || overlap?.is === 'aside';
  return ear.is === 'cut' || isHeard ? undefined : state.reply;
}

/** What is being said waits until the caller's sound is judged. */
export function isPaused(state: TurnState): boolean {
  return (state.phase === 'greeting' || state.phase === 'speaking') && state.overlap?.is === 'paused';
}

function callDeadline(state: Common): Milliseconds | undefined {
  return earliest(state.callEndsAt, state.wanted?.by);
}

/** What ends a call in any phase when its time has come. */
function overdue(state: RunningState, at: Milliseconds, settings: TurnSettings): Step | undefined {
  if (state.phase === 'closing' || state.phase === 'opening') return undefined;
  if (state.wanted && isDue(state.wanted.by, at)) return close(state, state.wanted.ending, at, settings);
  if (!isDue(state.callEndsAt, at)) return undefined;
  return close(state, { reason: 'max-call', phrase: 'maxCall', way: 'hang-up' }, at, settings);
}

function finish(state: RunningState, event: EventOf<'finish'>, settings: TurnSettings): Step {
  if (event.now) return leave(state, event.ending);
  // A caller who talks with somebody else is left alone as long as possible.
  if (state.phase === 'closing' || state.phase === 'connected') return unchanged(state);
  if (state.phase === 'opening' || state.phase === 'held') return leave(state, event.ending);
  if (state.phase === 'listening' && state.ear.is === 'quiet' && !state.digits && !state.preemptive) {
    return close(state, event.ending, event.at, settings);
  }
  if (state.wanted) return unchanged(state);
  return unchanged({ ...state, wanted: { ending: event.ending, by: event.at + settings.politeMs } });
}

/** An operator's wish comes before whatever the agent is doing; it has no effect where the agent isn't talking with the caller. */
function operated(
  state: RunningState,
  event: EventOf<'operator-says' | 'put-through'>,
  settings: TurnSettings,
): Step {
  if (!['listening', 'thinking', 'greeting', 'speaking'].includes(state.phase)) return unchanged(state);
  const next =
    event.type === 'put-through'
      ? beginTransfer(state, event.transfer, event.at, settings)
      : say(state, { text: event.text }, state.turn);
  return after(stopping(state), next);
}

// ── opening and greeting ──────────────────────────────────────────────────────────────────────

function whenOpening(state: OpeningState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'speech-start':
      if (settings.hello) {
        // What is heard before they answer is tones and announcements.
        if (state.greetBy === undefined) return unchanged(state);
        return unchanged({ ...state, ear: talking(event), helloSince: state.helloSince ?? event.since });
      }
      // A caller who is already talking when they are answered is heard from where they began.
      return unchanged({ ...state, ear: talking(event) });
    case 'line-heard':
      return state.greetBy === undefined ? unchanged(state) : begin(state, event.at, settings);
    case 'tick':
      if (!isDue(openingDeadline(state, settings), event.at)) return unchanged(state);
      if (state.ear.is === 'talking' && settings.hello) {
        return leave(state, { reason: 'voicemail', way: 'hang-up' });
      }
      return begin(settings.hello ? { ...state, ear: { is: 'quiet' } } : state, event.at, settings);
    case 'answered': {
      const answered = { ...state, callEndsAt: event.at + settings.maxCallMs };
      if (state.announcement) return close(answered, state.announcement, event.at, settings);
      if (settings.hello) return unchanged({ ...answered, greetBy: event.at + settings.hello.waitMs });
      if (settings.firstPacketMs === 0) return begin(answered, event.at, settings);
      return unchanged({ ...answered, greetBy: event.at + settings.firstPacketMs });
    }
    default:
      return unchanged(state);
  }
}

/** When the greeting waits no longer; undefined: they haven't answered yet. */
function openingDeadline(
  { greetBy, ear, helloSince }: OpeningState,
  { hello }: TurnSettings,
): Milliseconds | undefined {
  if (!hello || ear.is === 'quiet') return greetBy;
  return ear.is === 'pausing' ? ear.lastAt + hello.pauseMs : (helloSince ?? ear.since) + hello.longestMs;
}

function begin(state: OpeningState, at: Milliseconds, settings: TurnSettings): Step {
  return state.held ? hold(state, at) : greet(state, settings);
}

function greet(state: Common, { firstWords }: Pick<TurnSettings, 'firstWords'>): Step {
  const { state: speaking, actions } = say(state, firstWords, state.turn);
  return { state: { ...speaking, phase: 'greeting' }, actions };
}

/** Somebody else has taken the caller's place: they have heard nothing yet, so they are greeted. */
function callerChanged(state: RunningState): Step {
  if (state.phase === 'held') return unchanged({ ...state, input: undefined, phrase: 'greeting' });
  if (!['listening', 'thinking', 'greeting', 'speaking'].includes(state.phase)) return unchanged(state);
  const newcomer: Common = { ...commonOf(state), ear: { is: 'quiet' }, voiceDbov: undefined, pauses: [] };
  return after(stopping(state), greet(newcomer, { firstWords: 'greeting' }));
}

// ── listening: the caller's turn ──────────────────────────────────────────────────────────────

/** When the caller goes on, speech further back than this isn't listened to again (a ring holds 5.12 s). */
const REACH_FRAMES = 4000 / FRAME_MS;

/** Gathers what the caller says until it is certain that they have finished. */
function whenListening(state: ListeningState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'speech-start':
    case 'barge-in':
      return state.ear.is === 'talking' ? unchanged(state) : goOn(state, event);
    case 'speech-stop':
      return pauses(state, event, settings);
    case 'speech-lasts':
      return lasts(state, event, settings);
    case 'level-rises':
      return rises(state, event, settings);
    case 'end-judged':
      return endJudged(state, event, settings);
    case 'partial': {
      const heard = { ...state, said: { ...state.said, partial: event.text, heardAt: event.at } };
      const prepared = state.findsTurns ? state.preemptive?.input.message.text : undefined;
      // More words: what was prepared answers half a question.
      return prepared === undefined || repeats(event.text, prepared) ? unchanged(heard) : takeBack(heard);
    }
    case 'transcript':
      return transcribed(state, event, settings);
    case 'turn-eager-end':
      return perhapsOver(state, event, settings);
    case 'turn-resume':
      // The recogniser isn't sure any more. As long as the detector hears nothing, what was prepared may still fit.
      return state.ear.is === 'pausing' ? unchanged(state) : takeBack(state);
    case 'turn-end':
      if (!state.findsTurns) return unchanged(state);
      if (state.digits) return unchanged({ ...state, said: withPiece(state.said, event.transcript) });
      return turnOver({ ...state, said: withPiece(state.said, event.transcript) }, event.at, settings);
    case 'recogniser': {
      // The new recogniser doesn't know of the end that the old one was about to find.
      const { preemptive, ear } = state;
      if (!preemptive || ear.is !== 'pausing') return unchanged(state);
      const by = Math.max(event.at, ear.lastAt + pauseOf(state, settings));
      return unchanged({ ...state, preemptive: { ...preemptive, by: Math.min(by, preemptive.by) } });
    }
    case 'stt-failed':
      return state.said.from ? misheard(state, event.at, settings) : unchanged(state);
    case 'reply-ended':
    case 'reply-failed':
      // What was prepared has failed: the model is asked again when the turn is certain.
      if (!state.preemptive) return unchanged(state);
      return unchanged({ ...state, preemptive: { ...state.preemptive, reply: undefined } });
    case 'dtmf':
      return digit(state, event, settings);
    case 'tick':
      return event.at >= listeningDeadline(state, settings)
        ? listeningTimeout(state, event.at, settings)
        : unchanged(state);
    default:
      return unchanged(state);
  }
}

/** The caller pauses, or has finished. */
function pauses(state: ListeningState, event: EventOf<'speech-stop'>, settings: TurnSettings): Step {
  const ear = stopped(state.ear, event);
  const { from } = state.said;
  if (!settings.judgesEnds || !from || ear.is !== 'pausing') return unchanged({ ...state, ear });
  const { frame } = event;
  const end = frame + Math.floor((event.at - event.lastAt) / FRAME_MS);
  return { state: { ...state, ear }, actions: [{ do: 'judge-end', begin: from.frame, end, frame }] };
}

/** What the end-of-turn model makes of the pause, if it is still that one. */
function endJudged(state: ListeningState, event: EventOf<'end-judged'>, settings: TurnSettings): Step {
  if (state.ear.is !== 'pausing' || state.ear.toFrame !== event.frame) return unchanged(state);
  const judged: ListeningState = { ...state, ear: { ...state.ear, finished: event.chance } };
  if (!state.preemptive || state.findsTurns) return unchanged(judged);
  const by = Math.max(event.at, certainAt(judged, state.ear, settings));
  return unchanged({ ...judged, preemptive: { ...state.preemptive, by } });
}

/** From the first loud frame to the detector's word that somebody talks: 60 ms, and in one of eight more than this (make bench-turns). */
const RISE_MS = 120;

/** The caller may be going on: nothing is said into their first word, if that is known in a moment. */
function rises(state: ListeningState, event: EventOf<'level-rises'>, settings: TurnSettings): Step {
  if (state.ear.is !== 'pausing' || state.findsTurns) return unchanged(state);
  const ear = { ...state.ear, risesUntil: event.since + RISE_MS };
  const next = { ...state, ear };
  if (!state.preemptive) return unchanged(next);
  const by = Math.max(state.preemptive.by, certainAt(next, ear, settings));
  return unchanged({ ...next, preemptive: { ...state.preemptive, by } });
}

/** When the caller's pause has lasted long enough, and it is known that no word begins just then. */
function certainAt(
  state: ListeningState,
  { lastAt, risesUntil = lastAt }: Extract<Ear, { is: 'pausing' }>,
  settings: TurnSettings,
): Milliseconds {
  const by = lastAt + pauseOf(state, settings);
  return risesUntil - RISE_MS <= by ? Math.max(by, risesUntil) : by;
}

/** When the caller's turn wants its next `tick`. */
function listeningDeadline(state: ListeningState, settings: TurnSettings): Milliseconds {
  const { digits, ear, said, preemptive } = state;
  if (digits) return expectsText(said) ? Math.max(digits.dueAt, textOverdueAt(said, settings)) : digits.dueAt;
  if (ear.is === 'talking') return (said.from?.since ?? ear.since) + settings.longestTurnMs;
  if (ear.is === 'quiet') return preemptive?.by ?? state.silenceAt;
  if (preemptive) return preemptive.by;
  const lastAt = ear.is === 'pausing' ? ear.lastAt : ear.since;
  if (expectsText(said)) {
    const certainAt = lastAt + pauseOf(state, settings);
    const overdueAt = textOverdueAt(said, settings);
    return said.fillers > 0
      ? overdueAt
      : Math.min(settings.fillers.firstAt({ lastAt, certainAt }), overdueAt);
  }
  if (state.findsTurns) {
    return lastAt + (said.pieces.length > 0 ? settings.endpointingMs : settings.turnTimeoutMs);
  }
  const pause = lastAt + pauseOf(state, settings);
  return settings.earlyStart ? Math.min(pause, lastAt + settings.eagerPauseMs) : pause;
}

/** When a recogniser that was asked is waited for no longer. */
function textOverdueAt(said: Said, settings: TurnSettings): Milliseconds {
  return Math.max(...said.pieces.flatMap(({ question }) => question?.at ?? [])) + settings.transcriptMs;
}

function listeningTimeout(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  if (state.digits) {
    const over = keysOver(state, state.digits, false, at, settings);
    return expectsText(state.said) ? after([unanswered(settings)], over) : over;
  }
  if (state.ear.is === 'talking') return cutShort(state, state.ear, at, settings);
  if (state.preemptive) return turnOver(state, at, settings);
  if (state.ear.is === 'quiet') return silence(state, at, settings);
  if (expectsText(state.said)) {
    if (at >= textOverdueAt(state.said, settings)) {
      return after([unanswered(settings)], misheard(state, at, settings));
    }
    const { fillers } = state.said;
    return filling({ ...state, said: { ...state.said, fillers: fillers + 1 } }, fillers, settings);
  }
  if (state.findsTurns && state.said.pieces.length > 0) return turnOver(state, at, settings);
  // A recogniser that finds turns has reported nothing for too long.
  return askForText(state, state.ear.is === 'cut' ? state.ear.frame : state.ear.toFrame, at);
}

function unanswered({ transcriptMs }: TurnSettings): TurnAction {
  return { do: 'unanswered', waitedMs: transcriptMs };
}

/** The caller talks, or goes on talking: what was prepared for the end of their turn is taken back. */
function goOn(state: ListeningState, start: Pick<EventOf<'speech-start'>, 'frame' | 'since'>): Step {
  const { frame, since } = start;
  // What they say now belongs to the keys that they have pressed.
  const said = state.digits ? withKeys(state.said, state.digits, false) : state.said;
  const pauses = said.from ? withPause(state, since) : state.pauses;
  // The level of each sound is measured anew.
  const level = state.level && {
    ...state.level,
    lasts: 0,
    meanDbov: 0,
    recentDbov: [],
    faintSince: undefined,
  };
  const keyed = { ...state, said, digits: undefined, level };
  const { state: free, actions } = takeBack({ ...keyed, pauses, ear: talking(start) });
  if (!said.from) {
    return {
      state: { ...free, said: { ...said, from: { frame, since } } },
      actions: [...actions, { do: 'begin-turn', frame }],
    };
  }
  // The recogniser wasn't told that the turn had ended: nothing has changed for it.
  if (said.pieces.length === 0) return { state: free, actions };
  const again = resume(keyed, start);
  const stop: TurnAction[] = said.fillers > 0 ? [{ do: 'stop-filler' }] : [];
  return { state: { ...free, said: again.said }, actions: [...actions, ...stop, ...again.actions] };
}

/**
 * A turn that had ended for the recogniser goes on. If all of it is still in the ring, it is listened to again as a
 * whole, because half sentences are understood worse; otherwise the text of the first half is kept.
 */
function resume(
  { said, findsTurns }: Pick<ListeningState, 'said' | 'findsTurns'>,
  { frame, since }: Pick<EventOf<'speech-start'>, 'frame' | 'since'>,
): { said: Said; actions: TurnAction[] } {
  const { from, pieces } = said;
  const settled = pieces.slice(0, said.settled ?? 0);
  const isSpoken = pieces.slice(settled.length).every(({ keys }) => !keys);
  if (from && isSpoken && !findsTurns && frame - from.frame <= REACH_FRAMES) {
    const again = { ...NOTHING_SAID, from, pieces: settled, settled: settled.length };
    return { said: again, actions: [{ do: 'begin-turn', frame: from.frame }] };
  }
  return {
    said: { ...said, from: { since, ...from, frame }, settled: pieces.length, partial: '', fillers: 0 },
    actions: [{ do: 'begin-turn', frame }],
  };
}

/** The recogniser thinks that the turn is over, and may take that back. */
function perhapsOver(state: ListeningState, event: EventOf<'turn-eager-end'>, settings: TurnSettings): Step {
  if (!settings.earlyStart || !state.findsTurns || state.digits) return unchanged(state);
  const input = inputOf(state, withPiece(state.said, event.transcript), event.at);
  const by = event.at + settings.turnTimeoutMs;
  // The same text is being prepared already.
  const { preemptive } = state;
  if (preemptive?.reply !== undefined && preemptive.input.message.text === input.message.text) {
    return unchanged({ ...state, preemptive: { ...preemptive, by } });
  }
  const free = takeBack(state);
  return after(free.actions, prepare(free.state, input, by));
}

/** The recogniser's answer to `end-turn`. */
function transcribed(state: ListeningState, event: EventOf<'transcript'>, settings: TurnSettings): Step {
  const { at } = event;
  if (!isExpected(state.said, event)) return unchanged(state);
  const next = { ...state, said: heardMore(state.said, event) };
  if (expectsText(next.said)) return unchanged(next);
  if (next.digits)
    return at < next.digits.dueAt ? unchanged(next) : keysOver(next, next.digits, false, at, settings);
  if (next.ear.is === 'cut') return turnOver(next, at, settings);
  if (next.ear.is !== 'pausing') return unchanged(next);
  const input = inputOf(next, next.said, at);
  const by = certainAt(next, next.ear, settings);
  if (at < by) return prepare(next, input, by);
  const marks = { ...input.marks, turnEnd: Math.max(by, input.marks.sttStart ?? by) };
  return turnOver({ ...next, preemptive: { input: { ...input, marks }, by } }, at, settings);
}

/** Keeps the text; if something was understood, a reply is prepared (preemptive generation). */
function prepare(state: ListeningState, input: CallerInput, by: Milliseconds): Step {
  const isNone = input.message.via === 'not-understood' || isBehind(state, by);
  if (isNone) return unchanged({ ...state, preemptive: { input, by } });
  const reply = state.lastId + 1;
  return {
    state: { ...state, lastId: reply, preemptive: { input, reply, by } },
    actions: [{ do: 'reply', reply, turn: state.turn + 1, input, gated: true }],
  };
}

/** Forgets what was being prepared. */
function takeBack(state: ListeningState): Step<ListeningState> {
  if (!state.preemptive) return { state, actions: [] };
  return { state: { ...state, preemptive: undefined }, actions: stopping(state, 'caller', true) };
}

function askForText(state: ListeningState, frame: number, at: Milliseconds): Step<ListeningState> {
  const { question, said } = asking(state, state.said, at);
  return { state: { ...state, lastId: question, said }, actions: [{ do: 'end-turn', ask: question, frame }] };
}

/** The recogniser is asked for the text of what was said until now. */
function asking({ lastId }: Common, said: Said, at: Milliseconds): { question: number; said: Said } {
  const question = lastId + 1;
  return { question, said: { ...said, pieces: [...said.pieces, { question: { ask: question, at } }] } };
}

/** The recogniser was asked that, and hasn't answered. */
function isExpected({ pieces }: Said, { ask }: EventOf<'transcript'>): boolean {
  return pieces.some((piece) => piece.question?.ask === ask && !piece.transcript);
}

/** What was said, with what the recogniser finds now. */
function heardMore(said: Said, event: WordsEvent): Said {
  if (event.type === 'partial') return { ...said, partial: event.text, heardAt: event.at };
  const { transcript } = event;
  if (event.type !== 'transcript') return withPiece(said, transcript);
  const pieces = said.pieces.map((piece) =>
    piece.question?.ask === event.ask ? { ...piece, transcript } : piece,
  );
  return { ...said, pieces };
}

/**
 * The caller doesn't stop talking, or there is a television that the detector takes for them: what was said until now
 * is answered, and what comes from now on is their next turn.
 */
function cutShort(
  state: ListeningState,
  { frame, since }: Extract<Ear, { is: 'talking' }>,
  at: Milliseconds,
  settings: TurnSettings,
): Step {
  const newest = frame + Math.floor((at - since) / FRAME_MS);
  if (state.preemptive)
    return turnOver({ ...state, ear: { is: 'cut', frame: newest, since: at } }, at, settings);
  return cutAt(state, newest, at);
}

function cutAt(state: ListeningState, frame: number, at: Milliseconds): Step {
  const cut: ListeningState = { ...state, ear: { is: 'cut', frame, since: at } };
  return expectsText(state.said) ? unchanged(cut) : askForText(cut, frame, at);
}

/** Voices behind a caller, or a television, are as much weaker than the caller, at least, … */
const BEHIND_DB = 6;
/** … and when nothing else was heard for so long, the caller has finished. */
const FADED_MS = 1200;
/** The frames that one `speech-lasts` is about. The caller's level is known after three of them: a first "Hello" is louder than the rest. */
const LASTS_FRAMES = 20;
const KNOWN_AFTER = 3;

/**
 * A caller stresses words, and breathes: over 6 s of their talk its level changes by 10 dB and more, that of several
 * voices at once, or of a television, by less than 5 (make bench-turns).
 */
const STEADY_LASTS = 15;
const STEADY_DB = 6;
/** What was so much louder before may have been the caller. */
const LOUDER_DB = 3;
/** Voices behind the caller that weren't heard for so long may be gone. */
const BEHIND_MS = 20_000;

/** How loud the sound goes on: is it the caller's? */
function lasts(state: ListeningState, event: EventOf<'speech-lasts'>, settings: TurnSettings): Step {
  const { nowDbov, frame, since } = event;
  if (nowDbov === undefined || frame === undefined || since === undefined) return unchanged(state);
  if (state.findsTurns) return unchanged(state);
  const began = { frame: frame - LASTS_FRAMES, since: since - LASTS_FRAMES * FRAME_MS };
  if (state.ear.is === 'quiet' && state.behind && nowDbov >= state.behind.dbov + BEHIND_DB)
    return goOn(state, began);
  if (state.ear.is !== 'talking') return unchanged(state);
  const { lasts = 0, highestDbov, recentDbov = [], peakDbov = nowDbov, faintSince } = state.level ?? {};
  const meanDbov = ((state.level?.meanDbov ?? 0) * lasts + nowDbov) / (lasts + 1);
  const heard: ListeningState = {
    ...state,
    level: {
      lasts: lasts + 1,
      meanDbov,
      highestDbov: lasts + 1 < KNOWN_AFTER ? highestDbov : Math.max(meanDbov, highestDbov ?? meanDbov),
      recentDbov: [...recentDbov, nowDbov].slice(-STEADY_LASTS),
      peakDbov: Math.max(peakDbov, nowDbov),
      faintSince,
    },
  };
  return neverPauses(heard, frame, event.at, settings) ?? fades(heard, nowDbov, began, event.at);
}

/** Nobody talks like that: only what was louder before it is a turn. Undefined: that isn't known. */
function neverPauses(
  state: ListeningState,
  frame: number,
  at: Milliseconds,
  settings: TurnSettings,
): Step | undefined {
  const { recentDbov = [], peakDbov = 0 } = state.level ?? {};
  if (recentDbov.length < STEADY_LASTS) return undefined;
  const highest = Math.max(...recentDbov);
  if (highest - Math.min(...recentDbov) > STEADY_DB) return undefined;
  const dbov = recentDbov.reduce((sum, one) => sum + one, 0) / recentDbov.length;
  const known = { ...state, behind: { dbov, at } };
  if (peakDbov <= highest + LOUDER_DB) return forget(known, at, settings);
  return cutAt(known, frame - STEADY_LASTS * LASTS_FRAMES, at);
}

/** All of the turn was no louder than the voices behind the caller. */
function isBehind({ behind, level, ear }: ListeningState, at: Milliseconds): boolean {
  if (!behind || at - behind.at > BEHIND_MS) return false;
  const lastDbov = ear.is === 'pausing' ? ear.traits?.dbov : undefined;
  const levels = [level?.peakDbov, lastDbov].filter((dbov) => dbov !== undefined);
  return levels.length > 0 && Math.max(...levels) < behind.dbov + BEHIND_DB;
}

/** The detector still hears voices, but they aren't the caller's any more. */
function fades(
  state: ListeningState,
  nowDbov: number,
  began: { readonly frame: number; readonly since: Milliseconds },
  at: Milliseconds,
): Step {
  const { level } = state;
  if (level?.highestDbov === undefined) return unchanged(state);
  if (nowDbov > level.highestDbov - BEHIND_DB)
    return unchanged({ ...state, level: { ...level, faintSince: undefined } });
  const first = level.faintSince ?? { frame: began.frame, at: began.since };
  const fainting = { ...state, level: { ...level, faintSince: first } };
  const lastsMs = began.since + LASTS_FRAMES * FRAME_MS - first.at;
  return lastsMs < FADED_MS ? unchanged(fainting) : cutAt(fainting, first.frame, at);
}

/** The recogniser has failed in the middle of a turn, which another one may hear; else the caller is asked. */
function misheard(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  const { from } = state.said;
  if (from && state.ear.is === 'talking' && !isTooMany(state.failures + 1, settings)) {
    // They are still talking: the next recogniser can catch up from the beginning of the turn.
    const { state: free, actions } = takeBack(state);
    return {
      state: { ...free, said: { ...NOTHING_SAID, from }, failures: state.failures + 1 },
      actions: [...actions, { do: 'begin-turn', frame: from.frame }],
    };
  }
  const ear: Ear = state.ear.is === 'cut' ? state.ear : { is: 'quiet' };
  return after(stopping(state), replyFailed({ ...state, ear }, undefined, at, settings));
}

function silence(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  if (state.wanted) return close(state, state.wanted.ending, at, settings);
  const phrase = settings.prompts.next(state.prompts).say;
  return phrase === 'stillThere'
    ? say({ ...state, prompts: state.prompts + 1 }, phrase, state.turn)
    : close(state, { reason: 'caller-silent', phrase, way: 'hang-up' }, at, settings);
}

/**
 * Keys are a turn of the caller's, or a part of one: they are gathered until the caller pauses, or presses #. A menu's
 * key is answered sooner. The recogniser is asked for what they said before.
 */
function digit(state: ListeningState, event: EventOf<'dtmf'>, settings: TurnSettings): Step {
  const { at } = event;
  if (event.digit === '#' && !state.digits && state.preemptive) return turnOver(state, at, settings);
  const free = takeBack(state);
  const unasked = unaskedUntil(state, at);
  const asked = unasked === undefined ? undefined : askForText(free.state, unasked, at);
  const heard = asked?.state ?? free.state;
  const actions = [...free.actions, ...(asked?.actions ?? [])];
  const before = state.digits?.text ?? '';
  const since = state.digits?.since ?? at;
  if (event.digit === '#' && (before !== '' || heard.said.pieces.length > 0)) {
    const row = { text: before, since, lastAt: at, dueAt: at };
    if (!expectsText(heard.said)) return after(actions, keysOver(heard, row, true, at, settings));
    return { state: { ...heard, prompts: 0, digits: row }, actions };
  }
  const chosen = before === '' && settings.menuKeys.includes(event.digit);
  const dueAt = at + (chosen ? settings.menuKeyMs : settings.interDigitMs);
  const digits = { text: before + event.digit, since, lastAt: at, dueAt };
  return { state: { ...heard, prompts: 0, digits }, actions };
}

/**
 * The caller says something, or has just said it, and the recogniser wasn't asked about it: the last frame of it.
 * Undefined: there is no such thing.
 */
function unaskedUntil({ said, ear }: ListeningState, at: Milliseconds): number | undefined {
  if (!said.from || ear.is === 'quiet' || ear.is === 'cut') return undefined;
  if (said.pieces.some(({ question }) => question && question.at >= ear.since)) return undefined;
  return ear.is === 'pausing' ? ear.toFrame : ear.frame + Math.floor((at - ear.since) / FRAME_MS);
}

/** A row of keys has ended, and with it the turn. */
function keysOver(
  state: ListeningState,
  digits: Digits,
  isWhole: boolean,
  at: Milliseconds,
  settings: TurnSettings,
): Step {
  const isChosen = digits.text.length === 1 && settings.menuKeys.includes(digits.text);
  const keyed = { ...state, digits, said: withKeys(state.said, digits, isWhole || isChosen) };
  return think(keyed, { ...inputOf(keyed, keyed.said, at), marks: {} }, at, settings);
}

/** The turn as it stands at `at`, as the agent is told of it. */
function inputOf(state: ListeningState, said: Said, at: Milliseconds): CallerInput {
  const text = heardText(said);
  const sttStart = said.pieces.at(-1)?.question?.at;
  const marks = {
    ...(state.ear.is === 'pausing' ? { speechEnd: state.ear.lastAt } : {}),
    ...(sttStart === undefined ? {} : { sttStart }),
    sttFinal: at,
  };
  const since = earliest(said.from?.since, said.pieces[0]?.keys?.since);
  if (text !== '' && isKeyed(said))
    return { message: { role: 'caller', text, via: 'dtmf' }, since, marks: {} };
  if (text !== '') {
    return { message: { role: 'caller', text, via: 'speech' }, places: heardPlaces(said), since, marks };
  }
  const guess = said.pieces
    .map((piece) => piece.transcript?.text ?? '')
    .join(' ')
    .trim();
  return { message: { role: 'caller', text: '', via: 'not-understood' }, guess, since, marks };
}

/** As much of an unfinished turn as there are words for; undefined: none. */
function knownInput(state: ListeningState, at: Milliseconds): CallerInput | undefined {
  const { digits, preemptive } = state;
  const said = digits ? withKeys(state.said, digits, false) : state.said;
  const input = preemptive?.input ?? inputOf(state, said, at);
  if (input.message.text !== '') return input;
  // The guess of a recogniser with a grammar isn't worth much before the end.
  const text = state.findsTurns ? said.partial.trim() : '';
  return text === '' ? undefined : { ...input, message: { role: 'caller', text, via: 'speech' } };
}

// ── from listening to thinking: the turn is certain ───────────────────────────────────────────

/** The caller has finished. */
function turnOver(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  const { preemptive } = state;
  const spoke = state.findsTurns && state.said.pieces.length > 0;
  const final = (spoke ? undefined : preemptive?.input) ?? inputOf(state, state.said, at);
  if (isBehind(state, at)) {
    const behind = state.behind && { ...state.behind, at };
    return forget({ ...state, behind }, at, settings);
  }
  if (isNoise(state, final, settings)) return forget(state, at, settings);
  if (preemptive?.reply !== undefined && preemptive.input.message.text === final.message.text) {
    // Only the detector knows when the voice stopped, and the recogniser may have been quicker.
    const stoppedAt = state.ear.is === 'pausing' ? { speechEnd: state.ear.lastAt } : {};
    const input: CallerInput = {
      ...preemptive.input,
      marks: { ...stoppedAt, ...preemptive.input.marks, turnEnd: at },
    };
    return {
      state: thinking(state, preemptive.reply, input, at, settings),
      actions: [{ do: 'release', reply: preemptive.reply, input }],
    };
  }
  const free = takeBack(state);
  return after(free.actions, think(free.state, final, at, settings));
}

/** A cough, a slammed door: something short, or without a pitch, in which the recogniser finds no words. */
function isNoise(state: ListeningState, input: CallerInput, settings: TurnSettings): boolean {
  if (input.message.via !== 'not-understood' || (input.guess ?? '') !== '') return false;
  const { ear, said } = state;
  if (ear.is === 'cut') return false;
  if (ear.is !== 'pausing') return true;
  if ((ear.traits?.pitched ?? 1) < SPEECH_PITCHED) return true;
  return ear.lastAt - (said.from?.since ?? ear.since) < settings.noiseMs;
}

function forget(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  const free = takeBack(state);
  const silenceAt = Math.max(state.silenceAt, at + settings.prompts.next(state.prompts).afterMs / 2);
  const nothing = { ear: { is: 'quiet' }, said: NOTHING_SAID, level: undefined } as const;
  return { ...free, state: { ...free.state, ...nothing, silenceAt } };
}

/** The caller has finished, and nothing was prepared for it. */
function think(state: ListeningState, input: TurnInput, at: Milliseconds, settings: TurnSettings): Step {
  const reply = state.lastId + 1;
  const sure: TurnInput = { ...input, marks: { ...input.marks, turnEnd: input.marks.turnEnd ?? at } };
  return {
    state: thinking({ ...state, lastId: reply }, reply, sure, at, settings),
    actions: [{ do: 'reply', reply, turn: state.turn + 1, input: sure, gated: false }],
  };
}

function thinking(
  state: ListeningState,
  reply: number,
  input: TurnInput,
  at: Milliseconds,
  settings: TurnSettings,
): ThinkingState {
  const { fillers } = state.said;
  const wait: Wait = { lastAt: lastSaidAt(state, input, at), certainAt: at };
  const next = at + settings.fillers.next(fillers).afterMs;
  return {
    ...commonOf(state),
    ear: state.ear.is === 'pausing' ? { is: 'quiet' } : state.ear,
    prompts: 0,
    answered: input.message.role === 'caller' ? input.message.text : undefined,
    voiceDbov: loudnessOf(state),
    phase: 'thinking',
    reply,
    input,
    said: state.said,
    committed: false,
    wait,
    fillerAt: fillers > 0 ? next : settings.fillers.firstAt(wait),
    fillers,
    giveUpAt: at + settings.giveUpMs,
  };
}

/** How fast a caller's loudness is followed, from turn to turn. */
const VOICE_FOLLOWS = 0.3;

function loudnessOf({ ear, voiceDbov }: ListeningState): number | undefined {
  const dbov = ear.is === 'pausing' ? ear.traits?.dbov : undefined;
  if (dbov === undefined || voiceDbov === undefined) return dbov ?? voiceDbov;
  return voiceDbov + VOICE_FOLLOWS * (dbov - voiceDbov);
}

/** When the caller last said something, or pressed a key, as far as anybody knows. */
function lastSaidAt(
  { said, digits }: ListeningState,
  { marks, message }: TurnInput,
  at: Milliseconds,
): Milliseconds {
  if (message.role !== 'caller') return at;
  if (digits || message.via === 'dtmf') return digits?.lastAt ?? at;
  return marks.speechEnd ?? said.heardAt ?? at;
}

// ── thinking: nothing is audible yet ──────────────────────────────────────────────────────────

function whenThinking(state: ThinkingState, event: TurnEvent, settings: TurnSettings): Step {
  const { at } = event;
  const answered = { ...state, turn: state.turn + 1 };
  switch (event.type) {
    case 'speech-start':
    case 'barge-in':
      return talkedInto(state, event, settings);
    case 'level-rises':
      return heldBack(state, event);
    case 'turn-end':
      return correct(state, event, settings);
    case 'reply-committed':
      return unchanged({ ...state, committed: true, giveUpAt: undefined });
    case 'reply-resumed':
      return unchanged({ ...state, giveUpAt: at + settings.giveUpMs });
    case 'reply-near': {
      if (state.fillers > 0) return unchanged(state);
      const wait = { ...state.wait, nearAt: at };
      return unchanged({ ...state, wait, fillerAt: settings.fillers.firstAt(wait) });
    }
    case 'reply-audible':
      return unchanged({ ...commonOf(answered), phase: 'speaking', what: 'reply', reply: state.reply });
    case 'reply-ended':
      if (event.ending?.way === 'transfer') return beginTransfer(answered, event.ending, at, settings);
      if (event.ending) {
        // Not a word before it: nobody is left without one.
        const phrase = event.ending.way === 'proceed' ? 'oneMoment' : 'goodbye';
        return lastWords(answered, { phrase, ...event.ending }, at, settings);
      }
      return replyFailed(answered, state.input, at, settings); // an empty reply is no reply
    case 'reply-failed':
      return replyFailed(answered, state.input, at, settings);
    case 'dtmf': {
      // The # says that this was all, which is what we assumed.
      if (event.digit === '#' && !state.committed) return unchanged(state);
      const listening = listen({ ...state, ear: { is: 'quiet' } }, at, settings);
      return after(
        stopping(state, 'caller', true),
        digit({ ...listening, ...rowOf(state, at) }, event, settings),
      );
    }
    case 'tick': {
      if (isDue(state.giveUpAt, at)) {
        return after(stopping(state), replyFailed(answered, state.input, at, settings));
      }
      if (isDue(state.heldUntil, at))
        return {
          state: { ...state, heldUntil: undefined },
          actions: [{ do: 'let-begin', reply: state.reply }],
        };
      if (at < state.fillerAt) return unchanged(state);
      const fillers = state.fillers + 1;
      const fillerAt = at + settings.fillers.next(fillers).afterMs;
      return filling({ ...state, fillers, fillerAt }, state.fillers, settings);
    }
    default:
      return unchanged(state);
  }
}

/** The caller may be going on before the reply is heard: it doesn't begin before that is known. */
function heldBack(state: ThinkingState, event: EventOf<'level-rises'>): Step {
  if (state.committed || state.heldUntil !== undefined || !canGoOn(state)) return unchanged(state);
  const heldUntil = event.since + RISE_MS;
  return { state: { ...state, heldUntil }, actions: [{ do: 'hold-back', reply: state.reply }] };
}

/** What the caller says now may belong to the turn that is being answered. */
function canGoOn({ said, input }: ThinkingState): boolean {
  const { keys } = lastKeys(said);
  // If only the recogniser noticed the turn, there is nothing to listen to again.
  return input.message.role === 'caller' && (keys ? !keys.whole : said.from !== undefined);
}

/** The caller goes on before the reply is heard: their turn isn't over, and the reply is forgotten. */
function talkedInto(
  state: ThinkingState,
  event: EventOf<'speech-start' | 'barge-in'>,
  settings: TurnSettings,
): Step {
  const ear = talking(event);
  if (state.committed || !canGoOn(state)) return unchanged({ ...state, ear });
  const again = resume(state, event);
  const listening = listen(state, event.at, settings);
  return {
    state: { ...listening, ear, said: again.said },
    actions: [...stopping(state, 'caller', true), ...again.actions],
  };
}

/** The row of keys that was taken for a whole turn too soon: more keys belong to it. */
function rowOf(
  { committed, said, input }: ThinkingState,
  at: Milliseconds,
): Pick<ListeningState, 'said' | 'digits'> {
  if (committed || input.message.role !== 'caller') return { said: NOTHING_SAID };
  const { said: before, keys } = lastKeys(said);
  const digits = keys && { text: keys.text, since: keys.since, lastAt: at, dueAt: at };
  return { said: { ...before, fillers: 0 }, digits };
}

/** The recogniser's late word on the turn that is being answered. */
function correct(state: ThinkingState, event: EventOf<'turn-end'>, settings: TurnSettings): Step {
  const { transcript } = event;
  if (!state.findsTurns || !transcript.understood || state.committed) return unchanged(state);
  if (repeats(transcript.text, state.answered)) return unchanged(state);
  const listening = { ...listen(state, event.at, settings), said: withPiece(NOTHING_SAID, transcript) };
  return after(stopping(state, 'caller', true), turnOver(listening, event.at, settings));
}

// ── speaking: the agent is heard, and the caller may interrupt ────────────────────────────────

function whenSpeaking(state: SpeakingState, event: TurnEvent, settings: TurnSettings): Step {
  const { at } = event;
  switch (event.type) {
    case 'speech-start':
      return soundBegins(state, event, settings);
    case 'speech-stop':
      return soundEnds(state, event, settings);
    case 'barge-in':
      return soundLasts(state, event, settings);
    case 'speech-lasts':
      return state.overlap?.is === 'aside'
        ? unchanged(mayRaise(state, event.dbov))
        : soundKnown(state, event, at, settings);
    case 'partial':
    case 'turn-eager-end':
    case 'turn-end':
    case 'transcript':
      return wordsCome(state, event, settings);
    case 'tick':
      return isDue(overlapDeadline(state, settings), at)
        ? waitedEnough(state, at, settings)
        : unchanged(state);
    case 'reply-ended':
      if (event.ending?.way === 'transfer') return beginTransfer(state, event.ending, at, settings);
      if (event.ending) return lastWords(state, event.ending, at, settings);
      return spoken({ ...state, failures: state.what === 'reply' ? 0 : state.failures }, at, settings);
    case 'reply-failed':
      // A phrase that can't be spoken isn't followed by another one; a tone keeps it from being silence.
      return state.what === 'phrase'
        ? withTone(spoken(state, at, settings))
        : replyFailed(state, undefined, at, settings);
    case 'dtmf': {
      const listening = listen({ ...state, ear: { is: 'quiet' } }, at, settings);
      return after(stopping(state, 'caller'), digit(listening, event, settings));
    }
    default:
      return unchanged(state);
  }
}

function soundBegins(state: SpeakingState, event: EventOf<'speech-start'>, settings: TurnSettings): Step {
  const { ear } = state;
  // Words with a short breath between them are one attempt to say something.
  const goesOn = ear.is === 'pausing' && event.since - ear.lastAt < settings.endpointingMs;
  const overlap = state.overlap?.is === 'aside' && !goesOn ? undefined : state.overlap;
  const next = { ...state, overlap, ear: talking(goesOn ? ear : event) };
  // The recogniser was told that the sound had ended, but it goes on.
  if (!overlap || overlap.is === 'resumed' || !overlap.said.from || overlap.said.pieces.length === 0)
    return unchanged(next);
  const { said, actions } = resume({ ...state, said: overlap.said }, event);
  return { state: { ...next, overlap: { ...overlap, said } }, actions };
}

function soundEnds(state: SpeakingState, event: EventOf<'speech-stop'>, settings: TurnSettings): Step {
  // What was answered while it went on is over: no later sound is a part of it.
  if (state.ear.is === 'cut') return unchanged({ ...state, ear: { is: 'quiet' } });
  const judged = soundKnown(
    { ...state, ear: stopped(state.ear, event) },
    { dbov: event.traits?.dbov },
    event.at,
    settings,
  );
  const { overlap } = judged.state;
  if (!overlap || overlap.is === 'resumed' || state.findsTurns) return judged;
  const { question, said } = asking(state, overlap.said, event.at);
  return {
    state: { ...judged.state, lastId: question, overlap: { ...overlap, said } },
    actions: [...judged.actions, { do: 'end-turn', ask: question, frame: event.frame }],
  };
}

/** How it sounds is known, though not its words: if it isn't meant for the agent, the agent waits no longer. */
function soundKnown(
  state: SpeakingState,
  { dbov, laughs }: { readonly dbov?: number | undefined; readonly laughs?: true | undefined },
  at: Milliseconds,
  settings: TurnSettings,
): Step<SpeakingState> {
  const { overlap } = state;
  if (overlap?.is !== 'paused') return { state, actions: [] };
  const sound = { ...soundOf(state, knownText(overlap.said), at), laughs, weakerDb: weakerBy(state, dbov) };
  if (settings.interruption.judge(sound) !== 'listens') return { state, actions: [] };
  return {
    state: { ...state, overlap: { is: 'aside', said: overlap.said, laughs }, asideDbov: dbov },
    actions: goingOn(state, sound, 'sound', at),
  };
}

/** The sound is long enough to be meant for the agent, who pauses until that is known, or stops. */
function soundLasts(state: SpeakingState, event: EventOf<'barge-in'>, settings: TurnSettings): Step {
  if (state.phase === 'greeting' && !settings.greetingInterruptible) return unchanged(state);
  if (state.overlap?.is === 'paused' || state.overlap?.is === 'aside') return unchanged(state);
  const { frame, since } = state.ear.is === 'talking' ? state.ear : event;
  if (settings.interruption.atOnce === 'stop') {
    const listening = listen({ ...state, ear: { is: 'quiet' } }, event.at, settings);
    return after(stopping(state, 'caller'), goOn(listening, { frame, since }));
  }
  const said = { ...NOTHING_SAID, from: { frame, since } };
  const ear = state.ear.is === 'quiet' ? talking({ frame, since }) : state.ear;
  return {
    state: { ...state, ear, overlap: { is: 'paused', at: event.at, said } },
    actions: [
      { do: 'pause', reply: state.reply },
      { do: 'begin-turn', frame },
    ],
  };
}

/** What is known of it at `at`. */
function soundOf(state: SpeakingState, words: string, at: Milliseconds): CallerSound {
  const { ear } = state;
  const traits = ear.is === 'pausing' ? ear.traits : undefined;
  return {
    words,
    final: false,
    lastsMs: lengthOf(state, at),
    isOver: ear.is === 'pausing',
    pitched: traits?.pitched,
    laughs: state.overlap?.is === 'aside' ? state.overlap.laughs : undefined,
    weakerDb: weakerBy(state, traits?.dbov),
    into: state.phase === 'greeting' ? 'greeting' : state.what,
  };
}

/** A caller who wasn't listened to and raises their voice by this much … */
const RAISES_DB = 6;
/** … counts as so much louder. */
const RAISED_DB = 3;

/** By how much a sound is weaker than the caller when they talk to the agent, dB. */
function weakerBy(
  { voiceDbov, asideDbov, overlap }: SpeakingState,
  dbov: number | undefined,
): number | undefined {
  // As long as it goes on, one louder word makes no other sound of it.
  const level = overlap?.is === 'aside' ? (asideDbov ?? dbov) : dbov;
  if (voiceDbov === undefined || level === undefined) return undefined;
  const raisedDb = asideDbov !== undefined && level >= asideDbov + RAISES_DB ? RAISED_DB : 0;
  return voiceDbov - level - raisedDb;
}

/** Who raises their voice in what was taken for talk to somebody else is listened to anew: the agent may pause for them. */
function mayRaise(state: SpeakingState, dbov: number): SpeakingState {
  const { asideDbov } = state;
  if (asideDbov === undefined || dbov < asideDbov + RAISES_DB) return state;
  return { ...state, overlap: undefined };
}

type WordsEvent = EventOf<'partial' | 'turn-eager-end' | 'turn-end' | 'transcript'>;

/**
 * The recogniser finds words of the caller's while the agent speaks: of a sound that the detector has heard, or, if it
 * finds turns by itself, also of one that the detector hasn't.
 */
function wordsCome(state: SpeakingState, event: WordsEvent, settings: TurnSettings): Step {
  const { overlap, ear } = state;
  const isOwn = event.type !== 'transcript';
  if (ear.is === 'cut' || (isOwn && !state.findsTurns)) return unchanged(state);
  if (state.phase === 'greeting' && !settings.greetingInterruptible) return unchanged(state);
  const before = overlap?.said ?? { ...NOTHING_SAID, from: startOf(ear) };
  if (!isOwn && !isExpected(before, event)) return unchanged(state);
  const said = heardMore(before, event);
  const words = event.type === 'partial' ? event.text : heardText(said);
  const final = event.type === 'turn-end' || event.type === 'transcript';
  const confidence = final ? event.transcript.confidence : undefined;
  const sound: CallerSound = { ...soundOf(state, words, event.at), final, confidence };
  // A recogniser that reports unasked may repeat what was answered already.
  const isOld = isOwn && repeats(words, state.answered);
  const judgement = isOld ? 'listens' : settings.interruption.judge(sound);
  if (judgement === 'interrupts') {
    const listening = { ...listen(state, event.at, settings), said: before };
    const actions = [
      ...judged(state, 'interruption', sound, 'words', event.at),
      ...stopping(state, 'caller'),
    ];
    return after(actions, whenListening(listening, event, settings));
  }
  if (!overlap) return unchanged(state);
  // They are still talking: it isn't over.
  if (judgement === 'unclear' || (overlap.is === 'aside' && ear.is === 'talking')) {
    return unchanged({ ...state, overlap: { ...overlap, said } });
  }
  // Who talks to somebody else goes on with that.
  if (overlap.is === 'aside' && (sound.weakerDb ?? 0) >= ASIDE_DB) {
    return unchanged({ ...state, overlap: { ...overlap, said } });
  }
  // What follows a short pause belongs to the same sound: the recogniser then hears all of it.
  const next: Ear = ear.is === 'pausing' && words !== '' ? { is: 'quiet' } : ear;
  return {
    state: { ...state, ear: next, overlap: undefined },
    actions: goingOn(state, sound, words === '' ? 'no-words' : 'words', event.at),
  };
}

/** When a paused agent waits no longer, or talk to somebody else is over; undefined: neither is. */
function overlapDeadline(
  { overlap, ear }: SpeakingState,
  { interruption, endpointingMs }: TurnSettings,
): Milliseconds | undefined {
  if (overlap?.is === 'aside' && ear.is === 'pausing') return ear.lastAt + endpointingMs;
  if (overlap?.is !== 'paused' || ear.is === 'quiet') return undefined;
  if (ear.is === 'pausing') return ear.lastAt + interruption.waitsMs(ear.lastAt - ear.since);
  return ear.since + interruption.longestMs;
}

/** The words of a sound haven't come in time, or are uncertain and nothing follows: if it may be a sentence, or doesn't end, it stops the agent. */
function waitedEnough(state: SpeakingState, at: Milliseconds, settings: TurnSettings): Step {
  const { overlap, ear } = state;
  if (!overlap) return unchanged(state);
  if (overlap.is === 'aside') {
    return expectsText(overlap.said)
      ? unchanged({ ...state, overlap: { is: 'resumed', said: overlap.said } })
      : unchanged({ ...state, ear: { is: 'quiet' }, overlap: undefined });
  }
  const { transcript } = overlap.said.pieces.at(-1) ?? {};
  const known = { ...soundOf(state, knownText(overlap.said), at), confidence: transcript?.confidence };
  const sound: CallerSound = { ...known, final: true, waited: true };
  if (ear.is === 'pausing' && settings.interruption.judge(sound) !== 'interrupts') {
    return {
      state: transcript
        ? { ...state, ear: { is: 'quiet' }, overlap: undefined }
        : { ...state, overlap: { is: 'resumed', said: overlap.said } },
      actions: goingOn(state, sound, transcript ? 'words' : 'time', at),
    };
  }
  const actions = [...judged(state, 'interruption', sound, 'length', at), ...stopping(state, 'caller')];
  return { state: { ...listen(state, at, settings), said: overlap.said }, actions };
}

/** As far as is known, the sound doesn't stop the agent. */
function goingOn(
  state: SpeakingState,
  sound: Pick<CallerSound, 'words' | 'lastsMs'>,
  by: JudgedSound['by'],
  at: Milliseconds,
): TurnAction[] {
  const goOn: TurnAction[] = state.overlap?.is === 'paused' ? [{ do: 'resume', reply: state.reply }] : [];
  return [...goOn, ...judged(state, 'no-interruption', sound, by, at)];
}

/** Tells what became of a sound for which the agent had paused. */
function judged(
  { overlap, turn }: SpeakingState,
  judgement: JudgedSound['judgement'],
  { words, lastsMs = 0 }: Pick<CallerSound, 'words' | 'lastsMs'>,
  by: JudgedSound['by'],
  at: Milliseconds,
): TurnAction[] {
  // If the agent has gone on already, the sound is reported again only if it stops the agent after all.
  if (!overlap || (overlap.is !== 'paused' && judgement === 'no-interruption')) return [];
  const pausedMs = overlap.is === 'paused' ? at - overlap.at : 0;
  return [{ do: 'judged', sound: { turn, judgement, by, words, soundMs: lastsMs, pausedMs } }];
}

/** How long the caller's sound lasts, or did; undefined: the detector hears none. */
function lengthOf({ ear }: SpeakingState, at: Milliseconds): Milliseconds | undefined {
  if (ear.is === 'quiet') return undefined;
  return (ear.is === 'pausing' ? ear.lastAt : at) - ear.since;
}

/** The agent has said everything: it is the caller's turn, and they may be talking already. */
function spoken(state: SpeakingState, at: Milliseconds, settings: TurnSettings): Step {
  if (state.wanted) return lastWords(state, state.wanted.ending, at, settings);
  const { ear } = state;
  const listening = listen(state, at, settings);
  // What was said to somebody else is over.
  if (state.overlap?.is === 'aside' && ear.is === 'pausing' && !expectsText(state.overlap.said)) {
    return unchanged({ ...listening, ear: { is: 'quiet' } });
  }
  // It doesn't matter any more whether the sound was meant for the agent.
  if (state.overlap && ear.is !== 'quiet') return unchanged({ ...listening, said: state.overlap.said });
  // A sound that ended long ago was a listener's "mhm".
  if (ear.is === 'quiet' || (ear.is === 'pausing' && at - ear.lastAt >= settings.endpointingMs)) {
    return unchanged({ ...listening, ear: { is: 'quiet' } });
  }
  return {
    state: {
      ...listening,
      ear: ear.is === 'cut' ? { ...ear, is: 'talking' } : ear,
      said: { ...NOTHING_SAID, from: startOf(ear) },
    },
    actions: [{ do: 'begin-turn', frame: ear.frame }],
  };
}

function startOf(ear: Ear): Said['from'] {
  return ear.is === 'quiet' ? undefined : { frame: ear.frame, since: ear.since };
}

/** A reply has failed: never silence. `input`: what it was to answer, if the caller has heard nothing of it. */
function replyFailed(
  state: Common,
  input: TurnInput | undefined,
  at: Milliseconds,
  settings: TurnSettings,
): Step {
  const failures = state.failures + 1;
  if (isTooMany(failures, settings)) {
    return lastWords({ ...state, failures }, failedEnding('failed', settings, 'apology'), at, settings);
  }
  // How a transfer ended is told even if the model fails.
  const phrase = input?.message.role === 'tool' ? 'notReached' : 'sayAgain';
  return say({ ...state, failures }, phrase, state.turn);
}

function isTooMany(failures: number, { failureLimit }: TurnSettings): boolean {
  return failureLimit !== undefined && failures >= failureLimit;
}

// ── held: music is heard, and nobody hears us ─────────────────────────────────────────────────

function hold(state: TurnState, at: Milliseconds): Step {
  const held: HeldState = {
    ...commonOf(state),
    ear: { is: 'quiet' },
    phase: 'held',
    input: askedBefore(state, at),
    phrase: cutOff(state),
  };
  return { state: held, actions: stopping(state, 'call', true) };
}

/** What the caller had said, and nobody has answered. */
function askedBefore(state: TurnState, at: Milliseconds): TurnInput | undefined {
  if (state.phase === 'listening') return knownInput(state, at);
  return state.phase === 'thinking' && !state.committed ? state.input : undefined;
}

/** What is said after the hold, because the caller missed words. */
function cutOff(state: TurnState): PhraseName | undefined {
  if (state.phase === 'opening' || state.phase === 'greeting') return 'greeting';
  return state.phase === 'speaking' || state.phase === 'thinking' ? 'welcomeBack' : undefined;
}

function whenHeld(state: HeldState, event: TurnEvent, settings: TurnSettings): Step {
  if (event.type !== 'unhold') return unchanged(state);
  if (state.wanted) return close(state, state.wanted.ending, event.at, settings);
  const listening = listen(state, event.at, settings);
  // The time that they were on hold isn't part of the answer's latency.
  if (state.input) return think(listening, { ...state.input, marks: {} }, event.at, settings);
  if (state.phrase === 'greeting') return greet(state, settings);
  return state.phrase === undefined ? unchanged(listening) : say(state, state.phrase, state.turn);
}

// ── transferring and connected: somebody else's telephone ─────────────────────────────────────

/** A caller who hears it ring comes back by this key. */
const BACK_KEY = '*';

/** The words before it are out: somebody else is called. */
function beginTransfer(state: Common, transfer: Transfer, at: Milliseconds, settings: TurnSettings): Step {
  // An ending that is wanted from outside comes first.
  if (state.wanted) return lastWords(state, state.wanted.ending, at, settings);
  return {
    state: { ...commonOf(state), failures: 0, prompts: 0, phase: 'transferring', transfer, held: false },
    actions: [{ do: 'transfer', transfer }],
  };
}

/** It rings. */
function whenTransferring(state: TransferringState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'transfer-over':
      return transferOver(state, event.outcome, event.at, settings);
    case 'speech-start':
      return unchanged({ ...state, ear: talking(event) });
    case 'dtmf':
      return event.digit === BACK_KEY ? { state, actions: [{ do: 'cancel-transfer' }] } : unchanged(state);
    default:
      return unchanged(state);
  }
}

function transferOver(
  state: TransferringState,
  outcome: TransferOutcome,
  at: Milliseconds,
  settings: TurnSettings,
): Step {
  const { wanted, transfer } = state;
  if (outcome === 'caller-gone') return unchanged(state);
  const quiet: Common = { ...commonOf(state), ear: { is: 'quiet' } };
  if (outcome === 'answered') {
    // Caller and target may talk for as long as they like.
    return {
      state: { ...quiet, callEndsAt: undefined, wanted: undefined, phase: 'connected' },
      actions: [{ do: 'detach' }],
    };
  }
  if (wanted) return lastWords(state, wanted.ending, at, settings);
  const result = resultOf(outcome, transfer.target.name);
  const input: TurnInput = { message: { role: 'tool', call: transfer.call, result }, marks: {} };
  if (state.held) return unchanged({ ...quiet, phase: 'held', input });
  return think(listen(state, at, settings), input, at, settings);
}

/** What the model is told. */
export function resultOf(outcome: TransferOutcome, name: string): string {
  switch (outcome) {
    case 'answered':
      return `${name} has answered and talks with the caller`;
    case 'busy':
      return `busy: ${name} is on the telephone; the caller is with you again`;
    case 'refused':
      return `refused: ${name} does not take the call; the caller is with you again`;
    case 'no-answer':
      return `unanswered: ${name} did not answer; the caller is with you again`;
    case 'failed':
      return `not reached: ${name} can not be called at the moment; the caller is with you again`;
    case 'cancelled':
      return `not put through: the caller pressed ${BACK_KEY} and is with you again`;
    case 'caller-gone':
      return 'the caller has hung up';
  }
}

/** Caller and target talk with each other. */
function whenConnected(state: ConnectedState, event: TurnEvent): Step {
  if (event.type === 'target-left') return leave(state, { reason: 'transferred', way: 'hang-up' });
  return unchanged(state);
}

// ── closing: the last words ───────────────────────────────────────────────────────────────────

function whenClosing(state: ClosingState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'reply-ended':
      return unchanged({ ...state, reply: undefined, by: event.at + settings.lingerMs });
    case 'reply-failed': {
      const by = event.at + FILLER_TONE_MS + settings.lingerMs;
      return withTone(unchanged({ ...state, reply: undefined, by }));
    }
    case 'tick':
      return event.at >= state.by ? leave(state, state.ending) : unchanged(state);
    default:
      return unchanged(state);
  }
}

/** Stops what runs, says the last words if there are any, and then leaves. */
function close(state: TurnState, ending: Ending, at: Milliseconds, settings: TurnSettings): Step {
  // A caller on hold wouldn't hear last words.
  const heard = state.phase === 'held' ? { ...ending, phrase: undefined } : ending;
  return after(stopping(state), lastWords(state, heard, at, settings));
}

/** The same where nothing runs that would have to be stopped. */
function lastWords(state: Common, ending: Ending, at: Milliseconds, settings: TurnSettings): Step {
  const common: Common = { ...commonOf(state), ear: { is: 'quiet' } };
  if (ending.way === 'none') {
    return { state: { ...common, phase: 'over', ending }, actions: [{ do: 'leave', ending }] };
  }
  if (ending.phrase === undefined) {
    return unchanged({ ...common, phase: 'closing', ending, by: at + settings.lingerMs });
  }
  const { state: saying, actions } = say(common, ending.phrase, state.turn);
  const by = at + settings.lastWordsMs;
  return { state: { ...commonOf(saying), phase: 'closing', ending, reply: saying.reply, by }, actions };
}

/** Ends the call without another word. */
function leave(state: TurnState, ending: Ending): Step {
  return {
    state: { ...commonOf(state), phase: 'over', ending },
    actions: [...stopping(state), { do: 'leave', ending }],
  };
}

/** How a call ends that can't go on. */
function failedEnding(reason: FailureReason, settings: TurnSettings, phrase?: 'apology'): Ending {
  return { reason, way: settings.givenUp, phrase };
}

// ── what the states share ─────────────────────────────────────────────────────────────────────

/** The first of them; undefined: there is none. */
function earliest(...instants: readonly (Milliseconds | undefined)[]): Milliseconds | undefined {
  const known = instants.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function isDue(deadline: Milliseconds | undefined, at: Milliseconds): boolean {
  return deadline !== undefined && at >= deadline;
}

/** Nothing is to be done. */
function unchanged(state: TurnState): Step {
  return { state, actions: [] };
}

/** The step, and other actions before its own. */
function after(before: readonly TurnAction[], { state, actions }: Step): Step {
  return { state, actions: [...before, ...actions] };
}

/** The caller's turn begins. */
function listen(state: Common, at: Milliseconds, settings: TurnSettings): ListeningState {
  return {
    ...commonOf(state),
    phase: 'listening',
    said: NOTHING_SAID,
    silenceAt: at + settings.prompts.next(state.prompts).afterMs,
  };
}

/** A sentence that needs no thinking. */
function say(state: Common, phrase: Sentence, turn: number): Step<SpeakingState> {
  const reply = state.lastId + 1;
  return {
    state: { ...commonOf(state), lastId: reply, phase: 'speaking', what: 'phrase', reply },
    actions: [{ do: 'say', reply, turn, phrase }],
  };
}

/** The same step, with a tone before it. */
function withTone({ state, actions }: Step): Step {
  return { state, actions: [{ do: 'tone' }, ...actions] };
}

/** The filler that is due after `given` others, while the reply isn't ready. */
function filling(state: ListeningState | ThinkingState, given: number, settings: TurnSettings): Step {
  const { kind } = settings.fillers.next(given);
  return { state, actions: [kind === 'tone' ? { do: 'tone' } : { do: 'filler', turn: state.turn + 1 }] };
}

/**
 * What stops whatever the agent is doing, `by` whom it is interrupted if it is heard. `takenBack`: the caller's turn goes
 * on, as if nothing had been begun.
 */
function stopping(state: TurnState, by: Interrupter = 'call', takenBack = false): TurnAction[] {
  if (state.phase === 'transferring') return [{ do: 'cancel-transfer' }];
  const reply = replyOf(state);
  if (reply === undefined) return [];
  const isUnheard = state.phase === 'listening' || (state.phase === 'thinking' && !state.committed);
  return [isUnheard ? { do: 'drop', reply, takenBack } : { do: 'interrupt', reply, by }];
}

/** What a state carries over to any other. */
function commonOf(state: Common): Common {
  const { turn, lastId, ear, callEndsAt, prompts, failures, wanted, findsTurns } = state;
  const { answered, asked, voiceDbov, behind, pauses } = state;
  const ours = { turn, lastId, callEndsAt, prompts, failures, wanted, answered, asked };
  return { ...ours, ear, voiceDbov, behind, pauses, findsTurns };
}

function talking({ frame, since }: Pick<EventOf<'speech-start'>, 'frame' | 'since'>): Ear {
  return { is: 'talking', frame, since };
}

/** How many of a caller's pauses are remembered. */
const PAUSES = 8;

/** Their pauses, with the one that ends at `since`. */
function withPause({ ear, pauses }: Common, since: Milliseconds): Common['pauses'] {
  return ear.is === 'pausing' ? [...pauses, since - ear.lastAt].slice(-PAUSES) : pauses;
}

/** The caller has stopped talking, if they were. */
function stopped(ear: Ear, event: EventOf<'speech-stop'>): Ear {
  if (ear.is !== 'talking' && ear.is !== 'cut') return ear;
  const { frame, lastAt, traits } = event;
  return { is: 'pausing', frame: ear.frame, since: ear.since, toFrame: frame, lastAt, traits };
}
