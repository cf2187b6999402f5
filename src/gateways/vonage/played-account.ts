import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import type { PlayoutReport } from '../playout/playout-source.ts';

/** A place in the stream after which the far side was asked to tell when it has come there. */
interface Marker {
  readonly id: number;
  readonly utterance: number;
  /** Frames that had been sent by then, of the whole session, and samples of the utterance. */
  readonly frame: number;
  readonly samples: number;
  /** When our clock came to that place; undefined: it hasn't yet. */
  dueAt?: Milliseconds;
}

type FlushedReport = Extract<PlayoutReport, { type: 'flushed' }>;
type CompletedReport = Extract<PlayoutReport, { type: 'completed' }>;

interface Held<Report> {
  readonly report: Report;
  readonly until: Milliseconds;
}

/** So long after its time an utterance counts as played, though the far side hasn't said so. */
const CONFIRM_MS = 1500;
/** So long it is waited for the far side's word that it has stopped. */
const CLEARED_MS = 500;
/** The far side may be so much later than it ever was before it counts as behind: 1.5 frames. */
const TOLERANCE_MS = 1.5 * FRAME_MS;

/**
 * What the far side says of what it has played, set against our own clock's account of it.
 *
 * Our clock plays the frames as the far side should: one every 20 ms from when the first was sent. Each
 * marker comes back a little after its time: the shortest such lag of the call is that of the way there
 * and back, and what a marker is later than that, the far side is behind. So an utterance is complete
 * when its last marker has come back, and one that was cut off has been heard as far as our clock had
 * come, but no further than the first marker that never came back.
 *
 * Reports pass through it, some of them later than they came.
 */
export class PlayedAccount {
  readonly #report: (report: PlayoutReport) => void;
  #markers: Marker[] = [];
  /** Those of what was flushed. */
  #cut: Marker[] = [];
  #lastMarker = 0;
  #shortestLag = Infinity;
  /** Frames up to which a delay has been made up for: their markers tell nothing new. */
  #madeUpTo = 0;
  #completed: Held<CompletedReport>[] = [];
  #flushed: Held<FlushedReport> | undefined;

  constructor(report: (report: PlayoutReport) => void) {
    this.#report = report;
  }

  /** The far side hasn't confirmed all that it was given. */
  get unconfirmed(): boolean {
    return this.#markers.length > 0;
  }

  /** A marker goes out behind what was just sent; returns its number. */
  mark(place: Pick<Marker, 'utterance' | 'frame' | 'samples'>): number {
    this.#lastMarker += 1;
    this.#markers.push({ ...place, id: this.#lastMarker });
    return this.#lastMarker;
  }

  /** Our clock comes to the end of frame `frame` at the instant `at`. */
  reached(frame: number, at: Milliseconds): void {
    for (const marker of this.#markers) {
      if (marker.frame > frame) return;
      marker.dueAt ??= at;
    }
  }

  /**
   * The far side has played all before `marker`. Returns the milliseconds that it is behind our clock,
   * and takes them as made up for: `sentFrames` have been sent by now. Undefined: nobody asked for this one.
   */
  notified(id: number, now: Milliseconds, sentFrames: number): Milliseconds | undefined {
    const index = this.#markers.findIndex((marker) => marker.id === id);
    const marker = this.#markers[index];
    if (marker === undefined) {
      const cut = this.#cut.findIndex((old) => old.id === id);
      this.#cut.splice(0, cut + 1); // it came there before it was told to stop
      return cut < 0 ? undefined : 0;
    }
    this.#markers.splice(0, index + 1);
    this.#settleCompleted(({ report }) => !this.#isOpen(report.utterance));
    if (marker.dueAt === undefined) return 0;
    const lag = now - marker.dueAt;
    this.#shortestLag = Math.min(this.#shortestLag, lag);
    const behind = lag - this.#shortestLag;
    if (behind < TOLERANCE_MS || marker.frame <= this.#madeUpTo) return 0;
    this.#madeUpTo = sentFrames;
    return behind;
  }

  /** The far side has emptied its buffer: what it hasn't said by now, it won't say any more. */
  cleared(): void {
    this.#settleFlushed();
  }

  /** A report of the side that paces. */
  pass(report: PlayoutReport, now: Milliseconds): void {
    if (report.type === 'completed' && this.#isOpen(report.utterance)) {
      this.#completed.push({ report, until: now + CONFIRM_MS });
      return;
    }
    if (report.type !== 'flushed') {
      this.#report(report);
      return;
    }
    this.#settleFlushed();
    this.#settleCompleted(() => true);
    this.#cut = this.#markers;
    this.#markers = [];
    if (report.current === undefined) this.#report(report);
    else this.#flushed = { report, until: now + CLEARED_MS };
  }

  tick(now: Milliseconds): void {
    this.#settleCompleted(({ until }) => until <= now);
    if (this.#flushed && this.#flushed.until <= now) this.#settleFlushed();
    // One that hasn't come back long after its time never will.
    const [oldest] = this.#markers;
    if (oldest?.dueAt !== undefined && oldest.dueAt + CONFIRM_MS < now) this.#markers.shift();
  }

  /** The far side won't say any more. */
  close(): void {
    this.#settleFlushed();
    this.#settleCompleted(() => true);
    this.#markers = [];
    this.#shortestLag = Infinity;
  }

  #isOpen(utterance: number): boolean {
    return this.#markers.some((marker) => marker.utterance === utterance);
  }

  #settleCompleted(which: (held: Held<CompletedReport>) => boolean): void {
    const held = this.#completed;
    if (held.length === 0) return;
    this.#completed = held.filter((one) => !which(one));
    for (const one of held) if (!this.#completed.includes(one)) this.#report(one.report);
  }

  #settleFlushed(): void {
    const held = this.#flushed;
    if (held?.report.current === undefined) return;
    this.#flushed = undefined;
    const { epoch, current } = held.report;
    const { utterance, account } = current;
    const notReached = this.#cut.find((marker) => marker.utterance === utterance)?.samples ?? Infinity;
    this.#cut = [];
    const samples = Math.min(account.samples, notReached);
    this.#report({ type: 'flushed', epoch, current: { utterance, account: { ...account, samples } } });
  }
}
