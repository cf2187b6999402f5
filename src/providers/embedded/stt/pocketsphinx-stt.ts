import { Worker } from 'node:worker_threads';
import type { SpeechToText, SttStream } from '../../../dialog/ports.ts';
import type { SttRequest, Transcript } from '../../../dialog/speech.ts';
import { VoiceAgentError, messageOf } from '../../../lib/errors.ts';
import { FailureDomain } from '../../../lib/failure-domain.ts';
import { gone } from '../supervised-worker.ts';
import type { DomainReport } from './domain-files.ts';
import type { PocketsphinxOptions } from './pocketsphinx.ts';
import type { Command, Report, WorkerOptions } from './worker-protocol.ts';

export interface PocketsphinxSttOptions extends PocketsphinxOptions {
  /** Calls that may be listened to at once (default 16, some 30 MB each). */
  readonly maxStreams?: number;
  /** The thread's program; tests give one that doesn't leave when told to. */
  readonly workerEntry?: URL;
}

/** Speech to text without a network or a key. */
export interface PocketsphinxStt extends SpeechToText {
  /**
   * Makes an agent's models ahead of its first call, and tells which of its words are only guessed.
   * Throws LANGUAGE_UNSUPPORTED or STT_UNAVAILABLE.
   */
  prepare(request: Pick<SttRequest, 'language' | 'phrases' | 'pronunciations'>): Promise<DomainReport>;
}

interface Pending {
  readonly resolve: (result: Transcript | DomainReport | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** CMU pocketsphinx in a worker thread of its own, which starts with the first request. */
export function createPocketsphinxStt({
  workerEntry = new URL('./stt-worker.ts', import.meta.url),
  ...options
}: PocketsphinxSttOptions = {}): PocketsphinxStt {
  const pending = new Map<number, Pending>();
  const streams = new Map<number, SttRequest>();
  let worker: Worker | undefined;
  let closing: Promise<void> | undefined;
  let count = 0;
  let starts = 0;

  function theWorker(): Worker {
    if (closing) throw new VoiceAgentError('STT_UNAVAILABLE', 'speech recognition is closed');
    if (worker) return worker;
    const workerData: WorkerOptions = { maxStreams: 16, ...options };
    // It is for all calls, whichever has asked first.
    const started = FailureDomain.outside(() => new Worker(workerEntry, { workerData, name: 'stt' }));
    started.on('message', onReport);
    started.on('error', (error) => {
      onDeath(started, messageOf(error));
    });
    started.on('exit', (code) => {
      onDeath(started, `it ended with status ${code}`);
    });
    worker = started;
    starts += 1;
    return started;
  }

  function onReport(report: Report): void {
    if (report.type === 'partial') {
      streams.get(report.stream)?.onEvent({ type: 'partial', text: report.text });
      return;
    }
    const waiting = pending.get(report.request);
    pending.delete(report.request);
    if (report.type === 'done') waiting?.resolve(report.result);
    else waiting?.reject(new VoiceAgentError(report.code, report.message));
  }

  /** Every call that it listened to has failed; the next call gets a new worker. */
  function onDeath(dead: Worker, reason: string): void {
    if (worker !== dead) return;
    worker = undefined;
    const error = new VoiceAgentError('STT_FAILED', `speech recognition: the worker thread died: ${reason}`);
    for (const { reject } of [...pending.values()]) reject(error);
    pending.clear();
    if (closing) return;
    for (const { onEvent } of [...streams.values()]) onEvent({ type: 'failed', error });
    streams.clear();
  }

  function ask(make: (request: number) => Command): Promise<Transcript | DomainReport | undefined> {
    const request = ++count;
    return new Promise((resolve, reject) => {
      const running = theWorker();
      pending.set(request, { resolve, reject });
      running.postMessage(make(request));
    });
  }

  return {
    name: 'pocketsphinx',
    rates: [8000, 16000, 24000],
    findsTurns: false,

    async prepare({ language, phrases, pronunciations = {} }) {
      refuseForeign(language);
      return (await ask((request) => ({
        type: 'prepare',
        request,
        source: { phrases, pronunciations },
      }))) as DomainReport;
    },

    async open(request) {
      refuseForeign(request.language);
      const stream = ++count;
      const source = { phrases: request.phrases, pronunciations: request.pronunciations ?? {} };
      await ask((number) => ({ type: 'open', request: number, stream, source, heard: request.heard }));
      streams.set(stream, request);
      return openStream(stream);
    },

    status() {
      // A dead one is no trouble: the next request starts another.
      return {
        threads: [{ name: 'stt', alive: worker !== undefined, restarts: Math.max(0, starts - 1) }],
        requests: pending.size,
      };
    },

    close() {
      closing ??= (async () => {
        const running = worker;
        if (!running) return;
        running.postMessage({ type: 'stop', request: ++count } satisfies Command);
        await gone(running);
      })();
      return closing;
    },
  };

  function openStream(stream: number): SttStream {
    return {
      beginTurn(frame) {
        if (streams.has(stream)) worker?.postMessage({ type: 'begin', stream, frame } satisfies Command);
      },
      async endTurn(frame) {
        if (!streams.has(stream)) return { text: '', understood: false, confidence: 0 };
        return (await ask((request) => ({ type: 'end', request, stream, frame }))) as Transcript;
      },
      close() {
        if (streams.delete(stream)) worker?.postMessage({ type: 'close', stream } satisfies Command);
      },
    };
  }
}

function refuseForeign(language: string): void {
  if (/^en([-_]|$)/i.test(language)) return;
  throw new VoiceAgentError(
    'LANGUAGE_UNSUPPORTED',
    `the embedded speech recognition understands English only, not "${language}": choose language "en", ` +
      `or another speech-to-text provider in config/providers.yaml`,
  );
}
