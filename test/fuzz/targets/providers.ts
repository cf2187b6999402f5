/** What providers answer: through their SDKs and our adapters, from a server on this machine that says what it is told. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import type { LlmEvent } from '../../../src/dialog/contract/conversation.ts';
import type { LanguageModel, SpeechToText } from '../../../src/dialog/contract/ports.ts';
import type { SttEvent, Transcript } from '../../../src/dialog/contract/speech.ts';
import { monotonicNow } from '../../../src/lib/clock.ts';
import { AudioRingWriter, createAudioRing } from '../../../src/media/audio-ring.ts';
import { createCartesiaStt } from '../../../src/providers/cartesia/cartesia-stt.ts';
import { createCartesiaTts } from '../../../src/providers/cartesia/cartesia-tts.ts';
import { createGroqLlm } from '../../../src/providers/groq/groq-llm.ts';
import { createGroqWhisperStt } from '../../../src/providers/groq/groq-whisper-stt.ts';
import { createOpenAiLlm } from '../../../src/providers/openai/openai-llm.ts';
import { ProviderFailure } from '../../../src/providers/provider-failure.ts';
import {
  CARTESIA_STT,
  CARTESIA_TTS,
  GROQ_LLM,
  GROQ_WHISPER,
  OPENAI_LLM,
} from '../../support/provider-defaults.ts';
import { listen } from '../../support/provider-servers/listening-server.ts';
import { replyRequest } from '../../support/reply-request.ts';
import { bytesOf, must, readCorpus, type FuzzTarget, type Session } from '../target.ts';

const KEY = 'key';
/** Long enough for what is there, short for what doesn't come. */
const PATIENCE_MS = 150;
const STALL_MS = 100;

/** What an adapter may fail with. */
async function orFailure(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    must(typeof error.message === 'string' && error.message.length < 2000, 'a failure has a message');
  }
}

// ── over HTTP ──

/** Answers each request with the session that is under way. */
async function answering(contentType: string) {
  let current: Session = [];
  const server = await listen({
    onRequest: (request, response) => {
      request.resume();
      request.once('end', () => {
        response.writeHead(200, { 'content-type': contentType });
        void (async () => {
          for (const frame of current) {
            if (response.destroyed) return;
            response.write(bytesOf(frame));
            await new Promise((resolve) => setImmediate(resolve));
          }
          response.end();
        })();
      });
    },
  });
  return {
    server,
    say: (session: Session): void => {
      current = session;
    },
  };
}

export async function openChat(): Promise<FuzzTarget> {
  const { server, say } = await answering('text/event-stream');
  const times = { firstTokenMs: PATIENCE_MS, tokenMs: STALL_MS, thinkingMs: PATIENCE_MS };
  const onTrouble = (): void => undefined;
  const models = [
    createGroqLlm({ ...GROQ_LLM, ...times, apiKey: KEY, baseUrl: server.url, onTrouble }),
    createOpenAiLlm({ ...OPENAI_LLM, ...times, apiKey: KEY, baseUrl: `${server.url}/v1`, onTrouble }),
  ];
  return {
    corpus: readCorpus('chat'),
    async run(session) {
      say(session);
      for (const model of models) await orFailure(() => ask(model));
    },
    async close() {
      for (const model of models) await model.close();
      await server.close();
    },
  };
}

async function ask(model: LanguageModel): Promise<void> {
  const tools = [{ name: 'transfer', description: 'transfer', parameters: { type: 'object' } }];
  const events: LlmEvent[] = [];
  for await (const event of model.reply(replyRequest('hello', tools), new AbortController().signal)) {
    events.push(event);
    must(events.length < 10_000, 'an answer has an end');
    if (event.type === 'text') must(typeof event.text === 'string', 'words are text');
    if (event.type === 'usage')
      must(Number.isFinite(event.inputTokens) && Number.isFinite(event.outputTokens), 'tokens are numbers');
    if (event.type !== 'tool') continue;
    const { name, id, arguments: given } = event.call;
    must(typeof name === 'string' && typeof id === 'string', 'a tool has a name');
    must(typeof given === 'object' && !Array.isArray(given), 'its arguments are an object');
  }
}

