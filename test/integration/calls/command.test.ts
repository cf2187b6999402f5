import { chownSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import stringWidth from 'string-width';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallRecord } from '../../../src/dialog/call/call-record.ts';
import { webVtt } from '../../../src/calls/export-calls.ts';
import { callsCommand } from '../../../src/calls/command.ts';
import { localTime } from '../../../src/calls/local-time.ts';
import { NO_MEDIA } from '../../../src/dialog/contract/call-media.ts';
import type { CallEvent } from '../../../src/dialog/contract/call-events.ts';
import type { TakenMessage } from '../../../src/dialog/contract/conversation.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { KEEP_ALL } from '../../../src/store/call-rows.ts';
import { DATABASE_FILE, type DatabasePlace } from '../../../src/store/database-place.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { Store } from '../../../src/store/store.ts';
import { PostgresServer } from '../../support/postgres.ts';
import { ScriptedCall } from '../../support/scripted-call.ts';
import { callInfo } from '../../support/scripted-line.ts';

const PROGRAM = join(import.meta.dirname, '../../../src/calls/command.ts');
const NOBODY = { uid: 65_534, gid: 65_534 };

/** Root can be another user; that one must be able to read the program. */
function othersCanAsk(): boolean {
  return process.getuid?.() === 0 && spawnSync(process.execPath, ['--check', PROGRAM], NOBODY).status === 0;
}

let directory = '';
let place: DatabasePlace;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'calls-'));
  place = { kind: 'sqlite', path: join(directory, DATABASE_FILE) };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

/** What a program that ran at `at` has left. */
async function kept(at: string, fill: (store: Store) => unknown): Promise<void> {
  const troubles: string[] = [];
  const store = await Store.open({
    directory,
    place,
    clock: { ...systemClock, wallClock: () => Date.parse(at) },
    rules: KEEP_ALL,
    keepDays: 3650,
    onTrouble: (message) => void troubles.push(message),
    onNews: () => undefined,
  });
  await store.begin();
  await fill(store);
  await store.close();
  expect(troubles).toEqual([]);
}

/** A whole scripted call, with a barge-in, as the store sees it. */
async function recorded(
  store: Store,
  channel = 'channel-1',
  more: Partial<ReturnType<typeof callInfo>> = {},
): Promise<void> {
  const call = await ScriptedCall.greeted({
    info: callInfo({ key: { server: 'test', channel }, ...more }),
    replies: [['We open at eight and close at six.'], ['Goodbye.', { tool: 'hang_up' }]],
  });
  await call.says('when do you open');
  await call.speaking();
  await call.clock.advance(600);
  await call.exchange('thank you goodbye');
  await call.clock.advance(1000);
  await call.running;
  for (const event of call.events) store.observe(event);
}

const STARTED: CallEvent = { type: 'started', call: 'x', at: 0, info: callInfo(), agent: 'alice' };
const AT = '2026-01-15T09:00:00Z';

function message(more: Partial<TakenMessage> = {}): TakenMessage {
  return {
    agent: 'alice',
    call: callInfo(),
    takenAt: Date.UTC(2026, 0, 15, 9, 30),
    name: 'Ada',
    number: '0309876543',
    text: 'Please call me back.',
    ...more,
  };
}

interface Answer {
  readonly status: number;
  readonly lines: string[];
  readonly complaints: string[];
}

async function run(...args: string[]): Promise<Answer> {
  const lines: string[] = [];
  const complaints: string[] = [];
  const status = await callsCommand(
    [...args, '--data', directory],
    (line) => lines.push(line),
    (line) => complaints.push(line),
  );
  return { status, lines, complaints };
}

