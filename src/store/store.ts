import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { callName } from '../dialog/call/admitted-call.ts';
import {
  addToRecord,
  beginRecord,
  type CallRecord,
  type RecordInProgress,
  type Saying,
} from '../dialog/call/call-record.ts';
import type { CallEvent } from '../dialog/contract/call-events.ts';
import type { Message, TakenMessage } from '../dialog/contract/conversation.ts';
import type { MediaSession, MessageStore } from '../dialog/contract/ports.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { FailureDomain } from '../lib/failure-domain.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { thisRun } from '../lib/program-run.ts';
import type { Supervision } from '../threads/supervised-thread.ts';
import { callId, rowsOf, type KeepRules } from './call-rows.ts';
import { openDatabase, placeText, type Database, type DatabasePlace } from './database.ts';
import { Feeder } from './feeder.ts';
import type { Write } from './schema.ts';
import { leftCall, unendedCalls } from './reader.ts';
import { Spool } from './spool.ts';
import { takeOver } from './take-over.ts';
import { recount } from './tallies.ts';
import { completeFile, completeRecordings, sweep } from './upkeep.ts';

export interface StoreOptions {
  /** The program's data directory: the spool and recordings are in it. */
  readonly directory: string;
  readonly place: DatabasePlace;
  readonly clock: Clock;
  readonly rules: KeepRules;
  /** Calls older than this are deleted, at start and daily, with all that is kept of them. */
  readonly keepDays: number;
  /** For the log. */
  readonly onTrouble: (message: string) => void;
  readonly onNews: (message: string) => void;
  readonly supervision?: Supervision;
}

export interface StoreStatus {
  /** Why the database takes nothing at the moment; the spool does meanwhile. */
  readonly databaseTrouble: string | undefined;
  /** Why not even the spool does: no message can be taken. */
  readonly spoolTrouble: string | undefined;
  readonly waitingBytes: number;
  /** Rows that didn't fit into the spool, or couldn't be read there. */
  readonly lost: number;
  /** Rows that the database refused. */
  readonly refused: number;
}

/** A recording under way. */
export interface RecordingPlace {
  readonly path: string;
  /** There is no more to come. */
  ended(): Promise<void>;
}

const DAY_MS: Milliseconds = 86_400_000;
/** A program that is cut off from its Asterisk gives its calls up before another one takes them. */
const RECENTLY_MS: Milliseconds = 60_000;
/** Between two looks at a call's packets. */
const MEDIA_MS: Milliseconds = 10_000;
/** For what is in the spool at the end; the rest waits for the next start. */
const DRAIN_MS: Milliseconds = 3000;

/**
 * What is kept of calls: everything goes through the spool on the disk into the database, and no call waits for either.
 * Only who promises a caller to keep a message waits, for the disk.
 */
