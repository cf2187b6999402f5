import type { Milliseconds } from '../../lib/clock.ts';
import type { CodecName } from '../../media/codec.ts';

/** What the far side must be told so that it can attach, and what only its transport can do. */
export type MediaEndpoint = RtpEndpoint | WebSocketEndpoint;

/** Where RTP comes to; it goes to the peer that is named, and is taken from nobody else. */
export interface RtpEndpoint {
  readonly transport: 'rtp';
  readonly address: string;
  readonly port: number;
  /** What is sent there, and comes from there. */
  readonly codec: CodecName;
  /**
   * Names the peer by exactly this IP address and port: media flows from now on. Throws MEDIA_NOT_ATTACHED
   * when it can't be a peer of this endpoint.
   */
  attach(peer: { readonly address: string; readonly port: number }): void;
}

/** A WebSocket server: whoever comes with the URL attaches by itself. */
export interface WebSocketEndpoint {
  readonly transport: 'websocket';
  /** Lets one connection in, once. */
  readonly url: string;
  /**
   * Another URL for the same session, for connections drop, or are taken away for a while: the media isn't
   * lost before `withinMs` (the gateway's default for a URL) are over. Undefined: it is lost already.
   */
  renew(withinMs?: Milliseconds): string | undefined;
}

export interface MediaRequest {
  /** Unique name of the call, for logs and counters. */
  readonly id: string;
  /** The codec on the wire, where the transport has several (RTP). */
  readonly codec?: CodecName;
}

export type MediaEvent =
  { readonly type: 'dtmf'; readonly digit: string } | { readonly type: 'lost'; readonly reason: string };

export interface PlayedAccount {
  /** The furthest place in the utterance that was heard: what was heard twice, after a pause, counts once. */
  readonly playedMs: Milliseconds;
  readonly writtenMs: Milliseconds;
  readonly outcome: 'completed' | 'flushed' | 'closed';
  /** `exact`: counted at the socket. `reported`: as the far side says, between its reports by the clock. */
  readonly accuracy: 'exact' | 'reported';
  /** Instant at which the last packet left. */
  readonly at: Milliseconds;
  /** How often it was paused, and for how long in all: from the packet that faded to the one that went on. */
  readonly pauses: number;
  readonly pausedMs: Milliseconds;
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
  /** RTCP packets of the peer's, its telephone-events and its comfort noise, where the transport is RTP. */
  readonly rtcpReceived: number;
  readonly eventsReceived: number;
  readonly noiseReceived: number;
  /** Interarrival jitter, RFC 3550 §6.4.1. */
  readonly jitterMs: Milliseconds;
  /** Worst lateness of a packet against its deadline; one that a stall has left out is as late as what came instead. */
  readonly sendLatenessMaxMs: Milliseconds;
  /** Lateness of packets at present, smoothed over a second or so. */
  readonly sendLatenessMs: Milliseconds;
  /** Frames refused because a bounded queue was full. */
  readonly framesDropped: number;
  /** Audio that was written and waits to be sent, at this moment. */
  readonly queuedMs: Milliseconds;
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
  rtcpReceived: 0,
  eventsReceived: 0,
  noiseReceived: 0,
  jitterMs: 0,
  sendLatenessMaxMs: 0,
  sendLatenessMs: 0,
  framesDropped: 0,
  queuedMs: 0,
};
