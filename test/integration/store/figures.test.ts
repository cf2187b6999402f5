import { describe, expect, it } from 'vitest';
import { callMedia, callPage, type CallFilter } from '../../../src/store/call-list.ts';
import type { Database } from '../../../src/store/database.ts';
import { figures } from '../../../src/store/figures.ts';
import type { Write } from '../../../src/store/schema.ts';
import { count, recount } from '../../../src/store/tallies.ts';
import { deleteCalls } from '../../../src/store/upkeep.ts';
import { writeRows } from '../../../src/store/write-rows.ts';
import { cleanDatabases, KINDS, newPlace, open } from './databases.ts';

const DAY_MS = 86_400_000;
const TODAY = 20_000;

interface Kept {
  readonly day: number;
  readonly agent: string;
  readonly reason: string;
  /** How long each turn's answer took. */
  readonly totals: readonly number[];
  readonly lost?: number;
}

/** Calls with what the queries look at; the nth is `call-n`. */
async function keep({ db, search, kind }: Database, calls: readonly Kept[]): Promise<void> {
  for (const [n, { day, agent, reason, totals, lost = 0 }] of calls.entries()) {
    const id = `call-${n}`;
    const began_at = day * DAY_MS + 1000 + n;
    await db
      .insertInto('calls')
      .values({
        ...{ id, call: `local/${n}`, began_at, direction: 'in', server: 'local', channel: String(n) },
        ...{ dialled: '510001', caller_number: `0301${n}`, caller_name: '', variables: '{}', agent },
        ...{ digits: '', holds: 0, ended_at: began_at + 60_000, reason, result: '{}', turns: totals.length },
        ...{ worst_ms: Math.max(...totals), mean_ms: 1, set_up_ms: 1, greeting_ms: 1 },
        packets: JSON.stringify({ packetsReceived: 100 - lost, packetsLost: lost, jitterMs: 2 }),
      })
      .execute();
    await search.put(db, { id, kind: 'call', at: began_at, words: `word${n} hello`, names: `0301${n}` });
    for (const [turn, total_ms] of totals.entries()) {
      const stages = JSON.stringify({ total: total_ms, llm: total_ms / 2 });
      await db.insertInto('latencies').values({ call_id: id, n: turn, turn, total_ms, stages }).execute();
    }
    await count({ db, kind }, [id], 1);
  }
}

/** What the figures are when all hours are counted anew, as after an upgrade. */
async function afterRecount(database: Database): ReturnType<typeof figures> {
  await database.db.deleteFrom('tallies').execute();
  await recount(database, new AbortController().signal);
  return figures(database, { since: 0, offsetMs: 0 });
}

const CALLS: readonly Kept[] = [
  { day: TODAY - 40, agent: 'alice', reason: 'caller-hung-up', totals: [9000] },
  { day: TODAY - 1, agent: 'alice', reason: 'caller-hung-up', totals: [100, 200, 300, 400] },
  { day: TODAY, agent: 'tom', reason: 'media-lost', totals: [1000], lost: 20 },
  { day: TODAY, agent: 'alice', reason: 'caller-hung-up', totals: [500, 600] },
];

