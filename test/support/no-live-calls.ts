import type { LiveCallsOptions } from '../../src/console/live-calls.ts';
import { systemClock } from '../../src/lib/clock.ts';

/** Nobody knows where a call stands, and all providers are in use. */
export const NOTHING_LIVE: LiveCallsOptions = {
  clock: systemClock,
  startOf: () => new Date(systemClock.wallClock()).toISOString(),
  glimpseOf: () => undefined,
  shown: (_call, glimpse) => glimpse,
  outOfUse: () => [],
};
