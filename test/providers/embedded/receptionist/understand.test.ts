import { describe, expect, it } from 'vitest';
import { knowledgeOf } from '../../../../src/providers/embedded/receptionist/knowledge.ts';
import { expectedPhrases } from '../../../../src/providers/embedded/receptionist/expected-phrases.ts';
import {
  understand,
  type Understanding,
} from '../../../../src/providers/embedded/receptionist/understand.ts';
import { shippedAgent } from '../../../support/shipped-config.ts';

/** The name of what was understood first. */
function intentName({ acts: [first], answer, maybe }: Understanding): string {
  return first?.kind ?? answer ?? (maybe ? `maybe ${maybe.kind}` : 'none');
}

const agents = { alice: shippedAgent('alice'), tom: shippedAgent('tom') };

/** The first thing understood: an intent's name, or a service's or question's first words. */
function understood(id: 'alice' | 'tom', text: string): string {
  const agent = agents[id];
  const understanding = understand(text, knowledgeOf(agent));
  const [act] = understanding.acts;
  if (act?.kind === 'question') return agent.knowledge.questions[act.index]?.ask[0] ?? '';
  if (act?.kind === 'service') return agent.knowledge.services[act.index]?.name ?? '';
  if (act?.kind === 'price' && act.index !== undefined) {
    return `price of ${agent.knowledge.services[act.index]?.name ?? ''}`;
  }
  if (act?.kind === 'transfer' && act.department !== undefined) {
    return `transfer to ${agent.knowledge.departments[act.department]?.name ?? ''}`;
  }
  return intentName(understanding);
}

