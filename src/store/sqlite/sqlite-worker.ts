/** The thread in which SQLite works: statements are blocking calls there, and may wait for a disk. */
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { makeFolderSync } from '../../lib/make-folder.ts';
import { ThreadSide } from '../../threads/thread-side.ts';
import type { Answer, SqliteThreadData, Statement } from './sqlite-thread.ts';

/** For another program that writes. */
const BUSY_MS = 5000;
const PREPARED = 200;

const side = new ThreadSide<Statement, never>();
const prepared = new Map<string, StatementSync>();

try {
  const database = open((workerData as SqliteThreadData).path);
  side.ready(undefined, {
    obey: (statement) => execute(database, statement),
    stop() {
      prepared.clear();
      database.close();
    },
  });
} catch (error) {
  side.unable(coded(error));
}

function open(path: string): DatabaseSync {
  makeFolderSync(dirname(path));
  // What SQLite puts beside it has the same mode.
  closeSync(openSync(path, 'a', 0o600));
  const opened = new (sqlite().DatabaseSync)(path, { timeout: BUSY_MS });
  // `full`: what was committed has gone from the spool, so it must outlive the machine's power.
  opened.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on');
  return opened;
}

/** Loads node:sqlite without its warning: Node 22 calls it experimental, and would say so at each start. */
function sqlite() {
  const warn = process.emitWarning.bind(process) as (...warning: unknown[]) => void;
  process.emitWarning = (...warning: unknown[]) => {
    if (!String(warning[0]).startsWith('SQLite is an experimental feature')) warn(...warning);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = warn;
  }
}

function execute(database: DatabaseSync, { sql, parameters }: Statement): Answer {
  try {
    let statement = prepared.get(sql);
    if (!statement) {
      if (prepared.size >= PREPARED) prepared.clear();
      statement = database.prepare(sql);
      prepared.set(sql, statement);
    }
    const values = parameters as SQLInputValue[];
    if (statement.columns().length > 0) return { rows: statement.all(...values), changes: 0 };
    return { rows: [], changes: Number(statement.run(...values).changes) };
  } catch (error) {
    throw coded(error);
  }
}

/** SQLite's own number of what went wrong, as the code that crosses threads. */
function coded(error: unknown): unknown {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number'
    ? Object.assign(error as Error, { code: `SQLITE_${errcode & 0xff}` })
    : error;
}
