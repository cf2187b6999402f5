import type { Milliseconds } from '../lib/clock.ts';
import { FRAME_MS } from '../media/audio.ts';
import { certain, dropDraft, think } from './turn-certain.ts';
import { inputOf, NOTHING_SAID, owed, pauseOf } from './turn-input.ts';
import { close, say, still, stopped, trouble, type Step } from './turn-moves.ts';
import type { Transcript } from './speech.ts';
import type {
  CallerInput,
  Ear,
  EventOf,
  ListeningState,
  Said,
  TurnAction,
  TurnEvent,
  TurnSettings,
} from './turn-states.ts';
import { repeats } from './words.ts';

/** Speech further back than this is not listened to again when the caller goes on (a ring holds 5.12 s). */
const REACH_FRAMES = 4000 / FRAME_MS;

/** When the caller's turn wants its next `tick`. */
export function listeningDeadline(state: ListeningState, settings: TurnSettings): Milliseconds {
  if (state.digits) return state.digits.dueAt;
  if (state.ear.is === 'talking') return (state.said.since ?? state.ear.since) + settings.longestTurnMs;
  if (state.ear.is === 'quiet') return state.draft?.by ?? state.silenceAt;
  if (state.draft) return state.draft.by;
  const lastAt = silentSince(state.ear);
  if (owed(state.said)) return Math.min(signAt(state, settings), overdueAt(state, settings));
  if (settings.findsTurns) {
    return lastAt + (state.said.pieces.length > 0 ? settings.endpointingMs : settings.turnTimeoutMs);
  }
  const pause = lastAt + pauseOf(state.said, settings);
  return settings.earlyStart ? Math.min(pause, lastAt + settings.eagerPauseMs) : pause;
}

/** When a caller who waits for the recogniser gets an audible sign that somebody is at work. */
function signAt({ ear, said }: ListeningState, settings: TurnSettings): Milliseconds {
  return said.signed ? Infinity : silentSince(ear) + settings.signAfterMs;
}

/** When the turn's last sound was; Infinity if that is yet to come. */
function silentSince(ear: Ear): Milliseconds {
  if (ear.is === 'pausing') return ear.lastAt;
  return ear.is === 'cut' ? ear.since : Infinity;
}

/** When a recogniser that owes an answer is waited for no longer. */
function overdueAt({ said }: ListeningState, settings: TurnSettings): Milliseconds {
  return Math.max(...said.pieces.map(({ askedAt }) => askedAt ?? -Infinity)) + settings.transcriptMs;
}

/** The caller's turn: gathers what he says until it is certain that he has finished. */
export function whenListening(state: ListeningState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'speech-start':
    case 'barge-in':
      return state.ear.is === 'talking' ? still(state) : goOn(state, event, settings);
    case 'speech-stop':
      return still({ ...state, ear: stopped(state.ear, event) });
    case 'partial': {
      const heard = { ...state, said: { ...state.said, partial: event.text, heardAt: event.at } };
      const prepared = settings.findsTurns ? state.draft?.input.message.text : undefined;
      // More words: what was prepared answers half a question.
      return prepared === undefined || repeats(event.text, prepared) ? still(heard) : dropDraft(heard);
    }
    case 'transcript':
      return transcribed(state, event, settings);
    case 'turn-eager-end': {
      if (!settings.earlyStart || !settings.findsTurns || state.digits) return still(state);
      const input = inputOf(state, withPiece(state.said, event.transcript), event.at);
      const by = event.at + settings.turnTimeoutMs;
      // What was taken back, and is so now all the same, is being prepared already.
      const { draft } = state;
      if (draft?.reply !== undefined && draft.input.message.text === input.message.text) {
        return still({ ...state, draft: { ...draft, by } });
      }
      const dropped = dropDraft(state);
      const drafted = prepare(dropped.state, input, by);
      return { state: drafted.state, actions: [...dropped.actions, ...drafted.actions] };
    }
    case 'turn-resume':
      // The recogniser isn't sure any more. As long as the detector hears nothing, what was prepared may fit yet.
      return state.ear.is === 'pausing' ? still(state) : dropDraft(state);
    case 'turn-end':
      if (!settings.findsTurns || state.digits) return still(state);
      return certain({ ...state, said: withPiece(state.said, event.transcript) }, event.at, settings);
    case 'recogniser':
      return heardByAnother(state, event.at, settings);
    case 'stt-failed':
      return state.said.frame < 0 ? still(state) : misheard(state, event.at, settings);
    case 'reply-ended':
    case 'reply-failed':
      // What was prepared has come to nothing: it is thought of anew when the turn is certain.
      if (state.draft?.reply !== event.reply) return still(state);
      return still({ ...state, draft: { ...state.draft, reply: undefined } });
    case 'dtmf':
      return digit(state, event, settings);
    case 'tick':
      return event.at >= listeningDeadline(state, settings)
        ? listeningTimeout(state, event.at, settings)
        : still(state);
    default:
      return still(state);
  }
}