/** Ways to say it that don't stand in agents.yaml, nor among the expected phrases. */
const PARAPHRASES: readonly (readonly ['alice' | 'tom', string, string])[] = [
  ['alice', 'until when can i come to you on fridays', 'hours'],
  ['alice', 'do you work on saturdays too', 'hours'],
  ['alice', 'is anybody there on sunday', 'hours'],
  ['alice', 'could you tell me when the clinic closes tonight', 'hours'],
  ['alice', 'how early can i come in tomorrow', 'hours'],
  ['alice', 'are you closed on the weekend', 'hours'],
  ['alice', 'whereabouts is your practice', 'address'],
  ['alice', 'can you tell me how to get to the clinic', 'address'],
  ['alice', 'i can not find you what street is it', 'address'],
  ['alice', 'what kind of treatments do you have', 'services'],
  ['alice', 'what is the cost of a normal examination', 'price of a check up'],
  ['alice', 'how expensive would a new crown be', 'price of a crown'],
  ['alice', 'what would i pay for teeth whitening', 'price of whitening'],
  ['alice', 'tell me the price for having a tooth pulled', 'price of an extraction'],
  ['alice', 'i would love whiter teeth is that something you do', 'whitening'],
  ['alice', 'can you fix a hole in my tooth', 'a filling'],
  ['alice', 'my daughter has crooked teeth', 'braces'],
  ['alice', 'my wisdom tooth has to come out', 'an extraction'],
  ['alice', 'is there somewhere i could leave my car', 'where can I park'],
  ['alice', 'do i have to pay for the parking lot', 'where can I park'],
  ['alice', 'will my insurance cover the treatment', 'do you take insurance'],
  ['alice', 'do you accept master card or visa card', 'how can I pay'],
  ['alice', 'is it possible to pay in monthly rates', 'how can I pay'],
  ['alice', 'i have had terrible pain since last night', 'I have a toothache'],
  ['alice', 'it hurts so much please help me', 'I have a toothache'],
  ['alice', 'this is urgent i think it is an emergency', 'I have a toothache'],
  ['alice', 'would you accept me as a new patient', 'are you taking new patients'],
  ['alice', 'do you also see little kids', 'do you treat children'],
  ['alice', 'i have to postpone my appointment', 'can I cancel my appointment'],
  ['alice', 'can someone in a wheelchair get in', 'is there wheelchair access'],
  ['alice', 'what are the names of your doctors', 'who are the dentists'],
  ['alice', 'which train or bus do i take', 'is there a bus'],
  ['alice', 'i want to come in for a visit when is your next free slot', 'booking'],
  ['alice', 'could you schedule me for a cleaning', 'booking'],
  ['alice', 'connect me with the billing people', 'transfer to billing'],
  ['alice', 'i would rather speak with a human being', 'human'],
  ['alice', 'could you pass on a message for me', 'message'],
  ['alice', 'have somebody ring me back this afternoon', 'message'],
  ['alice', 'please let them know that i am running late', 'message'],
  ['alice', 'excuse me what did you say', 'repeat'],
  ['alice', 'i could not hear you say it again', 'repeat'],
  ['alice', 'who am i talking with', 'who'],
  ['alice', 'is this a real human or some computer', 'machine'],
  ['alice', 'that was all i needed have a nice day', 'goodbye'],
  ['alice', 'many thanks for that', 'thanks'],
  ['tom', 'when can i come by tomorrow morning', 'hours'],
  ['tom', 'how late is the garage open on thursdays', 'hours'],
  ['tom', 'where exactly is your garage', 'address'],
  ['tom', 'what work do you do on cars', 'services'],
  ['tom', 'my brakes make a terrible noise', 'brakes'],
  ['tom', 'i need winter tires put on', 'tires'],
  ['tom', 'i have got a puncture', 'tires'],
  ['tom', 'the climate control does not cool any more', 'air conditioning'],
  ['tom', 'someone scratched my door can you paint it', 'body work'],
  ['tom', 'what do you charge for changing the oil', 'price of an oil change'],
  ['tom', 'what would a new battery set me back', 'price of a battery'],
  ['tom', 'how much do you want for the annual inspection', 'price of the yearly inspection'],
  ['tom', 'can you lend me a car while mine is being fixed', 'can I get a loan car'],
  ['tom', 'i am stranded can you tow me', 'do you tow cars'],
  ['tom', 'my engine will not start any more', 'do you tow cars'],
  ['tom', 'would you repair a motorbike', 'which makes do you repair'],
  ['tom', 'do you give any guarantee on your work', 'is there a guarantee'],
  ['tom', 'is my vehicle finished yet', 'is my car ready'],
  ['tom', 'can i sit down and wait there', 'can I wait for my car'],
  ['tom', 'could i drop the keys in the evening', 'can I leave the key at night'],
  ['tom', 'can i come without booking', 'do I need an appointment'],
  ['tom', 'give me the spare parts desk', 'transfer to parts'],
  ['tom', 'i want to talk to a mechanic', 'transfer to service'],
  ['tom', 'let me talk to your boss', 'human'],
  ['tom', 'i would like to bring my car in for an inspection', 'booking'],
  ['tom', 'can i settle it with my credit card', 'how can I pay'],
  ['tom', 'will you send the invoice to my insurance', 'do you deal with my insurance'],
];

/** As a recogniser garbles them: words lost, doubled, or taken for others that sound alike. */
const GARBLED: readonly (readonly ['alice' | 'tom', string, string])[] = [
  ['alice', 'what are you opening our', 'hours'],
  ['alice', 'a you open an saturday', 'hours'],
  ['alice', 'wet time do you close a day', 'hours'],
  ['alice', 'where are you look hated', 'address'],
  ['alice', 'how much is the whitening and', 'price of whitening'],
  ['alice', 'how match is a check up cost', 'price of a check up'],
  ['alice', 'do you half parking the', 'where can I park'],
  ['alice', 'do you take the insurance is', 'do you take insurance'],
  ['alice', 'i what to leave a message a', 'message'],
  ['alice', 'put me threw to billing', 'transfer to billing'],
  ['alice', 'can you say that a again', 'repeat'],
  ['tom', 'my break are squeaking', 'brakes'],
  ['tom', 'how much is in oil change', 'price of an oil change'],
  ['tom', 'my car broke down to', 'do you tow cars'],
  ['tom', 'can i half a loan car', 'can I get a loan car'],
  ['tom', 'where is the the garage', 'address'],
  ['tom', 'i need knew tires', 'tires'],
  ['tom', 'can some one call me back', 'message'],
];

