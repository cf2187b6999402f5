/** What is kept of calls, from their events to what is read of them. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { addToRecord, beginRecord, type CallRecord } from '../../../src/dialog/call/call-record.ts';
import { NO_MEDIA } from '../../../src/dialog/contract/call-media.ts';
import type { TakenMessage } from '../../../src/dialog/contract/conversation.ts';
import type { CallEvent } from '../../../src/dialog/contract/call-events.ts';
import type { MediaSession } from '../../../src/dialog/contract/ports.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { thisRun } from '../../../src/lib/program-run.ts';
import { callId, KEEP_ALL, rowsOf } from '../../../src/store/call-rows.ts';
import type { DatabasePlace } from '../../../src/store/database-place.ts';
import type { Database } from '../../../src/store/database.ts';
import { figures } from '../../../src/store/figures.ts';
import { findCall, listAudit, listCalls, listMessages, searchAll } from '../../../src/store/reader.ts';
import { redactionOf, type Told } from '../../../src/store/redaction.ts';
import type { Write } from '../../../src/store/schema.ts';
import { Spool } from '../../../src/store/spool.ts';
import { Store, type StoreOptions } from '../../../src/store/store.ts';
import { writeRows } from '../../../src/store/write-rows.ts';
import { readWav, writeWav } from '../../../src/media/wav.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedCall } from '../../support/scripted-call.ts';
import { callInfo } from '../../support/scripted-line.ts';
import { cleanDatabases, closeLater, KINDS, newPlace, open, tempFolder, type Kind } from './databases.ts';

cleanDatabases();

const PATIENCE = { timeout: 10_000, interval: 10 };
const DAY_MS = 86_400_000;

interface Opened {
  readonly store: Store;
  readonly place: DatabasePlace;
  readonly directory: string;
  readonly troubles: string[];
  readonly news: string[];
}

/** Calls are taken, and the database is opened. */
async function opened(kind: Kind, more: Partial<StoreOptions> = {}): Promise<Opened> {
  const all = await starting(kind, more);
  await all.store.begin();
  return all;
}

async function starting(kind: Kind, more: Partial<StoreOptions> = {}): Promise<Opened> {
  const place = more.place ?? (await newPlace(kind));
  const directory = more.directory ?? (await tempFolder());
  const troubles: string[] = [];
  const news: string[] = [];
  const store = await Store.open({
    directory,
    place,
    clock: systemClock,
    rules: KEEP_ALL,
    keepDays: 30,
    onTrouble: (message) => void troubles.push(message),
    onNews: (message) => void news.push(message),
    ...more,
  });
  closeLater(() => store.close());
  return { store, place, directory, troubles, news };
}

/** All that is on the disk of it; of a server, what is in its tables. */
async function allBytes(directory: string, place: DatabasePlace): Promise<string> {
  const folders = place.kind === 'sqlite' ? [directory, dirname(place.path)] : [directory];
  const files = (
    await Promise.all(
      folders.map(async (folder) => {
        const entries = await readdir(folder, { recursive: true, withFileTypes: true });
        return entries
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => join(parentPath, name));
      }),
    )
  ).flat();
  const texts = await Promise.all(files.map(async (file) => (await readFile(file)).toString('latin1')));
  if (place.kind === 'postgres') texts.push(execFileSync('pg_dump', [place.url], { encoding: 'utf8' }));
  return texts.join('\n');
}

/** A whole scripted call, with a barge-in. */
async function wholeCall(channel = 'channel-1'): Promise<readonly CallEvent[]> {
  const call = await ScriptedCall.greeted({
    info: callInfo({ key: { server: 'test', channel } }),
    replies: [['We open at eight and close at six.'], ['Goodbye.', { tool: 'hang_up' }, { usage: [100, 5] }]],
  });
  await call.says('when do you open');
  await call.speaking();
  await call.clock.advance(600);
  await call.exchange('thank you goodbye');
  await call.clock.advance(1000);
  await call.running;
  return call.events;
}

function observe(store: Store, events: readonly CallEvent[]): void {
  for (const event of events) store.observe(event);
}

/** As the fold alone has it. */
function folded(events: readonly CallEvent[], startedAt: string): CallRecord {
  const [first, ...others] = events;
  if (first?.type !== 'started') throw new Error('no start');
  const { record } = others.reduce(addToRecord, beginRecord(first, startedAt));
  return { ...record, run: thisRun() };
}

