import { TOOL } from '../../../dialog/contract/tool-names.ts';
import { answer } from './answers.ts';
import { beginForm } from './message-form.ts';
import { askForMore, offerToTakeMessage, say } from './questions.ts';
import { asking, withForm, type Reply, type State, type Surroundings } from './state.ts';
import type { Act } from './understand.ts';
import {
  abilities,
  bareName,
  departmentNames,
  examples,
  GOODBYE,
  list,
  NOT_UNDERSTOOD,
  pick,
  WELCOME,
} from './wording.ts';

/** Does what the caller surely wants. */
export function perform(act: Act, state: State, around: Surroundings): Reply {
  const { base, call, now } = around;
  const { agent } = base;
  const known = answer(act, agent, state, now);
  if (known) return known;
  const { company } = agent.knowledge;
  switch (act.kind) {
    case 'booking':
      return offerDepartment(act.department, state, around);
    case 'transfer':
      return act.department === undefined
        ? askDepartment(state, around)
        : proceedTo(act.department, state, around);
    case 'human':
      return askDepartment(state, around);
    case 'message':
      return agent.knowledge.takesMessages ? beginForm(state, call, act.text) : noMessages(state, around);
    case 'repeat':
      return state.said === ''
        ? { sentences: [agent.greeting], state }
        : { sentences: ['Of course.', state.said.replace(/^Of course\. /, '')], state };
    case 'who':
      return say(state, [`This is ${agent.name}.`, `I answer the telephone for ${company}.`]);
    case 'machine':
      return say(state, [
        'Yes, I am a computer.',
        `I answer the telephone for ${company}.`,
        ...(agent.knowledge.departments.length > 0 ? ['I can put you through to a person as well.'] : []),
      ]);
    case 'how-are-you':
      return say(state, ['I am fine, thank you.', 'What can I do for you?']);
    case 'wait':
      return { sentences: ['Take your time.'], state };
    case 'help':
      return say(state, ['Of course.', abilities(agent)]);
    case 'greeting':
      return say(state, ['Hello.', 'How can I help you?']);
    case 'thanks':
      return askForMore(state, [pick(WELCOME, state.turns)]);
    case 'cancel':
      return askForMore(state, ['No problem.']);
    case 'goodbye':
      return endCall(state, [pick(GOODBYE, state.turns)]);
    default:
      return notUnderstood(state, around);
  }
}

/** Acts that are answered with knowledge. */
export const INFORMING = new Set<Act['kind']>([
  'hours',
  'address',
  'service',
  'price',
  'duration',
  'question',
]);

/** Does several things in one reply; nothing comes after what ends the agent's part. */
export function performAll(acts: readonly Act[], state: State, around: Surroundings): Reply {
  let reply: Reply = { sentences: [], state: asking(state) };
  for (const act of acts) {
    const next = perform(act, asking(reply.state), around);
    reply = { ...next, sentences: [...reply.sentences, ...next.sentences] };
    if (next.tool) return reply;
  }
  // Every other answer asks whether there is anything else, unless it asks something itself.
  const informs = acts.every(({ kind }) => INFORMING.has(kind));
  if (!informs || reply.state.asked || state.turns % 2 === 1) return reply;
  return askForMore(reply.state, reply.sentences, state.turns >> 1);
}

export function endCall(state: State, sentences: readonly string[]): Reply {
  return { sentences, tool: { name: TOOL.hangUp, arguments: {} }, state: asking(withForm(state)) };
}

/** Puts the caller through. */
export function proceedTo(department: number, state: State, { base }: Surroundings): Reply {
  const name = base.agent.knowledge.departments[department]?.name ?? '';
  const isTarget = base.agent.transferTargets.some((target) => target.name === name);
  return {
    sentences: ['One moment.', `I will put you through to ${name}.`],
    tool: isTarget
      ? { name: TOOL.transfer, arguments: { target: name } }
      : { name: TOOL.proceed, arguments: { department: name } },
    state: asking(withForm(state)),
  };
}