/** The caller talks, or goes on talking: what was prepared for the end of his turn is dropped. */
export function goOn(
  state: ListeningState,
  event: Pick<EventOf<'speech-start'>, 'frame' | 'since'>,
  settings: TurnSettings,
): Step {
  const dropped = dropDraft(state);
  const ear: Ear = { is: 'talking', frame: event.frame, since: event.since };
  if (state.said.frame < 0) {
    return {
      state: {
        ...dropped.state,
        ear,
        said: { ...state.said, frame: event.frame, since: event.since },
      },
      actions: [...dropped.actions, { do: 'begin-turn', frame: event.frame }],
    };
  }
  // The recogniser was not told that the turn had ended: for it, nothing has happened.
  if (state.said.pieces.length === 0) return { state: { ...dropped.state, ear }, actions: dropped.actions };
  const again = resume(state.said, event.frame, settings);
  const hush: TurnAction[] = state.said.signed ? [{ do: 'hush' }] : [];
  return {
    state: { ...dropped.state, ear, said: again.said },
    actions: [...dropped.actions, ...hush, ...again.actions],
  };
}

/**
 * A turn that had ended for the recogniser goes on. What is still in the ring is listened to again as
 * a whole, because a sentence in two halves is understood worse; else the first half's text is kept.
 */
export function resume(
  said: Said,
  frame: number,
  settings: TurnSettings,
): { said: Said; actions: TurnAction[] } {
  if (!settings.findsTurns && frame - said.frame <= REACH_FRAMES) {
    return {
      said: { ...NOTHING_SAID, frame: said.frame, since: said.since },
      actions: [{ do: 'begin-turn', frame: said.frame }],
    };
  }
  return { said: { ...said, frame, partial: '', signed: false }, actions: [{ do: 'begin-turn', frame }] };
}

function listeningTimeout(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  if (state.digits) {
    const { text, since } = state.digits;
    return think(state, { message: { role: 'caller', text, via: 'dtmf' }, since, marks: {} }, at, settings);
  }
  if (state.ear.is === 'talking') return cutShort(state, state.ear, at, settings);
  if (state.draft) return certain(state, at, settings);
  if (state.ear.is === 'quiet') return silence(state, at, settings);
  if (owed(state.said)) {
    if (at >= overdueAt(state, settings)) return misheard(state, at, settings);
    return { state: { ...state, said: { ...state.said, signed: true } }, actions: [{ do: 'sign' }] };
  }
  if (settings.findsTurns && state.said.pieces.length > 0) return certain(state, at, settings);
  // Of a recogniser that finds turns: it has kept silent for too long.
  return askForText(state, state.ear.is === 'cut' ? state.ear.frame : state.ear.toFrame, at);
}

function askForText(state: ListeningState, frame: number, at: Milliseconds): Step {
  const ask = state.lastId + 1;
  return {
    state: {
      ...state,
      lastId: ask,
      said: { ...state.said, pieces: [...state.said.pieces, { ask, askedAt: at }] },
    },
    actions: [{ do: 'end-turn', ask, frame }],
  };
}

/**
 * A caller who never ends, or a television behind him that the detector takes for him: what was said
 * until now is answered, and what comes from now on is his next turn.
 */
function cutShort(
  state: ListeningState,
  { frame, since }: Extract<Ear, { is: 'talking' }>,
  at: Milliseconds,
  settings: TurnSettings,
): Step {
  const newest = frame + Math.floor((at - since) / FRAME_MS);
  const cut: ListeningState = { ...state, ear: { is: 'cut', frame: newest, since: at } };
  if (state.draft) return certain(cut, at, settings);
  return owed(state.said) ? still(cut) : askForText(cut, newest, at);
}

