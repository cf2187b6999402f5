import { Kysely, type Dialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import type { Supervision } from '../threads/supervised-thread.ts';
import { placeText, type DatabasePlace } from './database-place.ts';
import { migrations } from './migrations.ts';
import type { Tables } from './schema.ts';
import type { SearchIndex } from './search-words.ts';

/** What the rest of the room does with a database, whichever it is. */
export interface Database {
  readonly kind: DatabasePlace['kind'];
  readonly db: Kysely<Tables>;
  readonly search: SearchIndex;
  /** True: what was written is at fault, and would be again; false: the database, for now. */
  readonly isRefusal: (error: unknown) => boolean;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly place: DatabasePlace;
  /** For the log. */
  readonly onWarning: (message: string) => void;
  readonly supervision?: Supervision;
}

/** A kind of database, before it is opened. */
export interface Opened {
  readonly dialect: Dialect;
  readonly search: SearchIndex;
  readonly isRefusal: (error: unknown) => boolean;
}

/** Opens the database, and brings it to the present schema. Throws STORE_UNAVAILABLE with what to do. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { place } = options;
  const { dialect, search, isRefusal } =
    place.kind === 'sqlite'
      ? (await import('./sqlite/sqlite-database.ts')).openSqlite(place.path, options)
      : (await import('./postgres/postgres-database.ts')).openPostgres(place.url, options);
  const db = new Kysely<Tables>({ dialect });
  try {
    await migrate(db, search);
  } catch (error) {
    await db.destroy().catch(() => undefined);
    throw new VoiceAgentError('STORE_UNAVAILABLE', `${placeText(place)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return { kind: place.kind, db, search, isRefusal, close: () => db.destroy() };
}

async function migrate(db: Kysely<Tables>, search: SearchIndex): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations(search) }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error) throw error;
  if (error !== undefined) throw new Error(messageOf(error));
}
