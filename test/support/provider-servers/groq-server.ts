import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { readWav } from '../../../src/media/wav.ts';
import type { PcmS16 } from '../../../src/media/audio.ts';
import { streamChat, type ChatRequest, type Flavour, type Think } from './chat-stream.ts';
import { worded, type Transcribe } from './cartesia-stt-session.ts';
import type { Delay } from './delays.ts';
import type { Fault, FaultPlan } from './fault-plan.ts';
import {
  bodyOf,
  extended,
  listen,
  sendJson,
  type ListeningServer,
  type TlsIdentity,
} from './listening-server.ts';
import { parseMultipart } from './multipart.ts';
import type { ServerObserver } from './server-events.ts';
import { refusalBy, type Rule } from './server-rules.ts';

export interface GroqServerOptions {
  /** The only key that is let in (default `test-key`); where it is `plain`, nobody asks unless one is given. */
  readonly apiKey?: string;
  readonly tls?: TlsIdentity;
  /** Where it listens (default: loopback). */
  readonly address?: string | undefined;
  /**
   * `groq`: under `/openai/v1`. `plain`: under `/v1`, as Ollama, vLLM and llama.cpp have it. `azure`: under
   * `/openai/deployments/agent`, with the version in the query and the key in a header of its own.
   */
  readonly flavour?: Flavour;
  /** Another path than the flavour's, such as Gemini's `/v1beta/openai`. */
  readonly base?: string;
  readonly think?: Think;
  /** What it insists on (default: nothing). */
  readonly rules?: readonly Rule[];
  /** From the request to the first token. */
  readonly firstToken?: Delay;
  readonly betweenTokens?: Delay;
  readonly transcribe?: (audio: PcmS16) => ReturnType<Transcribe>;
  readonly transcription?: Delay;
  /** Asked at `chat` and `transcription`, once a request. */
  readonly faults?: FaultPlan;
  readonly observe?: ServerObserver | undefined;
}

export interface SeenTranscription {
  readonly fields: Readonly<Record<string, string>>;
  readonly audio: PcmS16;
}

export interface GroqServer extends ListeningServer {
  /** Those that it refused included. */
  readonly chats: ChatRequest[];
  readonly transcriptions: SeenTranscription[];
  /** What came with each chat. */
  readonly chatHeaders: IncomingHttpHeaders[];
  /** Replies that are being streamed. */
  readonly streaming: number;
  /** What the model says next, reply by reply, where no `think` was given. */
  readonly script: ReturnType<Think>[];
}

const BASES = { groq: '/openai/v1', plain: '/v1', azure: '/openai/deployments/agent' } as const;
/** learn.microsoft.com/azure/ai-services/openai/api-version-lifecycle: the last of the dated ones for general use. */
export const AZURE_API_VERSION = '2024-10-21';

/**
 * Groq as groq-sdk 1.6.0 and console.groq.com/docs/api-reference describe it: chat completions as server-sent
 * events, and transcriptions.
 */
