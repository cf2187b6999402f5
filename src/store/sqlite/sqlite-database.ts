import { ThreadError } from '../../threads/thread-run.ts';
import type { DatabaseOptions, Opened } from '../database.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { sqliteSearch } from './sqlite-search.ts';
import { createSqliteThread } from './sqlite-thread.ts';

/** SQLITE_ERROR (a statement), TOOBIG, CONSTRAINT, MISMATCH, RANGE: https://sqlite.org/rescode.html. */
const REFUSALS = ['1', '18', '19', '20', '25'].map((code) => `SQLITE_${code}`);

export function openSqlite(path: string, { onWarning, supervision }: DatabaseOptions): Opened {
  return {
    dialect: sqliteDialect(createSqliteThread({ path }, onWarning, supervision)),
    search: sqliteSearch,
    isRefusal: (error) => error instanceof ThreadError && REFUSALS.includes(error.said?.code ?? ''),
  };
}
