/** What becomes of records and messages when programs are killed, disks are full and servers are away. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CallEvent } from '../../../src/dialog/contract/call-events.ts';
import { NO_MEDIA } from '../../../src/dialog/contract/call-media.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { KEEP_ALL } from '../../../src/store/call-rows.ts';
import type { DatabasePlace } from '../../../src/store/database-place.ts';
import { listCalls, listMessages } from '../../../src/store/reader.ts';
import { Store } from '../../../src/store/store.ts';
import type { Supervision } from '../../../src/threads/supervised-thread.ts';
import { LoopDisk } from '../../support/loop-disk.ts';
import { MortalThreads } from '../../support/mortal-threads.ts';
import { callInfo } from '../../support/scripted-line.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { cleanDatabases, closeLater, newPlace, open, postgres, tempFolder } from './databases.ts';

cleanDatabases();

const PATIENCE = { timeout: 20_000, interval: 20 };
const MINUTE = 60_000;
const IS_ROOT = process.getuid?.() === 0;

async function opened(
  directory: string,
  place: DatabasePlace,
  supervision: Supervision = {},
): Promise<{ store: Store; troubles: string[] }> {
  const troubles: string[] = [];
  const store = await Store.open({
    directory,
    place,
    clock: systemClock,
    rules: KEEP_ALL,
    keepDays: 30,
    supervision,
    onTrouble: (message) => void troubles.push(message),
    onNews: () => undefined,
  });
  await store.begin();
  closeLater(() => store.close());
  return { store, troubles };
}

function oneCall(call: string, text = 'hello'): CallEvent[] {
  const said = { type: 'caller-said', turn: 1, understood: true, via: 'speech' } as const;
  return [
    {
      type: 'started',
      call,
      at: 0,
      info: callInfo({ key: { server: 'test', channel: call } }),
      agent: 'alice',
    },
    { ...said, text, call, at: 5 },
    { type: 'ended', call, at: 9, reason: 'other', variables: {}, media: NO_MEDIA },
  ];
}

function observe(store: Store, events: readonly CallEvent[]): void {
  for (const event of events) store.observe(event);
}

function message(text: string) {
  return { agent: 'alice', call: callInfo(), takenAt: Date.now(), name: 'Ada', number: '1', text };
}

async function allWritten(store: Store): Promise<void> {
  await expect
    .poll(() => store.status, PATIENCE)
    .toMatchObject({ waitingBytes: 0, databaseTrouble: undefined, spoolTrouble: undefined });
}

function smallDisk(kilobytes: number): string {
  const disk = SmallDisk.make(kilobytes);
  closeLater(() => {
    disk.close();
  });
  return disk.folder;
}

describe('a program that is killed while it writes', () => {
  it(
    'loses no message that it has promised; what it had kept of calls is there once, in order',
    async () => {
      const directory = await tempFolder();
      const place = { kind: 'sqlite', path: join(directory, 'records.sqlite') } as const;
      const promised: string[] = [];
      for (const messages of [3, 20, 60]) {
        const program = spawn(process.execPath, [join(import.meta.dirname, 'endless-writer.ts'), directory]);
        let said = '';
        await new Promise<void>((resolve) => {
          program.stdout.on('data', (text: Buffer) => {
            said += text.toString();
            if (said.split('\n').length > messages) resolve();
          });
        });
        const gone = once(program, 'close');
        program.kill('SIGKILL');
        await gone;
        promised.push(...said.split('\n').slice(0, -1));
      }
      expect(promised.length).toBeGreaterThanOrEqual(83);
      const { store, troubles } = await opened(directory, place);
      await allWritten(store);
      await store.close();
      expect(store.status.refused).toBe(0);
      // At most the line that was being written when each was killed.
      expect(store.status.lost).toBeLessThanOrEqual(3);
      expect(troubles.length).toBe(store.status.lost);
      const database = await open(place);
      const texts = (await listMessages(database, 1e6)).map(({ text }) => text);
      expect(texts.filter((text) => promised.includes(text)).sort()).toEqual(promised.toSorted());
      expect(new Set(texts).size).toBe(texts.length);
      const calls = await listCalls(database, 1e6);
      const whole = calls.filter(({ ended }) => ended);
      // The call of each promised message was kept before it.
      const names = new Set(whole.map(({ call }) => `message ${call}`));
      expect(promised.filter((text) => !names.has(text))).toEqual([]);
      for (const { said } of whole)
        expect(said.map(({ text }) => text)).toEqual([1, 2, 3, 4].map((n) => `turn ${n}`));
    },
    2 * MINUTE,
  );

  it('leaves half a line, which is passed over, and nothing behind it is lost', async () => {
    const directory = await tempFolder();
    const place = await newPlace('sqlite');
    const away = { kind: 'postgres', url: 'postgresql://nobody@127.0.0.1:1/none' } as const;
    const { store } = await opened(directory, away);
    await store.keep(message('first'));
    await store.close();
    const spool = join(directory, 'spool');
    const [file = ''] = await readdir(spool);
    await appendFile(join(spool, file), 'deadbeef {"half');
    const again = await opened(directory, place);
    await again.store.keep(message('second'));
    await allWritten(again.store);
    await again.store.close();
    expect(again.troubles).toEqual([expect.stringContaining("1 entries of the spool can't be read")]);
    const texts = (await listMessages(await open(place), 9)).map(({ text }) => text);
    expect(texts.sort()).toEqual(['first', 'second']);
  });
});

describe('the database’s thread', () => {
  it.each(['exit', 'hang'] as const)(
    'that comes to harm (%s) is replaced, and nothing is lost',
    async (how) => {
      const threads = new MortalThreads('store/sqlite/sqlite-worker.ts');
      closeLater(() => {
        threads.close();
      });
      const place = await newPlace('sqlite');
      const supervision = { ...threads.supervision, threadPolicy: { hungMs: 2000 } };
      const { store, troubles } = await opened(await tempFolder(), place, supervision);
      observe(store, oneCall('before'));
      await allWritten(store);
      threads.end(how);
      for (let n = 0; n < 20; n += 1) observe(store, oneCall(`after-${n}`));
      await expect.poll(() => troubles.join(), PATIENCE).toMatch(/thread died/);
      await allWritten(store);
      await store.close();
      expect(store.status).toMatchObject({ lost: 0, refused: 0 });
      expect(await listCalls(await open(place), 99)).toHaveLength(21);
    },
    MINUTE,
  );
});

describe.skipIf(!IS_ROOT)('a full disk', () => {
  it(
    'below the spool refuses messages, leaves no half ones, and takes them again when there is room',
    async () => {
      const directory = smallDisk(64);
      const place = await newPlace('sqlite');
      const away = { kind: 'postgres', url: 'postgresql://nobody@127.0.0.1:1/none' } as const;
      const { store, troubles } = await opened(directory, away);
      const kept: string[] = [];
      let refused = 0;
      for (let n = 0; n < 80; n += 1) {
        const text = `${n} ${'please call back '.repeat(60)}`;
        await store.keep(message(text)).then(
          () => kept.push(text),
          () => (refused += 1),
        );
      }
      expect(refused).toBeGreaterThan(0);
      expect(kept.length).toBeGreaterThan(10);
      expect(store.status.spoolTrouble).toMatch(/ENOSPC/);
      expect(troubles.filter((text) => text.includes('ENOSPC'))).toHaveLength(1);
      observe(store, oneCall('meanwhile'));
      expect(spawnSync('mount', ['-o', 'remount,size=1m', directory]).status).toBe(0);
      await store.keep(message('after'));
      expect(store.status.spoolTrouble).toBeUndefined();
      await store.close();
      const again = await opened(directory, place);
      await allWritten(again.store);
      await again.store.close();
      expect(again.store.status).toMatchObject({ lost: 0, refused: 0 });
      const database = await open(place);
      const texts = (await listMessages(database, 999)).map(({ text }) => text);
      expect(texts.sort()).toEqual([...kept, 'after'].sort());
      expect((await listCalls(database, 9)).map(({ call }) => call)).toEqual(['meanwhile']);
    },
    MINUTE,
  );

  it(
    'below the database makes records wait in the spool, and costs none',
    async () => {
      const disk = smallDisk(700);
      const directory = await tempFolder();
      const place = { kind: 'sqlite', path: join(disk, 'records.sqlite') } as const;
      const { store, troubles } = await opened(directory, place);
      await allWritten(store);
      await writeFile(join(disk, 'ballast'), Buffer.alloc(700 * 1024)).catch(() => undefined);
      for (let n = 0; n < 30; n += 1) observe(store, oneCall(`call-${n}`, 'a long story '.repeat(500)));
      await store.keep(message('while it is full'));
      await expect.poll(() => store.status.databaseTrouble, PATIENCE).toMatch(/full/);
      expect(troubles).toEqual([expect.stringMatching(/wait in the spool: .*full/)]);
      await rm(join(disk, 'ballast'));
      expect(spawnSync('mount', ['-o', 'remount,size=20m', disk]).status).toBe(0);
      await allWritten(store);
      await store.close();
      const database = await open(place);
      expect(await listCalls(database, 99)).toHaveLength(30);
      expect(await listMessages(database, 9)).toHaveLength(1);
      await database.close();
    },
    MINUTE,
  );
});

it.skipIf(!LoopDisk.possible)(
  'a disk that can only be read any more is told of once, and so is what is lost when the program ends',
  async () => {
    const disk = LoopDisk.make();
    closeLater(() => {
      disk.close();
    });
    const place = await newPlace('sqlite');
    const { store, troubles } = await opened(join(disk.folder, 'data'), place);
    observe(store, oneCall('before'));
    await allWritten(store);
    disk.fail();
    observe(store, oneCall('meanwhile'));
    await expect.poll(() => store.status.spoolTrouble, PATIENCE).toMatch(/EROFS/);
    await expect(store.keep(message('refused'))).rejects.toThrow(/EROFS/);
    await systemClock.sleep(2500); // it is tried again each second
    expect(troubles.filter((text) => text.includes('nothing can be written to the spool'))).toHaveLength(1);
    await store.close();
    expect(store.status.lost).toBeGreaterThan(0);
    expect(troubles.at(-1)).toBe(
      `${store.status.lost} entries of records are lost: the program ends, and they couldn't be written`,
    );
    expect((await listCalls(await open(place), 9)).map(({ call }) => call)).toEqual(['before']);
  },
  MINUTE,
);

describe('a server', () => {
  it(
    'that is stopped costs nothing: what happens meanwhile is there when it is back',
    async () => {
      const server = await postgres();
      const directory = await tempFolder();
      const place = { kind: 'postgres', url: await server.database() } as const;
      const { store, troubles } = await opened(directory, place);
      observe(store, oneCall('before'));
      await allWritten(store);
      await server.pause();
      observe(store, oneCall('meanwhile'));
      await store.keep(message('meanwhile'));
      await expect.poll(() => store.status.databaseTrouble, PATIENCE).toBeDefined();
      expect(store.status.waitingBytes).toBeGreaterThan(0);
      await server.resume();
      await allWritten(store);
      observe(store, oneCall('after'));
      await store.close();
      const database = await open(place);
      const calls = (await listCalls(database, 9)).map(({ call }) => call);
      expect(calls.sort()).toEqual(['after', 'before', 'meanwhile']);
      expect(await listMessages(database, 9)).toHaveLength(1);
      expect(troubles.join('\n')).toContain('records wait in the spool: PostgreSQL at 127.0.0.1');
      expect(store.status).toMatchObject({ lost: 0, refused: 0 });
    },
    MINUTE,
  );

  it(
    'that goes while nothing is written is missed, and found again',
    async () => {
      const server = await postgres();
      const { store } = await opened(await tempFolder(), { kind: 'postgres', url: await server.database() });
      await expect.poll(() => store.status.databaseTrouble, PATIENCE).toBeUndefined();
      await server.pause();
      await expect.poll(() => store.status.databaseTrouble, PATIENCE).toBeDefined();
      await server.resume();
      await expect.poll(() => store.status.databaseTrouble, PATIENCE).toBeUndefined();
    },
    MINUTE,
  );

  it(
    'that only reads for a while is waited for',
    async () => {
      const server = await postgres();
      const url = await server.database();
      const { store } = await opened(await tempFolder(), { kind: 'postgres', url });
      await allWritten(store);
      const name = new URL(url).pathname.slice(1);
      await server.query('postgres', `alter database ${name} set default_transaction_read_only = on`);
      await server.query(
        'postgres',
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
      );
      observe(store, oneCall('x'));
      await expect.poll(() => store.status.databaseTrouble, PATIENCE).toMatch(/read-only/);
      await server.query('postgres', `alter database ${name} reset default_transaction_read_only`);
      await server.query(
        'postgres',
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
      );
      await allWritten(store);
      await store.close();
      expect(store.status).toMatchObject({ lost: 0, refused: 0 });
      expect(await listCalls(await open({ kind: 'postgres', url }), 9)).toHaveLength(1);
    },
    MINUTE,
  );
});
