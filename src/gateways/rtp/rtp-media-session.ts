import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { RtpEndpoint } from '../../dialog/contract/call-media.ts';
import { VoiceAgentError } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import { type CodecName, codecOf } from '../../media/codec.ts';
import { RingMediaSession } from '../ring-media-session.ts';
import type { RtpSessionReport, SessionSetup } from './media-protocol.ts';
import { rtpPortUnavailable, type MediaThread, type ThreadSession } from './media-thread.ts';

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
  readonly onClosed: () => void;
  readonly onWarning: (message: string) => void;
}

/** One call's media over RTP, seen from the main thread. */
export class RtpMediaSession extends RingMediaSession<RtpEndpoint> implements ThreadSession {
  peer: RtpPeerAddress | undefined;
  /** Resolves when the session's port is known. */
  readonly opened: Promise<void>;
  readonly #opening = Promise.withResolvers<undefined>();
  readonly #options: RtpMediaSessionOptions;
  #setup: SessionSetup;
  #port = 0;
  #codecChanged = false;

  constructor(options: RtpMediaSessionOptions) {
    const { id, setup, onClosed } = options;
    super({ id, format: codecOf(setup.codec).queueFormat, memory: setup, onClosed });
    this.#options = options;
    this.#setup = setup;
    this.opened = this.#opening.promise;
    this.opened.catch(() => undefined);
  }

  get setup(): SessionSetup {
    return this.#setup;
  }

  override get endpoint(): RtpEndpoint {
    const { advertisedAddress, thread, remote } = this.#options;
    return {
      transport: 'rtp',
      address: advertisedAddress,
      port: this.#port || thread.about.port,
      codec: this.#setup.codec,
      attach: (peer) => {
        if (remote === undefined) this.#attach(peer);
      },
    };
  }

  /** Attaches the fixed peer, if there is one. Throws MEDIA_NOT_ATTACHED when it can't be one. */
  attachRemote(): void {
    if (this.#options.remote !== undefined) this.#attach(this.#options.remote);
  }

  override readonly onReport = FailureDomain.bind((report: RtpSessionReport) => {
    switch (report.type) {
      case 'opened':
        this.#port = report.port;
        // The same port again, should the thread have to be restarted.
        if (this.#setup.ownPort !== undefined) this.#setup = { ...this.#setup, ownPort: report.port };
        this.reconcile();
        this.#opening.resolve(undefined);
        break;
      case 'refused': {
        const error = rtpPortUnavailable(this.#options.listenAddress, this.#setup.ownPort ?? 0, report);
        this.#opening.reject(error);
        this.lost(error.message);
        break;
      }
      case 'codec':
        this.#noteCodec(report.codec);
        break;
      default:
        this.reported(report);
    }
  });

  protected override lost(reason: string): void {
    this.#opening.reject(new VoiceAgentError('MEDIA_WORKER_DIED', reason));
    this.peer = undefined; // a restarted thread mustn't attach it again
    super.lost(reason);
  }

  protected override tellOfFlush(): void {
    this.#options.thread.post({ type: 'flush', session: this.#setup.session });
  }

  protected override release(): Promise<void> {
    return this.#options.thread.closeSession(this.#setup.session);
  }

  /** What is said once a call: a peer that changes to and fro changes nothing for us. */
  #noteCodec(codec: CodecName): void {
    if (this.#codecChanged) return;
    this.#codecChanged = true;
    this.#options.onWarning(
      `${this.id}: the peer sends ${codec} where ${this.#setup.codec} was agreed on; it is heard, and answered in ${this.#setup.codec}`,
    );
  }

  #attach(peer: RtpPeerAddress): void {
    if (this.closing) return;
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
}

/** The peer's address as the socket will see it in what the peer sends; undefined: it can't be one. */
function peerAddress(address: string, listenAddress: string): string | undefined {
  if (!isIPv6(listenAddress)) return isIPv4(address) ? address : undefined;
  if (isIPv4(address)) return `::ffff:${address}`;
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : undefined;
}
