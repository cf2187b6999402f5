import type { Milliseconds } from '../lib/clock.ts';
import { digit, goOn, whenListening } from './turn-listening.ts';
import { NOTHING_SAID } from './turn-input.ts';
import { close, listen, quell, still, stopped, trouble, withTone, type Step } from './turn-moves.ts';
import type { Ear, EventOf, Said, SpeakingState, TurnEvent, TurnSettings } from './turn-states.ts';
import { beginTransfer } from './turn-transfer.ts';
import { repeats } from './words.ts';

/** The agent is heard, and the caller may interrupt him. */
export function whenSpeaking(state: SpeakingState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'speech-start': {
      const { ear } = state;
      // Words with a short breath between them are one attempt to say something.
      const goesOn = ear.is === 'pausing' && event.since - ear.lastAt < settings.endpointingMs;
      const { frame, since } = goesOn ? ear : event;
      return still({ ...state, ear: { is: 'talking', frame, since } });
    }
    case 'speech-stop':
      return still({ ...state, ear: stopped(state.ear, event) });
    case 'barge-in': {
      const ear =
        state.ear.is === 'talking'
          ? state.ear
          : { is: 'talking' as const, frame: event.frame, since: event.since };
      const listening = listen({ ...state, ear: { is: 'quiet' } }, event.at, settings);
      const next = goOn(listening, ear, settings);
      return { state: next.state, actions: [...quell(state), ...next.actions] };
    }
    case 'partial':
    case 'turn-eager-end':
    case 'turn-end':
      return talkedOver(state, event, settings);
    case 'reply-ended':
      if (event.reply !== state.reply) return still(state);
      if (event.ending?.way === 'transfer') return beginTransfer(state, event.ending, event.at, settings);
      if (event.ending) return close(state, event.ending, event.at, settings, []);
      return spoken({ ...state, failures: state.what === 'reply' ? 0 : state.failures }, event.at, settings);
    case 'reply-failed':
      if (event.reply !== state.reply) return still(state);
      // A phrase that can't be spoken isn't followed by another one, but silence it isn't, either.
      return state.what === 'phrase'
        ? withTone(spoken(state, event.at, settings))
        : trouble(state, event.at, settings);
    case 'dtmf': {
      const next = digit(listen({ ...state, ear: { is: 'quiet' } }, event.at, settings), event, settings);
      return { state: next.state, actions: [...quell(state), ...next.actions] };
    }
    default:
      return still(state);
  }
}

/** The recogniser finds words of the caller's while the agent speaks, and the detector has said nothing. */
function talkedOver(
  state: SpeakingState,
  event: EventOf<'partial' | 'turn-eager-end' | 'turn-end'>,
  settings: TurnSettings,
): Step {
  const text = event.type === 'partial' ? event.text : event.transcript.text;
  if (
    !settings.findsTurns ||
    state.ear.is === 'cut' ||
    !settings.interruption.interrupts(text) ||
    repeats(text, state.answered)
  )
    return still(state);
  const listening = listen(state, event.at, settings);
  const said = state.ear.is === 'quiet' ? NOTHING_SAID : { ...NOTHING_SAID, ...startOf(state.ear) };
  const next = whenListening({ ...listening, said }, event, settings);
  return { state: next.state, actions: [...quell(state), ...next.actions] };
}

/** All is said: the caller's turn, in the middle of which he may be. */
function spoken(state: SpeakingState, at: Milliseconds, settings: TurnSettings): Step {
  if (state.wanted) return close(state, state.wanted.ending, at, settings, []);
  const { ear } = state;
  const listening = listen(state, at, settings);
  // What he said into our sentence and has finished long ago was a listener's "mhm".
  if (ear.is === 'quiet' || (ear.is === 'pausing' && at - ear.lastAt >= settings.endpointingMs)) {
    return still({ ...listening, ear: { is: 'quiet' } });
  }
  return {
    state: {
      ...listening,
      ear: ear.is === 'cut' ? { ...ear, is: 'talking' } : ear,
      said: { ...NOTHING_SAID, ...startOf(ear) },
    },
    actions: [{ do: 'begin-turn', frame: ear.frame }],
  };
}

function startOf({ frame, since }: Exclude<Ear, { is: 'quiet' }>): Pick<Said, 'frame' | 'since'> {
  return { frame, since };
}
