/** A thread that decides a barge-in by itself: trips the flush line after `afterMs`, and notes when. */
import { workerData } from 'node:worker_threads';
import { monotonicNow } from '../../src/lib/clock.ts';
import { FlushLine, type FlushLineHandle } from '../../src/media/flush-line.ts';

export interface FlushTripperData {
  readonly flushLine: FlushLineHandle;
  readonly afterMs: number;
  /** Int32 0: becomes 1 when the thread runs. */
  readonly running: SharedArrayBuffer;
  /** Float64 0: the instant of the decision. */
  readonly decidedAt: SharedArrayBuffer;
}

const data = workerData as FlushTripperData;
const running = new Int32Array(data.running);
Atomics.store(running, 0, 1);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, data.afterMs);
new Float64Array(data.decidedAt)[0] = monotonicNow();
new FlushLine(data.flushLine).trip();
