import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadPocketsphinx } from '../../../../../src/providers/embedded/stt/pocketsphinx.ts';
import { RecogniserPool } from '../../../../../src/providers/embedded/stt/recogniser-pool.ts';

/** Of this process, and no file's. */
function megabytes(): number {
  const [, kilobytes] = /^Anonymous: +(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8')) ?? [];
  return Number(kilobytes) / 1000;
}

it('Recognisers that nobody needs any more give their memory back, and those that are in use stay', async () => {
  const pool = new RecogniserPool(loadPocketsphinx(), 8, 50);
  const source = { phrases: ['what are your opening hours', 'goodbye'], pronunciations: {} };
  const [first, ...others] = Array.from({ length: 6 }, () => pool.lend(source));
  const before = megabytes();
  for (const { recogniser, giveBack } of others) giveBack(recogniser);
  // Four of five: one waits for the next call.
  await expect.poll(() => before - megabytes(), { timeout: 10_000 }).toBeGreaterThan(40);
  first?.recogniser.start(0, false);
  first?.recogniser.push(new Int16Array(16_000));
  expect(first?.recogniser.finish().numbers.text).toBe('');
  pool.free();
});
