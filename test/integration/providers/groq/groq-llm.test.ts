import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { createServer } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { chainLanguageModels } from '../../../../src/providers/chain/language-model-chain.ts';
import { createGroqLlm, type GroqLlmOptions } from '../../../../src/providers/groq/groq-llm.ts';
import { createOpenAiLlm } from '../../../../src/providers/openai/openai-llm.ts';
import { ProviderFailure, type FailureKind } from '../../../../src/providers/provider-failure.ts';
import type { LanguageModel } from '../../../../src/dialog/contract/ports.ts';
import type { LlmEvent, ToolSpec } from '../../../../src/dialog/contract/conversation.ts';
import { listed } from '../../../support/listed-provider.ts';
import { noUnhandledRejections, until } from '../../../support/leaks.ts';
import { FaultQueue, type Fault } from '../../../support/provider-servers/fault-plan.ts';
import { startGroqServer, type GroqServer } from '../../../support/provider-servers/groq-server.ts';
import { replyRequest } from '../../../support/reply-request.ts';
import { ask, textOf } from '../contracts/language-model.contract.ts';
import { GROQ_LLM, OPENAI_LLM } from '../../../support/provider-defaults.ts';

noUnhandledRejections();

const KEY = 'gsk_this-is-the-secret';
const faults = new FaultQueue();
const closing: (() => Promise<void>)[] = [];
let server: GroqServer;

interface Adapter {
  readonly title: string;
  /** In failures. */
  readonly name: string;
  readonly flavour: 'groq' | 'plain';
  create(options: Omit<GroqLlmOptions, 'name' | 'reasoningEffort'>): LanguageModel;
  /** The address that it is given for a server. */
  address(url: string): string;
}

/** Both SDKs, behind which everything is the same. */
const ADAPTERS: readonly Adapter[] = [
  { title: 'Groq', name: 'groq', flavour: 'groq', create: createGroqLlm, address: (url) => url },
  {
    title: 'An OpenAI-compatible server',
    name: 'openai-compatible',
    flavour: 'plain',
    create: (options) => createOpenAiLlm({ ...OPENAI_LLM, ...options }),
    address: (url) => `${url}/v1`,
  },
];
let under: Adapter;

function describeBoth(title: string, body: () => void): void {
  for (const adapter of ADAPTERS) {
    describe(`${adapter.title} as a language model ${title}`, () => {
      beforeAll(() => {
        under = adapter;
      });
      body();
    });
  }
}

