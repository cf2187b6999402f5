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
  /** Time since then for which our clock has waited, or will. */
  waited: Milliseconds;
}

type FlushedReport = Extract<PlayoutReport, { type: 'flushed' }>;
type CompletedReport = Extract<PlayoutReport, { type: 'completed' }>;

interface Held<Report> {
  readonly report: Report;
  readonly until: Milliseconds;
}

/**
 * So long after its time an utterance counts as played, and a marker is given up, for a far side that has
 * never answered one; and so late one that does may be before it is known how late it usually is.
 */
const CONFIRM_MS = 1500;
/** So long it is waited for the far side's word that it has stopped. */
const CLEARED_MS = 500;
/**
 * The far side may be so much later than it ever was before it counts as behind: its words may be delayed
 * where its sound isn't, and to wait for nothing is heard as a gap. No more than a marker's distance is lost.
 */
const TOLERANCE_MS = 5 * FRAME_MS;
/** … and this much where that has been seen. */
const TOLERANCE_MAX_MS = 4 * TOLERANCE_MS;

/**
 * What the far side says of what it has played, set against our own clock's account of it.
 *
 * Our clock plays the frames as the far side should: one every 20 ms from when the first was sent. Each
 * marker comes back a little after its time: the shortest such lag of the connection is that of the way
 * there and back, and what a marker is later than that, the far side is behind: our clock waits for it. So
 * an utterance is complete when its last marker has come back, and one that was cut off has been heard as
 * far as our clock had come, but no further than the first marker that never came back.
 *
 * A far side that has never answered a marker is believed to play as our clock says.
 *
 * Reports pass through it, some of them later than they came.
 */
export class PlayedAccount {
  readonly #report: (report: PlayoutReport) => void;
  #markers: Marker[] = [];
  /** Those of what was flushed. */
  #cut: Marker[] = [];
  #lastMarker = 0;
  /** The far side has answered a marker in this call. */
  #answers = false;
  #shortestLag = Infinity;
  #tolerance = TOLERANCE_MS;
  /** The last marker that it has answered. */
  #confirmed: Pick<Marker, 'utterance' | 'samples'> = { utterance: 0, samples: 0 };
  /** Where our clock is, and since when. */
  #reached = { frame: 0, at: 0 };
  /** Ticks in a row at which the oldest marker was too late, and the first of them. */
  #late = { ticks: 0, since: 0 };
  #completed: Held<CompletedReport>[] = [];
  #flushed: Held<FlushedReport> | undefined;
  /** The far side was told to drop what it has, and it isn't known yet how far it was. */
  #paused: { readonly until: Milliseconds; readonly settle: () => void } | undefined;

  constructor(report: (report: PlayoutReport) => void) {
    this.#report = report;
  }

  /** The far side hasn't confirmed all that it was given. */
  get unconfirmed(): boolean {
    return this.#markers.length > 0;
  }

  /** How long our clock has been waiting for the far side; 0: it isn't. */
  waitedMs(now: Milliseconds): Milliseconds {
    return this.#late.ticks > 1 ? now - this.#late.since : 0;
  }

  /** A marker goes out behind what was just sent; returns its number. */
  mark(place: Pick<Marker, 'utterance' | 'frame' | 'samples'>, now: Milliseconds): number {
    this.#lastMarker += 1;
    const { frame, at } = this.#reached;
    // The far side can't answer what it wasn't asked yet.
    const passed = place.frame <= frame ? { dueAt: Math.max(at, now) } : {};
    this.#markers.push({ ...place, ...passed, id: this.#lastMarker, waited: 0 });
    return this.#lastMarker;
  }

  /** Our clock comes to the end of frame `frame` at the instant `at`. */
  reached(frame: number, at: Milliseconds): void {
    this.#reached = { frame, at };
    for (const marker of this.#markers) {
      if (marker.frame > frame) return;
      marker.dueAt ??= at;
    }
  }

