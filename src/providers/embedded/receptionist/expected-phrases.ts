import { keptFor } from '../../../lib/kept-for.ts';
import { WEEKDAYS, type AgentProfile } from '../../../dialog/contract/agent-profile.ts';
import { asAllowed } from './allowed.ts';
import { FREQUENT_FAMILY_NAMES, FREQUENT_FIRST_NAMES } from '../names.ts';
import { digitByDigit } from '../number-words.ts';
import { spokenWords } from '../words.ts';
import {
  ADDRESS,
  BETWEEN,
  BOOKING,
  DEPARTMENT,
  HOURS,
  HUMAN,
  MESSAGE,
  PLACE,
  SERVICE,
  SERVICE_ALSO,
  SERVICES,
  THAT,
  waysToAsk,
} from './ways-to-ask.ts';
import { bareName } from './wording.ts';

/** What callers say to any business. */
const GENERAL = `
hello|hi|good morning|good afternoon|good evening|hello how are you|how are you
what are your opening hours|what are your hours|when are you open|what time do you open|what time do you close
when do you open|when do you close|how late are you open|are you open now|are you still open|are you open today
are you open tomorrow|are you open on the weekend|are you open on weekends|are you open at the weekend
what time do you open tomorrow|what time do you close today|when do you close today|when do you open tomorrow
can you tell me your opening hours|could you tell me when you are open|which days are you open|and tomorrow
and on the weekend|what about the weekend|how late are you open today|are you open in the evening
where are you|where are you located|what is your address|can you give me your address|how do i get there
how do i find you|can you give me directions|what is the address|where can i find you|which street are you on
how do i get to you
what services do you offer|what do you offer|which services do you have|what can you do for me
what do you do|which services do you offer|what kind of services do you have
how much is that|what does that cost|how much does it cost|what are your prices|how much is it|how expensive is that
what is the price|how long does that take|how long does it take|and how much is that|and how long does it take
i would like to make an appointment|i need an appointment|can i make an appointment|can i book an appointment
i want to book an appointment|when is the next free appointment|i would like to book an appointment
can i leave a message|i would like to leave a message|can you take a message|please take a message
can someone call me back|please call me back|could somebody call me back|can you call me back|i want a call back
could you ask someone to call me back
can i speak to someone|i want to speak to a person|can i talk to a human|i would like to talk to somebody
let me speak to a real person|operator|can i speak to the manager|put me through to someone|a real person please
can you say that again|could you repeat that|say that again please|sorry what did you say|could you say that again
please repeat that|pardon|sorry i did not understand|i did not catch that|once more please|what was that
who are you|who is this|who am i speaking to|what is your name|is this a recording|are you a robot
are you a real person|are you a machine|am i talking to a computer|are you human
thank you|thanks|thank you very much|thanks a lot|thank you for your help|great thank you|perfect thank you
yes|yes please|yes that is right|yes that is correct|that is right|that is correct|correct|yeah|sure|okay|right
yes of course|please do|of course|go ahead|yes thank you
no|no thank you|no thanks|no that is wrong|that is wrong|that is not right|no that is not right|not really|nope
no that is all|no that is all thank you|that is all|that is all thank you|nothing else|that was all|no nothing else
goodbye|bye|bye bye|thank you goodbye|thanks bye|thank you bye|no goodbye|have a nice day|thank you and goodbye
never mind|forget it|cancel the message|i changed my mind|cancel|no message
wait a moment|just a moment|one moment please|hold on please|hang on
help|what can i ask you|what can you do|i have a question|can you help me|what else can you do
please call me back|it is about my appointment|it is about an invoice|it is about the bill|it is about a price
i want to change my appointment|i will be late|please call me tomorrow|please call me back tomorrow
please call me back in the morning|please call me back this afternoon|it is about an appointment|it is urgent
i need an appointment|i have a question about the price|just call me back please|it is private
no it is another number|please use another number|please use this number|the same number|that is all
`;

const DAY_FORMS = [
  '{}',
  'are you open on {}',
  'and on {}',
  'what about {}',
  'what time do you open on {}',
  'what time do you close on {}',
  'when are you open on {}',
];

/** "On Wednesday", "on Wednesdays". */
const DAYS = WEEKDAYS.flatMap((day) => [day, `${day}s`]);

