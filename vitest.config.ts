import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

// Most tests wait for a call, not for a processor (a file of whole calls takes a third of one): three at a time even where
// there are only two.
const maxWorkers = Math.max(3, Math.min(4, availableParallelism() - 1));

export default defineConfig({
  test: {
    maxWorkers,
    sequence: { sequencer: LongestFirst },
    projects: [
      // No socket, thread, program or clock: what a unit test says is true on every machine.
      {
        test: {
          name: 'unit',
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
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
