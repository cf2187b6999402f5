import type { Kysely } from 'kysely';
import { within } from '../lib/abort.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import type { Spool, SpoolBatch } from './spool.ts';
import { writeRows } from './write-rows.ts';

export interface FeederOptions {
  readonly spool: Spool;
  readonly clock: Clock;
  /** Opens the database; asked again as long as that fails. */
  readonly open: () => Promise<Database>;
  /** What is to be done with a database that was opened, and again when it has what earlier runs had left in the spool. */
  readonly prepare: (database: Database) => Promise<void>;
  /** Once for each trouble, and when it is over. For the log. */
  readonly onTrouble: (message: string) => void;
  readonly onWell: () => void;
}

/** Between two attempts: doubles from the first to the last. */
const RETRY_MS: readonly [Milliseconds, Milliseconds] = [250, 5000];
/** While there is nothing to write: between two looks whether the database is there. */
const LOOK_MS: Milliseconds = 5000;
/** For a database that couldn't be had at the first attempt: it may be there in a moment. */
const FAILING_MS: Milliseconds = 500;

/** Brings what is in the spool into the database, in order, as soon as the spool hands it out. */
export class Feeder {
  readonly #options: FeederOptions;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  readonly #caughtUp = Promise.withResolvers<Database | undefined>();
  readonly #failed = Promise.withResolvers<undefined>();
  #database: Database | undefined;
  #trouble: string | undefined = 'it is being opened';
  #refused = 0;
  #writing = false;
  #watched: Promise<void> | undefined;

  constructor(options: FeederOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  /** Why nothing is written at the moment. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Rows that the database didn't take: a bug. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * The database, with all in it that earlier runs had left in the spool. Undefined: not within that time, which is for one
   * that takes long to open; one that fails is given up sooner.
   */
  caughtUp(withinMs: Milliseconds): Promise<Database | undefined> {
    const soon = (ms: Milliseconds): Promise<Database | undefined> =>
      within(this.#caughtUp.promise, ms, this.#options.clock, () => undefined);
    return Promise.race([soon(withinMs), this.#failed.promise.then(() => soon(FAILING_MS))]);
  }

  /** For a spool that has ended to be empty. False: it isn't after so long. */
  drained(withinMs: Milliseconds): Promise<boolean> {
    const done = this.#done.then(() => true);
    return within(done, withinMs, this.#options.clock, () => false);
  }

  /** What is under way is finished, if it works. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
    await this.#watched;
    await this.#database?.close();
    this.#database = undefined;
  }

  async #run(): Promise<void> {
    const database = await this.#insist(async () => {
      this.#database ??= await this.#options.open();
      await this.#options.prepare(this.#database);
      return this.#database;
    });
    if (!database) return;
    this.#watched = this.#watch(database);
    await this.#feed(database);
  }

  async #feed(database: Database): Promise<void> {
    const { spool } = this.#options;
    const { signal } = this.#closing;
    let { inherited } = spool;
    if (!inherited) this.#caughtUp.resolve(database);
    for (let batch = await spool.next(signal); batch; batch = await spool.next(signal)) {
      const { file, from, writes } = batch;
      this.#writing = true;
      const applied = await this.#insist(() => this.#apply(database, { file, from, writes }));
      this.#writing = false;
      if (!applied) return;
      await spool.applied(batch);
      if (inherited && !spool.inherited) await this.#insist(() => this.#options.prepare(database));
      ({ inherited } = spool);
      if (!inherited) this.#caughtUp.resolve(database);
    }
  }

  /** A database that goes away while no call runs is missed, too. */
  async #watch({ db }: Database): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await this.#options.clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return;
      if (this.#writing) continue;
      await this.#insist(() => db.selectFrom('spool_files').select('file').limit(1).execute());
    }
  }

  /** Does it until it works. Undefined: it didn't, and it is time to close. */
  async #insist<T>(action: () => Promise<T>): Promise<T | undefined> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    for (let wait = RETRY_MS[0]; ; wait = Math.min(wait * 2, RETRY_MS[1])) {
      try {
        const result = await action();
        const before = this.#trouble;
        this.#trouble = undefined;
        if (before !== undefined) this.#options.onWell();
        return result;
      } catch (error) {
        const trouble = messageOf(error);
        if (trouble !== this.#trouble) this.#options.onTrouble(trouble);
        this.#trouble = trouble;
        this.#failed.resolve(undefined);
      }
      await clock.sleep(wait, signal);
      if (signal.aborted) return undefined;
    }
  }

  /** All of them, or those that the database takes. True: it is noted there that they are done with. */
  async #apply(database: Database, { file, from, writes }: SpoolBatch): Promise<true> {
    try {
      await database.db.transaction().execute(async (trx) => {
        const applied = await this.#appliedOf(trx, file);
        const due = writes.slice(Math.max(0, applied - from)).filter((write) => write !== undefined);
        await writeRows({ ...database, db: trx }, due);
        await this.#note(trx, file, Math.max(applied, from + writes.length));
      });
    } catch (error) {
      const [only] = writes;
      if (!database.isRefusal(error) || (writes.length === 1 && !only)) throw error;
      if (writes.length === 1 && only) {
        this.#refused += 1;
        this.#options.onTrouble(`a row of ${only.table} is refused, and left out: ${messageOf(error)}`);
        return this.#apply(database, { file, from, writes: [undefined] });
      }
      const half = Math.ceil(writes.length / 2);
      await this.#apply(database, { file, from, writes: writes.slice(0, half) });
      await this.#apply(database, { file, from: from + half, writes: writes.slice(half) });
    }
    return true;
  }

  async #appliedOf(db: Kysely<Tables>, file: string): Promise<number> {
    const row = await db
      .selectFrom('spool_files')
      .select('applied')
      .where('file', '=', file)
      .executeTakeFirst();
    return row?.applied ?? 0;
  }

  async #note(db: Kysely<Tables>, file: string, applied: number): Promise<void> {
    const at = this.#options.clock.wallClock();
    await db
      .insertInto('spool_files')
      .values({ file, applied, at })
      .onConflict((conflict) => conflict.column('file').doUpdateSet({ applied, at }))
      .execute();
  }
}