/** The recogniser's answer to `end-turn`. */
function transcribed(state: ListeningState, event: EventOf<'transcript'>, settings: TurnSettings): Step {
  if (!state.said.pieces.some((piece) => piece.ask === event.ask && !piece.transcript)) return still(state);
  const pieces = state.said.pieces.map((piece) =>
    piece.ask === event.ask ? { ...piece, transcript: event.transcript } : piece,
  );
  const next = { ...state, said: { ...state.said, pieces } };
  if (owed(next.said) || next.digits) return still(next);
  if (next.ear.is === 'cut') return certain(next, event.at, settings);
  if (next.ear.is !== 'pausing') return still(next);
  const input = inputOf(next, next.said, event.at);
  const turnEnd = next.ear.lastAt + pauseOf(next.said, settings);
  if (event.at < turnEnd) return prepare(next, input, turnEnd);
  const marks = { ...input.marks, turnEnd: Math.max(turnEnd, input.marks.sttStart ?? 0) };
  return certain({ ...next, draft: { input: { ...input, marks }, by: turnEnd } }, event.at, settings);
}

/** The recogniser has failed in the middle of a turn, which another one may hear; else the caller is asked. */
function misheard(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  const dropped = dropDraft(state);
  const { frame, since } = state.said;
  if (state.ear.is === 'talking' && state.failures + 1 < settings.failureLimit) {
    // He is still talking: whoever listens now can catch up on what there was.
    const said = { ...NOTHING_SAID, frame, since };
    const again: ListeningState = { ...dropped.state, said, failures: state.failures + 1 };
    return { state: again, actions: [...dropped.actions, { do: 'begin-turn', frame }] };
  }
  const ear: Ear = state.ear.is === 'cut' ? state.ear : { is: 'quiet' };
  const after = trouble({ ...dropped.state, ear }, at, settings);
  return { state: after.state, actions: [...dropped.actions, ...after.actions] };
}

/** Another recogniser hears the turn now; an end that the last one was about to find isn't waited for. */
function heardByAnother(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  if (!state.draft || state.ear.is !== 'pausing') return still(state);
  const by = Math.max(at, state.ear.lastAt + pauseOf(state.said, settings));
  return still({ ...state, draft: { ...state.draft, by: Math.min(by, state.draft.by) } });
}

/** Keeps the text, and if it is worth it, lets a reply be prepared. */
function prepare(state: ListeningState, input: CallerInput, by: Milliseconds): Step {
  if (input.message.via === 'not-understood') return still({ ...state, draft: { input, by } });
  const reply = state.lastId + 1;
  return {
    state: { ...state, lastId: reply, draft: { input, reply, by } },
    actions: [{ do: 'reply', reply, turn: state.turn + 1, input, gated: true }],
  };
}

function silence(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  if (state.wanted) return close(state, state.wanted.ending, at, settings);
  if (state.prompts < settings.silencePrompts) {
    return say({ ...state, prompts: state.prompts + 1 }, 'stillThere', state.turn);
  }
  return close(state, { reason: 'caller-silent', phrase: 'silenceGoodbye', way: 'hang-up' }, at, settings);
}

/** Digits are a turn of the caller's: gathered until he pauses, or presses #. One of a menu's is answered sooner. */
export function digit(state: ListeningState, event: EventOf<'dtmf'>, settings: TurnSettings): Step {
  const dropped = dropDraft(state);
  const before = state.digits?.text ?? '';
  const since = state.digits?.since ?? event.at;
  if (event.digit === '#' && before !== '') {
    const input: CallerInput = { message: { role: 'caller', text: before, via: 'dtmf' }, since, marks: {} };
    const thought = think({ ...dropped.state, digits: undefined }, input, event.at, settings);
    return { state: thought.state, actions: [...dropped.actions, ...thought.actions] };
  }
  const chosen = before === '' && settings.menuKeys.includes(event.digit);
  const dueAt = event.at + (chosen ? settings.menuKeyMs : settings.interDigitMs);
  const digits = { text: before + event.digit, since, lastAt: event.at, dueAt };
  return { state: { ...dropped.state, prompts: 0, digits }, actions: dropped.actions };
}

/** A final text that the recogniser gave by itself. */
export function withPiece(said: Said, transcript: Transcript): Said {
  return { ...said, pieces: [...said.pieces, { ask: 0, transcript }], partial: '' };
}
