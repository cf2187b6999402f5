import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import { messageOf } from '../../lib/errors.ts';
import type { Answer, SqliteThread } from './sqlite-thread.ts';

/** Kysely's SQLite over a thread. One connection: whoever wants it waits for its turn. */
export function sqliteDialect(thread: SqliteThread): Dialect {
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new ThreadDriver(thread),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Migrations are one transaction, which begins with the lock that keeps other programs from writing. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ThreadDriver implements Driver {
  readonly #thread: SqliteThread;
  #free: Promise<unknown> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
  }

  init(): Promise<void> {
    return this.#thread.start();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#free = promise;
    await before;
    this.#release = () => {
      resolve(undefined);
    };
    return new ThreadConnection(this.#thread);
  }

  releaseConnection(): Promise<void> {
    this.#release();
    return Promise.resolve();
  }

  async beginTransaction(connection: ThreadConnection): Promise<void> {
    // Not `begin`: that would take the lock at the first write, when others may have written after we read.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
    connection.inTransaction = true;
  }

  async commitTransaction(connection: ThreadConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: ThreadConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback')).catch((error: unknown) => {
      // SQLite has done so itself: of a full disk, say.
      if (!messageOf(error).includes('no transaction is active')) throw error;
    });
  }

  destroy(): Promise<void> {
    return this.#thread.close();
  }
}

class ThreadConnection implements DatabaseConnection {
  inTransaction = false;
  readonly #thread: SqliteThread;
  /** A thread that died has rolled back, and its successor knows of no transaction. */
  readonly #life: number;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
    this.#life = thread.restarts;
  }

  async executeQuery<Result>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Result>> {
    if (this.inTransaction && this.#thread.restarts !== this.#life)
      throw new Error('the thread died meanwhile');
    const { rows, changes } = (await this.#thread.ask({ sql, parameters })) as Answer;
    return { rows: rows as Result[], numAffectedRows: BigInt(changes) };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- nobody streams here
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('rows come all at once');
  }
}
