import type { Milliseconds } from '../lib/clock.ts';
import { counterCells, createCounters, type CountersHandle, SharedCounters } from './shared-counters.ts';

/** Where each of a session's counters lies in `MediaStatsBlock.cells`. */
export const STAT = counterCells([
  'packetsReceived',
  'packetsSent',
  'packetsLost',
  'packetsLate',
  'packetsDuplicate',
  'packetsMalformed',
  'framesConcealed',
  'jitterMs',
  'sendLatenessMaxMs',
  'sendLatenessMs',
  'framesDropped',
  /** Packets that the kernel refused to send. */
  'sendErrors',
  /** 20 ms ticks that were left out after a stall, so as not to burst. */
  'ticksSkipped',
  /** RTCP packets (compound ones), and how often the peer has said in them that it leaves. */
  'rtcpReceived',
  'goodbyesReceived',
  /** Packets of telephone-events (RFC 4733) and of comfort noise (RFC 3389). */
  'eventsReceived',
  'noiseReceived',
  /** What the peer reports of our stream: packets that it misses, and their jitter there. */
  'reportedLost',
  'reportedJitterMs',
  /** Instant of the first tick, frame 0 of both rings; 0: not attached yet. */
  'startedAt',
  /** Instant of the last packet from the peer; 0: none yet. */
  'lastReceivedAt',
]);

/** A frame's share in the smoothed lateness: half of it is forgotten after 0.9 s, and a stall of 1 s makes 16 ms. */
const SMOOTHING = 1 / 64;

type StatName = keyof typeof STAT;
type InstantName = 'startedAt' | 'lastReceivedAt';

/** A session's counters as its threads count them: those of the port, and some more. */
export interface CountedStats extends Readonly<Record<Exclude<StatName, InstantName>, number>> {
  readonly startedAt: Milliseconds | undefined;
  readonly lastReceivedAt: Milliseconds | undefined;
}

export function createMediaStats(): CountersHandle {
  return createCounters(STAT);
}

/** A session's counters: written by the one thread that carries its media, read by the main thread. */
export class MediaStatsBlock extends SharedCounters<StatName> {
  constructor(handle: CountersHandle) {
    super(STAT, handle);
  }

  /** A packet leaves so late against its deadline. */
  countLateness(lateness: Milliseconds): void {
    const { cells } = this;
    const smoothed = cells[STAT.sendLatenessMs] as number;
    cells[STAT.sendLatenessMaxMs] = Math.max(cells[STAT.sendLatenessMaxMs] as number, lateness);
    cells[STAT.sendLatenessMs] = smoothed + (lateness - smoothed) * SMOOTHING;
  }

  /** What is counted so far, with what hasn't happened yet as undefined. */
  stats(): CountedStats {
    const { startedAt, lastReceivedAt, ...counts } = this.read();
    return { ...counts, startedAt: startedAt || undefined, lastReceivedAt: lastReceivedAt || undefined };
  }
}
