import { keptFor } from '../../lib/kept-for.ts';
import { TOOL } from '../../dialog/contract/tool-names.ts';
import { WEEKDAYS, type AgentKnowledge, type AgentProfile } from '../../dialog/contract/agent-profile.ts';
import { type CallInfo } from '../../dialog/contract/call-info.ts';

/** How somebody talks on the telephone, whatever the agent. */
const TELEPHONE_STYLE = [
  'You are talking on the telephone; every word that you write is spoken aloud by a voice.',
  'Answer in one or two short sentences, then let the caller speak. Ask one thing at a time.',
  'Write plain spoken text only: no lists, headings, markup, emojis, links or stage directions.',
  'Write numbers, prices, times and dates as one says them, and telephone numbers digit by digit.',
  'The words of the caller come from speech recognition: be generous with mistakes in them, and ask when in doubt.',
  'Text in square brackets is a remark of the telephone system. Never write such remarks yourself.',
  'Where you see [interrupted], the caller has heard only the words before it.',
  'Rely on what is said below. What you do not know, you say that you do not know; never invent facts.',
  'Use a tool when what the caller wants needs it, and not otherwise; say beforehand what you are doing.',
];

/** Everything that the model knows: the agent's instructions, knowledge, and this call. */
export function systemPrompt(agent: AgentProfile, call: CallInfo, wallClockMs: number): string {
  const { knowledge } = agent;
  return [
    `You are ${agent.name}, who ${call.direction === 'in' ? 'answers the telephone of' : 'makes a call for'} ${knowledge.company}.`,
    agent.instructions,
    section('How to speak', [...TELEPHONE_STYLE, speakIn(agent.language)]),
    section('What you know', facts(agent)),
    section('Questions and answers', questions(knowledge)),
    section('This call', circumstances(call)),
    // Last, so that what stands before it stays the same from turn to turn and can be cached.
    section('Now', [`It is ${clockOf(knowledge.timeZone).format(wallClockMs)}.`]),
  ]
    .filter((part) => part.trim() !== '')
    .join('\n\n');
}

/** The language by its name: a model knows "Thai" better than `th`. */
function speakIn(tag: string): string {
  const name = languageName(tag);
  return name === 'English'
    ? 'Speak English.'
    : `Speak ${name}: every word that you write is in ${name}, though these instructions may be in English.`;
}

const languageName = keptFor((tag: string): string => {
  try {
    const [code = tag] = tag.split(/[-_]/);
    return new Intl.DisplayNames('en', { type: 'language' }).of(code) ?? tag;
  } catch {
    return `the language "${tag}"`;
  }
});

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `# ${title}\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

function facts({ knowledge, tools }: AgentProfile): string[] {
  const { openingHours, address, services } = knowledge;
  const may = (tool: string): boolean => tools?.includes(tool) ?? true;
  const departments = may(TOOL.proceed) ? knowledge.departments : [];
  return [
    ...(openingHours ? [`Opening hours: ${hoursText(openingHours)}.`] : []),
    ...(address === undefined ? [] : [`Address: ${address}.`]),
    ...services.map(({ name, also, about, price }) => {
      const names = also.length > 0 ? `${name} (${also.join(', ')})` : name;
      return `Service: ${names}. ${about}${price === undefined ? '' : ` Price: ${price}.`}`;
    }),
    ...(departments.length > 0
      ? [`Departments that callers can be put through to: ${departments.map(withKey).join('; ')}.`]
      : []),
    knowledge.takesMessages && may(TOOL.takeMessage)
      ? 'You can take a message; it needs a name, a telephone number and what it is about.'
      : 'You can not take messages.',
  ];
}

function withKey({ name, digit }: AgentKnowledge['departments'][number]): string {
  return digit === undefined ? name : `${name} (key ${digit})`;
}

/** `Monday 08:00 to 12:00 and 14:00 to 18:00; …; Sunday closed`. */
export function hoursText(openingHours: NonNullable<AgentKnowledge['openingHours']>): string {
  return WEEKDAYS.map((day) => {
    const times = openingHours
      .filter((time) => time.day === day)
      .map(({ fromMinute, toMinute }) => `${clockText(fromMinute)} to ${clockText(toMinute)}`);
    const name = `${day.charAt(0).toUpperCase()}${day.slice(1)}`;
    return `${name} ${times.length > 0 ? times.join(' and ') : 'closed'}`;
  }).join('; ');
}

function clockText(minute: number): string {
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${part(Math.floor(minute / 60))}:${part(minute % 60)}`;
}

function questions({ questions: known }: AgentKnowledge): string[] {
  return known.map(({ ask, answer }) => `${ask.join(' / ')} → ${answer}`);
}

/** What the far side says of itself is quoted: it is data, not instruction. */
function circumstances({ dialled, caller, direction, variables }: CallInfo): string[] {
  const known = (value: string | undefined): string =>
    value === undefined ? 'unknown' : JSON.stringify(value);
  return [
    direction === 'in'
      ? `The caller dialled ${known(dialled)}; the caller's number is ${known(caller.number)}, the caller's name ${known(caller.name)}.`
      : `You have called them, not they you; their number is ${known(caller.number)}, their name ${known(caller.name)}.`,
    ...Object.entries(variables)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ];
}

/** Making one takes longer (0.4 ms) than all else that a prompt needs. */
const clockOf = keptFor(
  (timeZone: string | undefined) =>
    new Intl.DateTimeFormat('en', {
      dateStyle: 'full',
      timeStyle: 'short',
      ...(timeZone === undefined ? {} : { timeZone }),
    }),
);
