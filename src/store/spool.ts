import { randomBytes } from 'node:crypto';
import { open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { orAborted } from '../lib/abort.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { FailureDomain } from '../lib/failure-domain.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { isGoingOn, thisRun } from '../lib/program-run.ts';
import type { Write } from './schema.ts';

export interface SpoolOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** On the disk; what doesn't fit is counted, and gone. */
  readonly maxBytes?: number;
  /** What waits for the disk, likewise. */
  readonly maxPendingBytes?: number;
  /** No call is running, and whoever wants to know of those of earlier runs does: only then no file may be left. */
  readonly isQuiet: () => boolean;
  /** Each trouble once, for the log. */
  readonly onTrouble: (message: string) => void;
}

export interface SpoolStatus {
  /** Not known to be in the database. */
  readonly waitingBytes: number;
  /** Didn't fit, or stood in what can't be read any more. */
  readonly lost: number;
  /** Why nothing can be written at the moment. */
  readonly trouble: string | undefined;
}

/** Entries `from` … of a file, in order. One that can't be read is undefined. */
export interface SpoolBatch {
  readonly file: string;
  readonly from: number;
  readonly writes: readonly (Write | undefined)[];
}

const MAX_BYTES = 256 * 2 ** 20;
const MAX_PENDING_BYTES = 16 * 2 ** 20;
/** The next file is begun: what has been applied can only be deleted by the file. */
const FILE_BYTES = 4 * 2 ** 20;
/** Read at a time, and more if a single entry has more. */
const READ_BYTES = 256 * 2 ** 10;
const RETRY_MS: Milliseconds = 1000;
/** From one batch to the next: a transaction costs more than what many calls write in this time. */
const GATHER_MS: Milliseconds = 250;

const NAME = /^(\d{8})-(\d+)_(\d*)-[0-9a-f]{8}\.spool$/;

/** Being written by this process, wherever they are. */
const ownFiles = new Set<string>();

interface Pending {
  readonly line: Buffer;
  readonly promise?: PromiseWithResolvers<undefined>;
}

interface SpoolFile {
  readonly name: string;
  /** An earlier run has written it. */
  readonly inherited: boolean;
  /** Whole entries. */
  size: number;
  /** How much of it was handed out. */
  read: number;
  entries: number;
  /** What was applied, in bytes. */
  applied: number;
}