function message(more: Partial<TakenMessage> = {}): TakenMessage {
  const takenAt = Date.UTC(2026, 0, 15, 9, 30);
  return {
    agent: 'alice',
    call: callInfo(),
    takenAt,
    name: 'Ada',
    number: '0309876543',
    text: 'Please call me.',
    ...more,
  };
}

const ENDED = { type: 'ended', reason: 'other', variables: {}, media: NO_MEDIA } as const;

function tiny(call: string, at = 0): CallEvent[] {
  const info = callInfo({ key: { server: 'test', channel: call } });
  return [
    { type: 'started', call, at, info, agent: 'alice' },
    { ...ENDED, call, at: at + 9 },
  ];
}

/** With no key left out, at any depth: whoever adds one to records has to add it here. */
type Full<T> = T extends readonly (infer Item)[]
  ? readonly [Full<Item>, ...Full<Item>[]]
  : T extends object
    ? { readonly [Key in keyof T]-?: Full<Exclude<T[Key], undefined>> }
    : T;

const FULL_RECORD: Full<CallRecord> = {
  version: 1,
  call: 'test/full',
  startedAt: '2026-01-15T09:00:00.123Z',
  info: { ...callInfo({ variables: { VIP: 'yes' } }), caller: { number: '0301234567', name: 'Ada' } },
  laterCallers: [{ atMs: 9000, name: 'Bob', number: '1002' }],
  agent: 'alice',
  setUpMs: 40.5,
  greetingMs: 80.1,
  said: [
    {
      atMs: 1000,
      endMs: 2000,
      turn: 1,
      who: 'caller',
      text: 'when do you open',
      words: 4,
      via: 'speech',
      understood: true,
      interrupted: false,
      unheard: ' sir',
    },
  ],
  latencies: [
    {
      turn: 1,
      stages: {
        total: 700.1,
        pause: 500,
        stt: 100.2,
        llm: 200,
        llmWhole: 300,
        tts: 100,
        send: 20,
        saved: 9.5,
      },
    },
  ],
  bargeIns: [{ atMs: 3000, turn: 1, playedMs: 500 }],
  sounds: [
    { atMs: 4000, turn: 1, judgement: 'no-interruption', by: 'no-words', soundMs: 300, pausedMs: 640.5 },
  ],
  turnLog: [
    {
      atMs: 4500,
      turn: 1,
      settings: { endpointingMs: 500 },
      steps: [{ at: 4000, told: 'speech-start', frame: 190, since: 3800 }],
      masked: true,
    },
  ],
  digits: '12#',
  holds: 2,
  tools: [{ atMs: 5000, name: 'take_message', result: 'taken' }],
  transfers: [
    { atMs: 6000, target: 'Bob', outcome: 'answered', ringMs: 1500, talkMs: 2500, endedBy: 'target' },
  ],
  troubles: [
    {
      atMs: 7000,
      part: 'llm',
      message: 'no answer',
      provider: 'groq',
      kind: 'timeout',
      outcome: 'fell-back',
      next: 'receptionist',
    },
  ],
  usage: { groq: { requests: 2, inputTokens: 3_000_000_000, outputTokens: 90 } },
  run: '1:2',
  ended: {
    reason: 'other',
    durationMs: 10_000,
    variables: { VOICE_AGENT_REASON: 'other' },
    media: { ...NO_MEDIA, packetsReceived: 500 },
    latency: { turns: 1, meanMs: 700.1, worstMs: 700.1 },
  },
  cost: { amount: 0.25, currency: 'EUR' },
  recording: '090000123-test_full.wav',
};

