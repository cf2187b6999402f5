import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { callName } from '../dialog/call/admitted-call.ts';
import {
  addToRecord,
  beginRecord,
  type CallRecord,
  type RecordInProgress,
} from '../dialog/call/call-record.ts';
import type { CallEvent } from '../dialog/contract/call-events.ts';
import type { Message, TakenMessage } from '../dialog/contract/conversation.ts';
import type { MediaSession, MessageStore } from '../dialog/contract/ports.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { FailureDomain } from '../lib/failure-domain.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { thisRun } from '../lib/program-run.ts';
import type { Archive, ArchiveOptions } from './archive.ts';
import { callId, rowsOf, type KeepRules } from './call-rows.ts';
import { completeFile } from './recording-files.ts';
import type { Write } from './schema.ts';
import { Spool } from './spool.ts';

export interface StoreOptions extends ArchiveOptions {
  readonly rules: KeepRules;
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
  readonly #running = new Map<string, RecordInProgress>();
  readonly #followed = new Map<string, MediaSession>();
  readonly #run = thisRun();
  #cancelLook: () => void = () => undefined;
  #opening: Promise<Archive> | undefined;
  #archive: Archive | undefined;
  #begun = false;
  #closed: Promise<void> | undefined;

  private constructor(options: StoreOptions, spool: Spool) {
    this.#options = options;
    this.#spool = spool;
  }

  /** Takes calls at once; the database is opened by `begin`, or when it is back. */
  static async open(options: StoreOptions): Promise<Store> {
    const { directory, clock, onTrouble } = options;
    const spool = await Spool.open({
      folder: join(directory, 'spool'),
      clock,
      onTrouble,
      isQuiet: () => store.#begun && store.#running.size === 0,
    });
    const store = new Store(options, spool);
    return store;
  }

  get status(): StoreStatus {
    const { trouble, ...spool } = this.#spool.status;
    const databaseTrouble = this.#archive ? this.#archive.trouble : 'it is being opened';
    return { ...spool, spoolTrouble: trouble, databaseTrouble, refused: this.#archive?.refused ?? 0 };
  }

  /**
   * Calls are taken, those that were waiting too. Opens the database, or waits for it: until then all that is kept of calls
   * waits in the spool, so that nobody waits for what there is to be loaded.
   */
  async begin(): Promise<void> {
    this.#begun = true;
    await this.#open();
    await this.#spool.tidy();
  }

  /**
   * What was said in the calls that an earlier run has left without an end, by `SERVER/CHANNEL`: as far as texts are kept,
   * and from the first word on. Nothing if the database isn't there within that time. Never rejects.
   *
   * A run that has ended without a call has left nothing in the spool; where the database is this machine's alone, it isn't
   * even opened then.
   */
  async interrupted(withinMs: Milliseconds): Promise<Map<string, readonly Message[]>> {
    if (!this.#spool.mayHaveHadCalls && this.#options.place.kind === 'sqlite') return new Map();
    return (await this.#open()).interrupted(withinMs);
  }

  /** The same of one call that another program may just have left. Never rejects. */
  async leftBehind(call: string, withinMs: Milliseconds): Promise<readonly Message[]> {
    return (await this.#open()).leftBehind(call, withinMs);
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
    await this.#spool.end();
    await (await this.#opening)?.close(DRAIN_MS);
    await this.#spool.close();
  }

  #open(): Promise<Archive> {
    this.#opening ??= import('./archive.ts').then(({ Archive }) => {
      this.#archive = new Archive(this.#options, this.#spool);
      return this.#archive;
    });
    return this.#opening;
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
