/** Whole calls, each against another kind of model: what the voice is given, and what is done, is always the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCartesiaTts } from '../../src/providers/cartesia/cartesia-tts.ts';
import { chainLanguageModels } from '../../src/providers/chain/language-model-chain.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createGroqLlm } from '../../src/providers/groq/groq-llm.ts';
import { createOpenAiLlm } from '../../src/providers/openai/openai-llm.ts';
import type { LanguageModel } from '../../src/dialog/contract/ports.ts';
import { startCloudCall, type CloudCall } from '../support/cloud-call.ts';
import { until } from '../support/leaks.ts';
import { listed } from '../support/listed-provider.ts';
import { CARTESIA_TTS, GROQ_LLM, OPENAI_LLM } from '../support/provider-defaults.ts';
import { startCartesiaServer, type CartesiaServer } from '../support/provider-servers/cartesia-server.ts';
import type { ChatRequest, Thought } from '../support/provider-servers/chat-stream.ts';
import { startGroqServer, type GroqServer } from '../support/provider-servers/groq-server.ts';
import { PERSONALITIES, type Personality } from '../support/provider-servers/personalities.ts';

/** What the model means to say and do, whatever it makes of it on the wire. */
interface Meant {
  readonly text: string;
  readonly tool?: { readonly name: string; readonly arguments: string };
}

const NOTE = JSON.stringify({ name: 'Ann', number: '5550199', text: 'a cleaning' });
const TURNS: Readonly<Record<string, Meant>> = {
  'when do you open': { text: 'We open at nine.' },
  'what do you offer': { text: 'Cleaning and braces.' },
  'take a note': { text: 'I have noted it.', tool: { name: 'take_message', arguments: NOTE } },
  'and the price': { text: 'It is sixty dollars.' },
  goodbye: { text: 'Goodbye.', tool: { name: 'hang_up', arguments: '{}' } },
};

const groq = (baseUrl: string): LanguageModel => createGroqLlm({ ...GROQ_LLM, apiKey: 'test-key', baseUrl });
const openAi = (url: string): LanguageModel => createOpenAiLlm({ ...OPENAI_LLM, baseUrl: `${url}/v1` });

const ALL: readonly Personality[] = Object.values(PERSONALITIES);

describe.each(ALL)('a call that is answered by $title', ({ server: options, dress }) => {
  const open = options.flavour === undefined ? groq : openAi;
  let server: GroqServer;
  let cartesia: CartesiaServer;
  let call: CloudCall;

  beforeAll(async () => {
    const think = ({ messages }: ChatRequest): Thought => {
      const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      const meant = TURNS[asked];
      return meant
        ? dress({ text: meant.text, ...(meant.tool && { tools: [meant.tool] }) })
        : { text: `unexpected ${asked}` };
    };
    server = await startGroqServer({ think, ...options });
    cartesia = await startCartesiaServer();
    call = await startCloudCall({
      llm: chainLanguageModels({
        providers: [listed('model', open(server.url), systemClock)],
        clock: systemClock,
        patienceMs: 1000,
      }),
      tts: createCartesiaTts({
        ...CARTESIA_TTS,
        apiKey: 'test-key',
        baseUrl: cartesia.url,
        voices: { slt: '00000000-0000-4000-8000-000000000000' },
      }),
    });
    await until(() => call.vad.streams.length > 0 && call.of('answered').length > 0);
  });
  afterAll(async () => {
    await call.close();
    await Promise.all([server.close(), cartesia.close()]);
  });

  it('has five turns, in which nobody hears a mark, a thought or an apology, and both tools are done', async () => {
    for (const [turn, text] of Object.keys(TURNS).entries()) {
      call.asks(text);
      await until(() => call.of('agent-said').length > turn, 15_000);
    }
    expect(call.of('agent-said').map(({ text }) => text)).toEqual(
      Object.values(TURNS).map(({ text }) => text),
    );
    const spoken = cartesia.generations().map(({ transcript }) => transcript.trim());
    expect(spoken.filter((text) => text !== '')).toEqual(Object.values(TURNS).map(({ text }) => text));
    await until(() => call.of('tool').length === 2);
    expect(call.of('tool').map(({ name }) => name)).toEqual(['take_message', 'hang_up']);
    expect(call.of('trouble')).toEqual([]);
  });
});