describe.each(KINDS)('the store (%s)', (kind) => {
  async function reading(place: DatabasePlace): Promise<Database> {
    return open(place);
  }

  it('gives back the record of a call as its events tell it, key by key', async () => {
    const { store, place, troubles } = await opened(kind);
    const events: readonly CallEvent[] = await wholeCall();
    const more: CallEvent[] = [
      { type: 'transfer', call: 'x', at: 5, target: 'Bob', outcome: 'answered', ringMs: 1500 },
      { type: 'transfer-ended', call: 'x', at: 9, target: 'Bob', talkMs: 2500, by: 'target' },
      { type: 'caller-changed', call: 'x', at: 10, caller: { name: 'Bob', number: '1002' } },
      { type: 'dtmf', call: 'x', at: 11, digit: '1' },
      { type: 'held', call: 'x', at: 12 },
      {
        type: 'trouble',
        call: 'x',
        at: 13,
        part: 'llm',
        message: 'no answer',
        provider: 'groq',
        kind: 'timeout',
        outcome: 'gave-up',
      },
    ];
    const [start, end] = tiny('x') as [CallEvent, CallEvent];
    observe(store, [...events, start, ...more, { ...end, at: 20 }]);
    await store.close();
    const records = await listCalls(await reading(place), 10);
    expect(records).toHaveLength(2);
    for (const all of [events, [start, ...more, { ...end, at: 20 }]]) {
      const record = records.find(({ call }) => call === all[0]?.call);
      expect(record).toEqual(folded(all as CallEvent[], record?.startedAt ?? ''));
      expect(Date.now() - Date.parse(record?.startedAt ?? '')).toBeLessThan(60_000);
    }
    expect(troubles).toEqual([]);
  });

  it('keeps every field of a record', async () => {
    const database = await open(await newPlace(kind));
    const { cost, recording: name } = FULL_RECORD;
    const writes = rowsOf(FULL_RECORD, { ...KEEP_ALL, cost: () => cost });
    const recording: Write = {
      table: 'recordings',
      row: {
        call_id: callId(FULL_RECORD),
        file: `calls/${name}`,
        state: 'running',
        duration_ms: null,
        bytes: null,
      },
    };
    await writeRows(database, [...writes, recording]);
    expect(await listCalls(database, 10)).toEqual([FULL_RECORD]);
  });

  it('has each finished turn of a running call within a second', async () => {
    const { store, place } = await opened(kind);
    const database = await reading(place);
    await expect.poll(() => store.status.databaseTrouble, PATIENCE).toBeUndefined();
    const [start] = tiny('x') as [CallEvent];
    store.observe(start);
    for (const text of ['when do you open', 'and on Sundays']) {
      const said = { type: 'caller-said', turn: 1, text, understood: true, via: 'speech' } as const;
      store.observe({ ...said, call: 'x', at: 5 });
      await expect
        .poll(async () => (await findCall(database, 'x'))?.said.at(-1)?.text, { timeout: 1000, interval: 20 })
        .toBe(text);
    }
    expect((await findCall(database, 'x'))?.ended).toBeUndefined();
  });

  it('takes a number out of all turns in which it was said, and out of what is searched', async () => {
    const redact = redactionOf({ digits: true, cards: false, patterns: [] });
    const rules = { texts: true, redact: (text: string) => redact(text, 'said', 'en') };
    const { store, place } = await opened(kind, { rules });
    const [start, end] = tiny('x') as [CallEvent, CallEvent];
    const said = (text: string) =>
      ({ type: 'caller-said', call: 'x', at: 5, turn: 1, text, understood: true, via: 'speech' }) as const;
    const database = await reading(place);
    observe(store, [start, said('my code is four two')]);
    const texts = async () => (await findCall(database, 'x'))?.said.map(({ text }) => text);
    await expect.poll(texts, PATIENCE).toEqual(['my code is four two']);
    observe(store, [said('seven three'), said('thank you'), end]);
    await store.close();
    expect(await texts()).toEqual(['my code is • •', '• •', 'thank you']);
    expect((await searchAll(database, 'four', 10)).calls).toEqual([]);
    expect((await searchAll(database, 'code', 10)).calls).toHaveLength(1);
  });

  it('keeps no beginning of a number anywhere while somebody may go on, and what was none once that is certain', async () => {
    const redact = redactionOf({ digits: true, cards: true, patterns: [] });
    const rules = {
      texts: true,
      redact: (text: string, how: Told | 'message') => redact(text, of(how), 'en'),
    };
    const of = (how: Told | 'message') => (how === 'message' ? 'said' : how);
    const { store, place, directory } = await opened(kind, { rules });
    const [start, end] = tiny('x') as [CallEvent, CallEvent];
    const said = (text: string, turn: number) =>
      ({ type: 'caller-said', call: 'x', at: 5, turn, text, understood: true, via: 'speech' }) as const;
    const log = (text: string, turn: number): CallEvent => {
      const heard = { at: 4, told: 'heard', transcript: { text } };
      return { type: 'turn-log', call: 'x', at: 5, turn, steps: [heard] };
    };
    const database = await reading(place);
    const kept = async () => {
      const record = await findCall(database, 'x');
      const logged = record?.turnLog?.flatMap(({ steps }) =>
        steps.map((step) => (step['transcript'] as { text: string }).text),
      );
      return [record?.said.map(({ text }) => text), logged];
    };
    observe(store, [start, said('a table for two', 1), log('a table for two', 1)]);
    await expect.poll(kept, PATIENCE).toEqual([['a table for •'], ['• • • •']]);
    observe(store, [said('at noon if that is possible', 2)]);
    await expect
      .poll(kept, PATIENCE)
      .toEqual([['a table for two', 'at noon if that is possible'], ['a table for two']]);
    observe(store, [said('my code is seven', 3), log('my code is seven', 3)]);
    await expect.poll(async () => (await kept())[1], PATIENCE).toEqual(['a table for two', '• • • •']);
    observe(store, [
      said('um eight nine and then', 4),
      said('six', 5),
      { type: 'dtmf', call: 'x', at: 5, digit: '5' },
    ]);
    const before = ['a table for two', 'at noon if that is possible'];
    const masked = ['my code is •', '• • • • •', '•'];
    await expect.poll(kept, PATIENCE).toEqual([
      [...before, ...masked],
      ['a table for two', '• • • •'],
    ]);
    observe(store, [said('thank you very much indeed', 6), said('until eleven', 7)]);
    await expect
      .poll(async () => (await kept())[0], PATIENCE)
      .toEqual([...before, ...masked, 'thank you very much indeed', 'until •']);
    observe(store, [end]);
    await store.close();
    expect((await kept())[0]).toEqual([...before, ...masked, 'thank you very much indeed', 'until eleven']);
    const bytes = await allBytes(directory, place);
    expect(bytes).toContain('thank you very much indeed');
    for (const word of ['seven', 'eight', 'nine', 'six'])
      expect(bytes).not.toMatch(new RegExp(`\\b${word}\\b`));
    for (const word of ['seven', 'eight', 'six'])
      expect((await searchAll(database, word, 1)).calls).toEqual([]);
  });

  it('finds calls by what was said and by their caller, and messages', async () => {
    const { store, place } = await opened(kind);
    observe(store, await wholeCall());
    observe(store, tiny('other'));
    await store.keep(message({ text: 'It is about my toothache.' }));
    await store.close();
    const database = await reading(place);
    const calls = async (words: string) =>
      (await searchAll(database, words, 10)).calls.map(({ call }) => call);
    expect(await calls('goodbye open')).toEqual(['test/channel-1']);
    expect(await calls('ada')).toHaveLength(2);
    // Of names and numbers also what isn't their beginning.
    expect(await calls('1234567 lice')).toHaveLength(2);
    expect(await calls('1234568')).toEqual([]);
    expect(await calls('oodbye')).toEqual([]);
    expect(await calls('nobody')).toEqual([]);
    expect(await calls('?')).toEqual([]);
    expect((await searchAll(database, 'toothache', 10)).messages).toMatchObject([
      { name: 'Ada', state: 'new' },
    ]);
  });

  it('finds a call by its name, or by a part of it that only one has', async () => {
    const { store, place } = await opened(kind);
    for (const call of ['test/a_1', 'test/ab1', 'test/c']) observe(store, tiny(call));
    await store.close();
    const database = await reading(place);
    expect((await findCall(database, 'test/c'))?.call).toBe('test/c');
    expect((await findCall(database, 'a_'))?.call).toBe('test/a_1');
    expect(await findCall(database, 'test/a')).toBeUndefined();
    expect(await findCall(database, '%')).toBeUndefined();
  });

  it('takes what callers send as it is, if a database can', async () => {
    const { store, place, troubles } = await opened(kind);
    const name = 'Ada\u001b[2J\u0000 "; drop table calls; -- \u{1F600} \ud800';
    const [start, end] = tiny('x') as [Extract<CallEvent, { type: 'started' }>, CallEvent];
    const info = { ...start.info, caller: { name, number: '1'.repeat(3000) } };
    observe(store, [{ ...start, info }, end]);
    await store.close();
    const [record] = await listCalls(await reading(place), 10);
    expect(record?.info.caller.name).toBe(name.replace('\u0000', '\ufffd').replace('\ud800', '\ufffd'));
    expect(troubles).toEqual([]);
  });

  it('writes everything once, though the same is replayed', async () => {
    const { store, place, directory } = await opened(kind);
    observe(store, tiny('x'));
    // As long as a call is going on, the spool's file is left as it is.
    observe(store, tiny('y').slice(0, 1));
    await store.keep(message());
    await expect
      .poll(() => store.status.waitingBytes === 0 && store.status.databaseTrouble === undefined, PATIENCE)
      .toBe(true);
    const database = await reading(place);
    const [first] = await listMessages(database, 10);
    const done_at = Date.now();
    await database.db.updateTable('messages').set({ state: 'done', done_at }).execute();
    // As if the program had died after the database had it, and before the spool knew.
    const spool = join(directory, 'spool');
    const [file = ''] = await readdir(spool);
    const copy = await readFile(join(spool, file));
    await store.close();
    await writeFile(join(spool, file), copy);
    await writeFile(join(spool, file.replace(/-[0-9a-f]{8}\./, '-00000000.')), copy);
    const again = await opened(kind, { place, directory });
    await expect
      .poll(() => again.store.status, PATIENCE)
      .toMatchObject({ waitingBytes: 0, lost: 0, refused: 0 });
    await again.store.close();
    expect(await listMessages(database, 10)).toEqual([{ ...first, state: 'done', done_at }]);
    expect(await listCalls(database, 10)).toHaveLength(2);
    expect(await readdir(spool)).toEqual([]);
  });

  it('knows what was said in calls that other runs have left, from the first word on, and in no other calls', async () => {
    const record = folded(await wholeCall(), new Date().toISOString());
    const { ended: _ended, ...unended } = record;
    const now = Date.now();
    const of = (channel: string, minutesAgo: number, more: Partial<CallRecord> = {}): CallRecord => ({
      ...unended,
      call: `test/${channel}`,
      info: callInfo({ key: { server: 'test', channel } }),
      startedAt: new Date(now - minutesAgo * 60_000).toISOString(),
      run: '1:1',
      ...more,
    });
    const again = [{ atMs: 1, turn: 1, who: 'caller', text: 'are you there', words: 3 }] as const;
    // It has died, and what it had kept is nowhere but in the spool.
    const directory = await tempFolder();
    const spool = await Spool.open({
      folder: join(directory, 'spool'),
      clock: systemClock,
      onTrouble: () => undefined,
      isQuiet: () => false,
    });
    for (const left of [
      of('left', 3),
      of('left', 2, { said: again }),
      of('unsaid', 2, { said: [] }),
      of('untold', 2, { said: unended.said.map(({ text: _text, ...saying }) => saying) }),
      of('ended', 2, { ended: record.ended! }),
      of('ours', 2, { run: thisRun() }),
      of('old', 2000),
    ])
      for (const write of rowsOf(left, KEEP_ALL)) spool.add(write);
    await spool.end();
    await spool.close();
    const { store } = await opened(kind, { directory });
    const interrupted = await store.interrupted(10_000);
    const texts = (channel: string) =>
      interrupted.get(`test/${channel}`)?.map((one) => [one.role, 'text' in one && one.text]);
    const first = unended.said.map(({ who, text }) => [who, text]);
    expect(first.length).toBeGreaterThan(3);
    expect(texts('left')).toEqual([...first, ['caller', 'are you there']]);
    expect(texts('untold')).toEqual([]);
    expect([...interrupted.keys()].sort()).toEqual(['test/left', 'test/untold']);
  });

  it('leaves out a row that the database refuses, tells of it, and goes on', async () => {
    const { store, place, troubles } = await opened(kind);
    const [start] = tiny('x') as [CallEvent];
    observe(store, [start, { type: 'dtmf', call: 'x', at: NaN, digit: '1' }]);
    store.observe({ type: 'tool', call: 'x', at: 3, name: 'good', result: '' });
    store.observe({ type: 'tool', call: 'x', at: NaN, name: 'bad', result: '' });
    observe(store, tiny('y'));
    await store.close();
    expect(store.status.refused).toBe(1);
    expect(troubles).toEqual([expect.stringMatching(/a row of tool_calls is refused/)]);
    const calls = await listCalls(await reading(place), 10);
    expect(calls.map(({ tools }) => tools.length).sort()).toEqual([0, 1]);
  });

  it('takes over records and messages from files of earlier versions, once, and keeps the files under other names', async () => {
    const directory = await tempFolder();
    const events = await wholeCall();
    const record = {
      ...folded(events, '2026-01-15T09:00:00.123Z'),
      recording: '090000123-test_channel-1.wav',
    };
    const bare = {
      ...record,
      call: 'test/bare',
      said: record.said.map(({ text: _text, ...saying }) => saying),
      tools: [{ atMs: 5, name: 'hang_up' }],
    };
    const day = join(directory, 'calls', '2026-01-15');
    await mkdir(day, { recursive: true });
    await writeFile(join(day, '090000123-test_channel-1.json'), JSON.stringify(record));
    await writeFile(join(day, '090000123-test_bare.json'), JSON.stringify(bare));
    await writeFile(join(day, 'broken.json'), '{');
    const sound = writeWav(
      { encoding: 'pcm_s16', rateHz: 8000, samples: new Int16Array(8000) },
      { encoding: 'pcm_s16', rateHz: 8000, samples: new Int16Array(8000) },
    );
    await writeFile(join(day, record.recording), sound);
    const { takenAt, ...taken } = message();
    const line = JSON.stringify({ takenAt: new Date(takenAt).toISOString(), ...taken });
    const lines = `${line}\n{"half\n${line}\n`;
    await writeFile(join(directory, 'messages.jsonl'), lines);
    const { store, place, troubles, news } = await opened(kind, { directory, keepDays: 3650 });
    await expect
      .poll(() => news, PATIENCE)
      .toContainEqual(expect.stringContaining('2 records and 2 messages'));
    await expect.poll(() => store.status.databaseTrouble, PATIENCE).toBeUndefined();
    await store.close();
    const database = await reading(place);
    expect(await findCall(database, 'test/channel-1')).toEqual(record);
    expect(await findCall(database, 'test/bare')).toEqual(bare);
    expect(await listMessages(database, 10)).toMatchObject([{ taken_at: takenAt }, { taken_at: takenAt }]);
    expect(
      await database.db.selectFrom('recordings').select(['state', 'duration_ms']).execute(),
    ).toContainEqual({ state: 'complete', duration_ms: 1000 });
    expect(await readdir(day)).toHaveLength(4);
    expect(await readFile(join(day, 'broken.json'), 'utf8')).toBe('{');
    expect(await readFile(join(day, record.recording))).toEqual(Buffer.from(sound));
    const text = (name: string) => readFile(join(day, `090000123-test_${name}.json.taken-over`), 'utf8');
    expect([await text('channel-1'), await text('bare')]).toEqual(
      [record, bare].map((of) => JSON.stringify(of)),
    );
    expect((await readdir(directory)).filter((name) => name.startsWith('messages'))).toEqual([
      'messages.jsonl.taken-over',
    ]);
    expect(await readFile(join(directory, 'messages.jsonl.taken-over'), 'utf8')).toBe(lines);
    expect(news).toContainEqual(expect.stringMatching(/\*\.taken-over now, and may be deleted/));
    expect(troubles).toHaveLength(2);
    expect((await searchAll(database, 'goodbye', 10)).calls).toHaveLength(1);
  });

  it('counts calls for the figures that a version had kept which counted none', async () => {
    const { store, place } = await opened(kind);
    observe(store, await wholeCall());
    await store.close();
    const database = await reading(place);
    const counted = () => figures(database, { since: 0, offsetMs: 0 });
    const before = await counted();
    expect(before).toMatchObject({ days: [{ calls: 1 }] });
    expect(before.stages[0]).toMatchObject({ stage: 'total', turns: 2 });
    await database.db.deleteFrom('tallies').execute();
    expect((await counted()).days).toEqual([]);
    await opened(kind, { place });
    await expect.poll(counted, PATIENCE).toEqual(before);
  });

  it('deletes what is older than its days, with its recording, and nothing else', async () => {
    const now = Date.UTC(2026, 0, 20, 12);
    const at = (days: number) => ({ ...systemClock, wallClock: () => now - days * DAY_MS });
    const place = await newPlace(kind);
    const directory = await tempFolder();
    for (const days of [3, 2, 0]) {
      const { store } = await opened(kind, { place, directory, clock: at(days), keepDays: 30 });
      const [start, end] = tiny(`days-${days}`) as [CallEvent, CallEvent];
      store.observe(start);
      const recording = await store.recording(`days-${days}`);
      await writeFile(recording?.path ?? '', 'sound');
      store.observe(end);
      await store.keep(message({ takenAt: now - days * DAY_MS }));
      await store.close();
    }
    await writeFile(join(directory, 'calls', 'notes.txt'), 'mine');
    const database = await reading(place);
    const taken_at = now - 3 * DAY_MS;
    await database.db
      .updateTable('messages')
      .set({ state: 'done', done_at: taken_at })
      .where('taken_at', '=', taken_at)
      .execute();
    const { store } = await opened(kind, { place, directory, clock: at(0), keepDays: 2 });
    await expect.poll(() => store.status.databaseTrouble, PATIENCE).toBeUndefined();
    expect((await listCalls(database, 10)).map(({ call }) => call)).toEqual(['days-0', 'days-2']);
    expect(await database.db.selectFrom('recordings').selectAll().execute()).toHaveLength(2);
    expect((await searchAll(database, 'ada', 10)).calls).toHaveLength(2);
    expect(await listMessages(database, 10)).toHaveLength(2);
    expect(await listAudit(database, 10)).toMatchObject([
      { action: 'delete', at: now, detail: '{"calls":1,"messages":1,"before":"2026-01-18"}' },
    ]);
    expect((await readdir(join(directory, 'calls'))).sort()).toEqual([
      '2026-01-18',
      '2026-01-20',
      'notes.txt',
    ]);
  });
});

