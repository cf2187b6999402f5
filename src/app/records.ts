import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { CallRecord } from '../dialog/call/call-record.ts';
import type { CallEvent } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import { systemClock, type Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import { startRecording, type Recording } from '../observability/recorder.ts';
import type { KeepRules } from '../store/call-rows.ts';
import { DATABASE_FILE } from '../store/database.ts';
import { redactionOf } from '../store/redaction.ts';
import { Store } from '../store/store.ts';
import type { Monitoring } from './monitoring.ts';

/** Opens what keeps records and messages; a database that is away is waited for while calls are taken. */
export async function openRecords(
  config: Config,
  rules: KeepRules,
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
  monitoring.check('spool', () => store.status.spoolTrouble, false);
  monitoring.watch({
    store: () => {
      const { databaseTrouble, waitingBytes, lost, refused } = store.status;
      return { up: databaseTrouble === undefined, waitingBytes, lost: lost + refused };
    },
  });
  return store;
}

/** What may be kept of calls, and how. */
export function keepRules({ agents, announcements, records }: Config): KeepRules {
  const { transcripts, redact, prices } = records;
  const languages = new Map(agents.map(({ id, language }) => [id, language]));
  const languageOf = (agent: string): string => languages.get(agent) ?? announcements.language;
  const redactText = redactionOf(redact);
  // The number that somebody wants to be called at is what a message is for.
  const redactMessage = redactionOf({ ...redact, digits: false });
  return {
    texts: transcripts,
    redact: (text, how, agent) =>
      how === 'message'
        ? redactMessage(text, 'said', languageOf(agent))
        : redactText(text, how, languageOf(agent)),
    ...(prices && { cost: (record: CallRecord) => costOf(record, prices) }),
  };
}

/** So many keys may be told one by one: as many as a menu has. */
const MENU_KEYS = 3;

/** Events as the log may have them. A card that is keyed comes key by key: only its beginning is told. */
export function redactedEvents({ redact }: KeepRules, cards: boolean): (event: CallEvent) => CallEvent {
  const calls = new Map<string, { readonly agent: string; keys: number }>();
  return (event) => {
    if (event.type === 'started') calls.set(event.call, { agent: event.agent, keys: 0 });
    const call = calls.get(event.call);
    if (!call) return event;
    const said = (text: string): string => redact(text, 'said', call.agent);
    const keyed = (text: string): string => redact(text, 'keyed', call.agent);
    switch (event.type) {
      case 'caller-said':
        if (event.via !== 'dtmf') return { ...event, text: said(event.text) };
        call.keys = 0;
        return { ...event, text: keyed(event.text) };
      case 'agent-said':
        return { ...event, text: said(event.text) };
      case 'sound-judged':
        return { ...event, words: said(event.words) };
      case 'tool':
        return { ...event, result: said(event.result) };
      case 'dtmf':
        call.keys += 1;
        return { ...event, digit: cards && call.keys > MENU_KEYS ? '•' : keyed(event.digit) };
      case 'ended':
        calls.delete(event.call);
        return event;
      default:
        return event;
    }
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

interface UnderWay {
  readonly agent: string;
  readonly recording: Promise<Recording | undefined>;
  /** Until when it is known what the caller has said. */
  toldUntil: Milliseconds;
}

/** Records both sides of calls while they run; turns whose texts are redacted are silent there. */
export class Recorders {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #rules: KeepRules;
  readonly #running = new Map<string, UnderWay>();

  constructor(store: Store, log: Logger, rules: KeepRules) {
    this.#store = store;
    this.#log = log;
    this.#rules = rules;
  }

  /** Returns how to end it. */
  record(call: string, agent: string, { heard, sent }: MediaSession): () => Promise<void> {
    const onTrouble = (message: string): void => {
      this.#log.warn({ call, part: 'recording' }, message);
    };
    const place = this.#store.recording(call).catch((error: unknown) => {
      onTrouble(messageOf(error));
      return undefined;
    });
    const recording = place.then((at) => at && startRecording({ path: at.path, heard, sent, onTrouble }));
    this.#running.set(call, { agent, recording, toldUntil: -Infinity });
    return async () => {
      this.#running.delete(call);
      await (await recording)?.stop();
      await (await place)?.ended();
    };
  }

  observe(event: CallEvent): void {
    const running = this.#running.get(event.call);
    if (!running || (event.type !== 'caller-said' && event.type !== 'agent-said')) return;
    const { text, until = event.at, since = running.toldUntil } = event;
    const [side, how] =
      event.type === 'agent-said'
        ? (['agent', 'said'] as const)
        : (['caller', event.via === 'dtmf' ? 'keyed' : 'said'] as const);
    if (side === 'caller') running.toldUntil = until;
    if (this.#rules.redact(text, how, running.agent) === text) return;
    void running.recording.then((recording) => recording?.silence(side, since, until));
  }
}
