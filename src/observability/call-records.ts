import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addToRecord,
  beginRecord,
  withoutTexts,
  type CallRecord,
  type RecordInProgress,
} from '../dialog/call/call-record.ts';
import type { CallEvent } from '../dialog/contract/call-events.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { thisRun } from '../lib/program-run.ts';

export interface CallRecordsOptions {
  /** The program's data directory; records go to `calls/YYYY-MM-DD/` in it. */
  readonly directory: string;
  readonly clock: Clock;
  /** Keeps what was said and typed, not only that something was. */
  readonly texts: boolean;
  /** Records, texts and recordings of calls older than this are deleted, at start and daily. */
  readonly keepDays: number;
  /** A record couldn't be written or deleted. */
  readonly onTrouble: (message: string) => void;
}

const DAY_MS: Milliseconds = 86_400_000;
const DAY_FOLDER = /^\d{4}-\d{2}-\d{2}$/;

/** The local store of call records: a JSON file for each call, and its recording beside it. */
export class CallRecords {
  readonly #options: CallRecordsOptions;
  readonly #folder: string;
  readonly #running = new Map<string, RecordInProgress>();
  readonly #run = thisRun();
  /** By file: the newest writing of it, which is behind all before. */
  readonly #writing = new Map<string, Promise<void>>();
  #cancelSweep: () => void = () => undefined;
  #closed = false;

  constructor(options: CallRecordsOptions) {
    this.#options = options;
    this.#folder = join(options.directory, 'calls');
  }

  /** Deletes what is too old, now and then every day until `close`. */
  async start(): Promise<void> {
    await this.sweep();
    if (this.#closed) return;
    this.#cancelSweep = this.#options.clock.at(this.#options.clock.now() + DAY_MS, () => void this.start());
  }

  /** Takes a call's events in their order; the record is written when the call begins, and anew when it has ended. */
  observe(event: CallEvent): void {
    if (event.type === 'started') {
      const startedAt = new Date(this.#options.clock.wallClock()).toISOString();
      const { origin, record } = beginRecord(event, startedAt);
      const begun = { origin, record: { ...record, run: this.#run } };
      this.#running.set(event.call, begun);
      this.#keep(begun.record);
      return;
    }
    const before = this.#running.get(event.call);
    if (!before) return;
    const after = addToRecord(before, event);
    this.#running.set(event.call, after);
    if (event.type !== 'ended') return;
    this.#running.delete(event.call);
    this.#keep(after.record);
  }

  /** Where the recording of a running call belongs; the record will name it. */
  async recordingPath(call: string): Promise<string | undefined> {
    const running = this.#running.get(call);
    if (!running) return undefined;
    const { folder, name } = this.#placeOf(running.record);
    const record = { ...running.record, recording: `${name}.wav` };
    this.#running.set(call, { ...running, record });
    this.#keep(record);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return join(folder, `${name}.wav`);
  }

  /** Records, newest first. */
  async list(limit = 50): Promise<CallRecord[]> {
    const records: CallRecord[] = [];
    for (const day of (await this.#days()).reverse()) {
      const files = (await readdir(join(this.#folder, day))).filter((file) => file.endsWith('.json'));
      for (const file of files.sort().reverse()) {
        if (records.length >= limit) return records;
        const record = await this.#read(join(this.#folder, day, file));
        if (record) records.push(record);
      }
    }
    return records;
  }

  /** The record of a call by its name, or by a part of it that only one of the newest has. */
  async find(name: string): Promise<CallRecord | undefined> {
    const records = await this.list(Infinity);
    const exact = records.find((record) => record.call === name);
    if (exact) return exact;
    const alike = records.filter((record) => record.call.includes(name));
    return alike.length === 1 ? alike[0] : undefined;
  }

  /** Deletes whole days that are older than `keepDays`. */
  async sweep(): Promise<void> {
    const { clock, keepDays } = this.#options;
    const oldest = new Date(clock.wallClock() - keepDays * DAY_MS).toISOString().slice(0, 10);
    for (const day of await this.#days()) {
      if (day >= oldest) continue;
      try {
        await Promise.all(this.#writing.values());
        await rm(join(this.#folder, day), { recursive: true, force: true });
      } catch (error) {
        this.#options.onTrouble(`the call records of ${day} could not be deleted: ${messageOf(error)}`);
      }
    }
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep();
    await Promise.all(this.#writing.values());
  }

  /** Writes the record behind what is being written in its place; left out if a newer one is waiting, too. */
  #keep(record: CallRecord): void {
    const { folder, name } = this.#placeOf(record);
    const path = join(folder, `${name}.json`);
    const writing = (this.#writing.get(path) ?? Promise.resolve()).then(async () => {
      if (this.#writing.get(path) !== writing) return;
      await this.#write(folder, path, record);
      if (this.#writing.get(path) === writing) this.#writing.delete(path);
    });
    this.#writing.set(path, writing);
  }

  async #write(folder: string, path: string, record: CallRecord): Promise<void> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const kept = this.#options.texts ? record : withoutTexts(record);
      // Whole or not at all, whenever the program dies.
      const unfinished = `${path}.${randomBytes(4).toString('hex')}.tmp`;
      await writeFile(unfinished, `${JSON.stringify(kept, undefined, 2)}\n`, { mode: 0o600 });
      await rename(unfinished, path);
    } catch (error) {
      this.#options.onTrouble(`the record of ${record.call} could not be written: ${messageOf(error)}`);
    }
  }

  #placeOf(record: CallRecord): { folder: string; name: string } {
    const [day = '', time = ''] = record.startedAt.split('T');
    const safe = record.call.replace(/[^\w.-]+/g, '_').slice(0, 100);
    return { folder: join(this.#folder, day), name: `${time.replace(/[^\d]/g, '').slice(0, 9)}-${safe}` };
  }

  async #days(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).filter((name) => DAY_FOLDER.test(name)).sort();
    } catch {
      return []; // no call yet
    }
  }

  async #read(path: string): Promise<CallRecord | undefined> {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as CallRecord;
    } catch (error) {
      this.#options.onTrouble(`${path} could not be read: ${messageOf(error)}`);
      return undefined;
    }
  }
}
