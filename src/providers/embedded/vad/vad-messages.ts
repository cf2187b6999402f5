import { VAD_TIMES, type VadEvent, type VadRequest } from '../../../dialog/contract/speech.ts';
import type { Milliseconds } from '../../../lib/clock.ts';
import type { AudioRingHandle } from '../../../media/audio-ring.ts';
import type { FlushLineHandle } from '../../../media/flush-line.ts';

export interface OpenVad {
  readonly type: 'open';
  readonly stream: number;
  readonly heard: AudioRingHandle;
  readonly sent?: AudioRingHandle;
  /** Where what is heard goes without the agent's echo, frame by frame. */
  readonly clean?: AudioRingHandle;
  readonly flushLine: FlushLineHandle;
  readonly startMs: Milliseconds;
  readonly stopMs: Milliseconds;
  readonly bargeInMs: Milliseconds;
  /** Frame to begin with; the newest when it isn't given. */
  readonly fromFrame?: number;
}

/** `clean`: where the caller goes without echo, if that is wanted. */
export function openMessage(
  stream: number,
  request: VadRequest,
  clean: AudioRingHandle | undefined,
): OpenVad {
  const { startMs, stopMs, bargeInMs } = { ...VAD_TIMES, ...request };
  return {
    type: 'open',
    stream,
    heard: request.heard,
    ...(request.sent && { sent: request.sent }),
    ...(clean && { clean }),
    flushLine: request.flushLine,
    startMs,
    stopMs,
    bargeInMs,
  };
}

export type VadRequestMessage = OpenVad | { readonly type: 'drop'; readonly stream: number };

export type VadReplyMessage =
  | { readonly type: 'event'; readonly stream: number; readonly event: VadEvent }
  /** This stream can't be served; the others go on. */
  | { readonly type: 'failed'; readonly stream: number; readonly message: string };

export interface VadWorkerData {
  readonly modelPath: string;
}
