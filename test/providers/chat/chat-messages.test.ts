import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/dialog/contract/conversation.ts';
import { chatMessages, tokensIn } from '../../../src/providers/chat/chat-messages.ts';
import type { ChatMessage } from '../../support/provider-servers/chat-stream.ts';
import { refusalBy, STRICTEST } from '../../support/provider-servers/server-rules.ts';

const agent = (text: string, interrupted = false): Message => ({ role: 'agent', text, interrupted });
const caller = (text: string): Message => ({ role: 'caller', text, via: 'speech' });
const pressed = (text: string): Message => ({ role: 'caller', text, via: 'dtmf' });
const tool = (name: string, result = 'done', id = `receptionist-${name}`): Message => ({
  role: 'tool',
  call: { id, name, arguments: {} },
  result,
});
const malformed: Message = {
  role: 'tool',
  call: { id: 'x', name: 'take<|channel|>', arguments: {}, malformed: '{"name": ' },
  result: '',
};

function inShort(history: readonly Message[]): string[] {
  return chatMessages(history).map((message) =>
    message.content === null
      ? `calls ${message.tool_calls[0]?.function.name ?? ''}`
      : `${message.role}: ${message.content}`,
  );
}

describe('a history as messages', () => {
  it.each<[title: string, history: Message[], messages: string[]]>([
    [
      'begins with the user',
      [agent('Hello.'), caller('hi')],
      ['user: [the call begins]', 'assistant: Hello.', 'user: hi'],
    ],
    [
      'is there before anybody has spoken',
      [agent('Hello.')],
      ['user: [the call begins]', 'assistant: Hello.', 'user: [go on]'],
    ],
    [
      'has the words of a reply behind its tools',
      [caller('take a note'), agent('I have noted it.'), tool('take_message'), caller('thanks')],
      [
        'user: take a note',
        'calls take_message',
        'tool: done',
        'assistant: I have noted it.',
        'user: thanks',
      ],
    ],
    [
      'has words of the agent between a tool and the user, though there were none',
      [caller('bye'), tool('hang_up', 'not done'), caller('wait')],
      ['user: bye', 'calls hang_up', 'tool: not done', 'assistant: [says nothing]', 'user: wait'],
    ],
    [
      'ends with the tool to whose result the agent must react, and has what was said before it',
      [caller('is it ready'), agent('One moment.'), tool('look_up', 'ready')],
      ['user: is it ready\n[you have already said: One moment.]', 'calls look_up', 'tool: ready'],
    ],
    [
      'has tools one by one',
      [caller('both'), tool('one', '1'), tool('two', '2')],
      ['user: both', 'calls one', 'tool: 1', 'calls two', 'tool: 2'],
    ],
    [
      'leaves out what the agent had nothing to say in',
      [agent(' '), caller('a'), agent('', true), agent('  b '), caller('c')],
      ['user: a', 'assistant: [interrupted] b', 'user: c'],
    ],
    ['is there before anything has happened', [], ['user: [the call begins]']],
    [
      'has no sign that a server could not read again',
      [caller('a\u0000b\ud83d c\n'), agent('d\ude00')],
      ['user: ab\ufffd c\n', 'assistant: d\ufffd', 'user: [go on]'],
    ],
    [
      'joins what one side said',
      [caller('a'), pressed('1'), agent('b'), agent('c', true), caller('d')],
      ['user: a\n[pressed the keys 1]', 'assistant: b c [interrupted]', 'user: d'],
    ],
  ])('%s', (_, history, messages) => {
    expect(inShort(history)).toEqual(messages);
  });

  it('has no text that a server could not read again', () => {
    const [, call, result] = chatMessages([caller('x'), malformed]);
    expect(call).toMatchObject({ tool_calls: [{ function: { name: 'take_channel_', arguments: '{}' } }] });
    expect(result).toMatchObject({ role: 'tool', content: 'done' });
  });

  it('tells tools in words where it must', () => {
    expect(chatMessages([caller('x'), tool('look_up', 'ready')], { toolsInWords: true })).toEqual([
      { role: 'user', content: 'x\n[you have used look_up with {}: ready]' },
    ]);
  });

  const message = fc.oneof(
    fc.string({ unit: 'binary' }).map(caller),
    fc.constantFrom<Message>(pressed('12'), malformed, { role: 'caller', text: '', via: 'silence' }),
    fc.constantFrom<Message>({ role: 'caller', text: '', via: 'not-understood' }),
    fc.tuple(fc.string(), fc.boolean()).map(([text, cut]) => agent(text, cut)),
    fc
      .tuple(fc.string(), fc.string({ unit: 'binary' }), fc.string())
      .map(([name, result, id]) => tool(name, result, id)),
  );

  it('is taken by the strictest server, whatever has happened', () => {
    fc.assert(
      fc.property(
        fc.array(message),
        fc.option(fc.integer({ min: 1, max: 400 })),
        fc.boolean(),
        (history, tokens, toolsInWords) => {
          const told = chatMessages(history, { tokens: tokens ?? Infinity, toolsInWords });
          const messages = [{ role: 'system', content: 'x' }, ...told] as ChatMessage[];
          expect(refusalBy(STRICTEST, { model: 'm', messages }, 0)).toBeUndefined();
        },
      ),
    );
  });

  it('has the same names for its tools in every request, and no name twice', () => {
    const history = [
      caller('x'),
      tool('one', '1', 'same'),
      agent('y'),
      caller('z'),
      tool('two', '2', 'same'),
    ];
    const ids = (of: readonly ChatMessage[]): (string | undefined)[] =>
      of.flatMap(({ tool_call_id: id }) => (id === undefined ? [] : [id]));
    const [first, second] = ids(chatMessages(history));
    expect(first).not.toBe(second);
    expect(ids(chatMessages(history.slice(0, 2)) as ChatMessage[])).toEqual([first]);
    expect(ids(chatMessages(history, { tokens: 40 }) as ChatMessage[])).toEqual([second]);
  });

  it('is shortened by tokens, the oldest first, and to the caller at least', () => {
    const history = Array.from({ length: 50 }, (_, n) => [
      caller(`question ${n} ${'x'.repeat(100)}`),
      agent('yes'),
    ]).flat();
    const told = chatMessages([...history, caller('the last')], { tokens: 500 });
    expect(tokensIn(told)).toBeLessThanOrEqual(500);
    expect(told.length).toBeGreaterThan(5);
    expect(told.at(0)).toMatchObject({ role: 'user' });
    expect(told.at(-1)).toEqual({ role: 'user', content: 'the last' });
    // One that is too long by itself is cut.
    const long = chatMessages([caller('what is there'), tool('look_up', '雨'.repeat(20_000))], {
      tokens: 300,
    });
    expect(tokensIn(long)).toBeLessThan(400);
    expect(long[0]).toEqual({ role: 'user', content: 'what is there' });
  });
});
