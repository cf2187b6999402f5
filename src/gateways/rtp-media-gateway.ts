import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { MediaGateway } from '../dialog/ports.ts';
import type { MediaRequest } from '../dialog/call-media.ts';
import { VoiceAgentError } from '../lib/errors.ts';
import type { G711Law } from '../media/audio.ts';
import { createAudioRing } from '../media/audio-ring.ts';
import { createFlushLine } from '../media/flush-line.ts';
import { SILENCE_BYTE } from '../media/g711.ts';
import type { Supervision } from '../threads/supervised-thread.ts';
import { MediaGatewayFactory } from './media-gateway-factory.ts';
import { createMediaStats } from './media-stats-block.ts';
import { createPlayoutAccounts } from './playout/playout-accounts.ts';
import { createPlayoutRing } from './playout/playout-ring.ts';
import type { SessionSetup } from './rtp/media-protocol.ts';
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
  /** Every call talks to this peer from the start, from a port of its own, whatever `attach` says (tests, FreeSWITCH). */
  readonly remote?: { readonly address: string; readonly port: number };
  /** Law of sessions that don't ask for one. Default ulaw. */
  readonly law?: G711Law;
  /** Media threads; one carries about 1,000 calls (measured). Default 1. */
  readonly threads?: number;
  /** Default 4 MiB: survives a stall of 200 ms at 1,000 calls (measured). */
  readonly receiveBufferBytes?: number;
  /** `auto`: SCHED_FIFO for the media threads where the system permits it. Default auto. */
  readonly realtime?: 'auto' | 'off';
  /**
   * True: no packets while the agent is silent. Default false: silence is sent as packets. A phone
   * so keeps its jitter buffer as it is and the first syllable of a reply isn't clipped or delayed,
   * and RTP time-outs of trunks and NAT bindings stay asleep; it costs 4 μs a packet.
   */
  readonly silenceSuppression?: boolean;
  /** Payload type of RFC 4733 events; dynamic, 101 by custom. */
  readonly telephoneEventPayloadType?: number;
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
    readonly restarts: number;
    readonly sessions: number;
    /** Packets from addresses that are no call's peer: of the thread's port, and so of no call. */
    readonly strangers: number;
  }[];
}

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** A datagram of G.711 with the kernel's book-keeping takes so much of the receive buffer (measured). */
const BYTES_PER_DATAGRAM = 832;

/**
 * Media by plain RTP (Asterisk's externalMedia, FreeSWITCH): media threads with one UDP port each,
 * which all their calls share; a call is told by the exact address and port of its peer.
 */
export class RtpMediaGateway implements MediaGateway {
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
      threads: this.#threads.map(({ name, trouble, about, restarts, sessionCount, strangers }) => ({
        name,
        ...(trouble === undefined ? {} : { trouble }),
        ...about,
        restarts,
        sessions: sessionCount,
        strangers,
      })),
    };
  }

  async reserve(request: MediaRequest): Promise<RtpMediaSession> {
    if (this.#closing) throw new VoiceAgentError('MEDIA_WORKER_DIED', 'the RTP gateway is closed');
    const thread = this.#quietest();
    if (thread.down) await thread.revive();
    const { remote } = this.#options;
    const session = new RtpMediaSession({
      id: request.id,
      setup: this.#setup(request),
      thread,
      listenAddress: this.#options.listenAddress ?? '127.0.0.1',
      advertisedAddress: this.#advertised,
      ...(remote ? { remote } : {}),
      onClosed: (closed) => this.#sessions.delete(closed),
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
    const law = request.law ?? this.#options.law ?? 'ulaw';
    const [ssrc, sequence, timestamp] = crypto.getRandomValues(new Uint32Array(3)) as unknown as number[];
    this.#lastSession += 1;
    return {
      session: this.#lastSession,
      law,
      heard: createAudioRing(8000),
      sent: createAudioRing(8000),
      playout: {
        ring: createPlayoutRing({ frameBytes: 160, silenceByte: SILENCE_BYTE[law] }),
        flushLine: createFlushLine(),
        accounts: createPlayoutAccounts(),
      },
      stats: createMediaStats(),
      ssrc: ssrc as number,
      firstSequence: (sequence as number) & 0xffff,
      firstTimestamp: timestamp as number,
      silenceSuppression: this.#options.silenceSuppression ?? false,
      telephoneEventPayloadType: this.#options.telephoneEventPayloadType ?? 101,
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

declare module './media-gateway-factory.ts' {
  interface GatewayOptions {
    rtp: RtpGatewayOptions;
  }
}

MediaGatewayFactory.register('rtp', (options) => RtpMediaGateway.start(options));
