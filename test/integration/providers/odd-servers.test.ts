/** What servers of language models do in the wild, met by both SDKs, and what the caller's side sees of it. */
import { afterEach, describe, expect, it } from 'vitest';
import type { LlmEvent, Message, ReplyRequest, ToolSpec } from '../../../src/dialog/contract/conversation.ts';
import type { LanguageModel } from '../../../src/dialog/contract/ports.ts';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { plainText } from '../../../src/dialog/language/plain-speech.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { chainLanguageModels } from '../../../src/providers/chain/language-model-chain.ts';
import { createGroqLlm } from '../../../src/providers/groq/groq-llm.ts';
import { createOpenAiLlm, type OpenAiLlmOptions } from '../../../src/providers/openai/openai-llm.ts';
import { noUnhandledRejections } from '../../support/leaks.ts';
import { listed } from '../../support/listed-provider.ts';
import { GROQ_LLM, OPENAI_LLM } from '../../support/provider-defaults.ts';
import type { Thought } from '../../support/provider-servers/chat-stream.ts';
import { FaultQueue } from '../../support/provider-servers/fault-plan.ts';
import {
  startGroqServer,
  type GroqServer,
  type GroqServerOptions,
} from '../../support/provider-servers/groq-server.ts';
import {
  alternating,
  atMost,
  contentIsText,
  forbids,
  noSystem,
  noTools,
  reasoningParameters,
  STRICTEST,
  type Rule,
} from '../../support/provider-servers/server-rules.ts';
import { replyRequest } from '../../support/reply-request.ts';
import { ScriptedLlm } from '../../support/scripted-llm.ts';
import { ask, textOf } from './contracts/language-model.contract.ts';

noUnhandledRejections();

const tool = (name: string): ToolSpec => ({ name, description: name, parameters: { type: 'object' } });
const TOOLS = ['hang_up', 'transfer', 'take_message', 'proceed'].map(tool);
const said = (text: string): Message => ({ role: 'caller', text, via: 'speech' });
const asks = (history: readonly Message[] | string = 'hello'): ReplyRequest => replyRequest(history, TOOLS);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Met {
  readonly server: GroqServer;
  readonly llm: LanguageModel;
  readonly faults: FaultQueue;
  readonly troubles: string[];
}

type Meet = (options?: GroqServerOptions, set?: Partial<OpenAiLlmOptions>) => Promise<Met>;

async function meet(
  options: GroqServerOptions,
  open: (url: string, onTrouble: (message: string) => void) => LanguageModel,
): Promise<Met> {
  const faults = new FaultQueue();
  const troubles: string[] = [];
  const server = await startGroqServer({ faults, ...options });
  const llm = open(server.url, (message) => troubles.push(message));
  closing.push(
    () => server.close(),
    () => llm.close(),
  );
  return { server, llm, faults, troubles };
}

const SDKS: readonly { readonly sdk: string; readonly meet: Meet }[] = [
  {
    sdk: 'groq-sdk',
    meet: (options = {}, { reasoningEffort: _none, ...set } = {}) =>
      meet(options, (baseUrl, onTrouble) =>
        createGroqLlm({ ...GROQ_LLM, ...set, apiKey: 'test-key', baseUrl, onTrouble }),
      ),
  },
  {
    sdk: 'openai',
    meet: (options = {}, set = {}) =>
      meet({ flavour: 'plain', ...options }, (url, onTrouble) =>
        createOpenAiLlm({ ...OPENAI_LLM, baseUrl: `${url}/v1`, onTrouble, ...set }),
      ),
  },
];

const toolsOf = (events: readonly LlmEvent[]): [string, unknown][] =>
  events.flatMap((event): [string, unknown][] =>
    event.type === 'tool' ? [[event.call.name, event.call.arguments]] : [],
  );
/** As content, in pieces of three characters. */
const inThrees = (text: string): Thought => ({
  deltas: (text.match(/[\s\S]{1,3}/g) ?? []).map((content) => ({ content })),
});

