/** What comes from outside, and changed forms of it, some of each kind: `make fuzz` has no end. */
import { describe, expect, it } from 'vitest';
import { fuzz } from '../fuzz/fuzz-thread.ts';
import { TARGETS, type TargetName } from '../fuzz/targets.ts';

const SEED = 20_261_127;
/** So many that all of them take half a minute; those that wait for providers have the fewest. */
const RUNS: Readonly<Record<TargetName, number>> = {
  rtp: 60,
  'ari-events': 60,
  'vonage-media': 40,
  'vonage-http': 60,
  'console-stream': 40,
  'console-http': 40,
  config: 30,
  chat: 20,
  whisper: 80,
  'cartesia-tts': 60,
  'cartesia-turns': 30,
  'cartesia-finalize': 30,
};

describe.concurrent(
  'nothing that is sent breaks anything, hangs it, or fills its memory:',
  { timeout: 120_000 },
  () => {
    it.each(Object.keys(TARGETS) as TargetName[])('%s', async (target) => {
      const { sessions, finding } = await fuzz(target, { seed: SEED, runs: RUNS[target], ms: 0 });
      expect(finding && `${finding.error}\nof ${finding.session}`).toBeUndefined();
      expect(sessions).toBeGreaterThan(RUNS[target]);
    });
  },
);
