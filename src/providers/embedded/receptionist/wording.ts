import { sentencesIn } from '../../../dialog/language/sentence-splitter.ts';
import type { AgentProfile } from '../../../dialog/contract/agent-profile.ts';

/** Takes one of several wordings, another one each turn, the same one each time it is computed. */
export function pick(wordings: readonly string[], turn: number): string {
  return wordings[turn % wordings.length] ?? '';
}

export const ANYTHING_ELSE = [
  'Is there anything else I can do for you?',
  'Can I help you with anything else?',
  'Anything else?',
];

export const NOT_UNDERSTOOD = [
  'Sorry, I did not get that. Could you say it again?',
  'Sorry, could you say that another way?',
  'I am sorry, I did not understand you. Please say it once more.',
];

export const STILL_THERE = [
  'Are you still there?',
  'Hello? Can you hear me?',
  'I am still here. Can I help you?',
];

export const GOODBYE = ['Thank you for calling. Goodbye.', 'Thank you for your call. Goodbye.'];

export const WELCOME = ['You are welcome.', 'My pleasure.', 'Happy to help.'];

/** "a, b and c". */
export function list(names: readonly string[], conjunction = 'and'): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} ${conjunction} ${names.at(-1) ?? ''}`;
}

/** A name in the middle of a sentence, without its article: "a check up" → "check up". */
export function bareName(name: string): string {
  return name.replace(/^(?:an?|the) /i, '');
}

export function departmentNames(agent: AgentProfile): string[] {
  return agent.knowledge.departments.map(({ name }) => name);
}

/** What this agent can be asked about, for callers who don't know what to say. */
export function abilities(agent: AgentProfile): string {
  const { openingHours, address, services, takesMessages } = agent.knowledge;
  const topics = [
    ...(openingHours ? ['our opening hours'] : []),
    ...(address ? ['our address'] : []),
    ...(services.length > 0 ? ['our services and prices'] : []),
  ];
  const can = [
    ...(topics.length > 0 ? [`ask me about ${list(topics, 'or')}`] : []),
    ...(takesMessages ? ['leave a message'] : []),
  ];
  return can.length > 0 ? `You can ${can.join(', or ')}.` : `This is ${agent.knowledge.company}.`;
}

/** What a caller could say, word for word: the recogniser knows these best. */
export function examples(agent: AgentProfile): string {
  const { services, questions, openingHours } = agent.knowledge;
  const [service] = services;
  const [question] = questions;
  const said = [
    ...(openingHours ? ['when are you open'] : []),
    ...(service ? [`how much is ${service.name}`] : []),
    ...(question?.ask[0] === undefined ? [] : [question.ask[0].replace(/[?.]$/, '')]),
  ];
  return said.length > 0 ? `You can say, for example: ${list(said, 'or')}.` : abilities(agent);
}

/** Texts of agents.yaml, cut into sentences. */
export function sentencesOf(text: string): string[] {
  return sentencesIn(text.replaceAll(/\s+/g, ' ').trim()).map((sentence) => sentence.trim());
}
