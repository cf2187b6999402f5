import { callName } from '../dialog/call/admitted-call.ts';
import type { Saying } from '../dialog/call/call-record.ts';
import type { Message } from '../dialog/contract/conversation.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { thisRun } from '../lib/program-run.ts';
import type { Supervision } from '../threads/supervised-thread.ts';
import { placeText, type DatabasePlace } from './database-place.ts';
import { openDatabase, type Database } from './database.ts';
import { Feeder } from './feeder.ts';
import { leftCall, unendedCalls } from './reader.ts';
import type { Spool } from './spool.ts';
import { takeOver } from './take-over.ts';
import { recount } from './tallies.ts';
import { completeRecordings, sweep } from './upkeep.ts';

export interface ArchiveOptions {
  /** The program's data directory: recordings are in it, and what versions before the database have left. */
  readonly directory: string;
  readonly place: DatabasePlace;
  readonly clock: Clock;
  /** Calls older than this are deleted, at start and daily, with all that is kept of them. */
  readonly keepDays: number;
  /** For the log. */
  readonly onTrouble: (message: string) => void;
  readonly onNews: (message: string) => void;
  readonly supervision?: Supervision;
}

const DAY_MS: Milliseconds = 86_400_000;
/** A program that is cut off from its Asterisk gives its calls up before another one takes them. */
const RECENTLY_MS: Milliseconds = 60_000;

/**
 * The database of a store: it is opened, or waited for, gets what is in the spool, and is kept in order; and it tells what
 * earlier runs have left.
 */
export class Archive {
  readonly #options: ArchiveOptions;
  readonly #spool: Spool;
  readonly #feeder: Feeder;
  readonly #run = thisRun();
  readonly #closing = new AbortController();
  #cancelSweep: () => void = () => undefined;
  #counted: Promise<void> = Promise.resolve();

  constructor(options: ArchiveOptions, spool: Spool) {
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

  /** Why nothing is written at the moment. */
  get trouble(): string | undefined {
    return this.#feeder.trouble;
  }

  /** Rows that the database refused. */
  get refused(): number {
    return this.#feeder.refused;
  }

  /** See `Store.interrupted`. */
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

  /** See `Store.leftBehind`. */
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

  /** Once the spool has ended: what is in it gets so much time, and the rest waits for the next start. */
  async close(drainMs: Milliseconds): Promise<void> {
    this.#cancelSweep();
    this.#closing.abort();
    await this.#feeder.drained(drainMs);
    await this.#counted;
    await this.#feeder.close();
  }

  async #prepare(database: Database): Promise<void> {
    const { directory, onTrouble, onNews } = this.#options;
    await takeOver(database, directory, { onTrouble, onNews });
    await completeRecordings(database, directory);
    await this.#sweep(database);
  }

  async #sweep(database: Database): Promise<void> {
    // It was closed while the database was being opened: the next look, in a day, would keep the process until then.
    if (this.#closing.signal.aborted) return;
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
