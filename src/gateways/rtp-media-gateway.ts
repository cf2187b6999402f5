import { randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { MediaGateway } from '../dialog/contract/ports.ts';
import type { MediaRequest, RtpEndpoint } from '../dialog/contract/call-media.ts';
import { VoiceAgentError } from '../lib/errors.ts';
import { FailureDomain } from '../lib/failure-domain.ts';
import { type CodecName, codecOf } from '../media/codec.ts';
import type { Supervision } from '../threads/supervised-thread.ts';
import { createSessionMemory } from './ring-media-session.ts';
import type { SessionSetup } from './rtp/media-protocol.ts';
import type { PacketIo } from './rtp/media-socket.ts';
import { MediaThread } from './rtp/media-thread.ts';
import type { Scheduling } from './rtp/realtime.ts';
import { RtpMediaSession } from './rtp/rtp-media-session.ts';

export interface RtpGatewayOptions {
  /** Address to receive on; nothing beyond this machine unless told to. Default 127.0.0.1. */
  readonly listenAddress?: string;
  /** UDP port of the first media thread, each next one has the next port. 0 (default): any. */
  readonly port?: number;
  /** What the far side is told. Default: the listen address, or this machine's first one for a wildcard. */
  readonly advertisedAddress?: string;
  /** Every call talks to this peer from the start, from a port of its own, whatever `attach` names (tests, FreeSWITCH). */
  readonly remote?: { readonly address: string; readonly port: number };
  /** Codec of sessions that don't ask for one. Default ulaw. */
  readonly codec?: CodecName;
  /** Media threads; one carries about 1,000 calls (measured). Default 1. */
  readonly threads?: number;
  /** Default 4 MiB: survives a stall of 200 ms at 1,000 calls (measured). */
  readonly receiveBufferBytes?: number;
  /** `auto`: SCHED_FIFO for the media threads where the system permits it. Default auto. */
  readonly realtime?: 'auto' | 'off';
  /** `auto`: packets go through the kernel in batches where that is possible. Default auto. */
  readonly io?: 'auto' | 'dgram';
  /**
   * True: no packets while the agent is silent, and a talk spurt leaves in the next millisecond. Default
   * false: silence is sent as packets, and speech waits up to 20 ms for its turn. A phone so keeps its
   * jitter buffer as it is and the first syllable of a reply isn't clipped or delayed, and RTP time-outs
   * of trunks and NAT bindings stay asleep; it costs 4 μs a packet.
   */
  readonly silenceSuppression?: boolean;
  /**
   * Payload type of RFC 4733 events; dynamic, 101 by custom. `none`: the far side sends none, so what comes is forged,
   * and counts as malformed.
   */
  readonly telephoneEventPayloadType?: number | 'none';
  /** Of its threads, where that shall differ from the usual. */
  readonly supervision?: Supervision | undefined;
  /** What an operator should know and no call can be told. Default: a warning of the process. */
  readonly onWarning?: (message: string) => void;
}

/** How the gateway started, for the log, and how it is, for those who watch over it. */
export interface RtpGatewayReport {
  readonly advertisedAddress: string;
  readonly threads: readonly {
    readonly name: string;
    /** Why it carries no media now. */
    readonly trouble?: string;
    /** 0: each call has a port of its own. */
    readonly port: number;
    readonly receiveBufferBytes: number;
    readonly scheduling: Scheduling;
    readonly io: PacketIo;
    readonly restarts: number;
    readonly sessions: number;
    /** Packets from addresses that are no call's peer: of the thread's port, and so of no call. */
    readonly unknownPeers: number;
  }[];
}

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** A datagram of 160 bytes with the kernel's book-keeping takes so much of the receive buffer (measured). */
const BYTES_PER_DATAGRAM = 832;

/**
 * Media by plain RTP (Asterisk's externalMedia, FreeSWITCH): media threads with one UDP port each,
 * which all their calls share; a call is told by the exact address and port of its peer.
 */
export class RtpMediaGateway implements MediaGateway<RtpEndpoint> {
  readonly kind = 'rtp';
  readonly #options: RtpGatewayOptions;
  readonly #advertised: string;
  readonly #threads: readonly MediaThread[];
  readonly #sessions = new Set<RtpMediaSession>();
  #lastSession = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: RtpGatewayOptions, advertised: string, threads: readonly MediaThread[]) {
    this.#options = options;
    this.#advertised = advertised;
    this.#threads = threads;
  }

  /** Resolves when every media thread listens. Throws MEDIA_PORT_UNAVAILABLE or MEDIA_WORKER_DIED. */
  static async start(options: RtpGatewayOptions = {}): Promise<RtpMediaGateway> {
    const onWarning = options.onWarning ?? process.emitWarning.bind(process);
    const address = options.listenAddress ?? '127.0.0.1';
    if (isIP(address) === 0) {
      throw new VoiceAgentError(
        'MEDIA_PORT_UNAVAILABLE',
        `the listen address "${address}" isn't an IP address`,
      );
    }
    const starts = Array.from({ length: options.threads ?? 1 }, (_, index) => {
      const port = options.port ? options.port + index : 0;
      return MediaThread.start({
        name: `media-${index + 1}`,
        address,
        ...(options.remote ? {} : { port }),
        receiveBufferBytes: options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES,
        realtime: options.realtime ?? 'auto',
        io: options.io ?? 'auto',
        supervision: options.supervision,
        onWarning,
      });
    });
    const settled = await Promise.allSettled(starts);
    const threads = settled.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const failed = settled.find((start) => start.status === 'rejected');
    if (failed) {
      await Promise.all(threads.map((thread) => thread.close()));
      throw failed.reason;
    }
    warnOfSmallBuffers(threads, options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES, onWarning);
    return new RtpMediaGateway(
      options,
      options.advertisedAddress ?? advertisable(address, onWarning),
      threads,
    );
  }

  get report(): RtpGatewayReport {
    return {
      advertisedAddress: this.#advertised,
      threads: this.#threads.map(({ name, trouble, about, restarts, sessionCount, unknownPeers }) => ({
        name,
        ...(trouble === undefined ? {} : { trouble }),
        ...about,
        restarts,
        sessions: sessionCount,
        unknownPeers,
      })),
    };
  }

  async reserve(request: MediaRequest): Promise<RtpMediaSession> {
    if (this.#closing) throw new VoiceAgentError('MEDIA_WORKER_DIED', 'the RTP gateway is closed');
    const thread = this.#quietest();
    // The thread is for all calls.
    if (thread.down) await FailureDomain.outside(() => thread.revive());
    const { remote } = this.#options;
    const session = new RtpMediaSession({
      id: request.id,
      setup: this.#setup(request),
      thread,
      listenAddress: this.#options.listenAddress ?? '127.0.0.1',
      advertisedAddress: this.#advertised,
      ...(remote ? { remote } : {}),
      onWarning: this.#options.onWarning ?? process.emitWarning.bind(process),
      onClosed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    thread.open(session);
    if (remote === undefined) return session;
    try {
      await session.opened;
      session.attachRemote();
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  close(): Promise<void> {
    this.#closing ??= (async (): Promise<void> => {
      await Promise.all([...this.#sessions].map((session) => session.close()));
      await Promise.all(this.#threads.map((thread) => thread.close()));
    })();
    return this.#closing;
  }

  /** The thread with the fewest sessions; one that isn't there only if none is. */
  #quietest(): MediaThread {
    const living = this.#threads.filter(({ down }) => !down);
    return (living.length > 0 ? living : this.#threads).reduce((a, b) =>
      b.sessionCount < a.sessionCount ? b : a,
    );
  }

  #setup(request: MediaRequest): SessionSetup {
    const { name, queueFormat } = codecOf(request.codec ?? this.#options.codec ?? 'ulaw');
    const { telephoneEventPayloadType: eventType = 101 } = this.#options;
    this.#lastSession += 1;
    return {
      session: this.#lastSession,
      codec: name,
      ...createSessionMemory(queueFormat),
      ssrc: randomInt(2 ** 32),
      firstSequence: randomInt(2 ** 16),
      firstTimestamp: randomInt(2 ** 32),
      silenceSuppression: this.#options.silenceSuppression ?? false,
      telephoneEventPayloadType: eventType === 'none' ? -1 : eventType,
      ...(this.#options.remote ? { ownPort: 0 } : {}),
    };
  }
}

function warnOfSmallBuffers(
  threads: readonly MediaThread[],
  asked: number,
  onWarning: (message: string) => void,
): void {
  const smallest = Math.min(...threads.map((thread) => thread.about.receiveBufferBytes));
  if (smallest >= asked || threads.every((thread) => thread.about.port === 0)) return;
  const datagrams = Math.floor((2 * smallest) / BYTES_PER_DATAGRAM);
  onWarning(
    `the kernel gives the RTP port a receive buffer of ${Math.round(smallest / 1024)} KiB instead of ` +
      `${Math.round(asked / 1024)}: it holds ${datagrams} packets, ${datagrams * 20} ms of one call or ` +
      `${Math.round((datagrams * 20) / 100)} ms of a hundred; for many calls: sysctl -w net.core.rmem_max=${asked}`,
  );
}

/** What the far side can be told when we listen on all addresses. */
function advertisable(address: string, onWarning: (message: string) => void): string {
  if (address !== '0.0.0.0' && address !== '::') return address;
  const family = isIP(address) === 6 ? 'IPv6' : 'IPv4';
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((candidate) => candidate.family === family && !candidate.internal);
  const advertised = own?.address ?? (family === 'IPv6' ? '::1' : '127.0.0.1');
  onWarning(
    `listening on ${address} for RTP and telling the far side ${advertised}: set the advertised address`,
  );
  return advertised;
}
