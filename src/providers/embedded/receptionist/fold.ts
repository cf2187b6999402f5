import type { Message, ToolCall } from '../../../dialog/contract/conversation.ts';
import { TOOL } from '../../../dialog/contract/tool-names.ts';
import { askNext, thanksFor } from './message-form.ts';
import { askForMore, offerToTakeMessage, say } from './questions.ts';
import { asking, INITIAL_STATE, type Reply, type State, type Surroundings } from './state.ts';
import { step, type CallerMessage } from './step.ts';
import { tokens } from '../words.ts';

/** A reply that was made; how much of it the caller heard isn't known yet. */
interface Pending {
  readonly before: State;
  /** What it answers; undefined: a tool's result. */
  readonly message?: CallerMessage;
  readonly reply: Reply;
}

interface Progress {
  readonly state: State;
  readonly pending?: Pending;
}

/** Share of a question's words that the caller must have heard before it counts as asked. */
const HEARD_SHARE = 0.5;

/**
 * The reply that a history calls for. What the agent remembers is computed from the history each time, by making
 * every earlier reply again: so a reply that was prepared and dropped leaves no trace, and a question that was
 * cut off before the caller heard it was never asked.
 */
export function replyTo(history: readonly Message[], around: Surroundings): Reply {
  let progress: Progress = { state: INITIAL_STATE };
  for (const message of history) progress = advance(progress, message, around);
  const last = history.at(-1);
  const { state, pending } = progress;
  if (last?.role === 'caller' && pending) return pending.reply;
  if (last?.role === 'tool') return afterTool(state, last, around);
  if (last?.role !== 'agent') return { sentences: [around.base.agent.greeting], state };
  if (state.form) return askNext(state, around.call, ['Are you still there?']);
  return { sentences: ['Are you still there?'], state };
}

function advance(progress: Progress, message: Message, around: Surroundings): Progress {
  const { pending } = progress;
  switch (message.role) {
    case 'caller': {
      // Nothing was heard of the last reply: the caller hadn't finished, and both pieces are one turn.
      const first = pending?.message;
      const joined = pending && first && joinable(first, message);
      const before = joined ? pending.before : pending ? unheard(pending) : progress.state;
      const whole = joined ? join(first, message) : message;
      const reply = step(before, whole, around);
      return { state: reply.state, pending: { before, message: whole, reply } };
    }
    case 'agent':
      if (message.text.trim() === '') return progress;
      if (!pending) return { state: { ...progress.state, said: message.text } };
      return { state: heard(pending, message) };
    case 'tool':
      return afterToolProgress(progress, message, around);
  }
}

function joinable(first: CallerMessage, second: CallerMessage): boolean {
  return first.via === second.via && (first.via === 'speech' || first.via === 'dtmf');
}

function join(first: CallerMessage, second: CallerMessage): CallerMessage {
  const via = first.via === 'dtmf' ? 'dtmf' : 'speech';
  return { role: 'caller', text: `${first.text}${via === 'dtmf' ? '' : ' '}${second.text}`, via };
}

/** What the caller said counts, what the agent would have said doesn't. */
function unheard({ before, reply }: Pending): State {
  return { ...asking(reply.state, before.asked), said: before.said };
}

/** The state after the caller heard `message` of the reply that was made. */
function heard(pending: Pending, message: Extract<Message, { role: 'agent' }>): State {
  const { before, message: caller, reply } = pending;
  const silence = caller?.via === 'silence';
  const words = tokens(message.text);
  const question = tokens(reply.sentences.at(-1) ?? '');
  const planned = tokens(reply.sentences.join(' '));
  const reached = runIn(words, question, message.interrupted);
  const ours = reached > 0 || runIn(words, planned.slice(0, 3), true) > 0;
  // "Could you say that again" is about what was said before "are you still there", and before it was repeated.
  const said =
    (silence || isRepeat(reply)) && before.said !== ''
      ? before.said
      : ours
        ? reply.sentences.join(' ')
        : message.text;
  if (reached >= question.length * HEARD_SHARE && reached > 0) return { ...reply.state, said };
  // Another's words (a prepared phrase, another model), or the question wasn't reached.
  return { ...asking(reply.state, silence ? before.asked : undefined), said };
}

function isRepeat(reply: Reply): boolean {
  return reply.state.said !== '' && reply.sentences[1] === reply.state.said;
}

/** How many of `run`'s first words stand in a row in `words`: all of them, or, if cut off, as its last words. */
function runIn(words: readonly string[], run: readonly string[], cutOff: boolean): number {
  let best = 0;
  for (let start = 0; start < words.length; start += 1) {
    let length = 0;
    while (length < run.length && words[start + length] === run[length]) length += 1;
    if (length === run.length) return length;
    if (cutOff && start + length === words.length) best = Math.max(best, length);
  }
  return best;
}

const FAILED = /^\W*(?:error|fail|refus|unknown|invalid|not|could|can't|cannot|busy|no |unanswered|denied)/i;

function afterToolProgress(
  { state, pending }: Progress,
  message: Extract<Message, { role: 'tool' }>,
  around: Surroundings,
): Progress {
  if (FAILED.test(message.result) || message.call.name === TOOL.takeMessage) {
    const before = pending?.reply.state ?? state;
    const reply = afterTool(before, message, around);
    return { state: reply.state, pending: { before, reply } };
  }
  // The tool has acted: what the caller says next is a turn of its own, whatever they heard of the reply.
  return pending ? { state, pending: { before: pending.before, reply: pending.reply } } : { state };
}

/** Why a caller could not be put through, as the tool's result begins. */
function whyNot({ arguments: { target } }: ToolCall, result: string): string {
  const name = typeof target === 'string' ? target : '';
  if (name !== '' && result.startsWith('busy')) return `${name} is on the telephone`;
  if (name !== '' && result.startsWith('refused')) return `${name} can not take the call`;
  return 'nobody answers there at the moment';
}

function afterTool(
  state: State,
  { call, result }: Extract<Message, { role: 'tool' }>,
  around: Surroundings,
): Reply {
  const moreAfter = (...sentences: string[]): Reply => askForMore(state, sentences, 0);
  if (!FAILED.test(result))
    return moreAfter(...(call.name === TOOL.takeMessage ? thanksFor(call.arguments) : []));
  const { takesMessages, departments } = around.base.agent.knowledge;
  // The caller has pressed a key to come back.
  if (result.startsWith('not put through')) return moreAfter('You are back with me.');
  if (call.name === TOOL.proceed || call.name === TOOL.transfer) {
    const sorry = `I am sorry, ${whyNot(call, result)}.`;
    return takesMessages ? offerToTakeMessage(state, sorry) : moreAfter(sorry);
  }
  const department = departments[0]?.name;
  if (call.name === TOOL.takeMessage && department !== undefined) {
    const sorry = 'I am sorry, I could not store your message.';
    return say(state, [sorry, `Shall I put you through to ${department}?`], {
      kind: 'put-through',
      department: 0,
    });
  }
  return moreAfter('I am sorry, that did not work.');
}
