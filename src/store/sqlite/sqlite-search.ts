import { sql } from 'kysely';
import type { SearchIndex } from '../search-words.ts';

/** By FTS5. The index has no copy of the texts. */
export const sqliteSearch: SearchIndex = {
  async create(db) {
    await sql`create table search (
      n integer primary key autoincrement, id text not null unique, kind text not null, at integer not null
    )`.execute(db);
    await sql`create virtual table search_words using
      fts5(words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0')`.execute(db);
  },

  async put(db, { id, kind, at, words }) {
    const { n } = await db
      .insertInto('search')
      .values({ id, kind, at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ at }))
      .returning('n')
      .executeTakeFirstOrThrow();
    await sql`insert or replace into search_words (rowid, words) values (${n}, ${words})`.execute(db);
  },

  async remove(db, ids) {
    const list = sql.join(ids);
    await sql`delete from search_words where rowid in (select n from search where id in (${list}))`.execute(
      db,
    );
    await sql`delete from search where id in (${list})`.execute(db);
  },

  async purge(db) {
    // The index only marks what is deleted, and the log has it, too.
    await sql`insert into search_words (search_words) values ('optimize')`.execute(db);
    await sql`pragma wal_checkpoint(truncate)`.execute(db);
  },

  async find(db, question, limit) {
    const match = question.map((words) => `"${words.join(' ')}"*`).join(' AND ');
    // The innermost part goes through the matches from the newest on, and stops when there are enough.
    const { rows } = await sql<{ id: string; kind: 'call' | 'message' }>`
      select id, kind from
        (select rowid as found from search_words where search_words match ${match} order by rowid desc limit ${limit})
        join search on n = found order by n desc`.execute(db);
    return rows;
  },
};
