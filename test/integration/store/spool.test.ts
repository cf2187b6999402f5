/** How what many calls write becomes few transactions, and what of them the next run of the program finds. */
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Spool } from '../../../src/store/spool.ts';
import type { Write } from '../../../src/store/schema.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { tempFolder } from './databases.ts';

const event = (n: number): Write => ({
  table: 'events',
  row: { call_id: 'x', n, at_ms: n, kind: 'dtmf', data: '{}' },
});

async function spoolOf(): Promise<{ spool: Spool; clock: ManualClock; taken: () => Promise<number[]> }> {
  const clock = new ManualClock();
  const spool = await Spool.open({
    folder: await tempFolder(),
    clock,
    onTrouble: () => undefined,
    isQuiet: () => true,
  });
  const taken = async (): Promise<number[]> => {
    const batch = await spool.next();
    return (batch?.writes ?? []).map((write) => (write?.row as { readonly n: number }).n);
  };
  return { spool, clock, taken };
}

it('what comes after a pause is handed out at once, and then what has come in a quarter of a second, together', async () => {
  const { spool, clock, taken } = await spoolOf();
  await spool.keep(event(1));
  expect(await taken()).toEqual([1]);
  await spool.keep(event(2));
  let second: readonly number[] | undefined;
  const waiting = taken().then((writes) => (second = writes));
  await spool.keep(event(3));
  await clock.advance(240);
  await spool.keep(event(4));
  expect(second).toBeUndefined();
  await clock.advance(10);
  expect(await waiting).toEqual([2, 3, 4]);
  await clock.advance(1000);
  await spool.keep(event(5));
  expect(await taken()).toEqual([5]);
  await spool.close();
});

it('at the end of the program nobody waits', async () => {
  const { spool, taken } = await spoolOf();
  await spool.keep(event(1));
  expect(await taken()).toEqual([1]);
  await spool.keep(event(2));
  const waiting = taken();
  await spool.end();
  expect(await waiting).toEqual([2]);
  expect(await spool.next()).toBeUndefined();
  await spool.close();
});

it('what has piled up is handed out without waiting', async () => {
  const { spool, taken } = await spoolOf();
  await spool.keep(event(1));
  expect(await taken()).toEqual([1]);
  const many = Array.from({ length: 8000 }, (_, n) => n + 2);
  for (const n of many.slice(1)) spool.add(event(n));
  await spool.keep(event(many.length + 1));
  const [first, ...rest] = [await taken(), await taken()];
  expect(first.length).toBeGreaterThan(100);
  expect(rest.flat().length).toBeGreaterThan(0);
  await spool.close();
});

it('keeps one file while calls run, though all of it is in the database: so the next run knows that there were some', async () => {
  const folder = await tempFolder();
  const clock = new ManualClock();
  let calls = 1;
  const spool = await Spool.open({
    folder,
    clock,
    onTrouble: () => undefined,
    isQuiet: () => calls === 0,
  });
  expect(spool.mayHaveHadCalls).toBe(false);
  const write = async (n: number): Promise<string[]> => {
    await clock.advance(1000);
    for (let one = n; one < n + 2000; one += 1) spool.add(event(one));
    await spool.keep(event(n + 2000));
    const batch = await spool.next();
    if (batch) await spool.applied(batch);
    return readdir(folder);
  };
  const first = await write(1);
  expect(first).toHaveLength(1);
  const second = await write(3000);
  expect(second).toHaveLength(1);
  const [left = ''] = second;
  await spool.tidy();
  expect(await readdir(folder)).toEqual([left]);

  // As another run finds it, if this one is killed now.
  const other = await tempFolder();
  await copyFile(join(folder, left), join(other, left.replace(/-\d+_\d*-[0-9a-f]+/, '-1_1-00000000')));
  const next = await Spool.open({
    folder: other,
    clock,
    onTrouble: () => undefined,
    isQuiet: () => true,
  });
  expect(next.mayHaveHadCalls).toBe(true);
  await next.close();

  calls = 0;
  await spool.tidy();
  expect(await readdir(folder)).toEqual([]);
  await spool.close();
});
