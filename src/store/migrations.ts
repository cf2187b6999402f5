import { sql, type ColumnDataType, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { SearchIndex } from './search-words.ts';

type Columns = Readonly<Record<string, ColumnDataType | readonly [ColumnDataType, 'optional']>>;

const optional = (type: ColumnDataType) => [type, 'optional'] as const;

const OF_CALL = { call_id: 'text', n: 'integer' } as const;

const TABLES: Readonly<Record<string, { readonly key: readonly string[]; readonly columns: Columns }>> = {
  calls: {
    key: ['id'],
    columns: {
      id: 'text',
      call: 'text',
      began_at: 'bigint',
      direction: 'text',
      server: 'text',
      channel: 'text',
      dialled: 'text',
      caller_number: 'text',
      caller_name: 'text',
      variables: 'text',
      agent: 'text',
      set_up_ms: optional('double precision'),
      greeting_ms: optional('double precision'),
      digits: 'text',
      holds: 'integer',
      run: optional('text'),
      ended_at: optional('bigint'),
      reason: optional('text'),
      result: optional('text'),
      packets: optional('text'),
      turns: optional('integer'),
      mean_ms: optional('double precision'),
      worst_ms: optional('double precision'),
      cost: optional('double precision'),
      currency: optional('text'),
    },
  },
  turns: {
    key: ['call_id', 'n'],
    columns: {
      ...OF_CALL,
      turn: 'integer',
      who: 'text',
      at_ms: 'bigint',
      end_ms: optional('bigint'),
      text: optional('text'),
      words: 'integer',
      via: optional('text'),
      understood: optional('smallint'),
      interrupted: optional('smallint'),
    },
  },
  latencies: {
    key: ['call_id', 'n'],
    columns: { ...OF_CALL, turn: 'integer', total_ms: optional('double precision'), stages: 'text' },
  },
  events: {
    key: ['call_id', 'kind', 'n'],
    columns: { ...OF_CALL, kind: 'text', at_ms: 'bigint', data: 'text' },
  },
  troubles: {
    key: ['call_id', 'n'],
    columns: {
      ...OF_CALL,
      at_ms: 'bigint',
      part: 'text',
      message: 'text',
      provider: optional('text'),
      kind: optional('text'),
      outcome: optional('text'),
      next: optional('text'),
    },
  },
  tool_calls: {
    key: ['call_id', 'n'],
    columns: { ...OF_CALL, at_ms: 'bigint', name: 'text', result: optional('text') },
  },
  usage: {
    key: ['call_id', 'provider'],
    columns: {
      call_id: 'text',
      provider: 'text',
      requests: 'integer',
      input_tokens: 'bigint',
      output_tokens: 'bigint',
    },
  },
  media: {
    key: ['call_id', 'at_ms'],
    columns: {
      call_id: 'text',
      at_ms: 'bigint',
      received: 'bigint',
      sent: 'bigint',
      lost: 'bigint',
      late: 'bigint',
      concealed: 'bigint',
      jitter_ms: 'double precision',
      lateness_max_ms: 'double precision',
    },
  },
  recordings: {
    key: ['call_id'],
    columns: {
      call_id: 'text',
      file: 'text',
      state: 'text',
      duration_ms: optional('bigint'),
      bytes: optional('bigint'),
    },
  },
  messages: {
    key: ['id'],
    columns: {
      id: 'text',
      call_id: optional('text'),
      taken_at: 'bigint',
      agent: 'text',
      name: 'text',
      number: 'text',
      text: 'text',
      info: 'text',
      state: 'text',
      done_at: optional('bigint'),
    },
  },
  audit: {
    key: ['id'],
    columns: { id: 'text', at: 'bigint', actor: 'text', action: 'text', subject: 'text', detail: 'text' },
  },
  spool_files: { key: ['file'], columns: { file: 'text', applied: 'bigint', at: 'bigint' } },
};

const FLEET_TABLES: typeof TABLES = {
  fleet_nodes: {
    key: ['node'],
    columns: {
      node: 'text',
      run: 'text',
      state: 'text',
      calls: 'integer',
      max_calls: 'integer',
      unreachable: 'text',
      beat_at: 'bigint',
    },
  },
  fleet_calls: {
    key: ['server', 'channel'],
    columns: {
      server: 'text',
      channel: 'text',
      node: 'text',
      run: 'text',
      token: 'bigint',
      caller: 'text',
      began_at: 'bigint',
    },
  },
};

const TALLIES: typeof TABLES = {
  tallies: {
    key: ['what', 'hour', 'agent', 'key', 'ms'],
    columns: { what: 'text', hour: 'integer', agent: 'text', key: 'text', ms: 'integer', n: 'bigint' },
  },
};

const INDEXES: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['calls', 'began_at', 'id'],
  ['calls', 'call'],
  ['calls', 'caller_number'],
  ['messages', 'taken_at', 'id'],
  ['audit', 'at'],
];

/**
 * The steps from an empty database to the present one, by their names, in order. They only go forward, and one that has
 * been released is never changed: what comes later is a step of its own, which adds and doesn't rename.
 */
export function migrations(search: SearchIndex): Readonly<Record<string, Migration>> {
  return {
    '001-calls': {
      up: async (db: Kysely<unknown>) => {
        await createTables(db, TABLES);
        for (const [table, ...columns] of INDEXES) {
          await db.schema
            .createIndex([table, ...columns].join('_'))
            .on(table)
            .columns(columns)
            .execute();
        }
        await search.create(db);
      },
    },
    '002-fleet': { up: (db: Kysely<unknown>) => createTables(db, FLEET_TABLES) },
    '003-unheard': {
      up: (db: Kysely<unknown>) => db.schema.alterTable('turns').addColumn('unheard', 'text').execute(),
    },
    '004-figures-and-words': {
      up: async (db: Kysely<unknown>) => {
        // Filled afterwards (tallies.ts): no call waits for that.
        await createTables(db, TALLIES);
        // What the history filters by, so that it needn't look at the calls that it leaves out.
        await db.schema
          .createIndex('calls_newest')
          .on('calls')
          .columns(['began_at', 'id', 'agent', 'reason', 'worst_ms'])
          .execute();
        await db.schema.dropIndex('calls_began_at_id').execute();
        await search.createWords?.(db);
        await db.schema
          .createIndex('calls_unended')
          .on('calls')
          .column('began_at')
          .where(sql.ref('ended_at'), 'is', null)
          .execute();
      },
    },
    // A minute with 100,000 calls, for which the spool waits, and no call does.
    '005-beginnings': { up: async (db: Kysely<unknown>) => search.indexBeginnings?.(db) },
  };
}

async function createTables(db: Kysely<unknown>, tables: typeof TABLES): Promise<void> {
  for (const [name, { key, columns }] of Object.entries(tables)) {
    let table = db.schema.createTable(name).addPrimaryKeyConstraint(`${name}_key`, [...key] as never[]);
    for (const [column, type] of Object.entries(columns)) {
      table = Array.isArray(type)
        ? table.addColumn(column, type[0] as ColumnDataType)
        : table.addColumn(column, type as ColumnDataType, (one) => one.notNull());
    }
    await table.execute();
  }
}
