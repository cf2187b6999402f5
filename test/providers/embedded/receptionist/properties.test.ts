import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../src/dialog/contract/conversation.ts';
import { TOOL } from '../../../../src/dialog/contract/tool-names.ts';
import { createReceptionist } from '../../../../src/providers/embedded/receptionist/receptionist.ts';
import { expectedPhrases } from '../../../../src/providers/embedded/receptionist/expected-phrases.ts';
import { callInfo, FRIDAY_MORNING, ReceptionistCall, replyOf } from '../../../support/receptionist-call.ts';
import { shippedAgent } from '../../../support/shipped-config.ts';

const alice = shippedAgent('alice');
const sentence = fc.oneof(fc.constantFrom(...expectedPhrases(alice)), fc.string(), fc.lorem());

const message: fc.Arbitrary<Message> = fc.oneof(
  sentence.map((text): Message => ({ role: 'caller', text, via: 'speech' })),
  fc.stringMatching(/^[0-9*#]{1,12}$/).map((text): Message => ({ role: 'caller', text, via: 'dtmf' })),
  fc
    .constantFrom('not-understood' as const, 'silence' as const)
    .map((via): Message => ({ role: 'caller', text: '', via })),
  fc
    .tuple(sentence, fc.boolean())
    .map(([text, interrupted]): Message => ({ role: 'agent', text, interrupted })),
  fc
    .tuple(fc.constantFrom(...Object.values(TOOL), 'other'), fc.constantFrom('ok', 'failed: busy', ''))
    .map(([name, result]): Message => ({ role: 'tool', call: { id: '1', name, arguments: {} }, result })),
);

describe('whatever the history is', () => {
  it('the receptionist says something, in whole words, and the same thing each time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 14 }), async (history) => {
        const said = await replyOf(alice, history);
        expect(said.text.trim()).not.toBe('');
        expect(said.text).not.toMatch(/undefined|NaN|\[object/);
        expect(await replyOf(alice, history)).toEqual(said);
        if (said.tool) expect(Object.values(TOOL)).toContain(said.tool.name);
      }),
      { numRuns: 120 },
    );
  });

  it('answers also for an agent without any knowledge', async () => {
    const bare = {
      ...alice,
      knowledge: {
        company: 'Nobody',
        services: [],
        questions: [],
        departments: [],
        takesMessages: false,
        pronunciations: {},
      },
    };
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 8 }), async (history) => {
        const said = await replyOf(bare, history);
        expect(said.text.trim()).not.toBe('');
        expect(said.tool?.name ?? TOOL.hangUp).toBe(TOOL.hangUp);
      }),
      { numRuns: 60 },
    );
  });

  it('a message is handed over only with a name, and with digits as its number', async () => {
    const phrase = fc.constantFrom(
      'my name is john smith',
      'oh one two three four five six',
      'yes',
      'no',
      'stop',
      '',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(phrase, { maxLength: 12 }), async (lines) => {
        const call = new ReceptionistCall(alice);
        await call.says('can i leave a message');
        for (const line of lines) {
          const { tool } = await call.says(line);
          if (tool?.name !== TOOL.takeMessage) continue;
          expect(tool.arguments.name).not.toBe('');
          expect(tool.arguments.number).toMatch(/^\d*$/);
          expect(tool.arguments.text).not.toBe('');
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('the stream', () => {
  const request = {
    agent: alice,
    call: callInfo(),
    history: [{ role: 'caller', text: 'when are you open', via: 'speech' }] as const,
  };
  const llm = createReceptionist({ clock: { wallClock: () => FRIDAY_MORNING } });

  it('comes word by word', async () => {
    const texts: string[] = [];
    for await (const event of llm.reply(request, new AbortController().signal)) {
      if (event.type === 'text') texts.push(event.text);
    }
    expect(texts.slice(0, 3)).toEqual(['We', ' are', ' open']);
  });

  it('ends early and silently when it is aborted', async () => {
    const controller = new AbortController();
    let words = 0;
    for await (const event of llm.reply(request, controller.signal)) {
      if (event.type === 'text') words += 1;
      if (words === 3) controller.abort();
    }
    expect(words).toBe(3);
  });

  it('says nothing when it was aborted before', async () => {
    expect(await replyOf(alice, request.history, { signal: AbortSignal.abort() })).toEqual({ text: '' });
  });
});

describe('the phrases for the recogniser', () => {
  it.each(['alice', 'tom'] as const)(
    'are some two thousand plain sentences at most, each once (%s)',
    (id) => {
      const phrases = expectedPhrases(shippedAgent(id));
      expect(phrases.length).toBeGreaterThan(200);
      expect(phrases.length).toBeLessThanOrEqual(2200);
      expect(new Set(phrases).size).toBe(phrases.length);
      for (const phrase of phrases) expect(phrase).toMatch(/^[a-z']+(?: [a-z']+)*$/);
    },
  );

  it('hold what the caller needs for a message, and what stands in agents.yaml', () => {
    const phrases = expectedPhrases(alice);
    expect(phrases).toEqual(
      expect.arrayContaining([
        'yes',
        'my name is mary johnson',
        'five five five oh one four two',
        'how much is whitening',
        'put me through to billing',
        'i have a toothache',
      ]),
    );
  });

  it('have numbers and accented letters as callers say them', () => {
    const { knowledge } = alice;
    const services = [{ name: 'a 24 hour protège-dents', also: [], about: 'It is made in a day.' }];
    const phrases = expectedPhrases({ ...alice, knowledge: { ...knowledge, services } });
    expect(phrases).toContain('how much is a twenty four hour protege dents');
  });

  it('are no English sentences for an agent who speaks another language, but the names that it has', () => {
    const services = [
      { name: 'Zahnreinigung', also: ['Prophylaxe'], about: 'Sie dauert eine halbe Stunde.' },
    ];
    const departments = [{ name: 'Terminvergabe', also: [] }];
    const knowledge = { ...alice.knowledge, services, departments };
    const phrases = expectedPhrases({ ...alice, language: 'de-AT', knowledge });
    expect(phrases).toEqual(['Zahnreinigung', 'Prophylaxe', 'Terminvergabe']);
  });
});
