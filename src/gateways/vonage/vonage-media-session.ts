import { randomBytes } from 'node:crypto';
import type { MediaEndpoint, MediaEvent } from '../../dialog/call-media.ts';
import type { MediaSession, Playback } from '../../dialog/ports.ts';
import { monotonicNow, type Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS, type PlayoutFormat } from '../../media/audio.ts';
import { AudioRingWriter, createAudioRing, type AudioRingHandle } from '../../media/audio-ring.ts';
import { createFlushLine, type FlushLineHandle } from '../../media/flush-line.ts';
import { Attachment } from '../attachment.ts';
import { Listeners } from '../../lib/listeners.ts';
import { createMediaStats, MediaStatsBlock, type SessionStats } from '../media-stats-block.ts';
import { PlaybackQueue } from '../playout/playback-queue.ts';
import { createPlayoutAccounts } from '../playout/playout-accounts.ts';
import { createPlayoutRing } from '../playout/playout-ring.ts';
import type { EdgeReport, EdgeSessionSetup } from './edge-protocol.ts';
import type { EdgeSession, EdgeThread } from './edge-thread.ts';
import { frameBytesOf, type VonageRateHz } from './wire.ts';

export interface VonageMediaSessionOptions {
  readonly id: string;
  /** Number of the session within its gateway. */
  readonly session: number;
  readonly thread: EdgeThread;
  readonly rateHz: VonageRateHz;
  /** Where tickets are appended: `wss://…/media/`. */
  readonly mediaUrl: string;
  /** How long a ticket is good. */
  readonly ticketMs: Milliseconds;
  readonly onClosed: (session: VonageMediaSession) => void;
}

/** 256 bits: not to be guessed. */
const TICKET_BYTES = 32;

/**
 * One call's media over Vonage's WebSocket, seen from the main thread. `endpoint` names a URL that lets
 * one connection in, once; when that connection drops, `renew` gives another one, and the session is
 * `lost` if nobody comes with it in time.
 */
export class VonageMediaSession implements MediaSession, EdgeSession {
  readonly id: string;
  readonly format: PlayoutFormat;
  readonly heard: AudioRingHandle;
  readonly sent: AudioRingHandle;
  readonly flushLine: FlushLineHandle = createFlushLine();
  readonly attached: Promise<void>;
  readonly #options: VonageMediaSessionOptions;
  readonly #attachment = new Attachment();
  readonly #playback: PlaybackQueue;
  readonly #listeners = new Listeners<MediaEvent>();
  readonly #stats: MediaStatsBlock;
  #endpoint: MediaEndpoint;
  #lost = false;
  #closing: Promise<void> | undefined;

  constructor(options: VonageMediaSessionOptions) {
    const { rateHz, session, thread } = options;
    this.#options = options;
    this.id = options.id;
    this.format = { encoding: 'pcm_s16', rateHz };
    this.heard = createAudioRing(rateHz);
    this.sent = createAudioRing(rateHz);
    this.attached = this.#attachment.attached;
    const playout = {
      ring: createPlayoutRing({ frameBytes: frameBytesOf(rateHz), silenceByte: 0 }),
      flushLine: this.flushLine,
      accounts: createPlayoutAccounts(),
    };
    const stats = createMediaStats();
    this.#stats = new MediaStatsBlock(stats);
    this.#playback = new PlaybackQueue({
      handles: playout,
      format: this.format,
      clock: { now: monotonicNow },
      accuracy: 'reported',
    });
    const { heard, sent } = this;
    const setup: EdgeSessionSetup = { session, call: options.id, rateHz, heard, sent, playout, stats };
    thread.open(session, this, { type: 'open', setup });
    this.#endpoint = this.#newEndpoint(options.ticketMs);
  }

  get endpoint(): MediaEndpoint {
    return this.#endpoint;
  }

  /** Nothing to do: whoever has the URL attaches by itself. */
  attach(): void {
    // the peer of RTP has no meaning here
  }

  renew(withinMs = this.#options.ticketMs): MediaEndpoint | undefined {
    if (this.#lost) return undefined;
    this.#endpoint = this.#newEndpoint(withinMs);
    return this.#endpoint;
  }

  play(): Playback {
    return this.#playback.play();
  }

  flush(): void {
    this.#playback.flush();
    this.#options.thread.post({ type: 'flush', session: this.#options.session });
  }

  on(listener: (event: MediaEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  queuedMs(): Milliseconds {
    return this.#playback.framesQueued * FRAME_MS;
  }

  stats(): SessionStats {
    const stats = this.#stats.read();
    return { ...stats, framesDropped: stats.framesDropped + this.#playback.framesDropped };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  onReport(report: EdgeReport): void {
    switch (report.type) {
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
    }
  }

  onLost(reason: string): void {
    this.#lost = true;
    this.#attachment.fail(this.id);
    this.#playback.close();
    this.#listeners.emit({ type: 'lost', reason });
  }

  #newEndpoint(withinMs: Milliseconds): MediaEndpoint {
    const { thread, session, mediaUrl } = this.#options;
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    thread.post({ type: 'ticket', session, ticket, until: monotonicNow() + withinMs });
    return { transport: 'websocket', url: mediaUrl + ticket };
  }

  async #close(): Promise<void> {
    const { thread, session, onClosed } = this.#options;
    await thread.closeSession(session);
    this.#playback.close();
    this.#attachment.fail(this.id);
    // The thread has closed the rings; if it isn't there any more, nobody else would.
    new AudioRingWriter(this.heard).close();
    new AudioRingWriter(this.sent).close();
    this.#listeners.clear();
    onClosed(this);
  }
}
