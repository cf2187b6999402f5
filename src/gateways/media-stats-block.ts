import type { MediaStats } from '../dialog/call-media.ts';
import type { Milliseconds } from '../lib/clock.ts';

/**
 * A session's counters in shared memory: written by the one thread that carries its media, read by
 * the main thread at any time, still there when the media thread has died and another goes on.
 */
export interface MediaStatsHandle {
  readonly memory: SharedArrayBuffer;
}

const CELLS = [
  'packetsReceived',
  'packetsSent',
  'packetsLost',
  'packetsLate',
  'packetsDuplicate',
  'packetsMalformed',
  'framesConcealed',
  'jitterMs',
  'sendLatenessMaxMs',
  'framesDropped',
  /** Packets that the kernel refused to send. */
  'sendErrors',
  /** 20 ms ticks that were left out after a stall, so as not to burst. */
  'ticksSkipped',
  /** Instant of the first tick, frame 0 of both rings; 0: not attached yet. */
  'startedAt',
  /** Instant of the last packet from the peer; 0: none yet. */
  'lastReceivedAt',
] as const;

export type StatName = (typeof CELLS)[number];

/** Where each counter lies in `MediaStatsBlock.cells`. */
export const STAT = Object.fromEntries(CELLS.map((name, index) => [name, index])) as Record<StatName, number>;

export function createMediaStats(): MediaStatsHandle {
  return { memory: new SharedArrayBuffer(CELLS.length * 8) };
}

export class MediaStatsBlock {
  /** One cell per `STAT`; the hot path writes them in place. */
  readonly cells: Float64Array;

  constructor(handle: MediaStatsHandle) {
    this.cells = new Float64Array(handle.memory);
  }

  get(name: StatName): number {
    return this.cells[STAT[name]] as number;
  }

  add(cell: number, count = 1): void {
    this.cells[cell] = (this.cells[cell] as number) + count;
  }

  /** The counters as the port gives them, plus what only a media thread knows. */
  read(): SessionStats {
    const at = (name: 'startedAt' | 'lastReceivedAt'): number | undefined => this.get(name) || undefined;
    return {
      packetsReceived: this.get('packetsReceived'),
      packetsSent: this.get('packetsSent'),
      packetsLost: this.get('packetsLost'),
      packetsLate: this.get('packetsLate'),
      packetsDuplicate: this.get('packetsDuplicate'),
      packetsMalformed: this.get('packetsMalformed'),
      framesConcealed: this.get('framesConcealed'),
      jitterMs: this.get('jitterMs'),
      sendLatenessMaxMs: this.get('sendLatenessMaxMs'),
      framesDropped: this.get('framesDropped'),
      sendErrors: this.get('sendErrors'),
      ticksSkipped: this.get('ticksSkipped'),
      startedAt: at('startedAt'),
      lastReceivedAt: at('lastReceivedAt'),
    };
  }
}

/** A session's counters with what the port doesn't ask for. */
export interface SessionStats extends MediaStats {
  readonly sendErrors: number;
  readonly ticksSkipped: number;
  readonly startedAt: Milliseconds | undefined;
  readonly lastReceivedAt: Milliseconds | undefined;
}
