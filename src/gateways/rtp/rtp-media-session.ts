import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { MediaEndpoint, MediaEvent } from '../../dialog/call-media.ts';
import type { MediaSession, Playback } from '../../dialog/ports.ts';
import { monotonicNow } from '../../lib/clock.ts';
import { VoiceAgentError } from '../../lib/errors.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { AudioRingWriter, type AudioRingHandle } from '../../media/audio-ring.ts';
import type { FlushLineHandle } from '../../media/flush-line.ts';
import { Attachment } from '../attachment.ts';
import { Listeners } from '../../lib/listeners.ts';
import { MediaStatsBlock, type SessionStats } from '../media-stats-block.ts';
import { PlaybackQueue } from '../playout/playback-queue.ts';
import type { WireFormat } from '../playout/queued-playback.ts';
import type { MediaReport, SessionSetup } from './media-protocol.ts';
import { portUnavailable, type MediaThread, type ThreadSession } from './media-thread.ts';

interface RtpPeerAddress {
  readonly address: string;
  readonly port: number;
}

export interface RtpMediaSessionOptions {
  readonly id: string;
  readonly setup: SessionSetup;
  readonly thread: MediaThread;
  readonly listenAddress: string;
  readonly advertisedAddress: string;
  /** The only peer that the session will ever have: what `attach` names is ignored. */
  readonly remote?: RtpPeerAddress;
  readonly onClosed: (session: RtpMediaSession) => void;
}

/** One call's media over RTP, seen from the main thread. */
export class RtpMediaSession implements MediaSession, ThreadSession {
  readonly id: string;
  readonly format: WireFormat;
  readonly heard: AudioRingHandle;
  readonly sent: AudioRingHandle;
  readonly flushLine: FlushLineHandle;
  readonly attached: Promise<void>;
  /** Resolves when the session's port is known. */
  readonly opened: Promise<void>;
  peer: RtpPeerAddress | undefined;
  readonly #options: RtpMediaSessionOptions;
  readonly #attachment = new Attachment();
  readonly #playback: PlaybackQueue;
  readonly #listeners = new Listeners<MediaEvent>();
  readonly #stats: MediaStatsBlock;
  #setup: SessionSetup;
  #port = 0;
  #closing: Promise<void> | undefined;
  #resolveOpened!: () => void;
  #rejectOpened!: (error: Error) => void;

  constructor(options: RtpMediaSessionOptions) {
    const { setup } = options;
    this.#options = options;
    this.#setup = setup;
    this.id = options.id;
    this.format = { encoding: setup.law, rateHz: 8000 };
    this.heard = setup.heard;
    this.sent = setup.sent;
    this.flushLine = setup.playout.flushLine;
    this.attached = this.#attachment.attached;
    this.#stats = new MediaStatsBlock(setup.stats);
    this.#playback = new PlaybackQueue({
      handles: setup.playout,
      format: this.format,
      clock: { now: monotonicNow },
    });
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.opened.catch(() => undefined);
  }

  get setup(): SessionSetup {
    return this.#setup;
  }

  get endpoint(): MediaEndpoint {
    const { advertisedAddress, thread } = this.#options;
    return { transport: 'rtp', address: advertisedAddress, port: this.#port || thread.about.port };
  }

  attach(peer: RtpPeerAddress): void {
    if (this.#options.remote === undefined) this.#attach(peer);
  }

  /** Attaches the fixed peer, if there is one. Throws MEDIA_NOT_ATTACHED when it can't be one. */
  attachRemote(): void {
    if (this.#options.remote !== undefined) this.#attach(this.#options.remote);
  }

  play(): Playback {
    return this.#playback.play();
  }

  flush(): void {
    this.#playback.flush();
    this.#options.thread.post({ type: 'flush', session: this.#setup.session });
  }

  on(listener: (event: MediaEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  stats(): SessionStats {
    const stats = this.#stats.read();
    return { ...stats, framesDropped: stats.framesDropped + this.#playback.framesDropped };
  }

  queuedMs(): number {
    return this.#playback.framesQueued * FRAME_MS;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  onReport(report: MediaReport): void {
    switch (report.type) {
      case 'opened':
        this.#port = report.port;
        // The same port again, should the thread have to be restarted.
        if (this.#setup.ownPort !== undefined) this.#setup = { ...this.#setup, ownPort: report.port };
        this.#playback.reconcile();
        this.#resolveOpened();
        break;
      case 'refused': {
        const error = portUnavailable(this.#options.listenAddress, this.#setup.ownPort ?? 0, report);
        this.#rejectOpened(error);
        this.onLost(error.message);
        break;
      }
      case 'attached':
        this.#attachment.succeed();
        break;
      case 'playout':
        this.#playback.report(report.report);
        break;
      case 'dtmf':
        this.#listeners.emit({ type: 'dtmf', digit: report.digit });
        break;
      case 'lost':
        this.onLost(report.reason);
        break;
    }
  }

  onLost(reason: string): void {
    this.#rejectOpened(new VoiceAgentError('MEDIA_WORKER_DIED', reason));
    this.peer = undefined; // a restarted thread mustn't attach it again
    this.#playback.close();
    this.#listeners.emit({ type: 'lost', reason });
  }

  #attach(peer: RtpPeerAddress): void {
    if (this.#closing) return;
    const address = peerAddress(peer.address, this.#options.listenAddress);
    if (address === undefined || !(peer.port > 0 && peer.port < 65536)) {
      throw new VoiceAgentError(
        'MEDIA_NOT_ATTACHED',
        `"${peer.address}" port ${peer.port} can't be a media peer of ${this.#options.listenAddress}: ` +
          `an IP address of the same family and a port are needed`,
      );
    }
    this.peer = { address, port: peer.port };
    this.#options.thread.post({ type: 'attach', session: this.#setup.session, ...this.peer });
  }

  async #close(): Promise<void> {
    const { thread, onClosed } = this.#options;
    await thread.closeSession(this.#setup.session);
    this.#playback.close();
    this.#attachment.fail(this.id);
    // The thread has closed the rings; if it isn't there any more, nobody else would.
    new AudioRingWriter(this.heard).close();
    new AudioRingWriter(this.sent).close();
    this.#listeners.clear();
    onClosed(this);
  }
}

/** The peer's address as the socket will see it in what the peer sends; undefined: it can't be one. */
function peerAddress(address: string, listenAddress: string): string | undefined {
  if (!isIPv6(listenAddress)) return isIPv4(address) ? address : undefined;
  if (isIPv4(address)) return `::ffff:${address}`;
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : undefined;
}
