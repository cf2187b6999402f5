import type { Milliseconds } from '../lib/clock.ts';
import { certain } from './turn-certain.ts';
import { digit, resume, withPiece } from './turn-listening.ts';
import { NOTHING_SAID } from './turn-input.ts';
import { close, commonOf, listen, quell, still, stopped, trouble, type Step } from './turn-moves.ts';
import { beginTransfer } from './turn-transfer.ts';
import type {
  Ear,
  EventOf,
  ListeningState,
  ThinkingState,
  TurnEvent,
  TurnInput,
  TurnSettings,
} from './turn-states.ts';
import { repeats } from './words.ts';

/** The turn is certain, and nothing is audible yet. */
export function whenThinking(state: ThinkingState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'speech-start':
    case 'barge-in':
      return talkedInto(state, event, settings);
    case 'speech-stop':
      return still({ ...state, ear: stopped(state.ear, event) });
    case 'turn-end':
      return correct(state, event, settings);
    case 'reply-committed':
      return event.reply === state.reply
        ? still({ ...state, committed: true, giveUpAt: Infinity })
        : still(state);
    case 'reply-resumed':
      return event.reply === state.reply
        ? still({ ...state, giveUpAt: event.at + settings.giveUpMs })
        : still(state);
    case 'reply-audible':
      if (event.reply !== state.reply) return still(state);
      return still({
        ...commonOf(state),
        phase: 'speaking',
        what: 'reply',
        reply: state.reply,
        turn: state.turn + 1,
      });
    case 'reply-ended': {
      if (event.reply !== state.reply) return still(state);
      const answered = { ...state, turn: state.turn + 1 };
      if (event.ending?.way === 'transfer') return beginTransfer(answered, event.ending, event.at, settings);
      if (event.ending) {
        // Not a word before it: nobody is left without one.
        const phrase = event.ending.way === 'proceed' ? 'oneMoment' : 'goodbye';
        return close(answered, { phrase, ...event.ending }, event.at, settings, []);
      }
      return trouble(answered, event.at, settings); // an empty reply is no reply
    }
    case 'reply-failed':
      return event.reply === state.reply
        ? trouble({ ...state, turn: state.turn + 1 }, event.at, settings)
        : still(state);
    case 'dtmf': {
      const listening = listen({ ...state, ear: { is: 'quiet' } }, event.at, settings);
      const next = digit({ ...listening, digits: rowOf(state, event.at) }, event, settings);
      return { state: next.state, actions: [...quell(state), ...next.actions] };
    }
    case 'tick':
      if (event.at >= state.giveUpAt) {
        const after = trouble({ ...state, turn: state.turn + 1 }, event.at, settings);
        return { state: after.state, actions: [...quell(state), ...after.actions] };
      }
      if (event.at >= state.signAt) {
        const signAt = event.at + settings.signAgainMs;
        return {
          state: { ...state, signAt, signed: true },
          actions: [{ do: state.signed ? 'tone' : 'sign' }],
        };
      }
      return still(state);
    default:
      return still(state);
  }
}

/** The caller goes on before the reply is heard: his turn isn't over, and the reply is forgotten. */
function talkedInto(
  state: ThinkingState,
  event: EventOf<'speech-start' | 'barge-in'>,
  settings: TurnSettings,
): Step {
  const ear: Ear = { is: 'talking', frame: event.frame, since: event.since };
  if (state.committed || !isSpeech(state.input)) return still({ ...state, ear });
  if (state.said.frame < 0) {
    // A recogniser's turn that the detector hadn't noticed: there is nothing to listen to again.
    return still({ ...state, ear });
  }
  const again = resume(state.said, event.frame, settings);
  const listening = listen(state, event.at, settings);
  return {
    state: { ...listening, ear, said: again.said },
    actions: [{ do: 'drop', reply: state.reply }, ...again.actions],
  };
}

/** Keys that were taken for a whole turn too soon. */
function rowOf({ committed, input }: ThinkingState, at: Milliseconds): ListeningState['digits'] {
  if (committed || !('since' in input) || input.message.via !== 'dtmf') return undefined;
  return { text: input.message.text, since: input.since ?? at, lastAt: at, dueAt: at };
}

function isSpeech({ message }: TurnInput): boolean {
  return message.role === 'caller' && message.via !== 'dtmf';
}

/** The recogniser's late word on the turn that is being answered. */
function correct(state: ThinkingState, event: EventOf<'turn-end'>, settings: TurnSettings): Step {
  const { transcript } = event;
  if (!settings.findsTurns || !transcript.understood || state.committed) return still(state);
  if (repeats(transcript.text, state.answered)) return still(state);
  const listening: ListeningState = {
    ...listen(state, event.at, settings),
    said: withPiece(NOTHING_SAID, transcript),
  };
  const again = certain(listening, event.at, settings);
  return { state: again.state, actions: [{ do: 'drop', reply: state.reply }, ...again.actions] };
}
