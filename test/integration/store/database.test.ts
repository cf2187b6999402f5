import { readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../../src/store/database.ts';
import { migrations } from '../../../src/store/migrations.ts';
import type { Tables } from '../../../src/store/schema.ts';
import { find as findIn, questionOf, wordsOf } from '../../../src/store/search-words.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite-database.ts';
import { cleanDatabases, KINDS, newPlace, open, tempFolder } from './databases.ts';

cleanDatabases();

describe.each(KINDS)('a database (%s)', (kind) => {
  it('is made when it is opened, and opened again as it is', async () => {
    const place = await newPlace(kind);
    const first = await open(place);
    await first.db
      .insertInto('spool_files')
      .values({ file: 'a', applied: 2 ** 40, at: 1 })
      .execute();
    await first.close();
    const rows = await (await open(place)).db.selectFrom('spool_files').selectAll().execute();
    expect(rows).toEqual([{ file: 'a', applied: 2 ** 40, at: 1 }]);
  });

  it('is made once by programs that open it at the same time', async () => {
    const place = await newPlace(kind);
    const all = await Promise.all([1, 2, 3, 4].map(() => open(place)));
    for (const { db } of all) expect(await db.selectFrom('calls').selectAll().execute()).toEqual([]);
  });

  it('of a later version of the program is refused, and left as it is', async () => {
    const place = await newPlace(kind);
    const database = await open(place);
    await sql`insert into kysely_migration (name, timestamp) values ('999-later', '2999')`.execute(
      database.db,
    );
    await database.close();
    await expect(openDatabase({ place, onWarning: () => undefined })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('999-later') as string,
    });
  });

  it('takes a transaction back as a whole, and goes on', async () => {
    const { db } = await open(await newPlace(kind));
    const row = { file: 'a', applied: 1, at: 1 };
    const failing = db.transaction().execute(async (trx) => {
      await trx.insertInto('spool_files').values(row).execute();
      await trx.insertInto('spool_files').values(row).execute();
    });
    await expect(failing).rejects.toThrow(/unique/i);
    expect(await db.selectFrom('spool_files').selectAll().execute()).toEqual([]);
  });

  it('tells what was written wrongly from a database that fails', async () => {
    const database = await open(await newPlace(kind));
    const row = { file: 'a', applied: 1, at: 1 };
    const twice = database.db.insertInto('spool_files').values([row, row]).execute();
    expect(database.isRefusal(await twice.catch((error: unknown) => error))).toBe(true);
    const { db } = database;
    await database.close();
    const closed = db.selectFrom('calls').selectAll().execute();
    expect(database.isRefusal(await closed.catch((error: unknown) => error))).toBe(false);
  });
});