describe('the list', () => {
  it('has calls, newest first', async () => {
    expect((await run()).lines).toEqual([`no calls in ${directory}/${DATABASE_FILE}`]);
    await kept(AT, (store) => recorded(store, 'first'));
    await kept('2026-01-15T09:01:00Z', (store) => recorded(store, 'second'));
    const { status, lines } = await run();
    expect(status).toBe(0);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^began +caller +dialled, agent +length +turns +mean +ended by +name$/);
    const began = localTime('2026-01-15T09:01:00Z');
    expect(lines[1]).toMatch(/^.{19} {2}0301234567 .*510001 alice .* 2 .* ms .*agent-hung-up.*test\/second$/);
    expect(lines[1]).toContain(began);
    expect(lines[1]).toContain('0301234567 Ada');
    expect((await run('--limit', '1')).lines).toHaveLength(2);
  });

  it('has its columns below each other, whatever script callers and numbers are in', async () => {
    const names = ['Ada', '村上春樹', 'สมชาย ใจดี', '村'.repeat(40)];
    await kept(AT, async (store) => {
      for (const [n, name] of names.entries())
        await recorded(store, `call-${n}`, {
          caller: { name },
          dialled: n === 0 ? '+4930123456789' : '510001',
        });
    });
    const { lines } = await run();
    expect(lines).toHaveLength(1 + names.length);
    const columns = lines.map((line) => stringWidth(line.slice(0, line.search(/dialled|\+?\d+ alice/))));
    expect(new Set(columns).size).toBe(1);
    const ends = lines.map((line) => stringWidth(line.slice(0, line.search(/name$|test\//))));
    expect(new Set(ends).size).toBe(1);
    expect(lines.join('\n')).toContain(`${'村'.repeat(19)}…`);
  });

  it('tells a call that is running from one during which the program ended', async () => {
    await kept(AT, (store) => {
      store.observe(STARTED);
    });
    expect((await run()).lines[1]).toMatch(/ – .* not yet +x$/);
    expect((await run('show', 'x')).lines).toContain('ended      not yet');
    // The same process number, begun at another time: as after a restart of a container.
    const database = await openDatabase({ place, onWarning: () => undefined });
    await database.db
      .updateTable('calls')
      .set({ run: `${process.pid}:1` })
      .execute();
    await database.close();
    expect((await run()).lines[1]).toMatch(/ – .* the program ended during it +x$/);
    expect((await run('show', 'x')).lines).toContain('ended      the program ended during it');
  });

  it('is of the program’s own place: VOICE_AGENT_DATA_DIR, or var; or of VOICE_AGENT_DATABASE', async () => {
    const ask = async (folder: string): Promise<string[]> => {
      vi.stubEnv('VOICE_AGENT_DATA_DIR', folder);
      const lines: string[] = [];
      await callsCommand(['--limit', '1'], (line) => lines.push(line));
      return lines;
    };
    await kept(AT, recorded);
    expect(await ask(directory)).toEqual([
      expect.stringContaining('began'),
      expect.stringContaining('test/channel-1'),
    ]);
    expect(await ask(join(directory, 'none'))).toEqual([`no calls in ${directory}/none/${DATABASE_FILE}`]);
    expect((await ask('')).join()).not.toContain(directory);
  });

  it.each(['/nowhere/address', '/'])('says that VOICE_AGENT_DATABASE_FILE %s can’t be read', async (file) => {
    vi.stubEnv('VOICE_AGENT_DATABASE_FILE', file);
    const { status, complaints } = await run();
    expect(complaints).toEqual([
      expect.stringMatching(/^VOICE_AGENT_DATABASE_FILE names a file that can't be read/),
    ]);
    expect(status).toBe(1);
  });

  it('says that the data folder is a file', async () => {
    await writeFile(join(directory, 'file'), '');
    const complaints: string[] = [];
    const status = await callsCommand(['--data', join(directory, 'file')], String, (line) =>
      complaints.push(line),
    );
    expect(complaints).toEqual([expect.stringContaining(`${directory}/file is no folder, but a file`)]);
    expect(status).toBe(1);
  });

  it('makes nothing where there is nothing: it would belong to the wrong user', async () => {
    expect((await run('messages')).lines).toEqual([`no messages in ${directory}/${DATABASE_FILE}`]);
    expect((await run('--json')).lines).toEqual(['[]']);
    expect(await readdir(directory)).toEqual([]);
  });

  it('says what is wrong with a question', async () => {
    await kept(AT, recorded);
    expect((await run('show', 'nobody')).status).toBe(1);
    for (const wrong of [
      ['show'],
      ['--unknown'],
      ['--limit', 'x'],
      ['--limit', '0'],
      ['--limit', '1e3'],
      ['--limit', '99999999999999999999'],
      ['toString'],
      ['list', 'x'],
      ['export', '--format', 'xml'],
    ])
      expect((await run(...wrong)).status, wrong.join()).toBe(2);
    expect((await run('--limit', 'x')).complaints[0]).toBe('--limit x: a whole number from 1 to 9999999');
    expect((await run('--limit', '-1')).complaints[0]).toBe(
      "Option '--limit' needs a value, and none begins with a dash",
    );
    expect((await run('--limti', '5')).complaints[0]).toBe("Unknown option '--limti'");
    expect((await run('--help')).status).toBe(0);
  });

  it.skipIf(!othersCanAsk())('says as whom to ask, asked by another user', async () => {
    await kept(AT, recorded);
    for (const path of [directory, join(directory, DATABASE_FILE)]) chownSync(path, 2, 2); // Debian's "bin"
    const asked = spawnSync(process.execPath, [PROGRAM, '--data', directory], {
      ...NOBODY,
      encoding: 'utf8',
    });
    expect(asked.stderr).toContain(`it belongs to bin; run it as that user: sudo -u 'bin' npm run calls`);
    expect(asked.status).toBe(1);
  });
});

describe('a call', () => {
  it('is shown with what was said', async () => {
    await kept(AT, recorded);
    const { status, lines } = await run('show', 'channel-1');
    expect(status).toBe(0);
    expect(lines.join('\n')).toMatch(/caller {2}when do you open\n.*agent {3}We open \[interrupted\]/);
    const json = await run('show', 'test/channel-1', '--json');
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({
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
  });

  it('in which nobody was answered has no latency, rather than one of 0 ms', async () => {
    await kept(AT, (store) => {
      store.observe(STARTED);
    });
    expect((await run('show', 'x')).lines).toContain('turns      none measured; 0 barge-ins');
  });

  it('tells which providers failed, what was done, and how many tokens were used', async () => {
    const trouble = { part: 'llm', provider: 'groq', kind: 'timeout', message: 'no answer' } as const;
    const call = await ScriptedCall.greeted({
      replies: [
        [
          { trouble: { ...trouble, outcome: 'fell-back', next: 'receptionist' } },
          'One.',
          { usage: [100, 5] },
        ],
        [{ trouble: { ...trouble, outcome: 'skipped', next: 'receptionist' } }, 'Two.', { usage: [200, 6] }],
        [{ trouble: { ...trouble, outcome: 'skipped', next: 'receptionist' } }, 'Three.'],
      ],
    });
    for (const text of ['first', 'second', 'third']) await call.exchange(text);
    call.line.tell({ type: 'ended', reason: 'caller-hung-up' });
    await call.clock.advance(100);
    await call.running;
    await kept(AT, (store) => {
      for (const event of call.events) store.observe(event);
    });
    const [record] = JSON.parse((await run('--json')).lines[0] ?? '') as [
      { usage: unknown; troubles: unknown },
    ];
    expect(record.usage).toEqual({ scripted: { requests: 2, inputTokens: 300, outputTokens: 11 } });
    // That it is passed over is told once a call.
    expect(record.troubles).toMatchObject([
      { ...trouble, outcome: 'fell-back', next: 'receptionist' },
      { ...trouble, outcome: 'skipped' },
    ]);
    const { lines } = await run('show', 'test/channel-1');
    expect(lines).toContain('tokens     scripted: 300 in, 11 out, 2 requests');
    expect(lines.join('\n')).toMatch(/trouble llm: no answer; receptionist takes over/);
  });

  it('can’t steer the terminal by the names that its caller chose', async () => {
    const evil = 'Ada\u001b[2J\u0007\u009b31m \u202eevil\u2028line\u061c\u200b\u2066\ufeff\u{e0041}\ud800';
    await kept(AT, async (store) => {
      await recorded(store, 'channel-1\u001b[1m', {
        caller: { name: evil + 'A'.repeat(3000), number: evil },
        dialled: evil,
      });
      await store.keep(message({ name: evil, number: evil, text: `one\ntwo${evil}` }));
    });
    const asked = [
      [],
      ['show', 'channel'],
      ['search', 'evil'],
      ['messages'],
      ['export', '--format', 'csv'],
      ['export', 'channel', '--format', 'vtt'],
      ['--json'],
      ['messages', '--json'],
    ];
    for (const args of asked) {
      const { status, lines } = await run(...args);
      expect(status).toBe(0);
      for (const line of lines.flatMap((one) => one.split('\n')))
        expect(line, args.join(' ')).not.toMatch(
          /[\p{Cc}\p{Cs}\u202e\u2028\u061c\u200b\u2066\ufeff\u{e0041}]/u,
        );
    }
    expect(Math.max(...(await run()).lines.map(({ length }) => length))).toBeLessThan(300);
    const [record] = JSON.parse((await run('--json')).lines[0] ?? '') as [
      { info: { caller: { number: string } } },
    ];
    // A half of a letter has no form in UTF-8.
    expect(record.info.caller.number).toBe(evil.replace('\ud800', '\ufffd'));
  });
});

describe('search', () => {
  it('finds calls and messages by their words', async () => {
    await kept(AT, async (store) => {
      await recorded(store);
      await store.keep(message({ text: 'My tooth hurts.' }));
    });
    expect((await run('search', 'goodbye', 'open')).lines[1]).toContain('test/channel-1');
    expect((await run('search', 'tooth')).lines.at(-1)).toBe('    My tooth hurts.');
    expect((await run('search', 'elephant')).lines[0]).toMatch(/^nothing with these words/);
    expect(JSON.parse((await run('search', 'ada', '--json')).lines[0] ?? '')).toMatchObject({
      calls: [{ call: 'test/channel-1' }],
      messages: [{ name: 'Ada' }],
    });
  });
});

describe('messages', () => {
  it('are listed newest first: when, who, number, agent, call, whether they are new, and text', async () => {
    await kept(AT, async (store) => {
      await store.keep(message());
      await store.keep(
        message({ takenAt: Date.UTC(2026, 0, 16), name: '', number: '0301234567', text: 'It is urgent.' }),
      );
    });
    const { lines } = await run('messages');
    expect(lines.map((line) => line.replace(/ {2}new {2}[0-9a-f-]{36}$/, ''))).toEqual([
      `${localTime('2026-01-16T00:00:00Z')}  somebody, 0301234567  for alice  test/channel-1`,
      '    It is urgent.',
      `${localTime('2026-01-15T09:30:00Z')}  Ada, 0309876543, calling from 0301234567  for alice  test/channel-1`,
      '    Please call me back.',
    ]);
    expect((await run('messages', '--limit', '1')).lines).toHaveLength(2);
    const json = JSON.parse((await run('messages', '--json')).lines[0] ?? '') as TakenMessage[];
    expect(json.map(({ text }) => text)).toEqual(['It is urgent.', 'Please call me back.']);
    expect(json[1]).toMatchObject({ takenAt: '2026-01-15T09:30:00.000Z', name: 'Ada', call: callInfo() });
  });

  it('that nobody has dealt with aren’t left out for newer ones that are done', async () => {
    await kept(AT, async (store) => {
      await store.keep(message({ text: 'forgotten' }));
      for (const day of [16, 17, 18])
        await store.keep(message({ takenAt: Date.UTC(2026, 0, day), text: 'done' }));
    });
    const texts = async (...args: string[]): Promise<string[]> => {
      const { lines } = await run('messages', '--json', ...args);
      return (JSON.parse(lines[0] ?? '') as TakenMessage[]).map(({ text }) => text);
    };
    const all = JSON.parse((await run('messages', '--json')).lines[0] ?? '') as {
      id: string;
      text: string;
    }[];
    for (const { id, text } of all) if (text === 'done') await run('done', id);
    expect(await texts('--limit', '2')).toEqual(['done', 'forgotten']);
    expect(await texts()).toEqual(['done', 'done', 'done', 'forgotten']);
  });

  it('can be marked as done', async () => {
    await kept(AT, (store) => store.keep(message()));
    const [{ id }] = JSON.parse((await run('messages', '--json')).lines[0] ?? '') as [{ id: string }];
    expect((await run('done', id)).status).toBe(0);
    expect((await run('messages')).lines[0]).toMatch(/ done {2}[0-9a-f-]{36}$/);
    expect((await run('done', 'nothing')).status).toBe(1);
  });
});

describe('export', () => {
  it('gives all calls as JSON or CSV, and one as subtitles', async () => {
    await kept(AT, async (store) => {
      await recorded(store);
      await recorded(store, 'other', {
        caller: { name: '=HYPERLINK("http://x","<b>,")', number: '+4930123' },
      });
      await recorded(store, 'third', { caller: { name: '\t＝1+1', number: 'x;=1+1' } });
    });
    expect(JSON.parse((await run('export')).lines[0] ?? '')).toHaveLength(3);
    const { lines } = await run('export', '--format', 'csv');
    expect(lines[0]).toMatch(/^began,call,caller_number,caller_name,/);
    expect(lines.find((line) => line.includes('test/other'))).toContain(
      `test/other,+4930123,"'=HYPERLINK(""http://x"",""<b>,"")",510001,alice,`,
    );
    expect(lines.find((line) => line.includes('test/third'))).toContain(`test/third,"x;=1+1",' ＝1+1,`);
    const vtt = (await run('export', 'channel-1', '--format', 'vtt')).lines;
    expect(vtt[0]).toBe('WEBVTT');
    expect(vtt.join('\n')).toMatch(/\n\n00:00:0\d\.\d{3} --> 00:00:0\d\.\d{3}\n<v caller>when do you open\n/);
    expect((await run('export', '--format', 'vtt')).status).toBe(2);
    // A recording begins when the call is answered: what was said a second later stands at its first second.
    const record = JSON.parse((await run('show', 'channel-1', '--json')).lines.join('')) as CallRecord;
    const said = [{ who: 'caller', turn: 1, words: 1, text: 'hello', atMs: 1750, endMs: 2250 }] as const;
    expect(webVtt({ ...record, setUpMs: 750, said }).slice(2)).toEqual([
      '00:00:01.000 --> 00:00:01.500',
      '<v caller>hello',
    ]);
    const trail = (await run('audit')).lines;
    expect(trail).toHaveLength(3);
    expect(trail[0]).toMatch(
      /^\d{4}-\d\d-\d\d [\d:]{8} {2}\S+ {2}export {2}test\/channel-1 {2}\{"calls":1,"format":"vtt"\}$/,
    );
  });
});

describe('a caller', () => {
  it('is exported and forgotten with calls, messages and recordings, and nobody else is', async () => {
    await kept(AT, async (store) => {
      await recorded(store, 'adas-call');
      await recorded(store, 'others', { caller: { name: 'Bob', number: '999' } });
      const info = callInfo({
        key: { server: 'test', channel: 'later' },
        caller: { name: 'Bob', number: '999' },
      });
      store.observe({ ...STARTED, call: 'later', info });
      store.observe({
        type: 'caller-changed',
        call: 'later',
        at: 3,
        caller: { name: 'Ada', number: '0301234567' },
      });
      store.observe({ type: 'ended', call: 'later', at: 5, reason: 'other', variables: {}, media: NO_MEDIA });
      store.observe(STARTED);
      await writeFile((await store.recording('x'))?.path ?? '', 'sound');
      store.observe({ type: 'ended', call: 'x', at: 9, reason: 'other', variables: {}, media: NO_MEDIA });
      await store.keep(message());
      await store.keep(
        message({ call: callInfo({ caller: { name: 'Bob', number: '999' } }), number: '999' }),
      );
    });
    const day = join(directory, 'calls', '2026-01-15');
    const [recording = '', ...others] = await readdir(day);
    expect(others).toEqual([]);
    // As the take-over leaves them.
    await writeFile(join(day, recording.replace('.wav', '.json.taken-over')), '0301234567');
    await writeFile(join(directory, 'messages.jsonl.taken-over'), '{}');
    expect((await run('show', 'x')).lines).toContain(`recording  ${join(day, recording)}`);
    const data = JSON.parse((await run('caller', '0301234567')).lines[0] ?? '') as Record<string, unknown[]>;
    expect(data).toMatchObject({
      messages: [{ name: 'Ada' }],
      recordings: [expect.stringMatching(/^calls\/2026-01-15\/.*x\.wav$/)],
    });
    expect(data['calls']).toHaveLength(3);
    expect((await run('forget', '(030) 123-45 67')).status).toBe(2);
    expect((await run('forget', '(030) 123-45 67')).complaints.at(-1)).toMatch(/^to be deleted: 3 calls/);
    expect((await run()).lines).toHaveLength(5);
    const { lines, complaints } = await run('forget', '0301234567', '--yes');
    expect(lines).toEqual(['deleted: 3 calls and 1 messages of 0301234567']);
    expect(complaints).toEqual([
      expect.stringContaining('messages.jsonl.taken-over may hold messages of theirs'),
    ]);
    expect((await run()).lines).toEqual([expect.any(String), expect.stringContaining('test/others')]);
    expect((await run('messages')).lines).toHaveLength(2);
    expect((await run('search', '0301234567')).lines[0]).toMatch(/^nothing/);
    expect(await readdir(day)).toEqual([]);
    const database = await openDatabase({ place, onWarning: () => undefined });
    const trail = await database.db.selectFrom('audit').selectAll().orderBy('at').execute();
    await database.close();
    expect(trail.map(({ action }) => action).sort()).toEqual(['export', 'forget']);
    expect(JSON.stringify(trail)).not.toContain('0301234567');
    // Nor is anything left in a corner of a file.
    for (const name of await readdir(directory, { recursive: true })) {
      const bytes = await readFile(join(directory, name)).catch(() => Buffer.alloc(0)); // a folder
      for (const text of ['0301234567', '0309876543', 'adas'])
        expect(bytes.includes(text), `${text} in ${name}`).toBe(false);
    }
  });

  it('isn’t everybody whose number is withheld, for want of a number', async () => {
    await kept(AT, (store) => recorded(store, 'withheld', { caller: { number: '' } }));
    for (const number of ['', ' ', '-'])
      for (const [command = '', ...flags] of [['caller'], ['forget', '--yes']]) {
        const { status, complaints } = await run(command, number, ...flags);
        expect(complaints).toEqual(['no number stands there: that would be all whose number is withheld']);
        expect(status).toBe(2);
      }
    expect((await run()).lines).toHaveLength(2);
  });

  it('whose call is going on keeps that', async () => {
    await kept(AT, (store) => {
      store.observe(STARTED);
    });
    const { complaints, lines } = await run('forget', '0301234567', '--yes');
    expect(complaints).toEqual([expect.stringContaining('1 calls are going on')]);
    expect(lines).toEqual(['deleted: 0 calls and 0 messages of 0301234567']);
    expect((await run('show', 'x')).status).toBe(0);
  });
});

describe('a back-up', () => {
  it('is taken while the store is open, and is the store when it is put in its place', async () => {
    await kept(AT, async (store) => {
      await recorded(store);
      await store.keep(message());
    });
    const before = [(await run('--json')).lines, (await run('messages', '--json')).lines];
    await mkdir(join(directory, 'backups'));
    const file = join(directory, 'backups', 'copy.sqlite');
    await kept(AT, async () => {
      expect((await run('backup', file)).status).toBe(0);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const again = await run('backup', file);
      expect(again).toMatchObject({ status: 1, complaints: [expect.stringContaining('EEXIST')] });
    });
    for (const name of await readdir(directory))
      if (name.startsWith(DATABASE_FILE)) await rm(join(directory, name));
    expect((await run('--json')).lines).toEqual(['[]']);
    await copyFile(file, join(directory, DATABASE_FILE));
    expect([(await run('--json')).lines, (await run('messages', '--json')).lines]).toEqual(before);
    expect((await run('search', 'goodbye')).lines).toHaveLength(2);
  });
});

describe('with PostgreSQL', () => {
  let server: PostgresServer | undefined;
  afterAll(() => server?.stop());

  it('the same is read of there; a dump of it is a back-up', async () => {
    server = await PostgresServer.start();
    const [url, other] = [await server.database(), await server.database()];
    place = { kind: 'postgres', url };
    await kept(AT, async (store) => {
      await recorded(store);
      await store.keep(message());
    });
    vi.stubEnv('VOICE_AGENT_DATABASE', url);
    const ask = async () => [
      (await run('--json')).lines,
      (await run('messages', '--json')).lines,
      (await run('search', 'goodbye')).lines,
    ];
    const before = await ask();
    expect(before[2]).toHaveLength(2);
    expect((await run('backup', join(directory, 'x'))).status).toBe(2);
    const dump = spawnSync('pg_dump', [url], { encoding: 'utf8' });
    expect(dump.stderr).toBe('');
    expect(spawnSync('psql', ['--quiet', other], { input: dump.stdout, encoding: 'utf8' }).stderr).toBe('');
    vi.stubEnv('VOICE_AGENT_DATABASE', other);
    expect(await ask()).toEqual(before);
    expect((await run('forget', '0301234567', '--yes')).status).toBe(0);
    expect((await ask())[0]).toEqual(['[]']);
    // At once: by itself the server would leave what was deleted on its disk until a fifth of a table is.
    const client = new pg.Client({ connectionString: other });
    await client.connect();
    const { rows } = await client.query<{ relname: string }>(
      'select relname from pg_stat_user_tables where vacuum_count > 0',
    );
    await client.end();
    expect(rows.map(({ relname }) => relname)).toEqual(
      expect.arrayContaining(['calls', 'events', 'latencies', 'messages', 'search', 'turns']),
    );
    await server.pause();
    const away = await run();
    expect(away).toMatchObject({ status: 1, lines: [] });
    expect(away.complaints[0]).toMatch(/^PostgreSQL at 127\.0\.0\.1:\d+\/test_2: .*STORE_UNAVAILABLE/);
  });
});
