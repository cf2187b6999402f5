import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallRecords, type CallRecordsOptions } from '../../src/observability/call-records.ts';
import { callRecordsCommand } from '../../src/observability/call-records-cli.ts';
import { createMessageFile } from '../../src/observability/message-file.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedCall } from '../support/scripted-call.ts';
import { callInfo } from '../support/scripted-line.ts';

const DAY_MS = 86_400_000;
let directory = '';
let troubles: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'calls-'));
  troubles = [];
});
afterEach(async () => {
  await rm(directory, { recursive: true });
  expect(troubles).toEqual([]);
});

function store(clock: ManualClock, more: Partial<CallRecordsOptions> = {}): CallRecords {
  const onTrouble = (message: string): void => void troubles.push(message);
  return new CallRecords({ directory, clock, texts: true, keepDays: 30, onTrouble, ...more });
}

/** A whole scripted call, with a barge-in, as the store sees it. */
async function recorded(records: CallRecords, channel = 'channel-1'): Promise<void> {
  const call = await ScriptedCall.greeted({
    info: callInfo({ key: { server: 'test', channel } }),
    replies: [['We open at eight and close at six.'], ['Goodbye.', { tool: 'hang_up' }]],
  });
  await call.says('when do you open');
  await call.speaking();
  await call.clock.advance(600);
  await call.exchange('thank you goodbye');
  await call.clock.advance(1000);
  await call.running;
  for (const event of call.events) records.observe(event);
}

describe('a call record', () => {
  it('tells who, when, the turns with text and latency, barge-ins, packets and why it ended', async () => {
    const records = store(new ManualClock());
    await recorded(records);
    await records.close();
    const [record] = await records.list();
    expect(record).toMatchObject({
      version: 1,
      call: 'test/channel-1',
      startedAt: '2026-01-15T09:00:00.000Z',
      agent: 'alice',
      greetingMs: 20,
      said: [
        { who: 'agent', turn: 0, text: 'Hello, this is Alice.', interrupted: false },
        { who: 'caller', turn: 1, text: 'when do you open', understood: true, via: 'speech' },
        { who: 'agent', turn: 1, text: 'We open', interrupted: true },
        { who: 'caller', turn: 2, text: 'thank you goodbye' },
        { who: 'agent', turn: 2, text: 'Goodbye.' },
      ],
      bargeIns: [{ turn: 1 }],
      tools: [{ name: 'hang_up' }],
      ended: { reason: 'agent-hung-up', media: { packetsLost: 0 } },
    });
    expect(record?.latencies).toHaveLength(2);
    expect(record?.latencies[0]?.stages).toMatchObject({ pause: 500, stt: 5, llm: 20, tts: 60 });
    expect(record?.ended?.media.packetsSent).toBeGreaterThan(50);
  });

  it('holds no word of what was said unless texts are wanted', async () => {
    const records = store(new ManualClock(), { texts: false });
    await recorded(records);
    await records.close();
    const [day = ''] = await readdir(join(directory, 'calls'));
    const [file = ''] = await readdir(join(directory, 'calls', day));
    const text = await readFile(join(directory, 'calls', day, file), 'utf8');
    for (const word of ['open', 'Alice.', 'goodbye', 'Goodbye']) expect(text).not.toContain(word);
    const [record] = await records.list();
    expect(record?.said[1]).toMatchObject({ who: 'caller', words: 4, understood: true });
  });

  it('is a file of its own in a folder of its day, whole or not there', async () => {
    const records = store(new ManualClock());
    await recorded(records, 'a/../../b');
    await recorded(records, 'c');
    await records.close();
    expect(await readdir(join(directory, 'calls'))).toEqual(['2026-01-15']);
    const files = await readdir(join(directory, 'calls', '2026-01-15'));
    expect(files.sort()).toEqual(['090000000-test_a_.._.._b.json', '090000000-test_c.json']);
  });

  it('names its recording', async () => {
    const records = store(new ManualClock());
    records.observe({ type: 'started', call: 'x', at: 0, info: callInfo(), agent: 'alice' });
    const path = await records.recordingPath('x');
    await writeFile(path ?? '', 'sound');
    records.observe({ type: 'ended', call: 'x', at: 9, reason: 'r', variables: {}, media: {} as never });
    await records.close();
    expect((await records.list())[0]?.recording).toBe('090000000-x.wav');
    expect(await records.recordingPath('unknown')).toBeUndefined();
  });

  it('of another program version or a broken one is told of and skipped', async () => {
    const records = store(new ManualClock());
    await recorded(records);
    await records.close();
    await writeFile(join(directory, 'calls', '2026-01-15', 'broken.json'), '{');
    expect(await records.list()).toHaveLength(1);
    expect(troubles.splice(0)).toHaveLength(1);
  });
});

