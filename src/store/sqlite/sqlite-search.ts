import { sql, type RawBuilder } from 'kysely';
import { areBeginnings, partsOf, type SearchIndex } from '../search-words.ts';

type Sql = RawBuilder<unknown>;

const WORDS = sql.table('search_words');
const NAMES = sql.table('search_names');
const INDEXES = [WORDS, NAMES];
/** Words that begin alike are looked for one by one up to so many: FTS5 goes through each from the newest on, and stops. */
const MOST_WORDS = 500;
/** Beginnings of so many letters, which too many words have for that, are in the index themselves. */
const INDEXED_BEGINNINGS = [2, 3];

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

  async createWords(db) {
    await sql`create table search_terms (term text primary key) without rowid`.execute(db);
    await sql`create virtual table search_vocabulary using fts5vocab(search_words, 'row')`.execute(db);
    await sql`insert into search_terms select term from search_vocabulary`.execute(db);
  },

  async indexBeginnings(db) {
    const next = sql.table('search_words_next');
    await sql`create virtual table ${next} using fts5(
      words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0',
      prefix=${sql.lit(INDEXED_BEGINNINGS.join(' '))}
    )`.execute(db);
    // The texts themselves aren't there: which word stands where is.
    const places = sql.table('search_places');
    await sql`create virtual table ${places} using fts5vocab(search_words, 'instance')`.execute(db);
    await sql`insert into ${next} (rowid, words)
      select doc, group_concat(term, ' ' order by offset) from ${places} group by doc`.execute(db);
    await sql`drop table ${places}`.execute(db);
    await sql`drop table ${WORDS}`.execute(db);
    await sql`alter table ${next} rename to ${WORDS}`.execute(db);
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
    const terms = JSON.stringify(words.split(' ').filter((word) => word !== ''));
    await sql`insert or ignore into search_terms select value from json_each(${terms})`.execute(db);
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
    await sql`delete from search_terms where term not in (select term from search_vocabulary)`.execute(db);
    await sql`pragma wal_checkpoint(truncate)`.execute(db);
  },

  among(question, newest, before) {
    // Goes through the matches from the newest on, and stops when there are enough.
    const older = before === undefined ? sql`` : sql`and rowid < ${before}`;
    const matching = (index: Sql, match: Sql): Sql =>
      sql`select rowid as n from ${index} where ${index} match ${match} ${older} order by rowid desc limit ${newest}`;
    const words = matching(WORDS, sql.join(question.map(wordMatch), sql` || ' AND ' || `));
    const parts = partsOf(question)?.map((part) => `"${part}"`);
    return parts
      ? sql`select n from (${words}) union select n from (${matching(NAMES, sql`${parts.join(' AND ')}`)})`
      : sql`select n from (${words})`;
  },
};

/**
 * What FTS5 is to match for words that were asked for together. Of the words that begin so it would first gather all places
 * of all of them, where their beginning isn't in its index: with five common words, of 100,000 calls, that took 190 ms, and
 * takes 12 (measured).
 */
function wordMatch(words: readonly string[]): Sql {
  const [word = ''] = words;
  const beginning = `"${words.join(' ')}"*`;
  if (!areBeginnings(words)) return sql`${`"${word}"`}`;
  if (words.length > 1 || INDEXED_BEGINNINGS.includes(word.length)) return sql`${beginning}`;
  return sql`(
    select case when count(*) between 1 and ${sql.lit(MOST_WORDS)}
      then '(' || group_concat('"' || term || '"', ' OR ') || ')' else ${beginning} end
    from (select term from search_terms where term >= ${word} and term < ${`${word}{`} limit ${sql.lit(MOST_WORDS + 1)})
  )`;
}
