import { afterEach, beforeEach, expect } from 'vitest';

/** Every test of this file must leave no rejection unhandled. */
export function noUnhandledRejections(): void {
  const rejections: unknown[] = [];
  const onRejection = (error: unknown): void => {
    rejections.push(error);
  };
  beforeEach(() => {
    process.on('unhandledRejection', onRejection);
  });
  afterEach(async () => {
    // They are reported after a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onRejection);
    expect(rejections.splice(0)).toEqual([]);
  });
}

/** Resolves when `condition` holds; fails after `ms`. */
export async function until(condition: () => boolean, ms = 3000): Promise<void> {
  const by = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > by) throw new Error(`not within ${ms} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
