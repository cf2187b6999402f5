import { sql, type RawBuilder } from 'kysely';
import type { SearchIndex } from '../search-words.ts';

/** By tsvector: the planner knows which words are common, and goes through the newest calls for those. */
export const postgresSearch: SearchIndex = {
  async create(db) {
    await sql`create table search (
      n bigint generated always as identity primary key, id text not null unique, kind text not null,
      at bigint not null, words tsvector not null
    )`.execute(db);
    await sql`create index search_words on search using gin (words)`.execute(db);
  },

  async put(db, { id, kind, at, words }) {
    const vector = vectorOf(words);
    await sql`insert into search (id, kind, at, words) values (${id}, ${kind}, ${at}, ${vector})
      on conflict (id) do update set at = excluded.at, words = excluded.words`.execute(db);
  },

  async remove(db, ids) {
    await db
      .deleteFrom('search')
      .where('id', 'in', [...ids])
      .execute();
  },

  /** The server vacuums by itself. */
  purge: () => Promise.resolve(),

  async find(db, question, limit) {
    const match = question.map((words) => `(${words.join(' <-> ')}:*)`).join(' & ');
    const { rows } = await sql<{ id: string; kind: 'call' | 'message' }>`
      select id, kind from search where words @@ to_tsquery('simple', ${match}) order by n desc limit ${limit}`.execute(
      db,
    );
    return rows;
  },
};

function vectorOf(words: string): RawBuilder<unknown> {
  return sql`to_tsvector('simple', ${words})`;
}
