/** A model of the cloud says something, calls a tool that takes its time, and goes on. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createCartesiaTts } from '../../src/providers/cartesia/cartesia-tts.ts';
import { chainTextToSpeech } from '../../src/providers/chain/text-to-speech-chain.ts';
import { createGroqLlm } from '../../src/providers/groq/groq-llm.ts';
import { httpTool } from '../../src/tools/http-tool.ts';
import { startCloudCall, type CloudCall } from '../support/cloud-call.ts';
import { until } from '../support/leaks.ts';
import { listed } from '../support/listed-provider.ts';
import { startCartesiaServer, type CartesiaServer } from '../support/provider-servers/cartesia-server.ts';
import type { ChatRequest, Thought } from '../support/provider-servers/chat-stream.ts';
import { startGroqServer, type GroqServer } from '../support/provider-servers/groq-server.ts';
import { ScriptedTts } from '../support/scripted-tts.ts';
import { CARTESIA_TTS, GROQ_LLM } from '../support/provider-defaults.ts';

/** Longer than a voice may keep anybody waiting. */
const TOOL_MS = 1500;
const PATIENCE_MS = 800;

function think({ messages }: ChatRequest): Thought {
  const result = messages.at(-1)?.role === 'tool' ? messages.at(-1)?.content : undefined;
  if (result !== undefined) return { text: `It is ${result ?? ''}.` };
  return { text: 'One moment.', tools: [{ name: 'look_up', arguments: '{}' }] };
}

describe('words before a slow tool', () => {
  let groq: GroqServer;
  let cartesia: CartesiaServer;
  let call: CloudCall;
  let asked = false;
  const service = createServer((_request, response) => {
    asked = true;
    void sleep(TOOL_MS).then(() => response.end('ready'));
  });

  beforeAll(async () => {
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    groq = await startGroqServer({ think });
    cartesia = await startCartesiaServer();
    const ours = { apiKey: 'test-key' };
    const voice = createCartesiaTts({
      ...CARTESIA_TTS,
      ...ours,
      baseUrl: cartesia.url,
      voices: { slt: '00000000-0000-4000-8000-000000000000' },
    });
    call = await startCloudCall({
      llm: createGroqLlm({ ...GROQ_LLM, ...ours, baseUrl: groq.url }),
      tts: chainTextToSpeech({
        providers: [
          listed('cartesia', voice, systemClock),
          listed('second', new ScriptedTts(systemClock), systemClock),
        ],
        clock: systemClock,
        patienceMs: PATIENCE_MS,
      }),
      tools: [
        httpTool({
          name: 'look_up',
          description: 'Looks it up.',
          parameters: { type: 'object', properties: {} },
          method: 'GET',
          url: `http://127.0.0.1:${(service.address() as AddressInfo).port}/`,
          headers: {},
          timeoutMs: 5000,
          maxBytes: 1000,
          maxCharacters: 1000,
        }),
      ],
    });
    await until(() => call.vad.streams.length > 0 && call.of('answered').length > 0);
  });
  afterAll(async () => {
    await call.close();
    await Promise.all([groq.close(), cartesia.close()]);
    service.close();
  });

  it('are heard while it works, and nobody takes the voice for dead', async () => {
    call.asks('is my car ready');
    await until(() => asked && call.heardMs() > 300);
    expect(call.of('tool')).toEqual([]);
    await until(() => call.of('agent-said').length > 0, 10_000);
    expect(call.of('agent-said')).toMatchObject([{ text: 'One moment. It is ready.', interrupted: false }]);
    expect(call.of('trouble')).toEqual([]);
  });
});
