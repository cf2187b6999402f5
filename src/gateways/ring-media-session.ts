import type { MediaEndpoint, MediaEvent, MediaStats, PlayedAccount } from '../dialog/contract/call-media.ts';
import type { MediaSession, Playback } from '../dialog/contract/ports.ts';
import { type Clock, monotonicNow } from '../lib/clock.ts';
import { VoiceAgentError } from '../lib/errors.ts';
import { FailureDomain } from '../lib/failure-domain.ts';
import { Listeners } from '../lib/listeners.ts';
import { FRAME_MS, type PlayoutFormat } from '../media/audio.ts';
import { type AudioRingHandle, closeRing, createAudioRing } from '../media/audio-ring.ts';
import { createFlushLine, type FlushLineHandle } from '../media/flush-line.ts';
import { type CountedStats, createMediaStats, MediaStatsBlock } from './media-stats-block.ts';
import { PlaybackQueue } from './playout/playback-queue.ts';
import { createPlayoutAccounts } from './playout/playout-accounts.ts';
import { createPlayoutRing, playoutShapeOf } from './playout/playout-ring.ts';
import type { PlayoutHandles, PlayoutReport } from './playout/playout-source.ts';
import type { CountersHandle } from './shared-counters.ts';

/** What a session shares with the thread that carries its media, and what outlives that thread. */
export interface SessionMemory {
  readonly heard: AudioRingHandle;
  readonly sent: AudioRingHandle;
  readonly playout: PlayoutHandles;
  readonly stats: CountersHandle;
}

/** 5.12 s: for those who write it down, or look for speech in it, should their thread stand still. */
const SLOTS = 256;

/** `format`: in which speech is queued; both voices are kept in it. */
export function createSessionMemory(format: PlayoutFormat): SessionMemory {
  const { rateHz, encoding } = format;
  return {
    heard: createAudioRing(rateHz, SLOTS, encoding),
    sent: createAudioRing(rateHz, SLOTS, encoding),
    playout: {
      ring: createPlayoutRing(playoutShapeOf(format)),
      flushLine: createFlushLine(),
      accounts: createPlayoutAccounts(),
    },
    stats: createMediaStats(),
  };
}

/** What the thread that carries a session's media reports of it, whatever the transport. */
export type SessionReport =
  /** Media flows. */
  | { readonly type: 'attached' }
  | { readonly type: 'playout'; readonly report: PlayoutReport }
  | { readonly type: 'dtmf'; readonly digit: string }
  /** Media can't flow any more. */
  | { readonly type: 'lost'; readonly reason: string };

export interface RingSessionOptions {
  readonly id: string;
  readonly format: PlayoutFormat;
  readonly memory: SessionMemory;
  /** How exact the accounts of what was played are (default `exact`: the sender keeps them). */
  readonly accuracy?: PlayedAccount['accuracy'];
  /** Of the accounts. Default: the monotonic clock. */
  readonly clock?: Pick<Clock, 'now'>;
  readonly onClosed: () => void;
}

/** A session's counters with what the port doesn't ask for. */
export type SessionStats = MediaStats & CountedStats;

/**
 * One call's media as the main thread sees it, over rings in shared memory: the part of a session that
 * is the same for every transport. Another party, mostly a thread, carries the media and reports.
 */
export abstract class RingMediaSession<Endpoint extends MediaEndpoint> implements MediaSession<Endpoint> {
  readonly id: string;
  readonly format: PlayoutFormat;
  readonly heard: AudioRingHandle;
  readonly sent: AudioRingHandle;
  readonly flushLine: FlushLineHandle;
  readonly attached: Promise<void>;
  abstract readonly endpoint: Endpoint;
  readonly #attachment = Promise.withResolvers<undefined>();
  readonly #playback: PlaybackQueue;
  readonly #listeners = new Listeners<MediaEvent>();
  readonly #stats: MediaStatsBlock;
  readonly #onClosed: () => void;
  #closing: Promise<void> | undefined;

  constructor({ id, format, memory, accuracy = 'exact', clock, onClosed }: RingSessionOptions) {
    this.id = id;
    this.format = format;
    this.heard = memory.heard;
    this.sent = memory.sent;
    this.flushLine = memory.playout.flushLine;
    this.attached = this.#attachment.promise;
    this.attached.catch(() => undefined); // nobody has to listen to it
    this.#stats = new MediaStatsBlock(memory.stats);
    this.#playback = new PlaybackQueue({
      handles: memory.playout,
      format,
      clock: clock ?? { now: monotonicNow },
      accuracy,
      flush: (epoch) => {
        this.#playback.flush(epoch);
        this.tellOfFlush();
      },
    });
    this.#onClosed = onClosed;
  }

  play(): Playback {
    return this.#playback.play();
  }

  flush(): void {
    this.#playback.flush();
    this.tellOfFlush();
  }

  on(listener: (event: MediaEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  stats(): SessionStats {
    const stats = this.#stats.stats();
    return {
      ...stats,
      framesDropped: stats.framesDropped + this.#playback.framesDropped,
      // Nothing leaves any more: a transfer goes on without media.
      sendLatenessMs: this.closing ? 0 : stats.sendLatenessMs,
      queuedMs: this.#playback.framesQueued * FRAME_MS,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The thread serves all sessions; its reports of this one belong to this session's call. */
  readonly onReport: (report: SessionReport) => void = FailureDomain.bind((report) => {
    this.reported(report);
  });

  /** Media can't flow any more. */
  readonly onLost: (reason: string) => void = FailureDomain.bind((reason) => {
    this.lost(reason);
  });

  protected reported(report: SessionReport): void {
    switch (report.type) {
      case 'attached':
        this.#attachment.resolve(undefined);
        break;
      case 'playout':
        this.#playback.report(report.report);
        break;
      case 'dtmf':
        this.#listeners.emit({ type: 'dtmf', digit: report.digit });
        break;
      case 'lost':
        this.lost(report.reason);
    }
  }

  protected lost(reason: string): void {
    this.#neverAttached(`was lost before media could flow: ${reason}`);
    this.#playback.close();
    this.#listeners.emit({ type: 'lost', reason });
  }

  protected get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** Another thread carries the media now: what the last one had played without a word is settled. */
  protected reconcile(): void {
    this.#playback.reconcile();
  }

  /** Tells the media thread that the flush line was raised, so that it needn't wait for its next tick to see it. */
  protected abstract tellOfFlush(): void;

  /** Resolves when the media thread has let go of the session. */
  protected abstract release(): Promise<void>;

  async #close(): Promise<void> {
    await this.release();
    this.#playback.close();
    this.#neverAttached('closed before media could flow');
    // The media thread has closed them, unless it has died before.
    closeRing(this.heard);
    closeRing(this.sent);
    this.#listeners.clear();
    this.#onClosed();
  }

  /** Has no effect when it was attached before. */
  #neverAttached(what: string): void {
    this.#attachment.reject(
      new VoiceAgentError('MEDIA_NOT_ATTACHED', `the media session of ${this.id} ${what}`),
    );
  }
}
