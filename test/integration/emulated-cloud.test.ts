/** The emulated cloud behind the real adapters: what it hears, thinks and says depends on what it is sent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Message } from '../../src/dialog/contract/conversation.ts';
import type { SttEvent } from '../../src/dialog/contract/speech.ts';
import { decodeG711 } from '../../src/media/g711.ts';
import { createCartesiaStt } from '../../src/providers/cartesia/cartesia-stt.ts';
import { createCartesiaTts } from '../../src/providers/cartesia/cartesia-tts.ts';
import { expectedPhrases } from '../../src/providers/embedded/receptionist/expected-phrases.ts';
import { createGroqLlm } from '../../src/providers/groq/groq-llm.ts';
import { createGroqWhisperStt } from '../../src/providers/groq/groq-whisper-stt.ts';
import { standardTools } from '../../src/dialog/reply/agent-tools.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openAgentVoice } from '../support/agent-voice.ts';
import { callerAudio } from '../support/caller-audio.ts';
import { startEmulatedCloud, type EmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import { callInfo } from '../support/receptionist-call.ts';
import { RingCaller } from '../support/ring-caller.ts';
import { shippedAgent } from '../support/shipped-config.ts';
import { findSpeech } from '../support/sound-likeness.ts';
import { CARTESIA_STT, CARTESIA_TTS, GROQ_LLM, GROQ_WHISPER } from '../support/provider-defaults.ts';

describe('the emulated cloud', () => {
  let cloud: EmulatedCloud;
  beforeAll(async () => {
    cloud = await startEmulatedCloud({ assumed: { takenBack: 0, sigma: 0 } });
  });
  afterAll(() => cloud.close());

  const cartesia = () => ({
    apiKey: cloud.environment['CARTESIA_API_KEY'] ?? '',
    baseUrl: cloud.cartesia.url,
  });
  const groq = () => ({ apiKey: cloud.environment['GROQ_API_KEY'] ?? '', baseUrl: cloud.groq.url });
  const agent = shippedAgent('alice');

  it('hears the words of a recording, and when the caller has finished', async () => {
    const stt = createCartesiaStt({ ...CARTESIA_STT, ...cartesia() });
    const caller = new RingCaller({ pace: 3 });
    const events: SttEvent[] = [];
    const stream = await stt.open({
      heard: caller.heard,
      language: 'en',
      phrases: expectedPhrases(agent),
      onEvent: (event) => events.push(event),
    });
    await caller.silence(400);
    for (const name of ['d-hours', 'd-price-whitening']) {
      await caller.play(callerAudio('ked', name));
      await caller.silence(900);
    }
    await expect
      .poll(() => events.filter(({ type }) => type === 'turn-end').length, { timeout: 10_000 })
      .toBe(2);
    const texts = (type: string): string[] =>
      events.flatMap((event) =>
        event.type === type && 'transcript' in event ? [event.transcript.text] : [],
      );
    expect(texts('turn-end')).toEqual(['what are your opening hours', expect.stringMatching(/whitening/)]);
    expect(texts('turn-eager-end')).toEqual(texts('turn-end'));
    stream.close();
    await stt.close();
  });

  it('hears what Whisper is sent', async () => {
    const stt = createGroqWhisperStt({ ...GROQ_WHISPER, ...groq() });
    const caller = new RingCaller({ pace: 20 });
    const stream = await stt.open({
      heard: caller.heard,
      language: 'en',
      phrases: [],
      onEvent: () => undefined,
    });
    stream.beginTurn(caller.frame);
    const { last } = await caller.play(callerAudio('ked', 'd-hours'));
    expect((await stream.endTurn(last)).text).toBe('what are your opening hours');
    stream.close();
    await stt.close();
  });

  it('answers what was asked, with what it was told, and uses the tools that it was offered', async () => {
    const llm = createGroqLlm({ ...GROQ_LLM, ...groq() });
    const tools = standardTools({
      agent,
      messages: { keep: () => Promise.resolve() },
      clock: systemClock,
    });
    const ask = async (history: Message[]) => {
      const said = { text: '', tools: [] as string[] };
      const request = { agent, call: callInfo(), history, tools };
      for await (const event of llm.reply(request, new AbortController().signal)) {
        if (event.type === 'text') said.text += event.text;
        if (event.type === 'tool') said.tools.push(event.call.name);
      }
      return said;
    };
    const greeting: Message = { role: 'agent', text: agent.greeting, interrupted: true };
    const price: Message = { role: 'caller', text: 'how much is whitening', via: 'speech' };
    expect((await ask([greeting, price])).text).toMatch(/two hundred and ninety/);
    // What was asked before is the subject of what is asked now.
    const answer: Message = {
      role: 'agent',
      text: 'That is two hundred and ninety dollars.',
      interrupted: false,
    };
    const how: Message = { role: 'caller', text: 'and how long does that take', via: 'speech' };
    expect((await ask([greeting, price, answer, how])).text).toMatch(/hour/);
    const bye: Message = { role: 'caller', text: 'thank you goodbye', via: 'speech' };
    expect(await ask([greeting, bye])).toMatchObject({ text: /bye/i, tools: ['hang_up'] });
    await llm.close();
  });

  it('says what it is given, in the voice that is asked for', async () => {
    const tts = createCartesiaTts({ ...CARTESIA_TTS, ...cartesia() });
    const own = await openAgentVoice();
    // In one piece: each piece is spoken for itself.
    const text = 'We are open until six in the evening.';
    const spoken = async (voice: string): Promise<Int16Array> => {
      const pieces: Uint8Array[] = [];
      const request = { voice, language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } } as const;
      const pieceByPiece = (async function* () {
        yield await Promise.resolve(text);
      })();
      for await (const event of tts.speak(pieceByPiece, request, new AbortController().signal)) {
        if (event.type === 'audio' && 'bytes' in event.audio) pieces.push(event.audio.bytes);
      }
      return decodeG711('ulaw', Buffer.concat(pieces));
    };
    for (const [voice, other] of [
      ['slt', 'rms'],
      ['rms', 'slt'],
    ] as const) {
      const heard = new Int16Array(32_000);
      heard.set(await spoken(voice), 4000);
      const likeness = async (name: string): Promise<number> =>
        findSpeech(heard, await own.speak(text, name, 'ulaw')).correlation;
      expect(await likeness(voice)).toBeGreaterThan(0.95);
      expect(await likeness(other)).toBeLessThan(0.8);
    }
    await tts.close();
    await own.close();
  });
});
