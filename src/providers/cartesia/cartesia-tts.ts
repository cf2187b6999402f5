import type { RawOutputFormat } from '@cartesia/cartesia-js/resources/tts';
import type { TextToSpeech } from '../../dialog/contract/ports.ts';
import type { VoiceRequest } from '../../dialog/contract/speech.ts';
import { onAbort } from '../../lib/abort.ts';
import { systemClock, type Clock, type Milliseconds } from '../../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../../lib/errors.ts';
import type { AudioFormat } from '../../media/audio.ts';
import type { CartesiaConnection } from './cartesia-client.ts';
import {
  CARTESIA_ENCODING,
  CARTESIA_FORMATS,
  CARTESIA_LANGUAGES,
  CARTESIA_VOICE_ID,
} from './cartesia-formats.ts';
import { TtsPool } from './tts-pool.ts';
import { TtsReply } from './tts-reply.ts';

export interface CartesiaTtsOptions extends CartesiaConnection {
  /** Name in logs and failures (default `cartesia`). */
  readonly name?: string;
  readonly model: string;
  /** Names for voices, so that agents.yaml needs no identifiers: `{ slt: 'f786b574-…' }`. */
  readonly voices: Readonly<Record<string, string>>;
  /** The only format to ask for. Default: whatever the line needs, so that nothing is converted. */
  readonly format?: AudioFormat | undefined;
  /** What it asks to be given, and hands on as it is. */
  readonly feeding: 'sentence' | 'token';
  /** How long Cartesia waits for more text before it speaks (default 0, for tokens 200). */
  readonly bufferMs?: Milliseconds | undefined;
  /** 0.6 … 1.5 (default: the voice's own). */
  readonly speed?: number | undefined;
  /** From the first text to the first sound. */
  readonly firstAudioMs: Milliseconds;
  /** Between two pieces of sound, when the text is complete */
  readonly chunkMs: Milliseconds;
  /** Replies that one socket carries at a time. */
  readonly contextsPerSocket: number;
  /** Sockets at a time. */
  readonly sockets: number;
  /**
   * An idle socket is replaced after this (default 240,000). Cartesia closes it after 5 minutes:
   * docs.cartesia.ai/api-reference/tts/websocket.
   */
  readonly renewMs?: Milliseconds;
  readonly onTrouble?: (message: string) => void;
  readonly clock?: Clock;
}

const TOKEN_BUFFER_MS = 200;

/** Cartesia as a text-to-speech provider: one warm socket for many calls. Resolves without a connection. */
export function createCartesiaTts(options: CartesiaTtsOptions): TextToSpeech {
  const { name = 'cartesia', model, voices, feeding } = options;
  const { clock = systemClock, onTrouble = () => undefined } = options;
  const formats = options.format ? [options.format] : CARTESIA_FORMATS;
  const pool = new TtsPool({
    ...options,
    provider: name,
    renewMs: options.renewMs ?? 240_000,
    clock,
    onTrouble,
  });
  const replies = new Set<TtsReply>();
  let closed = false;

  const check = ({ voice, language, format }: VoiceRequest): void => {
    if (!CARTESIA_LANGUAGES.includes(languageOf(language))) {
      throw new VoiceAgentError(
        'LANGUAGE_UNSUPPORTED',
        `${name} doesn't speak "${language}"; it speaks ${CARTESIA_LANGUAGES.join(', ')}`,
      );
    }
    if (!Object.hasOwn(voices, voice) && !CARTESIA_VOICE_ID.test(voice)) {
      const known = Object.keys(voices).join(', ');
      throw new VoiceAgentError(
        'TTS_UNAVAILABLE',
        `${name} has no voice "${voice}": give a voice's id, or a name that is set for one (${known || 'none is'})`,
      );
    }
    if (!formats.some(({ encoding, rateHz }) => encoding === format.encoding && rateHz === format.rateHz)) {
      throw new VoiceAgentError(
        'TTS_UNAVAILABLE',
        `${name} gives no ${format.encoding} at ${format.rateHz} Hz`,
      );
    }
  };

  return {
    name,
    voices: Object.keys(voices),
    takes: feeding === 'token' ? 'text' : 'clauses',
    formats,
    check,
    async *speak(text, voice, signal) {
      check(voice);
      if (closed) throw new VoiceAgentError('TTS_FAILED', `${name} is closed`);
      if (signal.aborted) return;
      const { speed, bufferMs = feeding === 'token' ? TOKEN_BUFFER_MS : 0 } = options;
      const reply = new TtsReply({
        pool,
        provider: name,
        key: options.apiKey,
        voice,
        request: {
          model_id: model,
          voice: { id: voices[voice.voice] ?? voice.voice },
          output_format: outputFormat(voice.format),
          language: languageOf(voice.language),
          add_timestamps: true,
          max_buffer_delay_ms: bufferMs,
          ...(speed === undefined ? {} : { generation_config: { speed } }),
        },
        firstAudioMs: options.firstAudioMs,
        chunkMs: options.chunkMs,
        clock,
      });
      const withdraw = onAbort(signal, () => {
        reply.cancel();
      });
      replies.add(reply);
      try {
        void reply.feed(text);
        yield* reply.events();
      } finally {
        withdraw();
        replies.delete(reply);
        reply.cancel();
      }
    },
    warm() {
      pool.warm().catch((error: unknown) => {
        onTrouble(messageOf(error));
      });
    },
    close() {
      closed = true;
      for (const reply of replies) reply.cancel();
      pool.close();
      return Promise.resolve();
    },
  };
}

function outputFormat({ encoding, rateHz }: AudioFormat): RawOutputFormat {
  return { container: 'raw', encoding: CARTESIA_ENCODING[encoding], sample_rate: rateHz };
}

function languageOf(language: string): string {
  return language.slice(0, 2).toLowerCase();
}
