import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { CallRecord } from '../dialog/call/call-record.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import { startRecording } from '../observability/recorder.ts';
import type { KeepRules } from '../store/call-rows.ts';
import { DATABASE_FILE } from '../store/database.ts';
import { redactionOf } from '../store/redaction.ts';
import { Store } from '../store/store.ts';
import type { Monitoring } from './monitoring.ts';

/** Opens what keeps records and messages; a database that is away is waited for while calls are taken. */
export async function openRecords(
  config: Config,
  log: Logger,
  scope: Scope,
  monitoring: Monitoring,
): Promise<Store> {
  const { dataDir, databaseUrl, records } = config;
  const store = await Store.open({
    directory: dataDir,
    place:
      databaseUrl === undefined
        ? { kind: 'sqlite', path: join(dataDir, DATABASE_FILE) }
        : { kind: 'postgres', url: databaseUrl },
    clock: systemClock,
    rules: keepRules(config),
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
  monitoring.check('spool', () => store.status.spoolTrouble, false);
  monitoring.watch({
    store: () => {
      const { databaseTrouble, waitingBytes, lost, refused } = store.status;
      return { up: databaseTrouble === undefined, waitingBytes, lost: lost + refused };
    },
  });
  return store;
}

function keepRules({ agents, announcements, records }: Config): KeepRules {
  const { transcripts, redact, prices } = records;
  const languages = new Map(agents.map(({ id, language }) => [id, language]));
  const languageOf = (agent: string): string => languages.get(agent) ?? announcements.language;
  const redactText = redactionOf(redact);
  // The number that somebody wants to be called at is what a message is for.
  const redactMessage = redactionOf({ ...redact, digits: false });
  return {
    text: (text, how, agent) => (transcripts ? redactText(text, how, languageOf(agent)) : undefined),
    message: (text, agent) => redactMessage(text, 'said', languageOf(agent)),
    ...(prices && { cost: (record: CallRecord) => costOf(record, prices) }),
  };
}

const MINUTE_MS = 60_000;
const MILLION = 1e6;

function costOf(
  { ended, usage = {} }: CallRecord,
  { currency, perMinute, tokens }: NonNullable<Config['records']['prices']>,
): CallRecord['cost'] {
  let amount = ((ended?.durationMs ?? 0) / MINUTE_MS) * perMinute;
  for (const [provider, { inputTokens, outputTokens }] of Object.entries(usage)) {
    const price = tokens[provider];
    if (price) amount += (inputTokens * price.input + outputTokens * price.output) / MILLION;
  }
  return { amount, currency };
}

/** Records both sides of a call while it runs. */
export function recorderOf(store: Store, log: Logger) {
  return (call: string, _agent: string, { heard, sent }: MediaSession) => {
    const onTrouble = (message: string): void => {
      log.warn({ call, part: 'recording' }, message);
    };
    const begun = store.recording(call).then(
      (place) => place && { place, recording: startRecording({ path: place.path, heard, sent, onTrouble }) },
      (error: unknown) => {
        onTrouble(messageOf(error));
        return undefined;
      },
    );
    return async () => {
      const under = await begun;
      await under?.recording.stop();
      await under?.place.ended();
    };
  };
}