export async function openWhisper(): Promise<FuzzTarget> {
  const { server, say } = await answering('application/json');
  const stt = createGroqWhisperStt({
    ...GROQ_WHISPER,
    apiKey: KEY,
    baseUrl: server.url,
    timeoutMs: PATIENCE_MS,
  });
  return {
    corpus: readCorpus('whisper'),
    async run(session) {
      say(session);
      await orFailure(() => hear(stt, 300));
    },
    async close() {
      await stt.close();
      await server.close();
    },
  };
}

/** A turn of half a second. */
async function hear(stt: SpeechToText, longestMs: number): Promise<void> {
  const heard = createAudioRing(8000);
  const writer = new AudioRingWriter(heard);
  const speak = (frames: number): void => {
    for (let n = 0; n < frames; n++) {
      writer.slot.fill(1000);
      writer.commit(monotonicNow(), -20);
    }
  };
  const events: SttEvent[] = [];
  const stream = await stt.open({
    heard,
    language: 'en',
    phrases: [],
    onEvent: (event) => {
      events.push(event);
    },
  });
  try {
    stream.beginTurn(0);
    speak(25);
    const transcript = stream.endTurn(20);
    speak(10);
    isTranscript(await transcript);
    // The provider's own turns may still come.
    await sleep(Math.min(longestMs, 20));
  } finally {
    stream.close();
    writer.close();
  }
  for (const event of events) {
    if (event.type === 'partial') must(typeof event.text === 'string', 'a partial is text');
    if ('transcript' in event) isTranscript(event.transcript);
    if (event.type === 'failed') must(event.error instanceof ProviderFailure, 'it fails as a provider does');
  }
}

function isTranscript({ text, confidence }: Transcript): void {
  must(typeof text === 'string', 'a transcript is text');
  must(confidence >= 0 && confidence <= 1, `a confidence is 0 … 1, not ${confidence}`);
}

// ── over WebSockets ──

/** Says the session when it is spoken to; `CONTEXT` is what the client has called its reply. */
async function speaking() {
  let current: Session = [];
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(sockets, 'listening');
  sockets.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.once('message', (data) => {
      const context = /"context_id":"([^"]+)"/.exec((data as Buffer).toString())?.[1] ?? '';
      for (const frame of current) {
        if (typeof frame === 'string') socket.send(frame.replaceAll('CONTEXT', context));
        else socket.send(frame);
      }
    });
  });
  const { port } = sockets.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    say: (session: Session): void => {
      current = session;
    },
    close: async (): Promise<void> => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await once(sockets, 'close');
    },
  };
}

export async function openCartesiaTts(): Promise<FuzzTarget> {
  const { url, say, close } = await speaking();
  const voice = { voice: 'anna', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } } as const;
  return {
    corpus: readCorpus('cartesia-tts'),
    async run(session) {
      say(session);
      // A socket answers once: each session has its own.
      const tts = createCartesiaTts({
        ...CARTESIA_TTS,
        apiKey: KEY,
        baseUrl: url,
        voices: { anna: '11111111-2222-4333-8444-555555555555' },
        firstAudioMs: PATIENCE_MS,
        chunkMs: STALL_MS,
        onTrouble: () => undefined,
      });
      await orFailure(async () => {
        let bytes = 0;
        for await (const event of tts.speak(words(), voice, new AbortController().signal)) {
          if (event.type === 'audio') bytes += 'bytes' in event.audio ? event.audio.bytes.length : 0;
          if (event.type !== 'words') continue;
          for (const { text, startMs, endMs } of event.words) {
            must(typeof text === 'string', 'a word is text');
            must(Number.isFinite(startMs) && Number.isFinite(endMs), 'a word has its time');
          }
        }
        must(bytes < 10_000_000, 'an answer has an end');
      });
      await tts.close();
    },
    close,
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- what the port asks for
async function* words(): AsyncGenerator<string> {
  yield 'Hi there.';
}

export async function openCartesiaStt(socket: 'turns' | 'finalize'): Promise<FuzzTarget> {
  const { url, say, close } = await speaking();
  const stt = createCartesiaStt({
    ...CARTESIA_STT,
    apiKey: KEY,
    baseUrl: url,
    socket,
    transcriptMs: PATIENCE_MS,
  });
  return {
    corpus: readCorpus(`cartesia-${socket}`),
    async run(session) {
      say(session);
      await orFailure(() => hear(stt, 50));
    },
    async close() {
      await stt.close();
      await close();
    },
  };
}
