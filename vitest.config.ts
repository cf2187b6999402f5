import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

// Most tests wait, not for a processor: three at a time even where there are only two. But whole calls, each with an
// Asterisk, an agent, telephones and maybe a cloud, get into each other's way.
const workers = (least: number): number => Math.max(least, Math.min(4, availableParallelism() - 1));

/** For what is real, on a noisy machine. */
const REAL = { expect: { poll: { timeout: 10_000 } } };

export default defineConfig({
  test: {
    maxWorkers: workers(3),
    sequence: { sequencer: LongestFirst },
    projects: [
      // No socket, thread, program or clock: what a unit test says is true on every machine.
      {
        test: {
          name: 'unit',
          // All files of a worker in one environment, as what they are about is pure: it takes a third of the time.
          // What a test puts into it, it takes out again.
          isolate: false,
          setupFiles: ['test/support/nothing-real.ts'],
          // Only against a test that hangs: hours on a manual clock take their seconds on a busy machine.
          testTimeout: 30_000,
          include: [
            'test/{lib,media,dialog,gateways,providers,telephony,observability,store,config,tools,fleet,lab,app,turns,replay,web,bench,soak}/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          ...REAL,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...REAL,
          name: 'e2e',
          maxWorkers: workers(2),
          sequence: { groupOrder: 1 },
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
