import { ThreadError } from '../../threads/thread-run.ts';
import type { DatabaseOptions, Opened } from '../database.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { sqliteSearch } from './sqlite-search.ts';
import { createSqliteThread } from './sqlite-thread.ts';

/** TOOBIG, CONSTRAINT, MISMATCH: https://sqlite.org/rescode.html. */
const REFUSALS = ['18', '19', '20'].map((code) => `SQLITE_${code}`);
/** These have no code of their own: rows of another version of the program. */
const UNKNOWN = /no such (table|column)|no column named/;

export function openSqlite(path: string, { onWarning, supervision }: DatabaseOptions): Opened {
  return {
    dialect: sqliteDialect(createSqliteThread({ path }, onWarning, supervision)),
    search: sqliteSearch,
    isRefusal: (error) =>
      error instanceof ThreadError &&
      (REFUSALS.includes(error.said?.code ?? '') || UNKNOWN.test(error.message)),
  };
}
