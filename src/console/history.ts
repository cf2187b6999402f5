import { resolve, sep } from 'node:path';
import { webVtt } from '../calls/export-calls.ts';
import { FAILURE_REASONS } from '../dialog/contract/end-reason.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { calledFrom, messageOf, programRuns } from '../calls/describe-list.ts';
import { describeRecord } from '../observability/describe-record.ts';
import { messageDone } from '../store/caller-data.ts';
import { callMedia, callPage, callRecording, type CallCursor, type CallFilter } from '../store/call-list.ts';
import type { DatabasePlace } from '../store/database-place.ts';
import { openDatabase, type Database } from '../store/database.ts';
import { figures, type Figures } from '../store/figures.ts';
import { callsOf, listMessages } from '../store/reader.ts';
import type { Row } from '../store/schema.ts';
import { audit } from '../store/upkeep.ts';
import type { CallDetail, CallPage, CallSummary, Message } from './protocol.ts';

export interface HistoryOptions {
  readonly place: DatabasePlace;
  /** The program's data directory, with the recordings in it. */
  readonly folder: string;
  readonly now: () => Milliseconds;
  readonly onWarning: (message: string) => void;
}

/** What a call can be had as. */
export const DOWNLOADS = ['wav', 'json', 'txt', 'vtt'] as const;
export type Download = (typeof DOWNLOADS)[number];

const DAY_MS: Milliseconds = 86_400_000;
const PAGE = 50;
const MESSAGES = 500;
const FAILED: ReadonlySet<string> = new Set(FAILURE_REASONS);

/** The calls that were, out of the database: over a connection of its own, so that no call's record waits for a look. */
export class History {
  readonly #options: HistoryOptions;
  #database: Promise<Database> | undefined;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  async calls(filter: CallFilter, after?: CallCursor): Promise<CallPage> {
    const rows = await callPage(await this.#open(), filter, PAGE + 1, after);
    const shown = rows.slice(0, PAGE);
    const last = rows.length > PAGE ? shown.at(-1) : undefined;
    return { calls: shown.map(summaryOf), ...(last && { next: `${last.began_at}~${last.id}` }) };
  }

  /** Undefined: there is no such call. */
  async call(id: string): Promise<CallDetail | undefined> {
    const database = await this.#open();
    const [record] = await callsOf(database, [id]);
    if (!record) return undefined;
    const { packets, recording } = await callMedia(database, id);
    return {
      id,
      record,
      packets: packets.map(({ at_ms, received, sent, lost, concealed, jitter_ms, lateness_max_ms }) => ({
        atMs: at_ms,
        received,
        sent,
        lost,
        concealed,
        jitterMs: jitter_ms,
        latenessMs: lateness_max_ms,
      })),
      recording: recordingOf(recording?.state),
    };
  }

  /** The path of a call's recording: of no other file than one below the data directory, whatever the database says. */
  async recording(id: string): Promise<string | undefined> {
    const recording = await callRecording(await this.#open(), id);
    const folder = resolve(this.#options.folder);
    const path = recording && resolve(folder, recording.file);
    return path?.startsWith(folder + sep) === true ? path : undefined;
  }

  /** A call as a file to take along. */
  async text(id: string, as: Exclude<Download, 'wav'>): Promise<string | undefined> {
    const [record] = await callsOf(await this.#open(), [id]);
    if (!record) return undefined;
    if (as === 'json') return `${JSON.stringify(record, undefined, 2)}\n`;
    return `${(as === 'vtt' ? webVtt(record) : describeRecord(record, programRuns(record))).join('\n')}\n`;
  }

  /** Of the last `days`. */
  async figures(days: number, offsetMs: Milliseconds, agent?: string): Promise<Figures> {
    const since = this.#options.now() - days * DAY_MS;
    return figures(await this.#open(), { since, offsetMs, ...(agent !== undefined && { agent }) });
  }

  async messages(): Promise<Message[]> {
    const rows = await listMessages(await this.#open(), MESSAGES);
    return rows.map((row) => {
      const message = messageOf(row);
      const { id, takenAt, agent, name, number, text, state } = message;
      const line = calledFrom(message);
      return {
        id,
        ...(row.call_id !== null && { call: row.call_id }),
        takenAt,
        agent,
        name,
        number,
        ...(line !== undefined && { calledFrom: line }),
        text,
        done: state === 'done',
      };
    });
  }

  /** False: there is no such message. */
  async done(id: string, actor: string): Promise<boolean> {
    return messageDone(await this.#open(), id, { actor, at: this.#options.now() });
  }

  /** Notes who did what; rejects if it can't, and then it isn't to be done. */
  async note(actor: string, action: string, subject: string): Promise<void> {
    await audit(await this.#open(), { actor, at: this.#options.now(), action, subject, detail: 'console' });
  }

  async close(): Promise<void> {
    const database = await this.#database?.catch(() => undefined);
    await database?.close();
  }

  /** One that couldn't be opened is tried again at the next question. */
  #open(): Promise<Database> {
    const { place, onWarning } = this.#options;
    return (this.#database ??= openDatabase({ place, onWarning }).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    }));
  }
}

function recordingOf(state: Row<'recordings'>['state'] | undefined): CallDetail['recording'] {
  if (state === 'running') return 'running';
  return state === undefined || state === 'failed' ? 'none' : 'there';
}

function summaryOf(row: Row<'calls'>): CallSummary {
  const { id, call, began_at, ended_at, caller_number, caller_name, dialled, agent, reason } = row;
  const { turns, mean_ms, worst_ms, cost, currency } = row;
  return {
    id,
    call,
    startedAt: new Date(began_at).toISOString(),
    caller: { number: caller_number || undefined, name: caller_name || undefined },
    dialled,
    agent,
    ...(ended_at !== null && { durationMs: ended_at - began_at }),
    ...(reason !== null && { reason }),
    failed: reason !== null && FAILED.has(reason),
    ...(turns !== null && { turns }),
    ...(mean_ms !== null && { meanMs: mean_ms }),
    ...(worst_ms !== null && { worstMs: worst_ms }),
    ...(cost !== null && currency !== null && { cost: { amount: cost, currency } }),
  };
}
