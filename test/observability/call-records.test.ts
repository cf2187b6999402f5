import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallRecord } from '../../src/dialog/call/call-record.ts';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import { CallRecords, type CallRecordsOptions } from '../../src/observability/call-records.ts';
import { callRecordsCommand } from '../../src/observability/call-records-cli.ts';
import { localTime } from '../../src/observability/local-time.ts';
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
  it('tells which providers failed, what was done, and how many tokens were used', async () => {
    const records = store(new ManualClock());
    const trouble = { part: 'llm', provider: 'groq', kind: 'timeout', message: 'no answer' } as const;
    const call = await ScriptedCall.greeted({
      replies: [
        [
          { trouble: { ...trouble, outcome: 'fell-back', next: 'receptionist' } },
          'One.',
          { usage: [100, 5] },
        ],
        [{ trouble: { ...trouble, outcome: 'spared', next: 'receptionist' } }, 'Two.', { usage: [200, 6] }],
        [{ trouble: { ...trouble, outcome: 'spared', next: 'receptionist' } }, 'Three.'],
      ],
    });
    for (const text of ['first', 'second', 'third']) await call.exchange(text);
    call.line.tell({ type: 'ended', reason: 'caller-hung-up' });
    await call.clock.advance(100);
    await call.running;
    for (const event of call.events) records.observe(event);
    await records.close();
    const [record] = await records.list();
    expect(record?.usage).toEqual({ scripted: { requests: 2, inputTokens: 300, outputTokens: 11 } });
    // That it is passed over is told once a call.
    expect(record?.troubles).toMatchObject([
      { ...trouble, outcome: 'fell-back', next: 'receptionist' },
      { ...trouble, outcome: 'spared' },
    ]);
    const lines: string[] = [];
    await callRecordsCommand(['show', 'test/channel-1', '--data', directory], (line) => lines.push(line));
    expect(lines).toContain('tokens     scripted: 300 in, 11 out, 2 requests');
    expect(lines.join('\n')).toMatch(/trouble llm: no answer; receptionist takes over/);
  });

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

  it("is on disk from the call's beginning, and is replaced at its end", async () => {
    const records = store(new ManualClock());
    const path = join(directory, 'calls', '2026-01-15', '090000000-x.json');
    const read = async (): Promise<CallRecord> => JSON.parse(await readFile(path, 'utf8')) as CallRecord;
    records.observe({ type: 'started', call: 'x', at: 0, info: callInfo(), agent: 'alice' });
    await expect.poll(read, { timeout: 5000 }).toMatchObject({ call: 'x', agent: 'alice' });
    expect(await read()).not.toHaveProperty('ended');
    records.observe({ type: 'dtmf', call: 'x', at: 5, digit: '1' });
    records.observe({ type: 'ended', call: 'x', at: 9, reason: 'other', variables: {}, media: NO_MEDIA });
    await records.close();
    expect(await read()).toMatchObject({ digits: '1', ended: { reason: 'other', durationMs: 9 } });
    expect(await readdir(join(path, '..'))).toEqual(['090000000-x.json']);
  });

  it('has the end of a call that ends while its beginning is still being written', async () => {
    const records = store(new ManualClock());
    for (let n = 0; n < 20; n += 1) {
      const call = `x${n}`;
      records.observe({ type: 'started', call, at: 0, info: callInfo(), agent: 'alice' });
      for (let wait = 0; wait < n % 5; wait += 1) await new Promise((resolve) => setImmediate(resolve));
      records.observe({ type: 'ended', call, at: 9, reason: 'other', variables: {}, media: NO_MEDIA });
    }
    await records.close();
    const all = await records.list();
    expect(all.filter(({ ended }) => ended?.reason === 'other')).toHaveLength(20);
    expect(await readdir(join(directory, 'calls', '2026-01-15'))).toHaveLength(20);
  });

  it('names its recording', async () => {
    const records = store(new ManualClock());
    records.observe({ type: 'started', call: 'x', at: 0, info: callInfo(), agent: 'alice' });
    const path = await records.recordingPath('x');
    await writeFile(path ?? '', 'sound');
    records.observe({ type: 'ended', call: 'x', at: 9, reason: 'other', variables: {}, media: NO_MEDIA });
    await records.close();
    expect((await records.list())[0]?.recording).toBe('090000000-x.wav');
    expect(await records.recordingPath('unknown')).toBeUndefined();
  });

  it('is reported and skipped if it is broken or of another version of the program', async () => {
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
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^began +caller +dialled, agent +length +turns +mean +ended by +name$/);
    const began = localTime('2026-01-15T09:01:00Z');
    expect(lines[1]).toMatch(/^.{19} {2}0301234567 .*510001 alice .* 2 .* ms .*agent-hung-up.*test\/second$/);
    expect(lines[1]).toContain(began);
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

  it('tells a call that is running from one during which the program ended', async () => {
    const records = store(new ManualClock());
    records.observe({ type: 'started', call: 'x', at: 0, info: callInfo(), agent: 'alice' });
    await records.close();
    expect((await run()).lines[1]).toMatch(/ – .* not yet +x$/);
    expect((await run('show', 'x')).lines).toContain('ended      not yet');

    const path = join(directory, 'calls', '2026-01-15', '090000000-x.json');
    const record = JSON.parse(await readFile(path, 'utf8')) as CallRecord;
    // The same process number, begun at another time: as after a restart of a container.
    await writeFile(path, JSON.stringify({ ...record, run: `${process.pid}:1` }));
    expect((await run()).lines[1]).toMatch(/ – .* the program ended during it +x$/);
    expect((await run('show', 'x')).lines).toContain('ended      the program ended during it');
  });

  it('looks where the program keeps its data: VOICE_AGENT_DATA_DIR, or var', async () => {
    const ask = async (folder: string): Promise<string[]> => {
      vi.stubEnv('VOICE_AGENT_DATA_DIR', folder);
      const lines: string[] = [];
      await callRecordsCommand(['--limit', '1'], (line) => lines.push(line)).finally(() =>
        vi.unstubAllEnvs(),
      );
      return lines;
    };
    const records = store(new ManualClock());
    await recorded(records);
    await records.close();
    expect(await ask(directory)).toEqual([
      expect.stringContaining('began'),
      expect.stringContaining('test/channel-1'),
    ]);
    expect(await ask(join(directory, 'none'))).toEqual([`no calls in ${directory}/none/calls`]);
    expect((await ask('')).join()).not.toContain(directory);
  });

  it('gives nothing but JSON where JSON is asked for, whatever is wrong', async () => {
    const records = store(new ManualClock());
    await recorded(records);
    await records.close();
    await writeFile(join(directory, 'calls', '2026-01-15', 'broken.json'), '{');
    const [answer, complaints]: [string[], string[]] = [[], []];
    const args = ['--json', '--data', directory];
    const status = await callRecordsCommand(
      args,
      (line) => answer.push(line),
      (line) => complaints.push(line),
    );
    expect(status).toBe(0);
    expect(JSON.parse(answer.join('\n'))).toHaveLength(1);
    expect(complaints).toEqual([expect.stringContaining('broken.json')]);
  });

  it('says what is wrong with a question', async () => {
    expect((await run('show', 'nobody')).status).toBe(1);
    expect((await run('show')).status).toBe(2);
    expect((await run('--unknown')).status).toBe(2);
  });
});
