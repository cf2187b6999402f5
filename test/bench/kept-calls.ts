/** The store at work beside a bench: it keeps running calls, in a database that is searched all the time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { KEEP_ALL } from '../../src/store/call-rows.ts';
import type { DatabasePlace } from '../../src/store/database-place.ts';
import { openDatabase } from '../../src/store/database.ts';
import { searchAll } from '../../src/store/reader.ts';
import { Store } from '../../src/store/store.ts';
import { callInfo } from '../support/scripted-line.ts';
import { sentence, word } from './made-up-calls.ts';

/** Each call has a turn that often: two or three times as often as people do. */
const TURN_MS = 2000;
const TURNS = 5;

export interface Beside {
  /** A database that is there. */
  readonly place: DatabasePlace;
  /** SQLite's: another program has it to itself for writing. */
  readonly isLocked?: boolean;
}

/** Returns how to end it, which tells what was done. */
export async function keepCalls(
  calls: number,
  { place, isLocked = false }: Beside,
): Promise<() => Promise<string>> {
  const directory = await mkdtemp(join(tmpdir(), 'kept-'));
  const troubles = new Set<string>();
  const onWarning = (message: string): void => void troubles.add(message);
  const database = await openDatabase({ place, onWarning }).catch(() => undefined);
  const locker = isLocked && place.kind === 'sqlite' ? new DatabaseSync(place.path) : undefined;
  locker?.exec('begin immediate');
  const store = await Store.open({
    ...{ directory, place, clock: systemClock, rules: KEEP_ALL, keepDays: 10_000 },
    ...{ onTrouble: onWarning, onNews: () => undefined },
  });
  await store.begin();
  let number = 0;
  let turns = 0;
  const running = Array.from({ length: calls }, () => ({ call: '', turn: TURNS }));
  const step = (one: (typeof running)[number]): void => {
    const at = performance.now();
    if (one.turn === TURNS) {
      if (one.call !== '')
        store.observe({ type: 'ended', call: one.call, at, reason: 'other', variables: {}, media: NO_MEDIA });
      one.call = `live/${++number}`;
      one.turn = 0;
      const info = callInfo({ key: { server: 'live', channel: String(number) } });
      store.observe({ type: 'started', call: one.call, at, info, agent: 'alice' });
    }
    const turn = { call: one.call, turn: ++one.turn, at };
    store.observe({ ...turn, type: 'caller-said', text: sentence(), understood: true, via: 'speech' });
    store.observe({ ...turn, type: 'latency', marks: { speechEnd: at - 600, firstPacket: at } });
    store.observe({ ...turn, type: 'agent-said', text: sentence(), interrupted: false });
    turns += 1;
  };
  const stopping = new AbortController();
  const timers = running.map((one, n) =>
    setTimeout(
      () => {
        step(one);
        timers[n] = setInterval(step, TURN_MS, one);
      },
      (n * TURN_MS) / calls,
    ),
  );
  const times: number[] = [];
  const searching = (async () => {
    while (database && !stopping.signal.aborted) {
      const start = performance.now();
      await searchAll(database, word(), 50);
      times.push(performance.now() - start);
    }
  })();
  return async () => {
    stopping.abort();
    timers.forEach(clearInterval);
    const { waitingBytes, lost, refused } = store.status;
    await searching;
    await store.close();
    locker?.close();
    await database?.close();
    await rm(directory, { recursive: true });
    const sorted = times.toSorted((a, b) => a - b);
    const p95 = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
    return (
      `meanwhile ${turns} turns kept, ${waitingBytes} bytes of them waiting at the end, ${lost + refused} lost; ` +
      `${times.length} searches, p95 ${p95.toFixed(1)} ms${[...troubles].map((one) => `; ${one}`).join('')}`
    );
  };
}