describe.each(KINDS)('search (%s)', (kind) => {
  async function searched(texts: readonly string[]) {
    const database = await open(await newPlace(kind));
    await put(database, texts);
    const find = async (question: string, limit = 10): Promise<string[]> =>
      (await findIn(database, questionOf(question), limit)).map(({ id }) => id);
    return { database, find };
  }

  async function put({ db, search }: Database, texts: readonly string[]): Promise<void> {
    for (const [at, text] of texts.entries())
      await search.put(db, { id: String(at), kind: 'call', at, words: wordsOf(text), names: '' });
  }

  it('finds all words, wherever they stand, by their beginnings, newest first', async () => {
    const { find } = await searched([
      'When do you open on Saturdays?',
      'I have a toothache; are you open?',
      'Goodbye.',
    ]);
    expect(await find('open')).toEqual(['1', '0']);
    expect(await find('open', 1)).toEqual(['1']);
    expect(await find('OPEN sat')).toEqual(['0']);
    expect(await find('pen')).toEqual([]);
    expect(await find('open closed')).toEqual([]);
  });

  it('knows capitals, accents, numbers, and scripts without spaces', async () => {
    const { find } = await searched([
      'Ärger mit Frau Müller, 030 1234567',
      '我想预约明天的牙医',
      'ขอนัดหมอฟันพรุ่งนี้',
      'मुझे कल का समय चाहिए',
      'Жду звонка',
    ]);
    expect(await find('arger MULLER')).toEqual(['0']);
    expect(await find('12345')).toEqual(['0']);
    expect(await find('预约')).toEqual(['1']);
    expect(await find('约预')).toEqual([]);
    expect(await find('หมอฟัน')).toEqual(['2']);
    expect(await find('समय')).toEqual(['3']);
    expect(await find('звон')).toEqual(['4']);
  });

  it('takes whatever is asked for words, not for a question in its own language', async () => {
    const { find } = await searched(['well-known "quotes" and 8e10']);
    for (const question of ['"quotes', "quotes'", 'quotes & !', 'well-known', '(quotes', '8e10', 'quotes:*'])
      expect(await find(question)).toEqual(['0']);
    expect(await find('quotes OR nothing')).toEqual([]);
  });

  it('forgets what is replaced or removed', async () => {
    const { database, find } = await searched(['one', 'two']);
    const row = { id: '0', kind: 'call', at: 0 } as const;
    await database.search.put(database.db, { ...row, words: wordsOf('three'), names: wordsOf('Ada') });
    expect(await find('one')).toEqual([]);
    expect(await find('three')).toEqual(['0']);
    expect(await find('ada')).toEqual(['0']);
    await database.search.remove(database.db, ['0', '1']);
    expect(await find('three')).toEqual([]);
    expect(await find('ada')).toEqual([]);
  });
});

describe('the file of an embedded database', () => {
  it('of a version that had no short beginnings in its index has them, and its calls, afterwards', async () => {
    const path = join(await tempFolder(), 'records.sqlite');
    const { dialect, search } = openSqlite(path, {
      place: { kind: 'sqlite', path },
      onWarning: () => undefined,
    });
    const before = new Kysely<Tables>({ dialect });
    const provider = { getMigrations: () => Promise.resolve({ ...migrations(search) }) };
    const { error } = await new Migrator({ db: before, provider }).migrateTo('004-figures-and-words');
    expect(error).toBeUndefined();
    for (const [at, text] of ['the dental clinic', 'nothing', 'a denture, and 13-09'].entries())
      await search.put(before, {
        id: String(at),
        kind: 'call',
        at,
        words: wordsOf(text),
        names: wordsOf('Ada'),
      });
    await before.destroy();

    const after = await open({ kind: 'sqlite', path });
    const find = async (question: string): Promise<string[]> =>
      (await findIn(after, questionOf(question), 10)).map(({ id }) => id);
    expect(await find('de')).toEqual(['2', '0']);
    expect(await find('den cl')).toEqual(['0']);
    expect(await find('dental clinic')).toEqual(['0']);
    expect(await find('13-09')).toEqual(['2']);
    expect(await find('ada')).toEqual(['2', '1', '0']);
    const row = { id: '1', kind: 'call', at: 1, words: wordsOf('something'), names: '' } as const;
    await after.search.put(after.db, row);
    await after.search.remove(after.db, ['2']);
    await after.search.purge(after.db);
    expect(await find('de')).toEqual(['0']);
    expect(await find('so')).toEqual(['1']);
    expect(await find('no')).toEqual([]);
  });

  it('belongs to its user alone, with what SQLite puts beside it', async () => {
    const place = { kind: 'sqlite', path: join(await tempFolder(), 'data', 'records.sqlite') } as const;
    const { db } = await open(place);
    await db.insertInto('spool_files').values({ file: 'a', applied: 1, at: 1 }).execute();
    const folder = dirname(place.path);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const files = await readdir(folder);
    expect(files.sort()).toEqual(['records.sqlite', 'records.sqlite-shm', 'records.sqlite-wal']);
    for (const file of files) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  });

  it('that is none is told by its name', async () => {
    const path = join(await tempFolder(), 'records.sqlite');
    await writeFile(path, 'something else '.repeat(100));
    await expect(
      openDatabase({ place: { kind: 'sqlite', path }, onWarning: () => undefined }),
    ).rejects.toThrow(`${path}: file is not a database`);
  });
});