describe.each(SDKS)('through $sdk, a model', ({ meet }) => {
  it.each<[string, string, [string, unknown][]]>([
    ['{"name": "hang_up", "parameters": {}}', '', [['hang_up', {}]]],
    [
      'Sure. <function=transfer>{"target": "Doctor Bob"}</function>',
      'Sure.',
      [['transfer', { target: 'Doctor Bob' }]],
    ],
    ['{"name": "open_the_door", "parameters": {}}', '', [['open_the_door', {}]]],
  ])('that writes %s as content', async (text, words, tools) => {
    const { server, llm } = await meet();
    server.script.push(inThrees(text));
    const events = await ask(llm, asks());
    expect(textOf(events).trim()).toBe(words);
    expect(toolsOf(events)).toEqual(tools);
  });

  it.each<[string, object[]]>([
    ['as a tag', [{ content: '<th' }, { content: 'ink>They want' }, { content: ' hours.</think>' }]],
    ['as reasoning_content', [{ reasoning_content: 'They want' }, { reasoning_content: ' hours.' }]],
    ['as reasoning', [{ reasoning: 'They want' }, { reasoning: ' hours.' }]],
    ['as parts', [{ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'They want' }] }] }]],
  ])('that tells its thoughts %s, for longer than a first token may take', async (_, thoughts) => {
    const { server, llm } = await meet(
      { betweenTokens: () => 600 },
      { firstTokenMs: 500, tokenMs: 4000, thinkingMs: 15_000 },
    );
    server.script.push({ deltas: [...thoughts, { content: 'We open at nine.' }] });
    const events = await ask(llm, asks());
    expect(textOf(events)).toBe('We open at nine.');
    expect(events.at(0)).toEqual({ type: 'progress' });
  });

  it('that thinks for longer than it may has failed', async () => {
    const { server, llm } = await meet({ betweenTokens: () => 100 }, { thinkingMs: 250 });
    server.script.push({ deltas: Array.from({ length: 20 }, () => ({ reasoning: 'hm' })) });
    await expect(ask(llm, asks())).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('whose thoughts have no beginning is known for it from the second reply on', async () => {
    const { server, llm } = await meet();
    const thought = inThrees('They want hours.</think>We open at nine.');
    server.script.push(thought, thought);
    await ask(llm, asks());
    expect(textOf(await ask(llm, asks('again')))).toBe('We open at nine.');
  });

  it.each([
    ['says no reason for its end', { finish: null }],
    ['says nothing of its end at all', { finish: null, withoutDone: true as const }],
    ['never closes its stream', { withoutDone: 'never' as const }],
    ['cuts the connection behind its end', { withoutDone: 'cut' as const }],
  ])('that %s has answered', async (_, end) => {
    const { server, llm } = await meet();
    server.script.push({ text: 'We open at nine.', ...end });
    expect(textOf(await ask(llm, asks()))).toBe('We open at nine.');
    server.script.push({ tools: [{ name: 'hang_up', arguments: '{}' }], ...end });
    expect(toolsOf(await ask(llm, asks('bye')))).toEqual([['hang_up', {}]]);
    expect(server.chats).toHaveLength(2);
  });

  const event = (delta: object, finish: string | null = null): string =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const OPEN = event({ content: 'Grüß Gott 😀, we open at nine.' }, 'stop');
  const DONE = 'data: [DONE]\n\n';
  /** Every byte a piece of its own, where signs are made of several. */
  const inBytes = (text: string): Uint8Array[] => [...Buffer.from(text)].map((byte) => Buffer.from([byte]));

  it.each<[string, readonly (string | Uint8Array)[], string?]>([
    ['with CRLF', [`${OPEN}${DONE}`.replaceAll('\n', '\r\n')]],
    ['with comments', [': OPENROUTER PROCESSING\n\n', OPEN, ': ping\n\n', DONE]],
    ['with events of nothing', ['data:\n\n', 'data: \n\n', 'data: null\n\n', OPEN, DONE]],
    ['with events of other names', ['event: ping\nid: 1\nretry: 3\ndata: {"type":"ping"}\n\n', OPEN, DONE]],
    ['without spaces', [OPEN.replace(': ', ':'), 'data:[DONE]\n\n']],
    ['byte by byte', inBytes(`${OPEN}${DONE}`)],
    ['without its last line’s end', [OPEN.trimEnd()]],
    ['with chunks of nothing but figures', ['data: {"choices":[]}\n\ndata: {"usage":null}\n\n', OPEN, DONE]],
    ['with choices without a delta', ['data: {"choices":[{"index":0}]}\n\n', OPEN, DONE]],
    ['under another name', [OPEN, DONE], 'text/plain'],
    ['not at all', [OPEN.replace('data: ', '').replace('delta', 'message')], 'application/json'],
    ['not at all, under the name of a stream', [OPEN.replace('data: ', '').replace('delta', 'message')]],
    ['with a mark of the order of bytes', ['\uFEFF', OPEN, DONE]],
    ['with that mark, and not at all', ['\uFEFF', OPEN.replace('data: ', '').replace('delta', 'message')]],
    ['without blank lines', [OPEN.replace('\n\n', '\n'), DONE]],
    ['in events of several lines', [OPEN.replaceAll(',"', ',\ndata: "'), DONE]],
    [
      'lines of JSON',
      [OPEN.replace('data: ', '').replaceAll('\n\n', '\n'), '{"choices":[]}\n'],
      'application/x-ndjson',
    ],
    ['a list of chunks', [`[${OPEN.slice(6).trim()}]`], 'application/json'],
    ['with a comment cut in two', ['da', 'ta:', '\n\n', OPEN, DONE]],
    ['under names of threads', [OPEN.replace('data:', 'event: thread.message.delta\ndata:'), DONE]],
    ['with words by which it is kept awake', ['data: ping\n\n', OPEN, DONE]],
    ['with an empty error', [OPEN.replace('{"choices', '{"error":{},"choices'), DONE]],
    ['with figures of Python’s', [OPEN.replace('"index":0', '"index":0,"logprobs":NaN'), DONE]],
    ['with a choice that is nothing', [OPEN.replace('[{"index"', '[null,{"index"'), DONE]],
  ])('that streams %s has answered', async (_, raw, contentType) => {
    const { server, llm } = await meet();
    server.script.push({ raw, ...(contentType !== undefined && { contentType }) });
    expect(textOf(await ask(llm, asks()))).toBe('Grüß Gott 😀, we open at nine.');
    expect(server.chats).toHaveLength(1);
  });

  const WORDS = 'We open at nine.';
  it.each<[string, object[]]>([
    [
      'several answers at once',
      [
        {
          choices: [
            { index: 1, delta: { content: 'No.' } },
            { index: 0, delta: { content: WORDS } },
          ],
        },
        { choices: [{ index: 1, delta: { content: 'No.' } }] },
      ],
    ],
    [
      'all of it again at the end',
      [
        { choices: [{ delta: { content: WORDS } }] },
        { choices: [{ message: { content: WORDS }, finish_reason: 'stop' }] },
      ],
    ],
    [
      'a message beside an empty delta',
      [{ choices: [{ delta: {}, message: { content: WORDS }, finish_reason: 'stop' }] }],
    ],
    ['text as the first API had it', [{ choices: [{ text: WORDS, finish_reason: 'stop' }] }]],
    ['a delta of nothing but text', [{ choices: [{ delta: WORDS }] }]],
    [
      'one part of content without its list',
      [{ choices: [{ delta: { content: { type: 'text', text: WORDS } } }] }],
    ],
    ['parts of plain text', [{ choices: [{ delta: { content: ['We open ', null, 'at nine.'] } }] }]],
    [
      'parts whose text is an object',
      [{ choices: [{ delta: { content: [{ type: 'text', text: { value: WORDS } }] } }] }],
    ],
    ['tools of nothing', [{ choices: [{ delta: { content: WORDS, tool_calls: [null] } }] }]],
  ])('that streams %s has answered once', async (_, chunks) => {
    const { server, llm } = await meet();
    server.script.push({ raw: [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), DONE] });
    expect(textOf(await ask(llm, asks()))).toBe(WORDS);
  });

  it('that goes on with the conversation is left alone, and asked again where it said nothing else', async () => {
    const { server, llm } = await meet({ betweenTokens: () => 20 });
    const more = Array.from({ length: 400 }, () => ({ content: ' and so on' }));
    const madeUp = [{ content: 'User: thanks' }, ...more];
    server.script.push({ deltas: [{ content: `${WORDS}\n` }, ...madeUp] });
    const began = performance.now();
    expect(textOf(await ask(llm, asks())).trim()).toBe(WORDS);
    // All of it would have been eight seconds.
    expect(performance.now() - began).toBeLessThan(4000);
    server.script.push({ text: '<|im_start|>user\nthanks' }, { text: WORDS });
    expect(textOf(await ask(llm, asks('again')))).toBe(WORDS);
  });

  it('that gives a call without its list means it', async () => {
    const { server, llm } = await meet();
    server.script.push({
      deltas: [{ tool_calls: { id: 'a', function: { name: 'hang_up', arguments: '{}' } } }],
    });
    expect(toolsOf(await ask(llm, asks('bye')))).toEqual([['hang_up', {}]]);
  });

  it('that says "null" where nothing has ended goes on after a pause', async () => {
    const { server, llm } = await meet({ betweenTokens: () => 400 });
    const chunk = (content: string, finish: string): string =>
      `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`;
    const pause = Array.from({ length: 300 }, () => ': ping\n\n');
    server.script.push({ raw: [chunk('We open ', 'null'), ...pause, chunk('at nine.', 'stop'), DONE] });
    expect(textOf(await ask(llm, asks()))).toBe(WORDS);
  });

  it('that tells its tokens with every chunk has them counted once', async () => {
    const { server, llm } = await meet();
    const chunk = (content: string, tokens: number): string =>
      `data: ${JSON.stringify({ choices: [{ delta: { content } }], usage: { prompt_tokens: 9, completion_tokens: tokens } })}\n\n`;
    server.script.push({ raw: [chunk('We open ', 2), chunk('at nine.', 4), DONE] });
    const events = await ask(llm, asks());
    expect(events.filter(({ type }) => type === 'usage')).toMatchObject([
      { inputTokens: 9, outputTokens: 4 },
    ]);
  });

  it.each<[string, string, string, object]>([
    ['{"object":"error","message":"oops","code":500}', 'application/json', 'oops', { kind: 'server' }],
    ['{"detail":"Not authenticated"}', 'application/json', 'Not authenticated', { kind: 'unauthorized' }],
    [
      '{"error":{"message":"Incorrect API key"}}',
      'text/event-stream',
      'Incorrect API key',
      { kind: 'unauthorized' },
    ],
    [
      '{"success":false,"errors":[{"message":"No route here"}]}',
      'application/json',
      'No route',
      { kind: 'server' },
    ],
    [
      '{"choices":null,"base_resp":{"status_code":1000,"status_msg":"unknown error, server busy"}}',
      'application/json',
      'busy',
      { kind: 'server' },
    ],
    [
      'event: error\ndata: upstream connect error\n\n',
      'text/event-stream',
      'upstream connect error',
      { kind: 'server' },
    ],
    ['data: {"message":"Too many requests"}\n\n', 'text/event-stream', 'Too many', { kind: 'rate-limited' }],
    ['data: {"choices":[{"ind', 'text/event-stream', 'middle of an event', { kind: 'cut' }],
    ['{"id":"x","status":"queued"}', 'application/json', 'queued', { kind: 'malformed' }],
    ['Service unavailable', 'text/plain', 'Service unavailable', { kind: 'malformed' }],
    ['<html><title>Sign in</title></html>', 'text/event-stream', 'Sign in', { kind: 'malformed' }],
    [
      'event: x\ndata: {"type":"response.output_text.delta"}\n\n',
      'text/event-stream',
      'address',
      { kind: 'malformed' },
    ],
  ])('that answers %s as if all were well has failed', async (raw, contentType, words, failure) => {
    const { server, llm } = await meet();
    server.script.push({ raw: [raw], contentType });
    const error: unknown = await ask(llm, asks()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ ofConversation: false, ...failure });
    expect((error as Error).message).toContain(words);
    expect(server.chats).toHaveLength(1);
  });

  it('whose proxy answers with a page of its own says that the address may be wrong', async () => {
    const { server, llm } = await meet();
    server.script.push({ raw: ['<html>Sign in</html>'], contentType: 'text/html' });
    await expect(ask(llm, asks())).rejects.toThrow(/text\/html.*address/);
    server.script.push({
      raw: ['{"error":{"message":"oops","type":"server_error"}}'],
      contentType: 'application/json',
    });
    await expect(ask(llm, asks())).rejects.toThrow('oops');
  });

  it.each(['*smiles*', '[smiles]', '...', '🙂', '---', '**', '<br>', '(laughs)'])(
    'that says nothing but %s has said nothing, and is asked once more',
    async (text) => {
      const { server, llm } = await meet();
      server.script.push({ text }, { text: WORDS }, { text }, { text });
      const heard = plainText(textOf(await ask(llm, asks())), languageOf('en'));
      expect(heard).toBe(WORDS);
      await expect(ask(llm, asks('again'))).rejects.toMatchObject({ kind: 'empty' });
      expect(server.chats).toHaveLength(4);
    },
  );

  it('that calls a tool as the first API had it means it', async () => {
    const { server, llm } = await meet();
    const deltas = [{ name: 'hang_up', arguments: '' }, { arguments: '{}' }];
    const finish = 'function_call';
    server.script.push({ deltas: deltas.map((call) => ({ function_call: call })), finish });
    expect(toolsOf(await ask(llm, asks('bye')))).toEqual([['hang_up', {}]]);
  });

  it('that stops after its thoughts is asked once more', async () => {
    const { server, llm } = await meet();
    const thought = inThrees('<think>They want hours.');
    server.script.push(thought, { text: 'At nine.' }, thought, thought);
    expect(textOf(await ask(llm, asks()))).toBe('At nine.');
    await expect(ask(llm, asks('again'))).rejects.toMatchObject({ kind: 'empty' });
    expect(server.chats).toHaveLength(4);
  });

  it.each([
    'content_filter',
    'SAFETY',
    'MALFORMED_FUNCTION_CALL',
    'function_call_filter: MALFORMED_FUNCTION_CALL',
  ])('whose answer is kept back (%s) is asked in another way, and its server is well', async (finish) => {
    const { server, llm } = await meet();
    server.script.push({ deltas: [], finish }, { text: 'At nine.' });
    expect(textOf(await ask(llm, asks()))).toBe('At nine.');
    if (/CALL/.test(finish)) expect(server.chats[1]).not.toHaveProperty('tools');
    server.script.push({ deltas: [], finish }, { deltas: [], finish });
    await expect(ask(llm, asks('again'))).rejects.toMatchObject({ ofConversation: true });
  });

  it.each(['error', 'insufficient_system_resource', 'abort'])(
    'that breaks off (%s) has failed',
    async (finish) => {
      const { server, llm } = await meet();
      server.script.push({ text: 'We open', finish });
      await expect(ask(llm, asks())).rejects.toMatchObject({ kind: 'server', ofConversation: false });
    },
  );

  it('that ends so without a word has failed', async () => {
    const { server, llm } = await meet();
    server.script.push({ deltas: [], finish: null });
    await expect(ask(llm, asks())).rejects.toMatchObject({ kind: 'cut' });
  });

  it('that has spent all its tokens on thoughts is asked again once, with more, and from then on', async () => {
    const { server, llm } = await meet();
    const thought = { deltas: [{ reasoning: 'hm' }], finish: 'length' };
    server.script.push(thought, { text: 'We open at nine.' }, { text: 'At nine.' }, thought);
    const limits = (): unknown[] =>
      server.chats.map(({ max_tokens: one, max_completion_tokens: other }) => one ?? other);
    expect(textOf(await ask(llm, asks()))).toBe('We open at nine.');
    expect(textOf(await ask(llm, asks('again')))).toBe('At nine.');
    expect(limits()).toEqual([400, 1600, 1600]);
    await expect(ask(llm, asks('once more'))).rejects.toMatchObject({ kind: 'empty' });
  });

  it('that is cut off in the middle of a sentence says so', async () => {
    const { server, llm } = await meet();
    server.script.push({ text: 'We open at nine. On Sundays we', finish: 'length' });
    const events = await ask(llm, asks());
    expect(events.filter(({ type }) => type === 'text' || type === 'cut-short').at(-1)).toEqual({
      type: 'cut-short',
    });
  });

  it.each([
    'hang_up<|channel|>commentary',
    'functions.hang_up',
    'hang_up<|constrain|>json',
    'hang_upcommentary',
  ])('that calls a tool %s means hang_up', async (name) => {
    const { server, llm } = await meet();
    server.script.push({ tools: [{ name, arguments: '{}' }] });
    expect(toolsOf(await ask(llm, asks('bye')))).toEqual([['hang_up', {}]]);
  });

  it('that gives parallel calls no index, and arguments that are no text', async () => {
    const { server, llm } = await meet();
    const call = (id: string, name: string, args: unknown): object => ({
      tool_calls: [{ id, type: 'function', function: { name, arguments: args } }],
    });
    server.script.push({ deltas: [call('a', 'take_message', { name: 'Ann' }), call('b', 'hang_up', '')] });
    expect(toolsOf(await ask(llm, asks('bye')))).toEqual([
      ['take_message', { name: 'Ann' }],
      ['hang_up', {}],
    ]);
  });
});

