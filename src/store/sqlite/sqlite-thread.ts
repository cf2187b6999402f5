import { DATABASE_POLICY } from '../../threads/policies.ts';
import { SupervisedThread, type Supervision } from '../../threads/supervised-thread.ts';

/** One statement, as the thread takes it. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export interface Answer {
  readonly rows: Record<string, unknown>[];
  readonly changes: number;
}

export interface SqliteThreadData {
  readonly path: string;
}

export type SqliteThread = SupervisedThread<Statement, never>;

export function createSqliteThread(
  data: SqliteThreadData,
  onWarning: (message: string) => void,
  supervision?: Supervision,
): SqliteThread {
  return new SupervisedThread<Statement, never>({
    name: 'database',
    entry: new URL('sqlite-worker.ts', import.meta.url),
    data: () => data,
    policy: DATABASE_POLICY,
    // What is asked of it is work; else it may rest.
    atWork: () => false,
    onReport: () => undefined,
    onDown: (reason) => {
      onWarning(`the database's thread died: ${reason}`);
    },
    onWarning,
    supervision,
  });
}
