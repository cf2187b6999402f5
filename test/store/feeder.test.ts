/** How long somebody waits for the database who wants to know what an earlier run has left. */
import { expect, it } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { Feeder } from '../../src/store/feeder.ts';
import type { Spool } from '../../src/store/spool.ts';
import { ManualClock } from '../support/manual-clock.ts';

const DATABASE = {} as Database;
const EMPTY_SPOOL = { inherited: false, next: () => new Promise(() => undefined) } as unknown as Spool;

/** What `caughtUp(3000)` has said after so long, of a database that is opened like this. */
async function caughtUp(open: (clock: ManualClock) => Promise<Database>, afterMs: number): Promise<unknown> {
  const clock = new ManualClock();
  const feeder = new Feeder({
    spool: EMPTY_SPOOL,
    clock,
    open: () => open(clock),
    prepare: () => Promise.resolve(),
    onTrouble: () => undefined,
    onWell: () => undefined,
  });
  let said: unknown = 'still waiting';
  void feeder.caughtUp(3000).then((database) => (said = database));
  await clock.advance(afterMs);
  return said;
}

it('a database that takes long to open is waited for', async () => {
  const open = (clock: ManualClock): Promise<Database> => clock.sleep(2000).then(() => DATABASE);
  expect(await caughtUp(open, 1990)).toBe('still waiting');
  expect(await caughtUp(open, 2010)).toBe(DATABASE);
});

it('one that never says anything is given up after the time that somebody has', async () => {
  const open = (): Promise<Database> => new Promise(() => undefined);
  expect(await caughtUp(open, 2990)).toBe('still waiting');
  expect(await caughtUp(open, 3010)).toBeUndefined();
});

it('one that fails at once is given up soon, unless it is there a moment later', async () => {
  const refused = (): Promise<Database> => Promise.reject(new Error('refused'));
  expect(await caughtUp(refused, 490)).toBe('still waiting');
  expect(await caughtUp(refused, 510)).toBeUndefined();
  let attempts = 0;
  const second = (): Promise<Database> => (attempts++ === 0 ? refused() : Promise.resolve(DATABASE));
  expect(await caughtUp(second, 300)).toBe(DATABASE);
});