/**
 * A queue on the disk, between calls and a database that may be slow or away. Files of lines, each with its checksum: a
 * line that was cut off is passed over. They belong to one run of the program; those of a run that is over are taken
 * over by the next. Exactly once is the database's part: it notes how far in which file it is.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #run = thisRun();
  readonly #closing = new AbortController();
  /** The oldest first; the last one is being written, if `#handle` is there. */
  #files: SpoolFile[] = [];
  #handle: FileHandle | undefined;
  #number = 0;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #cancelRetry: () => void = () => undefined;
  #wake = Promise.withResolvers<undefined>();
  #lost = 0;
  #ended = false;
  /** There was something in the folder, or it couldn't be looked at. */
  #found = false;
  /** When the last batch was handed out. */
  #handedOutAt: Milliseconds | undefined;
  #trouble: string | undefined;
  #troubleKind = '';

  private constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** With what earlier runs have left. A folder that can't be used is a trouble, not an error. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    try {
      await spool.#adopt();
      spool.#found = spool.#files.length > 0;
    } catch (error) {
      spool.#found = true;
      spool.#told(error);
    }
    return spool;
  }

  get status(): SpoolStatus {
    return {
      waitingBytes: this.#pendingBytes + this.#diskBytes,
      lost: this.#lost,
      trouble: this.#trouble,
    };
  }

  /** What an earlier run has left isn't in the database yet. */
  get inherited(): boolean {
    return this.#files.some(({ inherited, applied, size }) => inherited && applied < size);
  }

  /** An earlier run has ended with calls, or with what isn't in the database; or it isn't known. */
  get mayHaveHadCalls(): boolean {
    return this.#found;
  }

  get #diskBytes(): number {
    return this.#files.reduce((sum, { size, applied }) => sum + size - applied, 0);
  }

  /** To be written when there is time. Never throws, and waits for nothing. */
  add(write: Write): void {
    if (!this.#push({ line: lineOf(write) })) this.#lost += 1;
  }

  /** Resolves when it is on the disk, whatever happens to this machine afterwards. Rejects if it isn't. */
  async keep(write: Write): Promise<void> {
    const promise = Promise.withResolvers<undefined>();
    if (!this.#push({ line: lineOf(write), promise })) throw new Error('the spool is full');
    await promise.promise;
  }

  /**
   * Those after the last that were handed out, at most so many as are read at a time. Waits for some, and soon after others
   * for more; undefined when the spool has ended, or `signal` aborts.
   */
  async next(signal?: AbortSignal): Promise<SpoolBatch | undefined> {
    await this.#gather();
    while (signal?.aborted !== true) {
      const file = this.#files.find(({ read, size }) => read < size);
      if (file) return this.#read(file);
      if (this.#ended) return undefined;
      await (signal ? orAborted(this.#wake.promise, signal) : this.#wake.promise);
    }
    return undefined;
  }

  /** They are in the database for good. */
  async applied({ file: name }: SpoolBatch): Promise<void> {
    const file = this.#files.find((one) => one.name === name);
    if (!file) return;
    file.applied = file.read;
    if (file.applied === file.size) await this.tidy();
  }

  /** Deletes what is in the database, however little it is; while it isn't quiet, one file stays. */
  async tidy(): Promise<void> {
    if (this.#writing) return;
    const spare = this.#options.isQuiet() ? undefined : this.#files.at(-1);
    const done = this.#files.filter((file) => file.applied === file.size && file !== spare);
    if (done.some((file) => file === this.#files.at(-1))) await this.#endFile();
    this.#files = this.#files.filter((file) => !done.includes(file));
    for (const { name } of done) {
      ownFiles.delete(name);
      await unlink(join(this.#options.folder, name)).catch((error: unknown) => {
        this.#told(error);
      });
    }
  }

  /** Takes nothing more, and writes what is waiting, if that works. */
  async end(): Promise<void> {
    this.#closing.abort();
    this.#cancelRetry();
    await this.#writing;
    if (this.#pending.length > 0) await this.#write();
    if (this.#pending.length > 0)
      this.#options.onTrouble(
        `${this.#pending.length} entries of records are lost: the program ends, and they couldn't be written`,
      );
    this.#lost += this.#pending.length;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#ended = true;
    this.#wake.resolve(undefined);
  }

  /** What isn't in the database stays for the next run. Idempotent. */
  async close(): Promise<void> {
    await this.end();
    await this.tidy();
    await this.#endFile();
    for (const { name } of this.#files) ownFiles.delete(name);
  }

  async #adopt(): Promise<void> {
    const { folder } = this.#options;
    await makeFolder(folder);
    for (const name of (await readdir(folder)).sort()) {
      const [, number = '', pid = '', start = ''] = NAME.exec(name) ?? [];
      if (number === '') continue;
      this.#number = Math.max(this.#number, Number(number));
      const run = `${pid}:${start}`;
      if (ownFiles.has(name) || (run !== this.#run && isGoingOn(run))) continue;
      ownFiles.add(name);
      const { size } = await stat(join(folder, name));
      this.#files.push({ name, inherited: true, size, read: 0, entries: 0, applied: 0 });
    }
  }

  #push(pending: Pending): boolean {
    const { maxBytes = MAX_BYTES, maxPendingBytes = MAX_PENDING_BYTES } = this.#options;
    const bytes = this.#pendingBytes + pending.line.length;
    if (this.#closing.signal.aborted || bytes > maxPendingBytes) return false;
    if (bytes + this.#diskBytes > maxBytes) return false;
    this.#pending.push(pending);
    this.#pendingBytes = bytes;
    if (pending.promise)
      this.#cancelRetry(); // somebody waits: now is the time to try again
    else if (this.#trouble !== undefined) return true;
    // It is for all calls.
    this.#writing ??= FailureDomain.outside(() => this.#writeAll());
    return true;
  }

  async #writeAll(): Promise<void> {
    // In the next turn: what comes in this one goes along.
    await Promise.resolve();
    do await this.#write();
    while (this.#pending.length > 0 && this.#trouble === undefined);
    this.#writing = undefined;
    if (this.#trouble === undefined || this.#closing.signal.aborted) return;
    const { clock } = this.#options;
    this.#cancelRetry = clock.at(clock.now() + RETRY_MS, () => {
      this.#writing ??= this.#writeAll();
    });
  }

  /** Everything that waits, in one go. Never rejects. */
  async #write(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    try {
      const file = await this.#currentFile();
      const handle = this.#handle as FileHandle;
      const bytes = Buffer.concat(pending.map(({ line }) => line));
      try {
        for (let done = 0; done < bytes.length;) {
          done += (await handle.write(bytes, done, bytes.length - done, file.size + done)).bytesWritten;
        }
        if (pending.some(({ promise }) => promise)) await handle.datasync();
      } catch (error) {
        // A part may be there: the next line must not stand behind half a one.
        await handle.truncate(file.size).catch(() => this.#endFile());
        throw error;
      }
      file.size += bytes.length;
      this.#pendingBytes -= bytes.length;
      for (const { promise } of pending) promise?.resolve(undefined);
      this.#trouble = undefined;
      if (file.size >= FILE_BYTES) await this.#endFile();
      this.#wake.resolve(undefined);
      this.#wake = Promise.withResolvers();
    } catch (error) {
      this.#told(error);
      const again = pending.filter(({ promise }) => !promise);
      this.#pending = [...again, ...this.#pending];
      this.#pendingBytes = this.#pending.reduce((sum, { line }) => sum + line.length, 0);
      for (const { promise } of pending) promise?.reject(error);
    }
  }

  async #currentFile(): Promise<SpoolFile> {
    const last = this.#files.at(-1);
    if (this.#handle && last) return last;
    const { folder } = this.#options;
    await makeFolder(folder);
    const [pid = '', start = ''] = this.#run.split(':');
    const number = String(this.#number + 1).padStart(8, '0');
    const name = `${number}-${pid}_${start}-${randomBytes(4).toString('hex')}.spool`;
    ownFiles.add(name);
    try {
      this.#handle = await open(join(folder, name), 'wx', 0o600);
    } catch (error) {
      ownFiles.delete(name);
      throw error;
    }
    this.#number += 1;
    const file: SpoolFile = { name, inherited: false, size: 0, read: 0, entries: 0, applied: 0 };
    this.#files.push(file);
    await syncFolder(folder);
    return file;
  }

  async #endFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  /** Until the spool ends at the latest. Who is behind doesn't wait. */
  async #gather(): Promise<void> {
    const unread = this.#files.reduce((sum, { size, read }) => sum + size - read, 0);
    if (this.#handedOutAt === undefined || this.inherited || unread >= READ_BYTES) return;
    const { clock } = this.#options;
    const rest = this.#handedOutAt + GATHER_MS - clock.now();
    if (rest > 0) await clock.sleep(rest, this.#closing.signal);
  }

  async #read(file: SpoolFile): Promise<SpoolBatch> {
    const from = file.entries;
    const bytes = await this.#wholeLines(file);
    const lines = bytes.toString('utf8').split('\n');
    lines.pop();
    const writes = lines.map(writeOf);
    const broken = writes.filter((write) => write === undefined).length;
    if (broken > 0) {
      this.#lost += broken;
      this.#options.onTrouble(`${file.name}: ${broken} entries of the spool can't be read`);
    }
    file.read += bytes.length;
    file.entries += writes.length;
    this.#handedOutAt = this.#options.clock.now();
    return { file: file.name, from, writes };
  }

  async #wholeLines(file: SpoolFile): Promise<Buffer> {
    const handle = await open(join(this.#options.folder, file.name));
    try {
      for (let wanted = READ_BYTES; ; wanted *= 2) {
        const buffer = Buffer.alloc(Math.min(wanted, file.size - file.read));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, file.read);
        const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
        if (end > 0) return buffer.subarray(0, end);
        if (bytesRead < wanted) {
          // The last line of a run that was killed.
          const rest = Buffer.concat([buffer.subarray(0, bytesRead), Buffer.from('\n')]);
          file.size = file.read + rest.length;
          return rest;
        }
      }
    } finally {
      await handle.close();
    }
  }

  #told(error: unknown): void {
    const trouble = messageOf(error);
    // The message names the file, which is another one each time.
    const kind = (error as NodeJS.ErrnoException | undefined)?.code ?? trouble;
    if (this.#trouble === undefined || this.#troubleKind !== kind)
      this.#options.onTrouble(
        `nothing can be written to the spool, and callers' messages can't be taken: ${trouble} (the data folder's owner, its disk, VOICE_AGENT_DATA_DIR)`,
      );
    this.#trouble = trouble;
    this.#troubleKind = kind;
  }
}

function lineOf(write: Write): Buffer {
  const text = JSON.stringify(write);
  return Buffer.from(`${checksum(text)} ${text}\n`);
}

function writeOf(line: string): Write | undefined {
  const text = line.slice(9);
  return line.startsWith(`${checksum(text)} `) ? (JSON.parse(text) as Write) : undefined;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** So that the file is there, and not only what is in it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}
