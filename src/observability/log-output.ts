import { fstatSync, writeSync } from 'node:fs';

/** What waits for whoever reads the log; more is lost. */
const WAITING_BYTES = 4 * 2 ** 20;
const STDOUT = 1;

/**
 * Standard output for the log. Whatever becomes of it (a full disk, a reader that is gone or reads nothing), no call notices: a
 * line that can't be written is counted, and as soon as one can be, the log says how many were lost.
 */
export class LogOutput {
  readonly #isFile: boolean;
  readonly #put: (bytes: Buffer) => number;
  #lost = 0;
  #untold = 0;
  /** Half a line stands there. */
  #isTorn = false;

  /** `put` (tests): writes to a file, and returns how many bytes it has taken. */
  constructor(put?: (bytes: Buffer) => number) {
    this.#isFile = put !== undefined || isFile(STDOUT);
    this.#put = put ?? ((bytes) => writeSync(STDOUT, bytes));
    if (this.#isFile) return;
    // It is told with each write, and would count as a bug of the program.
    process.stdout.on('error', () => undefined);
  }

  /** Lines that couldn't be written. */
  get lost(): number {
    return this.#lost;
  }

  readonly write = (line: string): void => {
    const told = this.#untold === 0 ? '' : lostLine(this.#untold);
    if (this.#isFile ? this.#toFile(told + line) : toReader(told + line)) {
      this.#untold = 0;
      return;
    }
    this.#lost += 1;
    this.#untold += 1;
  };

  /** A stream would be gone for good after its first failure; a disk may have room again. */
  #toFile(text: string): boolean {
    const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text);
    let done = 0;
    try {
      while (done < bytes.length) {
        const taken = this.#put(bytes.subarray(done));
        if (taken === 0) return false;
        done += taken;
      }
      return true;
    } catch {
      return false;
    } finally {
      if (done > 0) this.#isTorn = done < bytes.length;
    }
  }
}

function toReader(text: string): boolean {
  const { stdout } = process;
  if (stdout.destroyed || stdout.writableLength > WAITING_BYTES) return false;
  stdout.write(text);
  return true;
}

function lostLine(lost: number): string {
  const msg = `${lost} lines of the log were lost: they couldn't be written`;
  return `${JSON.stringify({ level: 'warn', time: Date.now(), lost, msg })}\n`;
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
}
