import type { Clock } from '../../lib/clock.ts';
import type { Playback } from '../../dialog/contract/ports.ts';
import type { PlayedAccount } from '../../dialog/contract/call-media.ts';
import type { PlayoutFormat } from '../../media/audio.ts';
import { FlushLine } from '../../media/flush-line.ts';
import { NOTHING_PLAYED, PlayoutAccounts, type UtteranceAccount } from './playout-accounts.ts';
import { PlayoutRingWriter } from './playout-ring.ts';
import type { PlayoutHandles, PlayoutReport } from './playout-source.ts';
import { QueuedPlayback } from './queued-playback.ts';

export interface PlaybackQueueOptions {
  readonly handles: PlayoutHandles;
  /** What is queued: everything is converted into it. */
  readonly format: PlayoutFormat;
  readonly clock: Pick<Clock, 'now'>;
  /** How exact the accounts of what was played are (default `exact`: the sender keeps them). */
  readonly accuracy?: PlayedAccount['accuracy'];
  /** A playback is flushed: as `PlaybackQueue.flush`, and the thread that paces is told. */
  readonly flush: (epoch: number) => void;
}

/**
 * The writing side of one session's playout: utterances in the order in which they were begun, each
 * converted, cut into frames and pushed as far as there is room. What became of them comes back as
 * reports of the pacing side. Used by every gateway.
 */
export class PlaybackQueue {
  readonly #ring: PlayoutRingWriter;
  readonly #flushLine: FlushLine;
  readonly #accounts: PlayoutAccounts;
  readonly #options: PlaybackQueueOptions;
  /** Begun and not settled yet. */
  readonly #unsettled = new Map<number, QueuedPlayback>();
  /** Not wholly in the ring yet; the first one may push. */
  readonly #line: QueuedPlayback[] = [];
  #lastId = 0;
  #waiting = false;
  #closed = false;
  #dropped = 0;

  constructor(options: PlaybackQueueOptions) {
    this.#options = options;
    this.#ring = new PlayoutRingWriter(options.handles.ring);
    this.#flushLine = new FlushLine(options.handles.flushLine);
    this.#accounts = new PlayoutAccounts(options.handles.accounts);
  }

  /** Frames that were refused because their writer didn't wait for earlier writes. */
  get framesDropped(): number {
    return this.#dropped;
  }

  /** Frames that wait to be sent, in the ring and before it. */
  get framesQueued(): number {
    const before = this.#line.reduce((sum, { framesWaiting }) => sum + framesWaiting, 0);
    return this.#ring.capacity - this.#ring.room + before;
  }

  /** Begins an utterance behind those that were begun before: its audio waits for their `end`. */
  play(): Playback {
    this.#lastId += 1;
    const playback = new QueuedPlayback({
      id: this.#lastId,
      epoch: this.#flushLine.epoch,
      format: this.#options.format,
      accuracy: this.#options.accuracy ?? 'exact',
      frameBytes: this.#ring.frameBytes,
      samplesPlayed: (id) => this.#accounts.samplesOf(id),
      changed: () => {
        this.#pump();
      },
      refused: (frames) => {
        this.#dropped += frames;
      },
      isVoid: (epoch) => this.#closed || this.#flushLine.isVoid(epoch),
      playout: {
        isPausedAt: (utterance) => this.#flushLine.isPausedAt(utterance),
        pause: (utterance, epoch) => {
          this.#flushLine.pause(epoch, utterance);
        },
        resume: (utterance, from) => this.#resume(utterance, from),
        flush: (epoch) => {
          if (!this.#flushLine.isVoid(epoch)) this.#options.flush(epoch);
        },
      },
    });
    if (this.#closed) {
      playback.settle('closed', NOTHING_PLAYED, this.#options.clock.now());
      return playback;
    }
    this.#unsettled.set(playback.id, playback);
    this.#line.push(playback);
    return playback;
  }

  /** Voids everything that was begun so far, or in `epoch` and before; the pacing side says when it has obeyed. */
  flush(epoch?: number): void {
    this.#flushLine.flush(epoch);
    this.#pump();
  }

  /** Goes on; returns at which sample of `utterance`. */
  #resume(utterance: number, from = Infinity): number {
    const stop = this.#ring.stopOf(utterance);
    const place = from < stop ? this.#ring.find(utterance, from) : undefined;
    this.#flushLine.resume(place?.slot);
    return place?.position ?? stop;
  }

  /** What the pacing side says, in its order. */
  report(report: PlayoutReport): void {
    if (report.type === 'started') {
      this.#unsettled.get(report.utterance)?.begin(report.at);
    } else if (report.type === 'completed') {
      this.#settle(report.utterance, 'completed', report.account);
    } else if (report.type === 'cut') {
      this.#settle(report.utterance, 'flushed', report.account);
    } else {
      for (const playback of [...this.#unsettled.values()]) {
        if (playback.epoch > report.epoch) continue;
        const known = report.current?.utterance === playback.id ? report.current.account : undefined;
        this.#settle(playback.id, 'flushed', known ?? this.#accounts.read(playback.id));
      }
      this.#pump();
    }
  }

  /** Settles what the pacing side has completed without a report: it died before it could send one. */
  reconcile(): void {
    for (const id of [...this.#unsettled.keys()]) {
      const account = this.#accounts.read(id);
      if (account.startedAt !== undefined) this.#unsettled.get(id)?.begin(account.startedAt);
      if (account.completed) this.#settle(id, 'completed', account);
    }
  }

  /** Nothing is played any more: settles everything as closed, by the account as it stands. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.reconcile();
    for (const id of [...this.#unsettled.keys()]) this.#settle(id, 'closed', this.#accounts.read(id));
    this.#pump();
    this.#ring.release();
  }

  #settle(id: number, outcome: 'completed' | 'flushed' | 'closed', account: UtteranceAccount): void {
    const playback = this.#unsettled.get(id);
    if (!playback) return;
    this.#unsettled.delete(id);
    playback.settle(outcome, account, this.#options.clock.now());
  }

  /** Pushes frames of the first utterances in line until the ring is full or they have no more. */
  #pump(): void {
    for (;;) {
      const playback = this.#line[0];
      if (!playback) return;
      if (this.#closed || this.#flushLine.isVoid(playback.epoch)) {
        playback.abandon();
        this.#line.shift();
        continue;
      }
      const progress = playback.pushTo(this.#ring);
      if (progress === 'done') this.#line.shift();
      else if (progress === 'full') {
        this.#awaitRoom(playback);
        return;
      } else return;
    }
  }

  /** Wakes once for a good stretch of room, not for each frame of it. */
  #awaitRoom(playback: QueuedPlayback): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const slots = Math.max(1, Math.min(playback.framesWaiting, Math.floor(this.#ring.capacity / 10)));
    void this.#ring.waitForRoom(slots).then(() => {
      this.#waiting = false;
      this.#pump();
    });
  }
}
