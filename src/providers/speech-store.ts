import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TimedWord } from '../dialog/contract/speech.ts';
import { messageOf } from '../lib/errors.ts';
import { makeFolder } from '../lib/make-folder.ts';
import type { AudioFormat } from '../media/audio.ts';

/** Speech that was made once: what a synthesiser gave for a text. */
export interface KeptSpeech {
  readonly format: AudioFormat;
  /** Its samples, as they lie in memory. */
  readonly bytes: Uint8Array;
  readonly words: readonly TimedWord[];
}

/** Characters of a SHA-256 in hexadecimal. */
const DIGEST = 64;
/** Ten minutes of 16 kHz samples take 19 MB. What was used last stays. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Speech on the disk, a file for each piece, named by a hash of all that its sound depends on. A file begins with the
 * SHA-256 of the rest: one that is torn, or was meddled with, counts as missing. Nothing here throws: what can't be
 * kept is made again the next time.
 */
export class SpeechStore {
  readonly #folder: string;
  readonly #onTrouble: (message: string) => void;
  #told = false;

  constructor(folder: string, onTrouble: (message: string) => void) {
    this.#folder = folder;
    this.#onTrouble = onTrouble;
  }

  /** Undefined: it isn't there, or not whole. */
  async get(key: string): Promise<KeptSpeech | undefined> {
    const path = join(this.#folder, key);
    const file = await readFile(path).catch(() => undefined);
    if (!file) return undefined;
    const body = file.subarray(DIGEST);
    if (file.toString('latin1', 0, DIGEST) !== sha256(body)) {
      await rm(path, { force: true }).catch(() => undefined);
      return undefined;
    }
    const now = new Date();
    await utimes(path, now, now).catch(() => undefined);
    const end = body.indexOf(0x0a);
    const { format, words } = JSON.parse(body.toString('utf8', 0, end)) as {
      format: AudioFormat;
      words: TimedWord[];
    };
    return { format, words, bytes: body.subarray(end + 1) };
  }

  async put(key: string, { format, words, bytes }: KeptSpeech): Promise<void> {
    const body = Buffer.concat([Buffer.from(`${JSON.stringify({ format, words })}\n`), bytes]);
    const path = join(this.#folder, key);
    const unfinished = `${path}.${randomUUID()}`;
    try {
      await makeFolder(this.#folder);
      await writeFile(unfinished, [sha256(body), body], { mode: 0o600 });
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      if (this.#told) return;
      this.#told = true;
      this.#onTrouble(`phrases can't be kept, and are made anew at each start: ${messageOf(error)}`);
    }
  }

  /** Removes what was used longest ago, and what was never finished, until `mostBytes` are left. */
  async tidy(mostBytes = MOST_BYTES): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const found = await stat(path).catch(() => undefined);
        const finished = name.length === DIGEST;
        return { path, bytes: found?.size ?? 0, used: finished ? (found?.mtimeMs ?? 0) : 0 };
      }),
    );
    let bytes = 0;
    for (const file of files.toSorted((one, other) => other.used - one.used)) {
      bytes += file.bytes;
      if (bytes > mostBytes || file.used === 0) await rm(file.path, { force: true }).catch(() => undefined);
    }
  }
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
