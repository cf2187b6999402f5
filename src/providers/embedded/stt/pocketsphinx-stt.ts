import type { SpeechToText, SttStream } from '../../../dialog/contract/ports.ts';
import type { SttRequest, Transcript } from '../../../dialog/contract/speech.ts';
import { onAbort } from '../../../lib/abort.ts';
import { ERROR_CODES, VoiceAgentError, messageOf } from '../../../lib/errors.ts';
import { RECOGNISER_POLICY } from '../../../threads/policies.ts';
import { SupervisedThread, type Supervision } from '../../../threads/supervised-thread.ts';
import { ThreadError } from '../../../threads/thread-run.ts';
import type { DomainReport } from './domain-files.ts';
import type { PocketsphinxOptions } from './pocketsphinx.ts';
import type { Command, PartialText, WorkerOptions } from './worker-protocol.ts';

export interface PocketsphinxSttOptions extends PocketsphinxOptions {
  /** Calls that may be listened to at once (default 16, some 30 MB each). */
  readonly maxStreams?: number;
  /** The thread died and is started again, or is given up; its calls were told that they failed. */
  readonly onTrouble?: (message: string) => void;
  /** Of its thread, where that shall differ from the usual. */
  readonly supervision?: Supervision | undefined;
}

/** Speech to text without a network or a key. */
export interface PocketsphinxStt extends SpeechToText {
  readonly closed: boolean;
  /** Starts its thread, and finds library and model. Throws STT_UNAVAILABLE that names what to install. */
  load(): Promise<void>;
  /**
   * Makes an agent's models ahead of its first call, and tells which of its words are only guessed.
   * Throws LANGUAGE_UNSUPPORTED or STT_UNAVAILABLE.
   */
  prepare(request: Pick<SttRequest, 'language' | 'phrases' | 'pronunciations'>): Promise<DomainReport>;
}

/** CMU pocketsphinx in a worker thread of its own, which starts with the first request. */
export function createPocketsphinxStt(options: PocketsphinxSttOptions = {}): PocketsphinxStt {
  const { maxStreams = 16, onTrouble, supervision, ...files } = options;
  const trouble = (message: string): void => onTrouble?.(message);
  const streams = new Map<number, SttRequest>();
  let lastStream = 0;
  let closed = false;
  let needed = false;

  const thread = new SupervisedThread<Command, PartialText>({
    name: 'stt',
    entry: new URL('./stt-worker.ts', import.meta.url),
    data: (): WorkerOptions => ({ maxStreams, ...files }),
    policy: RECOGNISER_POLICY,
    atWork: () => streams.size > 0,
    onReport: ({ stream, text }) => streams.get(stream)?.onEvent({ type: 'partial', text }),
    // Every call that it listened to has failed; the next call gets a new thread.
    onDown: (reason, givenUp) => {
      trouble(`the recogniser's thread: ${reason}; it is ${givenUp ? 'given up for now' : 'started again'}`);
      const error = new VoiceAgentError(
        'STT_FAILED',
        `speech recognition: the worker thread died: ${reason}`,
      );
      const failed = [...streams.values()];
      streams.clear();
      for (const { onEvent } of failed) onEvent({ type: 'failed', error });
    },
    onWarning: trouble,
    supervision,
  });

  async function ask(command: Command): Promise<unknown> {
    if (closed) throw new VoiceAgentError('STT_UNAVAILABLE', 'speech recognition is closed');
    needed = true;
    try {
      await thread.start();
      return await thread.ask(command);
    } catch (error) {
      const said = error instanceof ThreadError ? error.said?.code : undefined;
      const code = ERROR_CODES.find((known) => known === said) ?? 'STT_FAILED';
      throw new VoiceAgentError(code, messageOf(error), { cause: error });
    }
  }

  return {
    name: 'pocketsphinx',
    rates: [8000, 16000, 24000],
    findsTurns: false,
    get closed() {
      return closed;
    },

    async load() {
      await ask({ type: 'load' });
    },

    async prepare({ language, phrases, pronunciations = {} }) {
      refuseForeign(language);
      return (await ask({ type: 'prepare', source: { phrases, pronunciations } })) as DomainReport;
    },

    async open(request) {
      refuseForeign(request.language);
      const stream = ++lastStream;
      const source = { phrases: request.phrases, pronunciations: request.pronunciations ?? {} };
      const giveUp = (): void => void thread.tell({ type: 'close', stream }); // it may come to it yet
      const withdraw = request.signal && onAbort(request.signal, giveUp);
      try {
        await ask({ type: 'open', stream, source, heard: request.heard });
      } catch (error) {
        giveUp();
        throw error;
      } finally {
        withdraw?.();
      }
      streams.set(stream, request);
      return openStream(stream);
    },

    status() {
      const { up, restarts, requests, trouble } = thread;
      // One that only takes another's place may never have been needed, and isn't missed while it is started.
      const isNew = !up && restarts === 0;
      return {
        ...(trouble !== undefined && !isNew && { trouble: `its thread: ${trouble}` }),
        threads: needed ? [{ name: 'stt', alive: up, restarts }] : [],
        requests,
      };
    },

    close() {
      closed = true;
      return thread.close();
    },
  };

  function openStream(stream: number): SttStream {
    return {
      beginTurn(frame) {
        if (streams.has(stream)) thread.tell({ type: 'begin', stream, frame });
      },
      async endTurn(frame) {
        if (!streams.has(stream)) return { text: '', understood: false, confidence: 0 };
        return (await ask({ type: 'end', stream, frame })) as Transcript;
      },
      close() {
        if (streams.delete(stream)) thread.tell({ type: 'close', stream });
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
