import type { Milliseconds } from '../lib/clock.ts';
import type { CodecName } from '../media/codec.ts';

/** What the far side must be told so that it can attach. */
export type MediaEndpoint =
  | {
      readonly transport: 'rtp';
      readonly address: string;
      readonly port: number;
      readonly codec: CodecName;
    }
  | { readonly transport: 'websocket'; readonly url: string }
  | { readonly transport: 'memory' };

export interface MediaRequest {
  /** Unique name of the call, for logs and counters. */
  readonly id: string;
  /** The codec on the wire, where the transport has several (RTP). */
  readonly codec?: CodecName;
}

export type MediaEvent =
  { readonly type: 'dtmf'; readonly digit: string } | { readonly type: 'lost'; readonly reason: string };

export interface PlayedAccount {
  readonly playedMs: Milliseconds;
  readonly writtenMs: Milliseconds;
  readonly outcome: 'completed' | 'flushed' | 'closed';
  /** `exact`: counted at the socket. `reported`: as the far side says, between its reports by the clock. */
  readonly accuracy: 'exact' | 'reported';
  /** Instant at which the last packet left. */
  readonly at: Milliseconds;
}

/** Counters of one session; all are totals since its start but those that say otherwise. */
export interface MediaStats {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  /** Given up, because they didn't come in time; those that came after that are in `packetsLate` as well. */
  readonly packetsLost: number;
  readonly packetsLate: number;
  readonly packetsDuplicate: number;
  readonly packetsMalformed: number;
  readonly framesConcealed: number;
  /** Interarrival jitter, RFC 3550 §6.4.1. */
  readonly jitterMs: Milliseconds;
  /** Worst lateness of a packet against its deadline; one that a stall has left out is as late as what came instead. */
  readonly sendLatenessMaxMs: Milliseconds;
  /** Frames refused because a bounded queue was full. */
  readonly framesDropped: number;
}

/** Of a call without media. */
export const NO_MEDIA: MediaStats = {
  packetsReceived: 0,
  packetsSent: 0,
  packetsLost: 0,
  packetsLate: 0,
  packetsDuplicate: 0,
  packetsMalformed: 0,
  framesConcealed: 0,
  jitterMs: 0,
  sendLatenessMaxMs: 0,
  framesDropped: 0,
};
