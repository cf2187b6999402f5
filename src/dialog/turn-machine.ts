import type { Milliseconds } from '../lib/clock.ts';
import { SIGN_TONE_MS } from '../media/sign-tone.ts';
import { knownInput } from './turn-input.ts';
import { think } from './turn-certain.ts';
import { listeningDeadline, whenListening } from './turn-listening.ts';
import {
  close,
  commonOf,
  failedEnding,
  leave,
  listen,
  quell,
  say,
  still,
  stopped,
  withTone,
  type Step,
} from './turn-moves.ts';
import { whenSpeaking } from './turn-speaking.ts';
import type {
  ClosingState,
  Common,
  Ending,
  EventOf,
  HeldState,
  OpeningState,
  PhraseName,
  TurnEvent,
  TurnInput,
  TurnSettings,
  TurnState,
} from './turn-states.ts';
import { whenThinking } from './turn-thinking.ts';
import { whenConnected, whenTransferring } from './turn-transfer.ts';

/** The state before anything has happened. With an `announcement`, the call consists of that. */
export function opening(announcement?: Ending): OpeningState {
  return {
    phase: 'opening',
    turn: 0,
    lastId: 0,
    ear: { is: 'quiet' },
    callEndsAt: Infinity,
    prompts: 0,
    failures: 0,
    answered: '',
    announcement,
    held: false,
  };
}

/**
 * The turn machine: what follows from an event in a state. Pure; the instants stand in the events.
 *
 * The rule by which the recogniser's turns and the voice-activity detector's are one: *the detector
 * says when the caller begins to talk, and so interrupts; the recogniser, if it finds turns, says when
 * he has finished, and else the detector's pause does.* Two nets below it: real words from the
 * recogniser interrupt, too, if the detector missed them; and a recogniser that says nothing more
 * after the caller fell silent is asked after `turnTimeoutMs`, whatever it was waiting for.
 */
export function step(state: TurnState, event: TurnEvent, settings: TurnSettings): Step {
  if (state.phase === 'over') return still(state);
  const withAgent = state.phase !== 'transferring' && state.phase !== 'connected';
  switch (event.type) {
    case 'line-ended':
      return leave(state, { reason: lineEnd(state, event.reason), way: 'none' });
    case 'media-lost':
      // Of a call that goes on without us the media is given back.
      if (state.phase === 'connected') return still(state);
      return leave(state, failedEnding('media-lost', settings));
    case 'internal-error': {
      const ending = failedEnding('internal-error', settings);
      // Only whoever listens can be apologised to.
      const silently = !withAgent || ['opening', 'held', 'closing'].includes(state.phase);
      return silently
        ? leave(state, { ...ending, way: 'proceed' })
        : close(state, { ...ending, phrase: 'apology' }, event.at, settings);
    }
    case 'finish':
      return finish(state, event, settings);
    case 'tick': {
      const due = overdue(state, event.at, settings);
      if (due) return due;
      break;
    }
    case 'stt-failed':
      if (event.fatal && withAgent && state.phase !== 'closing') {
        return close(state, { ...failedEnding('failed', settings), phrase: 'apology' }, event.at, settings);
      }
      break;
    case 'hold':
      if (withAgent && !['opening', 'closing', 'held'].includes(state.phase)) {
        return hold(state, event.at, settings);
      }
      break;
    default:
  }
  switch (state.phase) {
    case 'opening':
      return whenOpening(state, event, settings);
    case 'listening':
      return whenListening(state, event, settings);
    case 'thinking':
      return whenThinking(state, event, settings);
    case 'greeting':
    case 'speaking':
      return whenSpeaking(state, event, settings);
    case 'held':
      return whenHeld(state, event, settings);
    case 'transferring':
      return whenTransferring(state, event, settings);
    case 'connected':
      return whenConnected(state, event);
    case 'closing':
      return whenClosing(state, event, settings);
  }
}

/** Why the call is over when the line is. */
function lineEnd(state: TurnState, reason: string): string {
  return state.phase === 'connected' && reason === 'caller-hung-up' ? 'transferred' : reason;
}

/** When the machine wants its next `tick`; Infinity if it waits for something else. */
export function nextDeadline(state: TurnState, settings: TurnSettings): Milliseconds {
  switch (state.phase) {
    case 'opening':
    case 'over':
      return Infinity;
    case 'closing':
      return state.by;
    case 'listening':
      return Math.min(callDeadline(state), listeningDeadline(state, settings));
    case 'thinking':
      return Math.min(callDeadline(state), state.signAt, state.giveUpAt);
    default:
      return callDeadline(state);
  }
}