describe('retention', () => {
  it('deletes days that are too old at start, with their recordings, and again each day', async () => {
    const clock = new ManualClock();
    const records = store(clock, { keepDays: 2 });
    await recorded(records);
    records.observe({ type: 'started', call: 'x', at: 0, info: callInfo(), agent: 'alice' });
    await writeFile((await records.recordingPath('x')) ?? '', 'sound');
    await records.start();
    await clock.advance(2 * DAY_MS);
    expect(await readdir(join(directory, 'calls'))).toEqual(['2026-01-15']);
    await clock.advance(DAY_MS);
    await expect.poll(async () => readdir(join(directory, 'calls')), { timeout: 5000 }).toEqual([]);
    await records.close();
  });

  it('deletes nothing else', async () => {
    const clock = new ManualClock();
    const records = store(clock, { keepDays: 1 });
    await recorded(records);
    await records.close();
    await writeFile(join(directory, 'calls', 'notes.txt'), 'mine');
    await clock.advance(10 * DAY_MS);
    await records.sweep();
    expect(await readdir(join(directory, 'calls'))).toEqual(['notes.txt']);
  });
});

describe('the command', () => {
  async function run(...args: string[]): Promise<{ status: number; lines: string[] }> {
    const lines: string[] = [];
    const status = await callRecordsCommand([...args, '--data', directory], (line) => lines.push(line));
    return { status, lines };
  }

  it('lists calls, newest first', async () => {
    expect((await run()).lines).toEqual([`no calls in ${directory}/calls`]);
    const clock = new ManualClock();
    const records = store(clock);
    await recorded(records, 'first');
    await clock.advance(60_000);
    await recorded(records, 'second');
    await records.close();
    const { status, lines } = await run();
    expect(status).toBe(0);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^2026-01-15 09:01:00 {2}0301234567 .*510001 alice.* 2 turns .*agent-hung-up.*test\/second$/,
    );
  });

  it('shows one, with what was said', async () => {
    const records = store(new ManualClock());
    await recorded(records);
    await records.close();
    const { status, lines } = await run('show', 'channel-1');
    expect(status).toBe(0);
    expect(lines.join('\n')).toMatch(/caller {2}when do you open\n.*agent {3}We open \[interrupted\]/);
    const json = await run('show', 'test/channel-1', '--json');
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({ call: 'test/channel-1' });
  });

  it('says what is wrong with a question', async () => {
    expect((await run('show', 'nobody')).status).toBe(1);
    expect((await run('show')).status).toBe(2);
    expect((await run('--unknown')).status).toBe(2);
  });
});

describe('a message', () => {
  it('is a line of a file', async () => {
    const path = join(directory, 'messages', 'alice.jsonl');
    const messages = createMessageFile(path);
    const message = {
      agent: 'alice',
      call: callInfo(),
      takenAt: Date.UTC(2026, 0, 15),
      name: 'Ada',
      number: '1',
      text: 'x',
    };
    await messages.keep(message);
    await messages.keep(message);
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ takenAt: '2026-01-15T00:00:00.000Z', name: 'Ada' });
  });
});

describe('the command', () => {
  it('looks where the agent was told to keep its records', async () => {
    const records = store(new ManualClock());
    await recorded(records);
    await records.close();
    vi.stubEnv('VOICE_AGENT_DATA_DIR', directory);
    const lines: string[] = [];
    await callRecordsCommand([], (line) => lines.push(line));
    vi.unstubAllEnvs();
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('no calls');
  });
});
