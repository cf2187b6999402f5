import { sql, type Kysely } from 'kysely';
import type { Database } from './database.ts';
import { inPieces, padded } from './few-statements.ts';
import { KEYS, type Kept, type Tables, type Write } from './schema.ts';
import { wordsOf, type SearchIndex } from './search-words.ts';
import { count, overAmong } from './tallies.ts';

/** Statements have room for some ten thousand values. */
const ROWS = 300;

/** What is written once, and may have been changed in the database since. */
const ONCE: readonly Kept[] = ['messages', 'audit', 'media'];

/** Whose rows the figures of their call are made of. */
const FIGURED: readonly Kept[] = ['latencies', 'events', 'troubles'];

/** Writes rows, in their order; run it in a transaction. What can be found by search, and is counted, is so afterwards. */
export async function writeRows(
  { db, search, kind }: Pick<Database, 'db' | 'search' | 'kind'>,
  writes: readonly Write[],
): Promise<void> {
  const figured = [...new Set(writes.flatMap(callOf))];
  await count({ db, kind }, await overAmong({ db }, figured), -1);
  for (let from = 0; from < writes.length;) {
    const table = writes[from]?.table as Kept;
    let to = from + 1;
    while (to < writes.length && to - from < ROWS && writes[to]?.table === table) to += 1;
    await upsert({ db, kind }, table, writes.slice(from, to));
    from = to;
  }
  const calls = new Set<string>();
  for (const { table, row } of writes) {
    if (table === 'calls') calls.add(row.id);
    else if (table === 'turns') calls.add(row.call_id);
    else if (table === 'messages')
      await search.put(db, {
        id: row.id,
        kind: 'message',
        at: row.taken_at,
        words: wordsOf([row.name, row.number, row.text].join(' ')),
        names: wordsOf([row.name, figuresOf(row.number)].join(' ')),
      });
  }
  await indexCalls(db, search, [...calls]);
  await count({ db, kind }, await overAmong({ db }, figured), 1);
}

function callOf({ table, row }: Write): string[] {
  if (table === 'calls') return [row.id];
  return FIGURED.includes(table) ? [(row as { readonly call_id: string }).call_id] : [];
}

async function upsert(
  { db, kind }: Pick<Database, 'db' | 'kind'>,
  table: Kept,
  writes: readonly Write[],
): Promise<void> {
  const key: readonly string[] = KEYS[table];
  // Of several for one row, the last counts: a statement may not write a row twice.
  const rows = new Map(
    writes.map(({ row }) => {
      const values = Object.fromEntries(
        Object.entries(row).map(([column, value]) => [column, withoutNul(value)]),
      );
      return [key.map((column) => String(values[column])).join('\n'), values];
    }),
  );
  const columns = Object.keys([...rows.values()][0] ?? {}).filter((column) => !key.includes(column));
  const all = [...rows.values()];
  // A server is asked as rarely as can be: it may be far away.
  for (const some of kind === 'sqlite' ? inPieces(all) : [all]) {
    await db
      .insertInto(table as 'calls')
      .values(some as never)
      .onConflict((conflict) => {
        const same = conflict.columns(key as never);
        return ONCE.includes(table)
          ? same.doNothing()
          : same.doUpdateSet(
              Object.fromEntries(columns.map((column) => [column, sql.ref(`excluded.${column}`)])),
            );
      })
      .execute();
  }
}

/** A call is found by whoever called, was called, and by what both said. */
async function indexCalls(db: Kysely<Tables>, search: SearchIndex, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const turns = await db
    .selectFrom('turns')
    .select(['call_id', 'text'])
    .where('call_id', 'in', padded(ids))
    .where('text', 'is not', null)
    .orderBy('call_id')
    .orderBy('n')
    .execute();
  const said = Map.groupBy(turns, ({ call_id }) => call_id);
  const calls = await db
    .selectFrom('calls')
    .select(['id', 'began_at', 'agent', 'dialled', 'caller_name', 'caller_number'])
    .where('id', 'in', padded(ids))
    .execute();
  for (const { id, began_at: at, ...call } of calls) {
    const texts = [call.caller_name, call.caller_number, call.dialled, call.agent];
    texts.push(...(said.get(id) ?? []).map(({ text }) => text ?? ''));
    const names = [call.caller_name, figuresOf(call.caller_number), figuresOf(call.dialled), call.agent];
    await search.put(db, {
      id,
      kind: 'call',
      at,
      words: wordsOf(texts.join(' ')),
      names: wordsOf(names.join(' ')),
    });
  }
}

/** A number as one word, however it was written. */
function figuresOf(number: string): string {
  return number.replace(/(?<=\d)[^\p{L}\d]+(?=\d)/gu, '');
}

/** PostgreSQL has no text with it. */
function withoutNul(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value;
}
