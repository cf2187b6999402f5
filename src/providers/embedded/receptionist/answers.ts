import type { AgentProfile } from '../../../dialog/contract/agent-profile.ts';
import { concepts } from './concepts.ts';
import { hoursAnswer, type LocalTime } from './opening.ts';
import { offerToTakeMessage, say } from './questions.ts';
import type { Question, Reply, State } from './state.ts';
import type { Act } from './understand.ts';
import { bareName, list, sentencesOf } from './wording.ts';

/** Answers what asks for the agent's knowledge; undefined for acts of another kind. */
export function answer(act: Act, agent: AgentProfile, state: State, now: LocalTime): Reply | undefined {
  const { openingHours, address } = agent.knowledge;
  switch (act.kind) {
    case 'hours':
      if (!openingHours) return unknown(state, 'our opening hours');
      return say({ ...state, hours: true }, hoursAnswer(openingHours, act, now));
    case 'address':
      return address === undefined ? unknown(state, 'our address') : say(state, [`We are at ${address}.`]);
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

function unknown(state: State, what: string): Reply {
  return offerToTakeMessage(state, `I am sorry, I do not know ${what}.`);
}

function services(agent: AgentProfile, state: State): Reply {
  const names = agent.knowledge.services.map(({ name }) => bareName(name));
  if (names.length === 0) return unknown(state, 'that');
  return say(state, [`We do ${list(names)}.`, 'Which one would you like to know about?'], {
    kind: 'which-service',
    wants: 'service',
  });
}

/** An answer about one service, which is remembered: "how much is that?" */
function about(state: State, service: number, sentences: readonly string[]): Reply {
  return say({ ...state, service, hours: false }, sentences);
}

function service(agent: AgentProfile, state: State, index: number, yesNo: boolean): Reply {
  const found = agent.knowledge.services[index];
  if (!found) return services(agent, state);
  const price = found.price === undefined ? [] : [`The price is ${found.price}.`];
  return about(state, index, [...(yesNo ? ['Yes, we do.'] : []), ...sentencesOf(found.about), ...price]);
}

function priceOrDuration(
  agent: AgentProfile,
  state: State,
  act: { readonly kind: 'price' | 'duration'; readonly index?: number },
): Reply {
  const index = act.index ?? state.service;
  const found = index === undefined ? undefined : agent.knowledge.services[index];
  if (index === undefined || !found) {
    if (agent.knowledge.services.length === 0) return unknown(state, 'that');
    return say(state, ['That depends.', 'Which service do you mean?'], {
      kind: 'which-service',
      wants: act.kind,
    });
  }
  if (act.kind === 'duration') return about(state, index, sentencesOf(found.about));
  if (found.price !== undefined) return about(state, index, [`That is ${found.price}, for ${found.name}.`]);
  return about(state, index, ['There is no fixed price for that.', ...sentencesOf(found.about)]);
}

function question(agent: AgentProfile, state: State, index: number): Reply {
  const found = agent.knowledge.questions[index];
  if (!found) return unknown(state, 'that');
  return say(state, sentencesOf(found.answer), offerIn(found.answer, agent));
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
