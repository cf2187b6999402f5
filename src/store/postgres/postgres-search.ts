import { sql } from 'kysely';
import { OF_CALLS } from '../schema.ts';
import { areBeginnings, partsOf, type SearchIndex } from '../search-words.ts';

/** By tsvector, for names by pg_trgm: the planner knows which words are common, and goes through the newest calls for those. */
export const postgresSearch: SearchIndex = {
  async create(db) {
    // Any owner of a database may do so.
    await sql`create extension if not exists pg_trgm`.execute(db);
    await sql`create table search (
      n bigint generated always as identity primary key, id text not null unique, kind text not null,
      at bigint not null, words tsvector not null, names text not null
    )`.execute(db);
    // Without a list of what isn't sorted in yet: it makes the planner go through all calls instead (measured, among
    // 100,000: a number took 105 ms, and takes 3).
    await sql`create index search_words on search using gin (words) with (fastupdate = off)`.execute(db);
    await sql`create index search_names on search using gin (names gin_trgm_ops) with (fastupdate = off)`.execute(
      db,
    );
  },

  async put(db, { id, kind, at, words, names }) {
    await sql`insert into search (id, kind, at, words, names)
      values (${id}, ${kind}, ${at}, to_tsvector('simple', ${words}), ${names})
      on conflict (id) do update set at = excluded.at, words = excluded.words, names = excluded.names`.execute(
      db,
    );
  },

  async remove(db, ids) {
    await db
      .deleteFrom('search')
      .where('id', 'in', [...ids])
      .execute();
  },

  /** By itself the server waits until a fifth of a table is deleted. */
  async purge(db) {
    const tables = ['calls', 'messages', 'search', ...OF_CALLS].map((table) => sql.table(table));
    await sql`vacuum (skip_locked) ${sql.join(tables)}`.execute(db);
  },

  among(question, newest, before) {
    const match = question
      .map((words) => `(${words.join(' <-> ')}${areBeginnings(words) ? ':*' : ''})`)
      .join(' & ');
    const where = [sql`words @@ to_tsquery('simple', ${match})`];
    const parts = partsOf(question)?.map((part) => sql`names like ${`%${part}%`}`);
    if (parts) where.push(sql.join(parts, sql` and `));
    const older = before === undefined ? sql`` : sql`and n < ${before}`;
    // Each by itself, for its own index; the planner goes through the newest calls for what many have.
    return sql.join(
      where.map((one) => sql`(select n from search where ${one} ${older} order by n desc limit ${newest})`),
      sql` union `,
    );
  },
};
