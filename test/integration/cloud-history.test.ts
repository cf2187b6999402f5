/** What a model of the cloud is told of its own interrupted replies: what the caller has heard, to the word. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCartesiaTts } from '../../src/providers/cartesia/cartesia-tts.ts';
import { createGroqLlm } from '../../src/providers/groq/groq-llm.ts';
import { startCloudCall, type CloudCall } from '../support/cloud-call.ts';
import { until } from '../support/leaks.ts';
import { startCartesiaServer, type CartesiaServer } from '../support/provider-servers/cartesia-server.ts';
import { startGroqServer, type GroqServer } from '../support/provider-servers/groq-server.ts';
import type { Synthesise } from '../support/provider-servers/test-voice.ts';
import { CARTESIA_TTS, GROQ_LLM } from '../support/provider-defaults.ts';

/** Words last as long as no rule of thumb would guess: 90, 230, 370, 510, 90, … ms, with 30 ms between them. */
const scripted: Synthesise = ({ text, rateHz }) => {
  let at = 0;
  const words = text
    .split(/\s+/)
    .filter(Boolean)
    .map((word, index) => {
      const startMs = at;
      at += 90 + 140 * (index % 4) + 30;
      return { text: word, startMs, endMs: at - 30 };
    });
  // All of it is sound, so that every packet of it can be told from silence.
  const samples = Int16Array.from(
    { length: (at * rateHz) / 1000 },
    (_, n) => 6000 * Math.sign(Math.sin(n / 4)) + (n % 50),
  );
  return { samples, words };
};

const REPLY = 'We open at eight and close at six on every working day of the week except in August';

describe('the history of a caller who interrupts', () => {
  let groq: GroqServer;
  let cartesia: CartesiaServer;
  let call: CloudCall;
  beforeAll(async () => {
    groq = await startGroqServer({ think: () => ({ text: REPLY }) });
    cartesia = await startCartesiaServer({ tts: { synthesise: scripted } });
    const ours = { apiKey: 'test-key' };
    call = await startCloudCall({
      llm: createGroqLlm({ ...GROQ_LLM, ...ours, baseUrl: groq.url }),
      tts: createCartesiaTts({
        ...CARTESIA_TTS,
        ...ours,
        baseUrl: cartesia.url,
        voices: { slt: '00000000-0000-4000-8000-000000000000' },
      }),
    });
    await until(() => call.vad.streams.length > 0 && call.of('answered').length > 0);
  });
  afterAll(async () => {
    await call.close();
    await groq.close();
    await cartesia.close();
  });

  const { words } = scripted({ text: REPLY, voice: '', rateHz: 8000 }) as Awaited<ReturnType<Synthesise>>;
  let asked = 0;

  /** Asks, interrupts when so much was heard, asks again. Gives what was heard, and what the model is told. */
  async function interruptAfter(ms: number): Promise<{ playedMs: number; told: string; whole: string }> {
    const before = call.heardMs();
    call.asks(`question ${(asked += 1)}`);
    await until(() => call.heardMs() - before >= ms);
    const interruptions = call.of('barge-in').length;
    call.vad.streams[0]?.talk(400);
    await until(() => call.of('barge-in').length > interruptions);
    const playedMs = call.heardMs() - before;
    const requests = groq.chats.length;
    call.asks(`and question ${asked}`);
    await until(() => groq.chats.length > requests);
    const chat = groq.chats.at(-1)?.messages ?? [];
    const last = chat.findLastIndex(({ role }) => role === 'user');
    // Stop this one as well, before it says a word.
    const again = call.of('barge-in').length;
    await until(() => call.heardMs() - before > playedMs);
    call.vad.streams[0]?.talk(400);
    await until(() => call.of('barge-in').length > again);
    const told = chat[last - 1];
    const whole = chat.map(({ content }) => content).join('\n');
    return { playedMs, told: told?.role === 'assistant' ? (told.content ?? '') : '', whole };
  }

  it.each([40, 300, 700, 1000, 1500, 2100])(
    'ends with the last word that was over when the caller interrupts after %i ms',
    async (ms) => {
      const { playedMs, told, whole } = await interruptAfter(ms);
      const over = words.filter(({ endMs }) => endMs <= playedMs);
      const heard = over.map(({ text }) => text).join(' ');
      expect(heard.length).toBeGreaterThan(0);
      expect(over.length).toBeLessThan(words.length);
      expect(told).toBe(`${heard} [interrupted]`);
      expect(whole).not.toContain('August');
      const event = call.of('agent-said').findLast(({ text }) => text === heard);
      expect(event).toMatchObject({ interrupted: true });
    },
  );
});
