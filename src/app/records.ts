import { join } from 'node:path';
import type { Config } from '../config.ts';
import { systemClock } from '../lib/clock.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import type { KeepRules } from '../store/call-rows.ts';
import { DATABASE_FILE, type DatabasePlace } from '../store/database-place.ts';
import { Store } from '../store/store.ts';
import type { Monitoring } from './monitoring.ts';

export function placeOfRecords({ dataDir, databaseUrl }: Config): DatabasePlace {
  return databaseUrl === undefined
    ? { kind: 'sqlite', path: join(dataDir, DATABASE_FILE) }
    : { kind: 'postgres', url: databaseUrl };
}

/** Opens what keeps records and messages; a database that is away is waited for while calls are taken. */
export async function openRecords(
  config: Config,
  rules: KeepRules,
  log: Logger,
  scope: Scope,
  monitoring: Monitoring,
): Promise<Store> {
  const { dataDir, records } = config;
  const store = await Store.open({
    directory: dataDir,
    place: placeOfRecords(config),
    clock: systemClock,
    rules,
    keepDays: records.keepDays,
    onTrouble: (message) => {
      log.error({ part: 'records' }, message);
    },
    onNews: (message) => {
      log.info({ part: 'records' }, message);
    },
  });
  scope.defer(() => store.close(), 'the records of calls');
  monitoring.check('records', () => store.status.databaseTrouble, false);
  // Who promises to pass a message on must be able to.
  monitoring.check('spool', () => store.status.spoolTrouble);
  monitoring.watch({
    store: () => {
      const { databaseTrouble, waitingBytes, lost, refused } = store.status;
      return { up: databaseTrouble === undefined, waitingBytes, lost: lost + refused };
    },
  });
  return store;
}