function askDepartment(state: State, around: Surroundings): Reply {
  const names = departmentNames(around.base.agent);
  if (names.length === 0) return offerMessage(state, around);
  if (names.length === 1) return offerDepartment(0, state, around);
  const offer = `I can put you through to ${list(names, 'or')}.`;
  return say(state, [offer, 'Which one would you like?'], { kind: 'which-department' });
}

function offerDepartment(department: number | undefined, state: State, around: Surroundings): Reply {
  const name = department === undefined ? undefined : departmentNames(around.base.agent)[department];
  if (department === undefined || name === undefined) return askDepartment(state, around);
  return say(state, [`That is something for ${name}.`, 'Shall I put you through?'], {
    kind: 'put-through',
    department,
  });
}

/** Nobody to put the caller through to. */
export function offerMessage(state: State, around: Surroundings): Reply {
  const { takesMessages } = around.base.agent.knowledge;
  return takesMessages
    ? offerToTakeMessage(state, 'I am sorry, I am alone here.')
    : noMessages(state, around);
}

function noMessages(state: State, { base }: Surroundings): Reply {
  const names = departmentNames(base.agent);
  const offer = names.length > 0 ? `I can put you through to ${list(names, 'or')}.` : abilities(base.agent);
  return say(state, ['I am sorry, I can not take messages.', offer]);
}

/**
 * Asks again, with a hint of what can be asked, in other words each time; from the third time on offers a way out. `maybe`,
 * `or`: what it could have been.
 */
export function notUnderstood(state: State, around: Surroundings, maybe?: Act, or?: Act): Reply {
  const { agent } = around.base;
  const misunderstood = state.misunderstood + 1;
  const counted = { ...state, misunderstood };
  const guess = maybe && misunderstood < 3 ? guessText(maybe, around) : undefined;
  const other = or ? guessText(or, around) : undefined;
  if (guess !== undefined && other !== undefined) {
    const [one, two] = [guess, other].map((text) => text.replace(/^this: /, ''));
    return say(counted, [`Sorry, which did you mean: ${one}, or ${two}?`]);
  }
  if (maybe && guess !== undefined) {
    return say(counted, [`Sorry, do you want to know ${guess}?`], { kind: 'meant', act: maybe });
  }
  if (misunderstood === 2) return say(counted, ['I am sorry, I did not understand that.', abilities(agent)]);
  if (misunderstood >= 3) return rescue(counted, around);
  // What was asked before stays open: the caller knows what to say, and will say it again.
  const open = state.asked !== undefined && state.asked.kind !== 'anything-else';
  return {
    sentences: open ? [pick(NOT_UNDERSTOOD, state.turns)] : ['Sorry, I did not get that.', examples(agent)],
    state: counted,
  };
}

function rescue(state: State, { base }: Surroundings): Reply {
  const names = departmentNames(base.agent);
  const offers = [
    ...(base.agent.knowledge.takesMessages ? ['take a message'] : []),
    ...(names.length > 0 ? [`put you through to ${list(names, 'or')}`] : []),
  ];
  if (offers.length === 0) return say(state, [pick(NOT_UNDERSTOOD, state.turns)]);
  return say(state, ['I am sorry, we have a bad line.', `Shall I ${offers.join(', or ')}?`], {
    kind: 'rescue',
  });
}

/** The rest of "do you want to know …". */
function guessText(act: Act, { base }: Surroundings): string | undefined {
  const { services, questions } = base.agent.knowledge;
  switch (act.kind) {
    case 'hours':
      return 'when we are open';
    case 'address':
      return 'where we are';
    case 'services':
      return 'what we offer';
    case 'service':
      return `something about ${bareName(services[act.index]?.name ?? 'that')}`;
    case 'price':
      return act.index === undefined ? 'a price' : `the price of ${services[act.index]?.name ?? 'that'}`;
    case 'duration':
      return 'how long it takes';
    case 'question': {
      const ask = questions[act.index]?.ask[0];
      return ask === undefined ? undefined : `this: ${ask.replace(/[?.]$/, '')}`;
    }
    default:
      return undefined;
  }
}
