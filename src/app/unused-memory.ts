import type { Clock, Milliseconds } from '../lib/clock.ts';
import { collectAllGarbage } from '../threads/collect-garbage.ts';

/** After the last call: the next one may be there already. */
const REST_MS: Milliseconds = 5000;

export interface UnusedMemoryOptions {
  readonly clock: Clock;
  /** There are no calls, whom a pause of the main thread would hold up. */
  readonly isIdle: () => boolean;
  /** Default: the C library's `malloc_trim`. */
  readonly trim?: () => Promise<void>;
  readonly collect?: () => void;
}

/**
 * Gives back to the system what the program has used once and now keeps for nothing: the C library keeps what was
 * freed between two pieces that are in use, and V8 what it has compiled for the start alone. Measured with cloud providers, idle:
 * 255 → 235 MB by the first (4 ms), → 216 by the second.
 */
export class UnusedMemory {
  readonly #options: UnusedMemoryOptions;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: UnusedMemoryOptions) {
    this.#options = options;
  }

  /** What the start has left. Nothing happens if there are calls already. */
  async afterStart(): Promise<void> {
    const { isIdle, collect = collectAllGarbage } = this.#options;
    if (this.#closed || !isIdle()) return;
    collect();
    await this.#trim();
  }

  /** A call is over: what it has left goes when none follows it for a while. */
  afterCall(): void {
    const { clock, isIdle } = this.#options;
    if (this.#closed || this.#cancel) return;
    this.#cancel = clock.at(clock.now() + REST_MS, () => {
      this.#cancel = undefined;
      if (isIdle()) void this.#trim();
    });
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #trim(): Promise<void> {
    return (this.#options.trim ?? trimMalloc)();
  }
}

let trimNow: ((keepBytes: number) => number) | undefined;

/** All arenas of the process, those of other threads too. Never rejects: another C library hasn't got it. */
async function trimMalloc(): Promise<void> {
  if (process.platform !== 'linux') return;
  try {
    if (!trimNow) {
      const { default: koffi } = await import('koffi');
      trimNow = koffi.load('libc.so.6').func('int malloc_trim(size_t pad)') as (keepBytes: number) => number;
    }
    trimNow(0);
  } catch {
    // It is as it would be without.
  }
}