/**
 * Whether the caller's voice may stop the agent now: then the flush line is armed. What never ends (a
 * television) may not: not a word of the agent's would be heard.
 */
export function interruptible(state: TurnState): boolean {
  return (state.phase === 'greeting' || state.phase === 'speaking') && state.ear.is !== 'cut';
}

function whenOpening(state: OpeningState, event: TurnEvent, settings: TurnSettings): Step {
  // Whoever talks already when he is answered is heard from where he began.
  if (event.type === 'speech-start') {
    return still({ ...state, ear: { is: 'talking', frame: event.frame, since: event.since } });
  }
  if (event.type === 'speech-stop') return still({ ...state, ear: stopped(state.ear, event) });
  if (event.type === 'hold' || event.type === 'unhold') {
    return still({ ...state, held: event.type === 'hold' });
  }
  if (event.type !== 'answered') return still(state);
  const common = { ...state, callEndsAt: event.at + settings.maxCallMs };
  if (state.announcement) return close(common, state.announcement, event.at, settings);
  return state.held ? hold(common, event.at, settings) : greet(common);
}

function greet(state: Common): Step {
  const { state: speaking, actions } = say(state, 'greeting', 0);
  return { state: { ...speaking, phase: 'greeting' }, actions };
}

function hold(state: TurnState, at: Milliseconds, settings: TurnSettings): Step {
  const held: HeldState = {
    ...commonOf(state),
    ear: { is: 'quiet' },
    phase: 'held',
    input: askedBefore(state, at, settings),
    phrase: cutOff(state),
  };
  return { state: held, actions: quell(state) };
}

/** What the caller had said, and nobody has answered. */
function askedBefore(state: TurnState, at: Milliseconds, settings: TurnSettings): TurnInput | undefined {
  if (state.phase === 'listening') return knownInput(state, at, settings);
  return state.phase === 'thinking' && !state.committed ? state.input : undefined;
}

/** What is said in the place of words that the caller hasn't heard. */
function cutOff(state: TurnState): PhraseName | undefined {
  if (state.phase === 'opening' || state.phase === 'greeting') return 'greeting';
  return state.phase === 'speaking' || state.phase === 'thinking' ? 'welcomeBack' : undefined;
}

function whenHeld(state: HeldState, event: TurnEvent, settings: TurnSettings): Step {
  if (event.type !== 'unhold') return still(state);
  if (state.wanted) return close(state, state.wanted.ending, event.at, settings);
  const listening = listen(state, event.at, settings);
  // What he had asked is as new as his return.
  if (state.input) return think(listening, { ...state.input, marks: {} }, event.at, settings);
  if (state.phrase === 'greeting') return greet(state);
  return state.phrase === undefined ? still(listening) : say(state, state.phrase, state.turn);
}

function callDeadline(state: Common): Milliseconds {
  return Math.min(state.callEndsAt, state.wanted?.by ?? Infinity);
}

/** What ends a call in any phase, whoever is talking. */
function overdue(state: TurnState, at: Milliseconds, settings: TurnSettings): Step | undefined {
  if (state.phase === 'closing' || state.phase === 'opening' || state.phase === 'over') return undefined;
  if (state.wanted && at >= state.wanted.by) return close(state, state.wanted.ending, at, settings);
  if (at < state.callEndsAt) return undefined;
  return close(state, { reason: 'max-call', phrase: 'maxCall', way: 'hang-up' }, at, settings);
}

function finish(
  state: Exclude<TurnState, { phase: 'over' }>,
  event: EventOf<'finish'>,
  settings: TurnSettings,
): Step {
  if (event.now) return leave(state, event.ending);
  // Who talks with somebody else isn't to be disturbed before it must be.
  if (state.phase === 'closing' || state.phase === 'connected') return still(state);
  if (state.phase === 'opening' || state.phase === 'held') return leave(state, event.ending);
  if (state.phase === 'listening' && state.ear.is === 'quiet' && !state.digits && !state.draft) {
    return close(state, event.ending, event.at, settings);
  }
  if (state.wanted) return still(state);
  return still({ ...state, wanted: { ending: event.ending, by: event.at + settings.politeMs } });
}

function whenClosing(state: ClosingState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'reply-ended':
      if (event.reply !== state.reply) return still(state);
      return still({ ...state, reply: undefined, by: event.at + settings.lingerMs });
    case 'reply-failed': {
      if (event.reply !== state.reply) return still(state);
      const by = event.at + SIGN_TONE_MS + settings.lingerMs;
      return withTone(still({ ...state, reply: undefined, by }));
    }
    case 'tick':
      return event.at >= state.by ? leave(state, state.ending) : still(state);
    default:
      return still(state);
  }
}