describe.each(KINDS)('in %s', (kind) => {
  cleanDatabases();

  it('figures tell each day’s calls and latencies, by agent, stage and reason', async () => {
    const database = await open(await newPlace(kind));
    await keep(database, CALLS);
    const found = await figures(database, { since: (TODAY - 30) * DAY_MS, offsetMs: 0 });
    expect(found.days).toEqual([
      { day: TODAY - 1, calls: 1, failed: 0, lostPercent: 0, jitterMs: 2, turns: 4, p50: 200, p95: 400 },
      { day: TODAY, calls: 2, failed: 1, lostPercent: 10, jitterMs: 2, turns: 3, p50: 600, p95: 1000 },
    ]);
    expect(found.stages).toEqual([
      { stage: 'total', turns: 7, p50: 400, p95: 1000 },
      { stage: 'llm', turns: 7, p50: 200, p95: 500 },
    ]);
    expect(found.stageDays).toEqual([
      { stage: 'total', day: TODAY - 1, turns: 4, p50: 200, p95: 400 },
      { stage: 'total', day: TODAY, turns: 3, p50: 600, p95: 1000 },
      { stage: 'llm', day: TODAY - 1, turns: 4, p50: 100, p95: 200 },
      { stage: 'llm', day: TODAY, turns: 3, p50: 300, p95: 500 },
    ]);
    expect(found.agents).toEqual([
      { agent: 'alice', calls: 2, turns: 6, p50: 300, p95: 600 },
      { agent: 'tom', calls: 1, turns: 1, p50: 1000, p95: 1000 },
    ]);
    expect(found.reasons).toEqual([
      { reason: 'caller-hung-up', calls: 2 },
      { reason: 'media-lost', calls: 1 },
    ]);
    const tom = await figures(database, { since: 0, offsetMs: 0, agent: 'tom' });
    expect(tom.days).toMatchObject([{ calls: 1, failed: 1 }]);
    const later = await figures(database, { since: (TODAY - 1) * DAY_MS, offsetMs: DAY_MS });
    expect(later.days.map(({ day }) => day)).toEqual([TODAY, TODAY + 1]);
  });

  it('figures stay true while calls go on, end, are written again and deleted, and after a version that counted nothing', async () => {
    const database = await open(await newPlace(kind));
    const began_at = TODAY * DAY_MS + 5000;
    const id = 'call-x';
    const call = {
      ...{ id, call: 'x', began_at, direction: 'in', server: 'local', channel: 'x', dialled: '510001' },
      ...{ caller_number: '0301', caller_name: '', variables: '{}', agent: 'alice', set_up_ms: 1 },
      ...{ greeting_ms: 1, digits: '', holds: 0, run: null, result: null, turns: 1, mean_ms: 1, worst_ms: 1 },
      ...{ cost: null, currency: null, ended_at: null, reason: null, packets: null },
    };
    const turn = (n: number, ms: number): Write => {
      const stages = JSON.stringify({ total: ms, tts: 71 });
      return { table: 'latencies', row: { call_id: id, n, turn: n, total_ms: ms, stages } };
    };
    const event = (n: number, judgement: string): Write => {
      const data = JSON.stringify({ turn: 1, judgement });
      return { table: 'events', row: { call_id: id, kind: 'sound', n, at_ms: 9, data } };
    };
    const trouble = {
      call_id: id,
      n: 0,
      at_ms: 3,
      part: 'llm',
      message: 'no',
      provider: 'a/b',
      kind: 'timeout',
    };
    const shown = async () => {
      const told = await figures(database, { since: 0, offsetMs: 0 });
      const { days, stages, sounds, troubles, reasons } = told;
      expect(told).toEqual(await afterRecount(database));
      return { days, stages, sounds, troubles, reasons };
    };
    await writeRows(database, [{ table: 'calls', row: call }, turn(0, 704), event(0, 'interruption')]);
    expect(await shown()).toMatchObject({
      days: [{ day: TODAY, calls: 1, failed: 0, turns: 1, p50: 700 }],
      stages: [{ stage: 'total' }, { stage: 'tts', p50: 70 }],
      sounds: { interruptions: 1, others: 0 },
      reasons: [],
    });
    const packets = JSON.stringify({ packetsReceived: 90, packetsLost: 10, jitterMs: 2.5 });
    const ended = { ...call, ended_at: began_at + 9000, reason: 'media-lost', packets };
    await writeRows(database, [
      { table: 'calls', row: ended },
      { table: 'troubles', row: { ...trouble, outcome: 'fell-back', next: 'c' } },
    ]);
    const whole = await shown();
    expect(whole).toMatchObject({
      days: [{ day: TODAY, calls: 1, failed: 1, turns: 1, p50: 700, lostPercent: 10, jitterMs: 2.5 }],
      troubles: [{ part: 'llm', provider: 'a/b', kind: 'timeout', times: 1, stoodIn: 1 }],
      reasons: [{ reason: 'media-lost', calls: 1 }],
    });
    // As when a spool is replayed, and when something comes late.
    await writeRows(database, [{ table: 'calls', row: ended }, turn(0, 704)]);
    expect(await shown()).toEqual(whole);
    await writeRows(database, [turn(0, 300), turn(1, 2340), event(0, 'no-interruption')]);
    expect(await shown()).toMatchObject({
      days: [{ calls: 1, turns: 2, p50: 300, p95: 2350 }],
      sounds: { interruptions: 0, others: 1 },
    });
    await deleteCalls(database, [id]);
    expect(await shown()).toMatchObject({ days: [], stages: [], troubles: [], reasons: [] });
    expect(await database.db.selectFrom('tallies').selectAll().execute()).toEqual([]);
  });

  it('calls are found by what is known of them, page by page, the newest first', async () => {
    const database = await open(await newPlace(kind));
    await keep(database, CALLS);
    const ids = async (filter: CallFilter): Promise<string[]> =>
      (await callPage(database, filter, 10)).map(({ id }) => id);
    expect(await ids({})).toEqual(['call-3', 'call-2', 'call-1', 'call-0']);
    expect(await ids({ agent: 'tom' })).toEqual(['call-2']);
    expect(await ids({ failed: true })).toEqual(['call-2']);
    expect(await ids({ slowerThanMs: 700 })).toEqual(['call-2', 'call-0']);
    expect(await ids({ reason: 'caller-hung-up', since: TODAY * DAY_MS })).toEqual(['call-3']);
    expect(await ids({ words: 'word1' })).toEqual(['call-1']);
    expect(await ids({ words: 'submarine' })).toEqual([]);
    expect(await ids({ words: '…' })).toEqual([]);
    const [first, second] = await callPage(database, {}, 2);
    const next = await callPage(database, {}, 2, { beganAt: second!.began_at, id: second!.id });
    expect([first, second, ...next].map((call) => call?.id)).toEqual([
      'call-3',
      'call-2',
      'call-1',
      'call-0',
    ]);
    expect(await callMedia(database, 'call-1')).toEqual({ packets: [], recording: undefined });
  });
});
