import type { Message } from '../../../dialog/contract/conversation.ts';
import { fillForm, retryForm, askNext } from './message-form.ts';
import { answerQuestion } from './open-question.ts';
import {
  endCall,
  INFORMING,
  notUnderstood,
  offerMessage,
  perform,
  performAll,
  proceedTo,
} from './perform.ts';
import { askForMore, say } from './questions.ts';
import { asking, withForm, type Reply, type State, type Surroundings } from './state.ts';
import { understand, type Act, type Understanding } from './understand.ts';
import { pick, STILL_THERE } from './wording.ts';

export type CallerMessage = Extract<Message, { role: 'caller' }>;

/** Acts that a form in progress gives way to, once, before its question is asked again. */
const IN_BETWEEN: ReadonlySet<Act['kind']> = new Set([
  ...INFORMING,
  'services',
  'repeat',
  'who',
  'machine',
  'wait',
  'how-are-you',
] as const);

/** One turn: what the caller did, in the state that the call is in, and what the agent answers. */
export function step(before: State, message: CallerMessage, around: Surroundings): Reply {
  if (message.via === 'silence') return silent(before, around);
  const state: State = { ...before, turns: before.turns + 1, silences: 0 };
  const { text } = message;
  if (message.via === 'not-understood' || text.trim() === '') {
    return state.form ? retryForm(state, state.form, around.call) : notUnderstood(state, around);
  }
  const reply = message.via === 'dtmf' ? keys(state, text, around) : speech(state, text, around);
  return { ...reply, state: { ...reply.state, misunderstood: missed(reply.state, before) } };
}

/** `misunderstood` counts turns in a row: one that was understood resets it. */
function missed(after: State, before: State): number {
  return after.misunderstood > before.misunderstood ? after.misunderstood : 0;
}

function silent(before: State, { base, call }: Surroundings): Reply {
  const silences = before.silences + 1;
  const state = { ...before, silences };
  if (silences > base.agent.limits.silencePrompts) {
    return endCall(state, ['I can not hear you any more.', 'Please call again. Goodbye.']);
  }
  const lead = pick(STILL_THERE, silences - 1);
  return state.form ? askNext(state, call, [lead]) : { sentences: [lead], state };
}

function speech(state: State, text: string, around: Surroundings): Reply {
  const understanding = understand(text, around.base);
  const [first] = understanding.acts;

  if (state.form) {
    const inForm = formSpeech(state, text, understanding, around);
    if (inForm) return inForm;
  }
  const open = answerQuestion(state, understanding, text, around);
  if (open) return open;
  if (first) return performAll(understanding.acts, state, around);
  if (understanding.maybe) {
    const { maybe: act, or: other } = understanding;
    // After an answer about opening hours, "and on Sunday?" is clear.
    if (state.hours && act.kind === 'hours') return perform(act, asking(state), around);
    return notUnderstood(state, around, act, other);
  }
  if (understanding.answer === 'no' && !understanding.more) {
    return askForMore(state, ['All right.']);
  }
  if (understanding.answer === 'yes' && !understanding.more) {
    return say(state, ['Good.', 'What can I do for you?']);
  }
  return notUnderstood(state, around);
}

/** The caller speaks while a message is being taken. */
function formSpeech(
  state: State,
  text: string,
  understanding: Understanding,
  around: Surroundings,
): Reply | undefined {
  const { form } = state;
  if (!form) return undefined;
  const { call } = around;
  const [first] = understanding.acts;
  if (first?.kind === 'cancel') {
    return askForMore(withForm(state), ['All right, no message.']);
  }
  if (first?.kind === 'repeat') return perform(first, state, around);
  const atText = state.asked?.kind === 'form' && state.asked.slot === 'text';
  if (first?.kind === 'goodbye' && !(atText && understanding.answer)) {
    return perform(first, withForm(state), around);
  }
  const filled = fillForm(state, form, call, { text, via: 'speech', understanding });
  if (filled) return filled;
  if (first && IN_BETWEEN.has(first.kind)) {
    const between = perform(first, asking(state), around);
    return askNext(withForm(between.state, form), call, between.sentences);
  }
  if (first?.kind === 'transfer' || first?.kind === 'human')
    return perform(first, withForm(asking(state)), around);
  return retryForm(state, form, call);
}

/** Digits typed on the telephone. */
function keys(state: State, text: string, around: Surroundings): Reply {
  const { base, call } = around;
  if (state.form) {
    const understanding = { acts: [], more: false };
    const filled = fillForm(state, state.form, call, { text, via: 'dtmf', understanding });
    if (filled) return filled;
  }
  const key = /[0-9*]/.exec(text)?.[0];
  if (key === '*') return perform({ kind: 'repeat' }, state, around);
  const { departments } = base.agent.knowledge;
  if (key === '0') {
    // The first department is the one that takes what nobody else does.
    return departments.length > 0 ? proceedTo(0, withForm(state), around) : offerMessage(state, around);
  }
  const department = departments.findIndex(({ digit }) => digit !== undefined && digit === key);
  if (department >= 0) return proceedTo(department, withForm(state), around);
  if (state.form) return retryForm(state, state.form, call);
  const choices = departments.flatMap(({ name, digit }) =>
    digit === undefined ? [] : [`${digit} for ${name}`],
  );
  const menu =
    choices.length > 0 ? [`Press ${choices.join(', or ')}.`] : ['Please just tell me what you need.'];
  return say(state, ['Sorry, that key does nothing here.', ...menu]);
}