/** Matters that neither business knows anything of: no answer may be given to them. */
const FOREIGN = [
  'the weather is nice today',
  'what is the capital of france',
  'i would like a pizza with mushrooms',
  'tell me a joke',
  'my dog ate the newspaper',
  'did you see the football match',
  'two tickets to london',
  'the quick brown fox jumps over the lazy dog',
  'i need a lawyer for my divorce',
  'play some music',
];

const share = (cases: readonly (readonly ['alice' | 'tom', string, string])[]) => {
  const wrong = cases
    .map(([id, text, expected]) => ({ text, expected, got: understood(id, text) }))
    .filter(({ expected, got }) => got !== expected);
  return { wrong, accuracy: 1 - wrong.length / cases.length };
};

describe('what callers say in words of their own', () => {
  it('does not stand among the phrases that the recogniser is told', () => {
    for (const [id, text] of PARAPHRASES) expect(expectedPhrases(agents[id])).not.toContain(text);
    expect(PARAPHRASES.length).toBeGreaterThanOrEqual(60);
  });

  it('is understood in at least 95 of 100 cases', () => {
    const { wrong, accuracy } = share(PARAPHRASES);
    expect(accuracy, JSON.stringify(wrong, null, 1)).toBeGreaterThanOrEqual(0.95);
  });

  it('is understood in at least 85 of 100 cases when the recogniser garbles it', () => {
    const { wrong, accuracy } = share(GARBLED);
    expect(accuracy, JSON.stringify(wrong, null, 1)).toBeGreaterThanOrEqual(0.85);
  });

  it('is not answered when it is about something else', () => {
    for (const id of ['alice', 'tom'] as const) {
      const answered = FOREIGN.filter((text) => understand(text, knowledgeOf(agents[id])).acts.length > 0);
      expect(answered).toEqual([]);
    }
  });
});

describe('everything that stands in agents.yaml', () => {
  it.each(['alice', 'tom'] as const)('is understood word for word (%s)', (id) => {
    const { questions, services, departments } = agents[id].knowledge;
    const wrong = [
      ...questions.flatMap(({ ask }) =>
        ask.map((text) => ({ text, expected: ask[0] ?? '', got: understood(id, text) })),
      ),
      ...services.flatMap(({ name, also }) =>
        [name, ...also].map((word) => ({
          text: `do you do ${word}`,
          expected: name,
          got: understood(id, `do you do ${word}`),
        })),
      ),
      ...departments.flatMap(({ name, also }) =>
        [name, ...also].map((word) => ({
          text: `put me through to ${word}`,
          expected: `transfer to ${name}`,
          got: understood(id, `put me through to ${word}`),
        })),
      ),
    ].filter(({ expected, got }) => got !== expected);
    expect(wrong).toEqual([]);
  });
});

describe('yes and no', () => {
  it.each([
    ['yes', 'yes'],
    ['yes please', 'yes'],
    ['yeah that is right', 'yes'],
    ['that is correct', 'yes'],
    ['please do', 'yes'],
    ['no', 'no'],
    ['no thank you', 'no'],
    ['that is wrong', 'no'],
    ['know', 'no'],
  ])('"%s" is a %s', (text, expected) => {
    expect(understand(text, knowledgeOf(agents.alice))).toMatchObject({ answer: expected, more: false });
  });

  it('a no with a question is both', () => {
    const understanding = understand('no but when are you open', knowledgeOf(agents.alice));
    expect(understanding).toMatchObject({ answer: 'no', acts: [{ kind: 'hours' }] });
  });
});