export async function startGroqServer(options: GroqServerOptions = {}): Promise<GroqServer> {
  const { flavour = 'groq', faults } = options;
  const apiKey = 'apiKey' in options || flavour === 'plain' ? options.apiKey : 'test-key';
  const base = options.base ?? BASES[flavour];
  const chats: ChatRequest[] = [];
  const transcriptions: SeenTranscription[] = [];
  const chatHeaders: IncomingHttpHeaders[] = [];
  const script: ReturnType<Think>[] = [];
  const think: Think = options.think ?? (() => script.shift() ?? { text: 'Of course.' });
  let streaming = 0;

  const chat = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const bytes = await bodyOf(request);
    const body = JSON.parse(bytes.toString()) as ChatRequest;
    const fault = faults?.next('chat');
    chats.push(body);
    chatHeaders.push(request.headers);
    if (isRefused(fault, response)) return;
    const refusal = refusalBy(options.rules ?? [], body, bytes.length);
    if (refusal) {
      sendJson(response, refusal.status, refusal.body);
      return;
    }
    const thought = await think(body);
    streaming += 1;
    try {
      await streamChat(response, body, thought, {
        flavour,
        fault,
        firstToken: options.firstToken ?? (() => 0),
        betweenTokens: options.betweenTokens ?? (() => 0),
        observe: options.observe,
      });
    } finally {
      streaming -= 1;
    }
  };

  const transcription = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const fault = faults?.next('transcription');
    const parts = parseMultipart(body, request.headers['content-type'] ?? '');
    const file = parts.find(({ name, filename }) => name === 'file' && filename !== undefined);
    if (!file) {
      sendJson(response, 400, { error: { message: 'file is required', type: 'invalid_request_error' } });
      return;
    }
    const audio = readWav(file.data);
    if (audio.encoding !== 'pcm_s16') throw new Error('16-bit audio expected');
    const fields = Object.fromEntries(
      parts.filter((part) => part !== file).map(({ name, data }) => [name, Buffer.from(data).toString()]),
    );
    transcriptions.push({ fields, audio });
    if (isRefused(fault, response)) return;
    await sleep(options.transcription?.() ?? 0);
    if (fault?.type === 'cut') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"text":"');
      setTimeout(() => response.destroy(), 10);
      return;
    }
    if (fault?.type === 'stall') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"text":"');
      return;
    }
    if (fault?.type === 'malformed') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"text":');
      return;
    }
    const made = fault?.type === 'empty' ? '' : await (options.transcribe?.(audio) ?? 'hello');
    const { text, words } = worded(made);
    const wantsWords = parts.some(
      ({ name, data }) => name === 'timestamp_granularities[]' && Buffer.from(data).toString() === 'word',
    );
    // Transcription and its verbose form: console.groq.com/docs/speech-to-text.
    const duration = audio.samples.length / audio.rateHz;
    const silent = text === '';
    const segment = {
      id: 0,
      start: 0,
      end: duration,
      text,
      avg_logprob: silent ? -1.5 : -0.1,
      no_speech_prob: silent ? 0.9 : 0.01,
    };
    if (fields['response_format'] === 'verbose_json') {
      sendJson(response, 200, {
        task: 'transcribe',
        language: 'English',
        duration,
        text,
        segments: [segment],
        ...(wantsWords && { words }),
      });
    } else sendJson(response, 200, { text });
  };

  const server = await listen({
    tls: options.tls,
    address: options.address,
    onRequest: (request, response) => {
      const given = flavour === 'azure' ? request.headers['api-key'] : request.headers.authorization;
      const { searchParams, pathname } = new URL(request.url ?? '', 'http://localhost');
      if (apiKey !== undefined && given !== (flavour === 'azure' ? apiKey : `Bearer ${apiKey}`)) {
        // groq-sdk src/core/error.ts reads `error.message`.
        const key = String(given ?? '');
        sendJson(response, 401, {
          error: {
            message: `Invalid API Key: ${key}`,
            type: 'invalid_request_error',
            code: 'invalid_api_key',
          },
        });
        return;
      }
      const version = flavour === 'azure' ? AZURE_API_VERSION : null;
      const route = `${request.method ?? ''} ${searchParams.get('api-version') === version ? pathname : ''}`;
      const work =
        route === `POST ${base}/chat/completions`
          ? chat(request, response)
          : route === `POST ${base}/audio/transcriptions`
            ? transcription(request, response)
            : undefined;
      if (!work) {
        sendJson(response, 404, {
          error: { message: `Unknown request URL: ${route}`, type: 'invalid_request_error' },
        });
      }
      work?.catch(() => response.destroy());
    },
  });
  return extended(server, {
    chats,
    transcriptions,
    chatHeaders,
    script,
    get streaming() {
      return streaming;
    },
  });
}

/** Faults before the first byte of an answer. True: nothing else is to be done. */
function isRefused(fault: Fault | undefined, response: ServerResponse): boolean {
  if (fault?.type === 'stall-before-headers') return true;
  if (fault?.type !== 'status') return false;
  const headers = fault.retryAfterS === undefined ? {} : { 'retry-after': String(fault.retryAfterS) };
  const message = fault.message ?? `status ${fault.status}`;
  sendJson(response, fault.status, { error: { message, type: 'error', ...fault.more } }, headers);
  return true;
}