describe('a recording', () => {
  it('during which the program ended is made whole at the next start, and its length is noted', async () => {
    const { store, place, directory } = await opened('sqlite');
    for (const call of ['cut', 'gone', 'whole']) observe(store, tiny(call).slice(0, 1));
    const silence = { encoding: 'pcm_s16', rateHz: 8000, samples: new Int16Array(4000) } as const;
    const sound = writeWav(silence, silence);
    const header = new DataView(sound.buffer);
    header.setUint32(4, 36, true);
    header.setUint32(40, 0, true);
    const cut = await store.recording('cut');
    await writeFile(cut?.path ?? '', sound);
    await store.recording('gone');
    const whole = await store.recording('whole');
    await writeFile(whole?.path ?? '', sound);
    await whole?.ended();
    expect(await store.recording('nobody')).toBeUndefined();
    await store.close();
    const database = await open(place);
    // As after a kill: nobody runs it any more.
    await database.db.updateTable('calls').set({ run: '1:1' }).execute();
    const again = await opened('sqlite', { place, directory });
    await expect.poll(() => again.store.status.databaseTrouble, PATIENCE).toBeUndefined();
    const rows = await database.db
      .selectFrom('recordings')
      .select(['file', 'state', 'duration_ms', 'bytes'])
      .execute();
    const of = (name: string) => rows.find(({ file }) => file.includes(name));
    expect(of('cut')).toMatchObject({ state: 'cut', duration_ms: 500, bytes: sound.length });
    expect(of('gone')).toMatchObject({ state: 'failed', duration_ms: null });
    expect(of('whole')).toMatchObject({ state: 'complete', duration_ms: 500 });
    expect(readWav(await readFile(cut?.path ?? '')).channels).toHaveLength(2);
    expect((await readFile(cut?.path ?? '')).readUInt32LE(40)).toBe(16_000);
    expect((await findCall(database, 'cut'))?.recording).toMatch(/-cut\.wav$/);
  });

  it('is made whole, too, if the database was away until the program ended', async () => {
    const directory = await tempFolder();
    await writeFile(join(directory, 'away'), '');
    const away = { kind: 'sqlite', path: join(directory, 'away', 'records.sqlite') } as const;
    const { store } = await opened('sqlite', { place: away, directory });
    observe(store, tiny('x').slice(0, 1));
    const { path = '' } = (await store.recording('x')) ?? {};
    await writeFile(path, writeWav({ encoding: 'pcm_s16', rateHz: 8000, samples: new Int16Array(4000) }));
    await store.close();
    // As after a kill: nobody runs it any more.
    for (const name of await readdir(join(directory, 'spool'))) {
      const file = join(directory, 'spool', name);
      const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
      const texts = lines.map((line) => line.slice(9).replace(thisRun(), '1:1'));
      const summed = texts.map((text) => `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`);
      await writeFile(file, summed.join(''));
    }
    const place = await newPlace('sqlite');
    await opened('sqlite', { place, directory });
    const { db } = await open(place);
    await expect
      .poll(() => db.selectFrom('recordings').select('state').execute(), PATIENCE)
      .toEqual([{ state: 'cut' }]);
  });
});