  /**
   * True: the far side is behind, and our clock shall wait for one frame more. To be asked at each tick that
   * comes in time: what has arrived is read between two of them, so one that finds a marker late isn't
   * enough to tell the far side's lateness from our own.
   */
  waits(now: Milliseconds): boolean {
    const [oldest] = this.#markers;
    const usual = this.#shortestLag === Infinity ? CONFIRM_MS : this.#shortestLag;
    if (
      !this.#answers ||
      oldest?.dueAt === undefined ||
      now - oldest.dueAt - oldest.waited <= usual + this.#tolerance
    ) {
      this.#late = { ticks: 0, since: now };
      return false;
    }
    this.#late.ticks += 1;
    if (this.#late.ticks === 1) return false;
    this.#wait(FRAME_MS);
    return true;
  }

  /**
   * The far side has played all before marker `id`. Returns the milliseconds that it is behind our clock, for
   * which that will wait. Undefined: there never was such a marker.
   */
  notified(id: number, now: Milliseconds): Milliseconds | undefined {
    if (!Number.isInteger(id) || id < 1 || id > this.#lastMarker) return undefined;
    this.#answers = true;
    const isIt = (marker: Marker): boolean => marker.id === id;
    const cut = this.#cut.find(isIt); // it came there before it was told to stop
    const marker = this.#markers.find(isIt);
    this.#confirmed = cut ?? marker ?? this.#confirmed;
    if (cut) this.#cut = this.#cut.filter((other) => other.id > id);
    else this.#markers = this.#markers.filter((other) => other.id > id);
    this.#settleCompleted();
    if (marker?.dueAt === undefined) return 0;
    const lag = now - marker.dueAt;
    this.#shortestLag = Math.min(this.#shortestLag, lag);
    const behind = lag - marker.waited - this.#shortestLag;
    // Waited for in vain: only its words were late. That is worth a gap once.
    if (behind <= -TOLERANCE_MS) this.#tolerance = Math.min(TOLERANCE_MAX_MS, this.#tolerance - behind);
    if (behind < this.#tolerance) return 0;
    this.#wait(behind);
    return behind;
  }

  /** The far side has emptied its buffer: what it hasn't said by now, it won't say any more. */
  cleared(): void {
    this.#settlePaused();
    this.#settleFlushed();
  }

  /**
   * The far side is told to drop what it has of `utterance`, of which our clock has played `samples`: `heard` is told
   * how far it was played in truth, as soon as that is known.
   */
  paused(utterance: number, samples: number, now: Milliseconds, heard: (samples: number) => void): void {
    this.#settleFlushed();
    this.#cut = this.#markers;
    this.#markers = [];
    const settle = (): void => {
      const known = this.#samplesHeard(utterance, samples);
      this.#settleCut();
      if (known < samples) heard(known);
    };
    this.#paused = { until: now + CLEARED_MS, settle };
  }

  /** It goes on: what isn't known by now, is as our clock has it. */
  resumed(): void {
    this.#settlePaused();
  }

  /** A report of the side that paces. */
  pass(report: PlayoutReport, now: Milliseconds): void {
    if (report.type === 'completed' && this.#markers.some(isOf(report.utterance))) {
      this.#completed.push({ report, until: now + CONFIRM_MS });
      return;
    }
    if (report.type !== 'flushed') {
      this.#report(report);
      return;
    }
    this.#settleFlushed();
    // What a pause has cut off, and the far side hasn't answered yet, is cut off for good.
    this.#cut = this.#paused ? this.#cut : this.#markers;
    this.#paused = undefined;
    this.#markers = [];
    this.#flushed = { report, until: now + CLEARED_MS };
    // Nothing of it can have been on its way.
    if (report.current === undefined && this.#completed.length === 0) this.#settleFlushed();
  }

  tick(now: Milliseconds): void {
    if (this.#paused && this.#paused.until <= now) this.#settlePaused();
    if (this.#flushed && this.#flushed.until <= now) this.#settleFlushed();
    const [oldest] = this.#markers;
    if (!this.#answers && oldest?.dueAt !== undefined && oldest.dueAt + CONFIRM_MS < now) {
      this.#markers.shift();
    }
    this.#settleCompleted(now);
  }

  /** The far side won't say any more: what it hasn't confirmed, it hasn't played. */
  close(): void {
    this.#settlePaused();
    this.#settleFlushed();
    this.#cut = this.#markers;
    this.#markers = [];
    this.#settleCut();
    this.#shortestLag = Infinity;
    this.#tolerance = TOLERANCE_MS;
    this.#late = { ticks: 0, since: 0 };
  }

  /** Our clock waits: that much later the far side may be. */
  #wait(duration: Milliseconds): void {
    for (const marker of this.#markers) if (marker.dueAt !== undefined) marker.waited += duration;
  }

  /** Reports the utterances that the far side has confirmed, and those that it will never confirm. */
  #settleCompleted(now = -Infinity): void {
    if (this.#flushed || this.#completed.length === 0) return; // theirs are among the cut markers
    const open = ({ report, until }: Held<CompletedReport>): boolean =>
      (this.#answers || now < until) && this.#markers.some(isOf(report.utterance));
    const confirmed = this.#completed.filter((held) => !open(held));
    this.#completed = this.#completed.filter(open);
    for (const { report } of confirmed) this.#report(report);
  }

  /** Reports the utterances that were complete by our clock, though they may have been cut off. */
  #settleCut(): void {
    const held = this.#completed;
    this.#completed = [];
    for (const { report } of held) {
      const { utterance, account } = report;
      const samples = this.#confirmed.utterance === utterance ? this.#confirmed.samples : 0;
      if (!this.#answers || !this.#cut.some(isOf(utterance))) this.#report(report);
      else this.#report({ type: 'cut', utterance, account: { ...account, samples } });
    }
    this.#cut = [];
  }

  #settlePaused(): void {
    const paused = this.#paused;
    this.#paused = undefined;
    paused?.settle();
  }

  #settleFlushed(): void {
    const report = this.#flushed?.report;
    if (report === undefined) return;
    this.#flushed = undefined;
    const { epoch, current } = report;
    const samples = current && this.#samplesHeard(current.utterance, current.account.samples);
    this.#settleCut();
    if (current === undefined || samples === undefined) this.#report(report);
    else {
      const { utterance, account } = current;
      this.#report({ type: 'flushed', epoch, current: { utterance, account: { ...account, samples } } });
    }
  }

  /** Up to `samples`, as our clock has it, but not beyond the first marker that didn't come back. */
  #samplesHeard(utterance: number, samples: number): number {
    const notReached = this.#answers ? this.#cut.find(isOf(utterance))?.samples : undefined;
    return Math.min(samples, notReached ?? Infinity);
  }
}

function isOf(utterance: number): (marker: Marker) => boolean {
  return (marker) => marker.utterance === utterance;
}
