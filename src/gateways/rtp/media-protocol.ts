/**
 * What the main thread and a media thread say to each other. Only small things: audio and counters
 * are in shared memory. A restarted thread is given `open` and `attach` of each living session again.
 */
import type { CodecName } from '../../media/codec.ts';
import type { SessionMemory, SessionReport } from '../ring-media-session.ts';
import type { PacketIo } from './media-socket.ts';
import type { Scheduling } from './realtime.ts';

/** How a media thread is started. */
export interface MediaThreadOptions {
  readonly address: string;
  /** The port that all calls share, 0: any free one; none when each has its own. */
  readonly port?: number;
  readonly receiveBufferBytes: number;
  readonly realtime: 'auto' | 'off';
  /** Default `auto`: batches where they are possible. */
  readonly io?: 'auto' | 'dgram';
  /** Packets that came from no call's peer, to any port: one Int32 that counts up, restarts or not. */
  readonly unknownPeers: SharedArrayBuffer;
  /** `MediaSocketOptions.kept` of the shared port. */
  readonly keptSocket: SharedArrayBuffer;
}

/** A session as the media thread must know it. */
export interface SessionSetup extends SessionMemory {
  /** Number of the session within its gateway. */
  readonly session: number;
  readonly codec: CodecName;
  /** Random values of the stream; where it stands now follows from the counters in shared memory. */
  readonly ssrc: number;
  readonly firstSequence: number;
  readonly firstTimestamp: number;
  readonly silenceSuppression: boolean;
  readonly telephoneEventPayloadType: number;
  /** A port of its own, instead of the one that all calls share. 0: any free one. */
  readonly ownPort?: number;
}

export type MediaCommand =
  | { readonly type: 'open'; readonly setup: SessionSetup }
  | { readonly type: 'attach'; readonly session: number; readonly address: string; readonly port: number }
  /** The flush line has been raised: don't wait for the next tick to say what was cut off. */
  | { readonly type: 'flush'; readonly session: number }
  /** Asked, and answered when the session's socket and place on the wheel are free. */
  | { readonly type: 'close'; readonly session: number };

/** What a thread that is ready says of itself; `port` and `receiveBufferBytes` are 0 when each call has its own. */
export interface MediaAbout {
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly scheduling: Scheduling;
  readonly io: PacketIo;
}

/** What a media thread reports of one session. */
export type RtpSessionReport =
  | SessionReport
  | { readonly type: 'opened'; readonly port: number }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  /** The peer speaks another codec than before. */
  | { readonly type: 'codec'; readonly codec: CodecName };

export type MediaReport =
  | (RtpSessionReport & { readonly session: number })
  /** Packets come to port `to` from an address that is no call's peer; told rarely. */
  | { readonly type: 'unknown-peer'; readonly address: string; readonly port: number; readonly to: number };