describe('a start after a run that has ended without a call', () => {
  it('opens no file of a database to learn what was interrupted; what calls write until then waits in the spool', async () => {
    const directory = await tempFolder();
    const place = await newPlace('sqlite');
    const file = place.kind === 'sqlite' ? place.path : '';
    const { store: before } = await opened('sqlite', { directory, place });
    for (const event of tiny('before')) before.observe(event);
    await before.close();
    await rm(file);

    const { store } = await starting('sqlite', { directory, place });
    expect(await store.interrupted(10_000)).toEqual(new Map());
    for (const event of tiny('meanwhile')) store.observe(event);
    expect(store.status.databaseTrouble).toBe('it is being opened');
    expect(existsSync(file)).toBe(false);
    await store.begin();
    const database = await open(place);
    await expect.poll(async () => (await findCall(database, 'meanwhile'))?.ended, PATIENCE).toBeDefined();
    expect(store.status.databaseTrouble).toBeUndefined();
  });
});

describe('what is kept of a running call', () => {
  it('has its packets every ten seconds', async () => {
    const clock = new ManualClock();
    const { store, place } = await opened('sqlite', {
      clock: { ...systemClock, now: () => clock.now(), at: (at, action) => clock.at(at, action) },
    });
    const [start, end] = tiny('x') as [CallEvent, CallEvent];
    store.observe({ ...start, at: clock.now() });
    let received = 0;
    const media = {
      stats: () => ({ ...NO_MEDIA, packetsReceived: (received += 500) }),
    } as unknown as MediaSession;
    store.follow('x', media);
    await clock.advance(25_000);
    store.observe({ ...end, at: clock.now() });
    await clock.advance(25_000);
    await store.close();
    const rows = await (
      await open(place)
    ).db
      .selectFrom('media')
      .select(['at_ms', 'received'])
      .orderBy('at_ms')
      .execute();
    expect(rows).toEqual([
      { at_ms: 10_000, received: 500 },
      { at_ms: 20_000, received: 1000 },
    ]);
  });

  it('has what it cost, where there are prices', async () => {
    const cost = () => ({ amount: 0.0125, currency: 'EUR' });
    const { store, place } = await opened('sqlite', { rules: { ...KEEP_ALL, cost } });
    observe(store, tiny('x'));
    await store.close();
    expect((await findCall(await open(place), 'x'))?.cost).toEqual({ amount: 0.0125, currency: 'EUR' });
  });
});

describe('without texts', () => {
  it('no word of what was said or keyed reaches the disk, only how much', async () => {
    const { store, place, directory } = await opened('sqlite', {
      rules: { ...KEEP_ALL, texts: false },
    });
    await rm(directory, { recursive: true });
    observe(store, await wholeCall());
    const [start, end] = tiny('x') as [CallEvent, CallEvent];
    observe(store, [start, { type: 'dtmf', call: 'x', at: 5, digit: '7' }, end]);
    await store.close();
    const database = await open(place);
    const record = await findCall(database, 'test/channel-1');
    expect(record?.said[1]).toMatchObject({ who: 'caller', words: 4, understood: true });
    expect((await findCall(database, 'x'))?.digits).toBe('•');
    await database.close();
    if (place.kind !== 'sqlite') throw new Error('no file');
    const bytes = (await readFile(place.path)).toString('latin1');
    expect(bytes).toContain('channel-1');
    for (const word of ['open at', 'Alice.', 'goodbye', 'Goodbye']) expect(bytes).not.toContain(word);
  });
});