export class Store implements MessageStore {
  readonly #options: StoreOptions;
  readonly #spool: Spool;
  readonly #feeder: Feeder;
  readonly #running: Map<string, RecordInProgress>;
  readonly #followed = new Map<string, MediaSession>();
  readonly #run = thisRun();
  #cancelLook: () => void = () => undefined;
  #cancelSweep: () => void = () => undefined;
  #counted: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  private constructor(options: StoreOptions, spool: Spool, running: Map<string, RecordInProgress>) {
    this.#running = running;
    this.#options = options;
    this.#spool = spool;
    const where = placeText(options.place);
    this.#feeder = new Feeder({
      spool,
      clock: options.clock,
      open: () => openDatabase({ ...options, onWarning: options.onTrouble }),
      prepare: (database) => this.#prepare(database),
      onTrouble: (trouble) => {
        options.onTrouble(`records wait in the spool: ${where}: ${trouble}`);
      },
      onWell: () => {
        options.onNews(`records are written to ${where}`);
      },
    });
  }

  /** Takes calls at once; the database is opened meanwhile, or when it is back. */
  static async open(options: StoreOptions): Promise<Store> {
    const { directory, clock, onTrouble } = options;
    const running = new Map<string, RecordInProgress>();
    const isQuiet = (): boolean => running.size === 0;
    const spool = await Spool.open({ folder: join(directory, 'spool'), clock, onTrouble, isQuiet });
    return new Store(options, spool, running);
  }

  get status(): StoreStatus {
    const { trouble, ...spool } = this.#spool.status;
    const { trouble: databaseTrouble, refused } = this.#feeder;
    return { ...spool, spoolTrouble: trouble, databaseTrouble, refused };
  }

  /**
   * What was said in the calls that an earlier run has left without an end, by `SERVER/CHANNEL`: as far as texts are kept,
   * and from the first word on. Nothing if the database isn't there within that time. Never rejects.
   */
  async interrupted(withinMs: Milliseconds): Promise<Map<string, readonly Message[]>> {
    const { clock, onTrouble } = this.#options;
    const calls = new Map<string, readonly Message[]>();
    try {
      const database = await this.#feeder.caughtUp(withinMs);
      if (!database) onTrouble('it is not known which calls were interrupted: the database isn’t there yet');
      const found = database ? await unendedCalls(database, clock.wallClock() - DAY_MS, this.#run) : [];
      // The newest first: a call may have been taken up before.
      for (const { info, said } of found.filter(({ said }) => said.length > 0)) {
        const name = callName(info);
        calls.set(name, [...said.flatMap(messageOfSaying), ...(calls.get(name) ?? [])]);
      }
    } catch (error) {
      onTrouble(`it is not known which calls were interrupted: ${messageOf(error)}`);
    }
    return calls;
  }

  /** The same of one call that another program may just have left. Never rejects. */
  async leftBehind(call: string, withinMs: Milliseconds): Promise<readonly Message[]> {
    const { clock, onTrouble } = this.#options;
    const now = clock.wallClock();
    try {
      const database = await this.#feeder.caughtUp(withinMs);
      const window = { since: now - DAY_MS, recently: now - RECENTLY_MS, run: this.#run };
      const found = database ? await leftCall(database, call, window) : [];
      return found.reverse().flatMap(({ said }) => said.flatMap(messageOfSaying));
    } catch (error) {
      onTrouble(`it is not known what was said in ${call}: ${messageOf(error)}`);
      return [];
    }
  }

  /** Takes a call's events in their order. */
  observe(event: CallEvent): void {
    const { clock, rules } = this.#options;
    const before = this.#running.get(event.call);
    if (event.type === 'started') {
      const { origin, record } = beginRecord(event, new Date(clock.wallClock()).toISOString());
      const begun = { ...record, run: this.#run };
      this.#running.set(event.call, { origin, record: begun });
      this.#add(rowsOf(begun, rules));
    } else if (before) {
      const after = addToRecord(before, event);
      this.#running.set(event.call, after);
      this.#add(rowsOf(after.record, rules, before.record));
      if (event.type === 'ended') this.#running.delete(event.call);
    }
  }

  /** What is known of a running call so far, texts and all. */
  recordOf(call: string): CallRecord | undefined {
    return this.#running.get(call)?.record;
  }

  /** Notes a running call's packets now and then. */
  follow(call: string, media: MediaSession): void {
    if (!this.#running.has(call)) return;
    if (this.#followed.size === 0)
      FailureDomain.outside(() => {
        this.#look();
      });
    this.#followed.set(call, media);
  }

  /** Where the recording of a running call belongs. Undefined: there is no such call. Rejects if there is no folder. */
  async recording(call: string): Promise<RecordingPlace | undefined> {
    const running = this.#running.get(call);
    if (!running) return undefined;
    const call_id = callId(running.record);
    const file = `calls/${call_id}.wav`;
    const path = join(this.#options.directory, file);
    await makeFolder(dirname(path));
    const row = { call_id, file, state: 'running', duration_ms: null, bytes: null } as const;
    this.#add([{ table: 'recordings', row }]);
    return {
      path,
      ended: async () => {
        const whole = await completeFile(path);
        this.#add([
          { table: 'recordings', row: { ...row, ...(whole ?? {}), state: whole ? 'complete' : 'failed' } },
        ]);
      },
    };
  }

  /** Resolves when the message is on the disk, whatever happens afterwards. Rejects if it can't be. */
  keep({ takenAt, call, agent, name, number, text }: TakenMessage): Promise<void> {
    const running = this.#running.get(callName(call));
    return this.#spool.keep({
      table: 'messages',
      row: {
        id: randomUUID(),
        call_id: running ? callId(running.record) : null,
        taken_at: takenAt,
        agent,
        name,
        number,
        text: this.#options.rules.redact(text, 'message', agent),
        info: JSON.stringify(call),
        state: 'new',
        done_at: null,
      },
    });
  }

  /** What is under way goes into the database, if it is there; else into the spool. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelLook();
    this.#cancelSweep();
    this.#closing.abort();
    await this.#spool.end();
    await this.#feeder.drained(DRAIN_MS);
    await this.#counted;
    await this.#feeder.close();
    await this.#spool.close();
  }

  #add(writes: readonly Write[]): void {
    for (const write of writes) this.#spool.add(write);
  }

  #look(): void {
    const { clock } = this.#options;
    this.#cancelLook = clock.at(clock.now() + MEDIA_MS, () => {
      for (const [call, media] of this.#followed) {
        const running = this.#running.get(call);
        if (running) this.#add([mediaRow(running, clock.now(), media)]);
        else this.#followed.delete(call);
      }
      if (this.#followed.size > 0) this.#look();
    });
  }

  async #prepare(database: Database): Promise<void> {
    const { directory, onTrouble, onNews } = this.#options;
    await takeOver(database, directory, { onTrouble, onNews });
    await completeRecordings(database, directory);
    await this.#sweep(database);
  }

  async #sweep(database: Database): Promise<void> {
    // It was closed while the database was being opened: the next look, in a day, would keep the process until then.
    if (this.#closed) return;
    const { clock, keepDays, directory, onTrouble } = this.#options;
    this.#cancelSweep();
    this.#cancelSweep = clock.at(clock.now() + DAY_MS, () => {
      this.#sweep(database).catch((error: unknown) => {
        onTrouble(`old records could not be deleted: ${messageOf(error)}`);
      });
    });
    await this.#spool.tidy();
    await sweep(database, { directory, now: clock.wallClock(), keepDays });
    // After an upgrade it takes seconds, for which nobody is to wait.
    await this.#counted;
    this.#counted = recount(database, this.#closing.signal).catch((error: unknown) => {
      onTrouble(`calls are not counted, and missing from the figures: ${messageOf(error)}`);
    });
  }
}

function messageOfSaying({ who, text, via, understood, interrupted }: Saying): Message[] {
  if (text === undefined || text === '') return [];
  if (who === 'agent') return [{ role: 'agent', text, interrupted: interrupted ?? false }];
  return understood === false ? [] : [{ role: 'caller', text, via: via ?? 'speech' }];
}

function mediaRow({ origin, record }: RecordInProgress, now: Milliseconds, media: MediaSession): Write {
  const stats = media.stats();
  return {
    table: 'media',
    row: {
      call_id: callId(record),
      at_ms: Math.round(now - origin),
      received: stats.packetsReceived,
      sent: stats.packetsSent,
      lost: stats.packetsLost,
      late: stats.packetsLate,
      concealed: stats.framesConcealed,
      jitter_ms: stats.jitterMs,
      lateness_max_ms: stats.sendLatenessMaxMs,
    },
  };
}
