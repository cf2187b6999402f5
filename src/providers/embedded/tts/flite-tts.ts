import { readFile } from 'node:fs/promises';
import { onAbort } from '../../../lib/abort.ts';
import { messageOf, VoiceAgentError } from '../../../lib/errors.ts';
import type { AudioFormat } from '../../../media/audio.ts';
import type { TextToSpeech } from '../../../dialog/contract/ports.ts';
import type { VoiceRequest } from '../../../dialog/contract/speech.ts';
import { SPEECH_POLICY } from '../../../threads/policies.ts';
import { SupervisedThread, type Supervision } from '../../../threads/supervised-thread.ts';
import { compileFlite, FLITE_VOICES, fliteFile } from './flite-engine.ts';
import { FliteReply, type FliteThread } from './flite-reply.ts';
import type { FliteWorkerData } from './flite-worker.ts';

export interface FliteOptions {
  /** Speech threads at most, 26 MB each. Default 2: a long sentence of one call delays nobody else's. The second is started by two replies at a time. */
  readonly threads?: number;
  /** A thread died and is started again, or is given up. */
  readonly onTrouble?: (message: string) => void;
  /** Of its threads, where that shall differ from the usual. */
  readonly supervision?: Supervision | undefined;
}

export interface FliteTts extends TextToSpeech {
  /** Starts its first thread, unless a reply has (0.4 s later than else). Rejects with TTS_UNAVAILABLE when flite can't be loaded. */
  load(): Promise<void>;
}

/** Those for a telephone line first: it needs no conversion in the main thread then. */
const FORMATS: readonly AudioFormat[] = [
  { encoding: 'ulaw', rateHz: 8000 },
  { encoding: 'alaw', rateHz: 8000 },
  { encoding: 'pcm_s16', rateHz: 8000 },
  { encoding: 'pcm_s16', rateHz: 16000 },
];

/**
 * CMU flite as a text-to-speech provider: English, two voices, no network. Its words' times are
 * those of the voice's own duration model.
 */
export function createFliteTts(options: FliteOptions = {}): FliteTts {
  const replies = new Map<number, FliteReply>();
  const data: Partial<FliteWorkerData> = {};
  const pool = Array.from({ length: options.threads ?? 2 }, (_, index) =>
    openThread(`tts-${index}`, data, replies, options),
  );
  let started: Promise<void> | undefined;
  let failure: string | undefined;
  /** Resolves when the first is up. */
  const start = async (): Promise<void> => {
    try {
      data.module = await compileFlite(await readFile(fliteFile()));
      await pool[0]?.start();
      failure = undefined;
    } catch (cause) {
      started = undefined;
      failure = `flite can't be started: ${messageOf(cause)}`;
      throw new VoiceAgentError('TTS_UNAVAILABLE', failure, { cause });
    }
  };
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
    load: async () => {
      if (closing) return;
      await (started ??= start()).catch((error: unknown) => {
        // Closed meanwhile: nobody misses it.
        if (!closing) throw error;
      });
    },
    async *speak(text, request, signal) {
      check(request);
      if (closing) throw new VoiceAgentError('TTS_FAILED', 'flite is closed');
      await (started ??= start());
      const thread = quietest(pool, replies);
      // One that was given up is started for the next reply; this one fails, and somebody else may speak it.
      if (!thread.up) thread.start().catch(() => undefined);
      // All that are up have work: the next reply finds another.
      else if (loadOf(thread, replies) > 0)
        pool
          .find(({ up, trouble }) => !up && trouble === undefined)
          ?.start()
          .catch(() => undefined);
      const reply = new FliteReply(nextReply++, thread);
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
      // One that was never needed is in no trouble.
      const threads = pool
        .filter(({ up, trouble, restarts }) => up || trouble !== undefined || restarts > 0)
        .map(({ name, up, restarts }) => ({ name, alive: up, restarts }));
      // It may not have been needed yet, and isn't missed while it is started.
      const isNew = pool.every(({ up, restarts }) => !up && restarts === 0);
      const [ofThreads] = isNew || pool.some(({ up }) => up) ? [] : pool.map((thread) => thread.trouble);
      const trouble = ofThreads === undefined ? failure : `its threads: ${ofThreads}`;
      return {
        ...(trouble !== undefined && { trouble }),
        threads: isNew && !started ? [] : threads,
        requests: replies.size,
      };
    },
    close() {
      closing ??= (async () => {
        for (const reply of replies.values()) reply.cancel();
        await Promise.all(pool.map((thread) => thread.close()));
      })();
      return closing;
    },
  };
}

function openThread(
  name: string,
  data: Partial<FliteWorkerData>,
  replies: ReadonlyMap<number, FliteReply>,
  options: FliteOptions,
): FliteThread {
  const trouble = (message: string): void => options.onTrouble?.(message);
  const ofThread = (): FliteReply[] => [...replies.values()].filter((reply) => reply.thread === thread);
  const thread: FliteThread = new SupervisedThread({
    name,
    entry: new URL('./flite-worker.ts', import.meta.url),
    data: () => data,
    policy: SPEECH_POLICY,
    atWork: () => ofThread().length > 0,
    onReport: (answer) => replies.get(answer.reply)?.receive(answer),
    onDown: (reason, givenUp) => {
      trouble(`flite's thread ${name}: ${reason}; it is ${givenUp ? 'given up for now' : 'started again'}`);
      for (const reply of ofThread()) reply.fail(`flite's thread ended: ${reason}`);
    },
    onWarning: trouble,
    supervision: options.supervision,
  });
  return thread;
}

function loadOf(thread: FliteThread, replies: ReadonlyMap<number, FliteReply>): number {
  return [...replies.values()].filter((reply) => reply.thread === thread).length;
}

/** The living thread with the fewest replies in hand. */
function quietest(pool: readonly FliteThread[], replies: ReadonlyMap<number, FliteReply>): FliteThread {
  const loads = pool.map((thread) => (thread.up ? 0 : 1_000_000) + loadOf(thread, replies));
  return pool[loads.indexOf(Math.min(...loads))] as FliteThread;
}

function nameOf(format: AudioFormat): string {
  return `${format.encoding} at ${format.rateHz} Hz`;
}
