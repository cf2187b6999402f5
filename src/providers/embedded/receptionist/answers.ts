import type { AgentProfile } from '../../../dialog/agent-profile.ts';
import { hoursAnswer, type LocalTime } from './opening.ts';
import { asking, type Question, type State } from './state.ts';
import type { Act } from './understand.ts';
import { concepts } from './concepts.ts';
import { bareName, list, sentencesOf } from './wording.ts';

/** An answer from what the agent knows, and what is remembered of it. */
export interface Answer {
  readonly sentences: readonly string[];
  readonly state: State;
}

/** Answers what asks for knowledge; undefined for acts of another kind. */
export function answer(act: Act, agent: AgentProfile, state: State, now: LocalTime): Answer | undefined {
  const { knowledge } = agent;
  switch (act.kind) {
    case 'hours':
      if (!knowledge.openingHours) return unknown(state, 'our opening hours');
      return {
        sentences: hoursAnswer(knowledge.openingHours, act, now),
        state: { ...asking(state), hours: true },
      };
    case 'address':
      if (knowledge.address === undefined) return unknown(state, 'our address');
      return { sentences: [`We are at ${knowledge.address}.`], state: asking(state) };
    case 'services':
      return services(agent, state);
    case 'service':
      return service(agent, state, act.index, act.yesNo);
    case 'price':
    case 'duration':
      return priceOrDuration(agent, state, act);
    case 'question':
      return question(agent, state, act.index);
    default:
      return undefined;
  }
}

function unknown(state: State, what: string): Answer {
  return {
    sentences: [`I am sorry, I do not know ${what}.`, 'Shall I take a message?'],
    state: asking(state, { kind: 'take-message' }),
  };
}

function services(agent: AgentProfile, state: State): Answer {
  const names = agent.knowledge.services.map(({ name }) => bareName(name));
  if (names.length === 0) return unknown(state, 'that');
  return {
    sentences: [`We do ${list(names)}.`, 'Which one would you like to know about?'],
    state: asking(state, { kind: 'which-service', wants: 'service' }),
  };
}

function service(agent: AgentProfile, state: State, index: number, yesNo: boolean): Answer {
  const found = agent.knowledge.services[index];
  if (!found) return services(agent, state);
  const price = found.price === undefined ? [] : [`The price is ${found.price}.`];
  return {
    sentences: [...(yesNo ? ['Yes, we do.'] : []), ...sentencesOf(found.about), ...price],
    state: { ...asking(state), service: index, hours: false },
  };
}

function priceOrDuration(
  agent: AgentProfile,
  state: State,
  act: { readonly kind: 'price' | 'duration'; readonly index?: number },
): Answer {
  const index = act.index ?? state.service;
  const found = index === undefined ? undefined : agent.knowledge.services[index];
  if (index === undefined || !found) {
    if (agent.knowledge.services.length === 0) return unknown(state, 'that');
    return {
      sentences: ['That depends.', 'Which service do you mean?'],
      state: asking(state, { kind: 'which-service', wants: act.kind }),
    };
  }
  const remembered: State = { ...asking(state), service: index, hours: false };
  if (act.kind === 'duration') return { sentences: sentencesOf(found.about), state: remembered };
  if (found.price !== undefined) {
    return { sentences: [`That is ${found.price}, for ${found.name}.`], state: remembered };
  }
  const about = sentencesOf(found.about);
  return { sentences: ['There is no fixed price for that.', ...about], state: remembered };
}

function question(agent: AgentProfile, state: State, index: number): Answer {
  const found = agent.knowledge.questions[index];
  if (!found) return unknown(state, 'that');
  const sentences = sentencesOf(found.answer);
  return { sentences, state: asking(state, offerIn(found.answer, agent)) };
}

/** An answer that names a department offers it: the caller may just say yes. */
function offerIn(text: string, agent: AgentProfile): Question | undefined {
  if (!/put you through/i.test(text)) return undefined;
  const words = new Set(concepts(text));
  const department = agent.knowledge.departments.findIndex(({ name }) =>
    concepts(name).every((word) => words.has(word)),
  );
  return department < 0 ? undefined : { kind: 'put-through', department };
}
