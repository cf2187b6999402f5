import { sql, type RawBuilder } from 'kysely';
import { areBeginnings, partsOf, type SearchIndex } from '../search-words.ts';

type Sql = RawBuilder<unknown>;

const WORDS = sql.table('search_words');
const NAMES = sql.table('search_names');
const INDEXES = [WORDS, NAMES];

/** By FTS5, for names of trigrams. The indexes have no copy of the texts. */
export const sqliteSearch: SearchIndex = {
  async create(db) {
    await sql`create table search (
      n integer primary key autoincrement, id text not null unique, kind text not null, at integer not null
    )`.execute(db);
    await sql`create virtual table search_words using
      fts5(words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0')`.execute(db);
    await sql`create virtual table search_names using
      fts5(names, content='', contentless_delete=1, tokenize='trigram')`.execute(db);
  },

  async put(db, { id, kind, at, words, names }) {
    const { n } = await db
      .insertInto('search')
      .values({ id, kind, at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ at }))
      .returning('n')
      .executeTakeFirstOrThrow();
    await sql`insert or replace into search_words (rowid, words) values (${n}, ${words})`.execute(db);
    await sql`insert or replace into search_names (rowid, names) values (${n}, ${names})`.execute(db);
  },

  async remove(db, ids) {
    const list = sql.join(ids);
    for (const index of INDEXES) {
      await sql`delete from ${index} where rowid in (select n from search where id in (${list}))`.execute(db);
    }
    await sql`delete from search where id in (${list})`.execute(db);
  },

  async purge(db) {
    // The index only marks what is deleted, and the log has it, too.
    for (const index of INDEXES) await sql`insert into ${index} (${index}) values ('optimize')`.execute(db);
    await sql`pragma wal_checkpoint(truncate)`.execute(db);
  },

  among(question, newest, before) {
    // Goes through the matches from the newest on, and stops when there are enough.
    const older = before === undefined ? sql`` : sql`and rowid < ${before}`;
    const matching = (index: Sql, match: string): Sql =>
      sql`select rowid as n from ${index} where ${index} match ${match} ${older} order by rowid desc limit ${newest}`;
    const words = matching(
      WORDS,
      question.map((one) => `"${one.join(' ')}"${areBeginnings(one) ? '*' : ''}`).join(' AND '),
    );
    const parts = partsOf(question)?.map((part) => `"${part}"`);
    return parts
      ? sql`select n from (${words}) union select n from (${matching(NAMES, parts.join(' AND '))})`
      : sql`select n from (${words})`;
  },
};