const SERVICE_FORMS = [
  '{}',
  'do you do {}',
  'how much is {}',
  'how much does {} cost',
  'what does {} cost',
  'how long does {} take',
  'i need {}',
  'i would like {}',
  'tell me about {}',
  'what is the price for {}',
  'it is about {}',
];
const SERVICE_SYNONYM_FORMS = ['{}', 'do you do {}', 'how much is {}'];

const DEPARTMENT_FORMS = [
  '{}',
  '{} please',
  'put me through to {}',
  'can you put me through to {}',
  'please put me through to {}',
  'i would like to speak to {}',
  'can i speak to {}',
];

const NAME_FORMS = ['my name is {}', '{}', 'this is {}'];

/** Telephone numbers, as examples of how they are spoken; any others are said in the same way. */
const NUMBERS = [
  '07700900123',
  '5550142',
  '02079460018',
  '5551234567',
  '01632960456',
  '442079',
  '3168',
  '900557',
];

/**
 * The sentences that callers are likely to say to this agent: lower-case words without punctuation, numbers as
 * words, each once. For a recogniser's grammar and domain model, or as key terms. Of an agent who speaks another
 * language than English: the names that its configuration has, as they stand there. Put together once for each agent (20 ms).
 */
export const expectedPhrases = keptFor(phrasesFor);

function phrasesFor(agent: AgentProfile): readonly string[] {
  const { company, services, questions, departments } = asAllowed(agent).knowledge;
  if (!/^en([-_]|$)/i.test(agent.language)) {
    return [...new Set([...services, ...departments].flatMap(({ name, also }) => [name, ...also]))];
  }
  const phrases = [
    ...GENERAL.split(/[|\n]/),
    ...WEEKDAYS.flatMap((day) => fill(DAY_FORMS, day)),
    ...services.flatMap(({ name, also }) => [
      ...fill(SERVICE_FORMS, name),
      bareName(name),
      ...also.flatMap((word) => fill(SERVICE_SYNONYM_FORMS, word)),
    ]),
    ...questions.flatMap(({ ask }) => ask),
    ...departments.flatMap(({ name, also }) =>
      [name, ...also].flatMap((word) => fill(DEPARTMENT_FORMS, word)),
    ),
    ...waysToAsk(HOURS, DAYS, 300),
    ...waysToAsk(ADDRESS, [], 120),
    ...waysToAsk(PLACE, [company.split(' ').at(-1) ?? 'office', 'office'], 90),
    ...waysToAsk(SERVICES, [], 60),
    ...waysToAsk(THAT, [], 60),
    ...waysToAsk(
      SERVICE,
      services.map(({ name }) => name),
      0,
    ),
    ...waysToAsk(
      SERVICE_ALSO,
      services.flatMap(({ also }) => also),
      0,
    ),
    ...waysToAsk(BOOKING, WEEKDAYS, 120),
    ...waysToAsk(MESSAGE, [], 120),
    ...waysToAsk(HUMAN, [], 80),
    ...waysToAsk(
      DEPARTMENT,
      departments.flatMap(({ name, also }) => [name, ...also]),
      0,
    ),
    ...waysToAsk(BETWEEN, [], 200),
    ...FREQUENT_FIRST_NAMES.flatMap((first, index) =>
      fill(NAME_FORMS, `${first} ${FREQUENT_FAMILY_NAMES[index % FREQUENT_FAMILY_NAMES.length] ?? ''}`),
    ),
    ...NUMBERS.flatMap(spokenNumbers),
    'a b c d e f g',
    'h i j k l m n',
    'o p q r s t u',
    'v w x y z',
  ];
  const normal = phrases.map((phrase) => spokenWords(phrase).join(' ')).filter((phrase) => phrase !== '');
  return [...new Set(normal)];
}

function fill(forms: readonly string[], word: string): string[] {
  return forms.map((form) => form.replace('{}', word));
}

/** The ways to say one number: with "oh" and "zero", with "double", and with a lead. */
function spokenNumbers(digits: string): string[] {
  const plain = digitByDigit(digits);
  const ohs = plain.replaceAll('zero', 'oh');
  const doubled = ohs.replaceAll(/\b(\w+) \1\b/g, 'double $1');
  return [plain, ohs, doubled, `my number is ${ohs}`, `it is ${plain}`, `no it is ${doubled}`];
}