describe.each(SDKS)('through $sdk, a server', ({ meet }) => {
  it('that is as strict as the strictest answers in every turn', async () => {
    const { server, llm } = await meet({ rules: STRICTEST });
    const history: Message[] = [
      { role: 'agent', text: 'Hello, this is Alice.', interrupted: true },
      said('take a note'),
      { role: 'agent', text: 'I have noted it.', interrupted: false },
      {
        role: 'tool',
        call: { id: 'receptionist-10', name: 'take_message', arguments: {} },
        result: 'stored',
      },
      said('and my hours?'),
    ];
    expect(textOf(await ask(llm, asks(history)))).toBe('Of course.');
    expect(server.chats).toHaveLength(1);
  });

  it('that has other names for parameters is understood after its first refusals, once', async () => {
    const { server, llm, troubles } = await meet({ rules: reasoningParameters });
    await ask(llm, asks());
    const first = server.chats.length;
    expect(textOf(await ask(llm, asks('again')))).toBe('Of course.');
    expect(server.chats.length - first).toBe(1);
    expect(server.chats.at(-1)).not.toHaveProperty('temperature');
    expect(server.chats.at(-1)).toMatchObject({ max_completion_tokens: 400 });
    expect(troubles.length).toBe(first - 1);
  });

  it('that has other names for parameters is understood by callers who ask it at the same time', async () => {
    const { server, llm, troubles } = await meet({ rules: reasoningParameters });
    const answers = await Promise.all(['one', 'two', 'three'].map((text) => ask(llm, asks(text))));
    expect(answers.map(textOf)).toEqual(['Of course.', 'Of course.', 'Of course.']);
    expect(server.chats.at(-1)).toMatchObject({ max_completion_tokens: 400 });
    expect(troubles.length).toBe(new Set(troubles).size);
  });

  it.each(['max_tokens', 'max_completion_tokens', 'temperature', 'stream_options'])(
    'that forbids %s is asked without it',
    async (name) => {
      const { server, llm } = await meet({ rules: [forbids(name)] });
      expect(textOf(await ask(llm, asks()))).toBe('Of course.');
      expect(server.chats.length).toBeLessThanOrEqual(2);
    },
  );

  it('that knows no place for instructions gets them with the first question, once and for all', async () => {
    const { server, llm } = await meet({ rules: [noSystem, alternating] });
    const history: Message[] = [{ role: 'agent', text: 'Hello.', interrupted: false }, said('your hours?')];
    expect(textOf(await ask(llm, asks(history)))).toBe('Of course.');
    expect(server.chats).toHaveLength(2);
    const [first] = server.chats.at(-1)?.messages ?? [];
    expect(first?.role).toBe('user');
    expect(first?.content).toMatch(/\n\n\[the call begins\]$/);
    await ask(llm, asks([...history, { role: 'agent', text: 'Nine.', interrupted: false }, said('thanks')]));
    expect(server.chats).toHaveLength(3);
  });

  it('that says by a refusal that all went into thoughts is asked again with more room', async () => {
    const { server, llm, faults } = await meet();
    faults.push(/chat/, {
      type: 'status',
      status: 400,
      message:
        'Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.',
    });
    expect(textOf(await ask(llm, asks()))).toBe('Of course.');
    expect(server.chats.map(({ max_tokens: one, max_completion_tokens: other }) => one ?? other)).toEqual([
      400, 1600,
    ]);
  });

  it('that knows no tools is told of them in words', async () => {
    const { server, llm } = await meet({ rules: [noTools] });
    const looked: Message = {
      role: 'tool',
      call: { id: 'a', name: 'look_up', arguments: {} },
      result: 'ready',
    };
    expect(textOf(await ask(llm, asks([said('is it ready'), looked])))).toBe('Of course.');
    expect(server.chats.at(-1)).not.toHaveProperty('tools');
    expect(JSON.stringify(server.chats.at(-1)?.messages)).toContain('look_up with {}: ready');
  });

  it('that finds a request too large gets a shorter one, with the tools, and from then on', async () => {
    const { server, llm } = await meet({ rules: [...STRICTEST, atMost(20_000)] });
    const long = Array.from({ length: 100 }, (_, n): Message[] => [
      said(`question ${n} ${'and so on '.repeat(30)}`),
      { role: 'agent', text: 'yes', interrupted: false },
    ]).flat();
    expect(textOf(await ask(llm, asks([...long, said('the last')])))).toBe('Of course.');
    const first = server.chats.length;
    expect(first).toBeLessThanOrEqual(3);
    await ask(llm, asks([...long, said('the very last')]));
    expect(server.chats.length - first).toBe(1);
    const last = server.chats.at(-1);
    expect(last?.tools).toHaveLength(TOOLS.length);
    expect(last?.messages[0]?.role).toBe('system');
    expect(last?.messages.at(-1)?.content).toBe('the very last');
  });

  it("that can't read a tool's call passes it on in its refusal, and it is done", async () => {
    const { server, llm, faults } = await meet();
    faults.push(/chat/, {
      type: 'status',
      status: 400,
      message:
        "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
      more: {
        code: 'tool_use_failed',
        failed_generation: 'One moment. <function=transfer>{"target": "Doctor Bob"}</function>',
      },
    });
    const events = await ask(llm, asks('Bob please'));
    expect(textOf(events).trim()).toBe('One moment.');
    expect(toolsOf(events)).toEqual([['transfer', { target: 'Doctor Bob' }]]);
    expect(server.chats).toHaveLength(1);
  });

  const WITH_TOOL: readonly Message[] = [
    said('note this'),
    { role: 'tool', call: { id: 'a', name: 'take_message', arguments: {} }, result: 'stored' },
    said('and now?'),
  ];

  it('that refuses what a call has in its history is asked in a way that it takes, in all its turns', async () => {
    const noTool: Rule = ({ messages }) =>
      messages.some(({ role }) => role === 'tool')
        ? { status: 400, body: { error: { message: 'Invalid role: tool', type: 'invalid_request_error' } } }
        : undefined;
    const { server, llm } = await meet({ rules: [...STRICTEST, noTool] });
    const request = asks(WITH_TOOL);
    expect(textOf(await ask(llm, request))).toBe('Of course.');
    expect(server.chats).toHaveLength(2);
    expect(server.chats[1]?.tools).toHaveLength(TOOLS.length);
    await ask(llm, { ...request, history: [...request.history, said('well?')] });
    expect(server.chats).toHaveLength(3);
  });

  it('that wants text in every message is told of tools in words, in all turns of the call', async () => {
    const { server, llm } = await meet({ rules: [...STRICTEST, contentIsText] });
    const request = asks(WITH_TOOL);
    expect(textOf(await ask(llm, request))).toBe('Of course.');
    await ask(llm, { ...request, history: [...request.history, said('well?')] });
    expect(server.chats).toHaveLength(3);
  });

  const UNREADABLE = {
    type: 'status',
    status: 400,
    message: 'Failed to call a function.',
    more: { code: 'tool_use_failed' },
  } as const;

  it('that still refuses is asked without tools once, and no other call is told that it is ill', async () => {
    const { server, llm, faults } = await meet();
    const [first, second] = [
      listed('first', llm, systemClock),
      new ScriptedLlm(systemClock, [['Me.'], ['Me.'], ['Me.']]),
    ];
    const chain = chainLanguageModels({
      providers: [first, listed('second', second, systemClock)],
      clock: systemClock,
      patienceMs: 2000,
    });
    faults.push(/chat/, UNREADABLE);
    expect(textOf(await ask(chain, asks()))).toBe('Of course.');
    expect(server.chats).toHaveLength(2);
    expect(server.chats[1]).not.toHaveProperty('tools');
    await ask(chain, asks('well?'));
    expect(server.chats[2]?.tools).toHaveLength(TOOLS.length);
    for (const text of ['one', 'two', 'three']) {
      faults.push(/chat/, UNREADABLE, UNREADABLE);
      expect(textOf(await ask(chain, asks(text)))).toBe('Me.');
    }
    expect(first.breaker.state).toBe('closed');
  });

  it.each<[string, object]>([
    [
      'an error event in the words of a refusal',
      { message: 'Failed to call a function.', code: 'tool_use_failed' },
    ],
    ['an error event that says nothing of the server', { message: 'Something about this conversation' }],
    ['a server error, in one conversation only', { message: 'oops', type: 'server_error' }],
  ])('that breaks off with %s is well for all others', async (_, error) => {
    const { server, llm } = await meet();
    const first = listed('first', llm, systemClock);
    const chain = chainLanguageModels({ providers: [first], clock: systemClock, patienceMs: 2000 });
    for (let turn = 0; turn < 3; turn++) {
      server.script.push({ error }, { error });
      await expect(ask(chain, asks(`turn ${turn}`))).rejects.toThrow();
    }
    expect(first.breaker.state).toBe('closed');
  });

  it('that has refused a question for good is not asked the same again at the end of the turn', async () => {
    const { server, llm, faults } = await meet();
    faults.always(/chat/, UNREADABLE);
    const request = asks('hello there');
    await expect(ask(llm, request)).rejects.toMatchObject({ kind: 'rejected' });
    const asked = server.chats.length;
    await expect(ask(llm, { ...request, history: [...request.history] })).rejects.toMatchObject({
      kind: 'rejected',
    });
    expect(server.chats).toHaveLength(asked);
    faults.clear();
    expect(textOf(await ask(llm, { ...request, history: [...request.history, said('well?')] }))).toBe(
      'Of course.',
    );
  });

  it.each(['an unknown model', 'a wrong key'])(
    'that refuses %s is not asked in another way',
    async (what) => {
      const { server, llm, faults } = await meet();
      const message = what === 'a wrong key' ? 'API key not valid' : 'The model `x` does not exist';
      faults.always(/chat/, { type: 'status', status: 400, message });
      await expect(ask(llm, asks())).rejects.toMatchObject({ kind: 'rejected', ofConversation: false });
      expect(server.chats).toHaveLength(1);
    },
  );

  it('whose refusal has another form than OpenAI’s is quoted all the same', async () => {
    const { llm } = await meet({
      rules: [() => ({ status: 404, body: { detail: 'no model called x here' } })],
    });
    await expect(ask(llm, asks())).rejects.toThrow('no model called x here');
  });
});

describe.each(SDKS)('through $sdk, a key', ({ meet }) => {
  it('that stands for a department puts the caller through, whatever the model', async () => {
    const { server, llm } = await meet();
    const request = asks([{ role: 'caller', text: '2', via: 'dtmf' }]);
    const { knowledge } = request.agent;
    const departments = [
      { name: 'sales', digit: '1', also: [] },
      { name: 'billing', digit: '2', also: [] },
    ];
    const agent = { ...request.agent, knowledge: { ...knowledge, departments } };
    const events = await ask(llm, { ...request, agent });
    expect(toolsOf(events)).toEqual([['proceed', { department: 'billing' }]]);
    expect(textOf(events)).toBe('One moment, please.');
    expect(server.chats).toHaveLength(0);
    await ask(llm, { ...request, agent, history: [said('hello')] });
    expect(server.chats[0]?.messages[0]?.content).toContain('sales (key 1); billing (key 2)');
  });
});