beforeEach(async () => {
  server = await startGroqServer({ apiKey: KEY, faults, flavour: under.flavour });
  closing.push(() => server.close());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function open({ baseUrl = server.url, ...options }: Partial<GroqLlmOptions> = {}): LanguageModel {
  const llm = under.create({
    ...GROQ_LLM,
    apiKey: KEY,
    baseUrl: under.address(baseUrl),
    firstTokenMs: 400,
    tokenMs: 200,
    ...options,
  });
  closing.push(() => llm.close());
  return llm;
}

/** Nobody stands behind it, as on a list of one: it is the chain that asks again. */
function alone(llm: LanguageModel): LanguageModel {
  return chainLanguageModels({
    providers: [listed('groq', llm, systemClock)],
    clock: systemClock,
    patienceMs: 1000,
  });
}

const question = replyRequest('what does a cleaning cost');
const HANG_UP: ToolSpec = { name: 'hang_up', description: 'Ends the call.', parameters: { type: 'object' } };

describeBoth('is told', () => {
  it('who it is, what it knows, and how one speaks on the telephone', async () => {
    await ask(open(), question);
    const [system] = server.chats[0]!.messages;
    expect(system?.role).toBe('system');
    for (const part of [
      'Alice',
      'Riverside Dental Clinic',
      'Never give medical advice',
      'Monday 08:00 to 18:00',
      'Wednesday 08:00 to 20:00',
      'Sunday closed',
      'sixty dollars',
      'twelve Mill Lane',
      '"510001"',
      '"0207"',
      // Quoted: what a caller's telephone says of its owner can't become an instruction.
      String.raw`"Ann \"Root\" Smith"`,
      'VOICE_AGENT_NOTE: "a regular"',
      'no lists',
    ]) {
      expect(system?.content).toContain(part);
    }
  });

  it('what was heard, pressed, missed and interrupted', async () => {
    await ask(
      open(),
      replyRequest([
        { role: 'agent', text: 'How can I help you?', interrupted: true },
        { role: 'caller', text: 'hello', via: 'speech' },
        { role: 'caller', text: '12', via: 'dtmf' },
        { role: 'agent', text: 'One moment.', interrupted: false },
        {
          role: 'tool',
          call: { id: 'c1', name: 'look_up', arguments: { key: 12 } },
          result: 'twelve is the dentist',
        },
        { role: 'caller', text: '', via: 'not-understood' },
        { role: 'agent', text: 'Pardon?', interrupted: false },
        { role: 'caller', text: '', via: 'silence' },
      ]),
    );
    const call = {
      id: 'call00004',
      type: 'function',
      function: { name: 'look_up', arguments: '{"key":12}' },
    };
    expect(server.chats[0]!.messages.slice(1)).toEqual([
      { role: 'user', content: '[the call begins]' },
      { role: 'assistant', content: 'How can I help you? [interrupted]' },
      { role: 'user', content: 'hello\n[pressed the keys 12]' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call00004', content: 'twelve is the dentist' },
      { role: 'assistant', content: 'One moment.' },
      { role: 'user', content: '[said something that could not be understood]' },
      { role: 'assistant', content: 'Pardon?' },
      { role: 'user', content: '[says nothing]' },
    ]);
  });
});

describeBoth('answers', () => {
  it('with a count of its tokens', async () => {
    server.script.push({ text: 'It costs sixty dollars.' });
    const events = await ask(open(), question);
    expect(textOf(events)).toBe('It costs sixty dollars.');
    const usage = events.filter((event) => event.type === 'usage');
    expect(usage).toHaveLength(1);
    expect(usage[0]).toMatchObject({ outputTokens: 4 });
    expect((usage[0] as Extract<LlmEvent, { type: 'usage' }>).inputTokens).toBeGreaterThan(300);
  });

  it('with tool calls that came in fragments, after its words', async () => {
    server.script.push({
      text: 'Goodbye then.',
      tools: [
        { name: 'take_message', arguments: '{"name":"Ann","text":"a \\"quoted\\" word"}' },
        { name: 'hang_up', arguments: '' },
      ],
    });
    const events = await ask(open(), replyRequest('goodbye', [HANG_UP]));
    expect(server.chats[0]!.tools?.map((tool) => tool.function.name)).toEqual(['hang_up']);
    const calls = events.flatMap((event) => (event.type === 'tool' ? [event.call] : []));
    expect(calls).toEqual([
      { id: calls[0]!.id, name: 'take_message', arguments: { name: 'Ann', text: 'a "quoted" word' } },
      { id: calls[1]!.id, name: 'hang_up', arguments: {} },
    ]);
    expect(events.findIndex((event) => event.type === 'tool')).toBeGreaterThan(
      events.findLastIndex((event) => event.type === 'text'),
    );
  });

  it('with a sign of progress while the arguments of a tool are being streamed', async () => {
    server.script.push({ tools: [{ name: 'take_message', arguments: '{"name":"Ann Example"}' }] });
    const types = (await ask(open(), question)).map(({ type }) => type);
    expect(types[0]).toBe('progress');
    expect(types.filter((type) => type === 'progress').length).toBeGreaterThan(2);
    expect(types.at(-1)).toBe('tool');
  });

  it.each(['{"name": "Ann"', '["Ann"]', 'Ann'])(
    'with arguments as they are when they are %s',
    async (text) => {
      server.script.push({ tools: [{ name: 'take_message', arguments: text }] });
      const events = await ask(open(), question);
      expect(events.find((event) => event.type === 'tool')).toMatchObject({
        call: { name: 'take_message', arguments: {}, malformed: text },
      });
    },
  );

  it('over one connection that stays open, warmed or not', async () => {
    const llm = open();
    llm.warm?.();
    await until(() => server.answered === 1);
    // The answer lies in this process's own socket: it is read in the next turn of the event loop.
    for (let turn = 0; turn < 2; turn++) await eventLoopTurn();
    for (let turn = 0; turn < 3; turn++) await ask(llm, question);
    expect(server.accepted).toBe(1);
  });
});

describe('Groq as a language model', () => {
  beforeAll(() => {
    [under] = [ADAPTERS[0]!];
  });
  it('may be given the address that other clients of it want', async () => {
    const llm = createGroqLlm({ ...GROQ_LLM, apiKey: KEY, baseUrl: `${server.url}/openai/v1` });
    closing.push(() => llm.close());
    expect(textOf(await ask(llm, question))).toBe('Of course.');
  });
});

function troublesOf(events: readonly LlmEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'trouble' ? [event.trouble.outcome] : []));
}

async function failureOf(
  llm: LanguageModel,
): Promise<ProviderFailure & { events: LlmEvent[]; afterMs: number }> {
  const events: LlmEvent[] = [];
  const began = performance.now();
  try {
    for await (const event of llm.reply(question, new AbortController().signal)) events.push(event);
  } catch (error) {
    expect(error).toBeInstanceOf(ProviderFailure);
    return Object.assign(error as ProviderFailure, { events, afterMs: performance.now() - began });
  }
  throw new Error(`it answered: ${textOf(events)}`);
}

describeBoth('fails', () => {
  const twice = (fault: Fault): void => {
    faults.push(/chat/, fault, fault);
  };

  it.each<[string, Fault, FailureKind]>([
    ['401', { type: 'status', status: 401 }, 'unauthorized'],
    ['403', { type: 'status', status: 403 }, 'unauthorized'],
    ['404', { type: 'status', status: 404 }, 'rejected'],
    ['a stall before the headers', { type: 'stall-before-headers' }, 'timeout'],
    ['a stall before the first token', { type: 'stall', after: 0 }, 'stalled'],
    ['malformed JSON', { type: 'malformed', after: 0 }, 'malformed'],
    ['an empty answer', { type: 'empty' }, 'empty'],
    ['429', { type: 'status', status: 429 }, 'rate-limited'],
  ])('after %s, at once', async (_, fault, kind) => {
    faults.push(/chat/, fault);
    const failure = await failureOf(alone(open()));
    expect(failure).toMatchObject({ code: 'LLM_FAILED', kind, provider: under.name });
    expect(server.chats).toHaveLength(1);
    await until(() => server.streaming === 0 || fault.type === 'stall');
  });

  it.each<[string, Fault, FailureKind]>([
    ['500', { type: 'status', status: 500 }, 'server'],
    ['429 with a short wait', { type: 'status', status: 429, retryAfterS: 0.1 }, 'rate-limited'],
    ['a cut before the first token', { type: 'cut', after: 0 }, 'cut'],
    ['an error event', { type: 'error', after: 0, status: 500, message: 'over capacity' }, 'server'],
  ])('after %s, having asked once more', async (_, fault, kind) => {
    twice(fault);
    const failure = await failureOf(alone(open()));
    expect(failure).toMatchObject({ code: 'LLM_FAILED', kind });
    expect(server.chats).toHaveLength(2);
    expect(troublesOf(failure.events)).toEqual(['retried']);
    // By itself it asks once.
    faults.push(/chat/, fault);
    expect(await failureOf(open())).toMatchObject({ code: 'LLM_FAILED', kind });
    expect(server.chats).toHaveLength(3);
  });

  it.each<[string, Fault, FailureKind]>([
    ['a stall', { type: 'stall', after: 2 }, 'stalled'],
    ['a cut', { type: 'cut', after: 2 }, 'cut'],
    ['malformed JSON', { type: 'malformed', after: 2 }, 'malformed'],
    ['an error event', { type: 'error', after: 2, status: 500, message: 'over capacity' }, 'server'],
  ])('after %s in the middle, with what it had said, and never says it twice', async (_, fault, kind) => {
    server.script.push({ text: 'It costs sixty dollars.' });
    faults.push(/chat/, fault);
    const failure = await failureOf(open());
    expect(failure.kind).toBe(kind);
    expect(textOf(failure.events)).toBe('It costs');
    expect(server.chats).toHaveLength(1);
  });

  it('when the connection is refused', async () => {
    await server.down();
    const failure = await failureOf(alone(open()));
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(troublesOf(failure.events)).toEqual(['retried']);
  });

  it('when the name is unknown', async () => {
    expect((await failureOf(open({ baseUrl: 'http://groq.invalid' }))).kind).toBe('dns');
  });

  it('when the other side speaks no TLS', async () => {
    const llm = open({ baseUrl: server.url.replace('http:', 'https:') });
    expect((await failureOf(llm)).kind).toBe('tls');
  });

  it('when the other side speaks no HTTP', async () => {
    const babel = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .end('220 mail.example ESMTP\r\n')
        .resume(),
    ).listen(0, '127.0.0.1');
    await until(() => babel.listening);
    closing.push(
      () =>
        new Promise((resolve) =>
          babel.close(() => {
            resolve();
          }),
        ),
    );
    const { port } = babel.address() as { port: number };
    expect((await failureOf(open({ baseUrl: `http://127.0.0.1:${port}` }))).kind).toBe('malformed');
  });

  it('within its time-outs', async () => {
    faults.push(/chat/, { type: 'stall-before-headers' }, { type: 'stall', after: 2 });
    const first = await failureOf(open());
    expect(first.afterMs).toBeGreaterThan(390);
    expect(first.afterMs).toBeLessThan(1500);
    const second = await failureOf(open());
    expect(second.afterMs).toBeGreaterThan(190);
    expect(second.afterMs).toBeLessThan(1500);
  });

  it('without waiting for a Retry-After that the caller would not sit out', async () => {
    faults.push(/chat/, { type: 'status', status: 429, retryAfterS: 30 });
    const failure = await failureOf(alone(open()));
    expect(failure).toMatchObject({ kind: 'rate-limited', retryAfterMs: 30_000 });
    expect(failure.afterMs).toBeLessThan(1000);
    expect(server.chats).toHaveLength(1);
  });

  it('without printing the key, even if the server repeats it', async () => {
    const failure = await failureOf(open({ apiKey: 'gsk_wrong-key-42' }));
    expect(failure.kind).toBe('unauthorized');
    expect(failure.message).toContain('Invalid API Key');
    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toContain('gsk_wrong-key-42');
  });

  it('only for good: a second try answers in the same reply', async () => {
    faults.push(/chat/, { type: 'status', status: 503 });
    const events = await ask(alone(open()), question);
    expect(textOf(events)).toBe('Of course.');
    expect(troublesOf(events)).toEqual(['retried']);
  });

  it('silently when it is stopped while it waits', async () => {
    faults.push(/chat/, { type: 'stall-before-headers' });
    const controller = new AbortController();
    const events = open().reply(question, controller.signal)[Symbol.asyncIterator]();
    const next = events.next();
    await until(() => server.chats.length === 1);
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
