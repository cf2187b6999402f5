import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';

type Duplicate = (descriptor: number) => number;

/**
 * Keeps a listening socket open beyond the thread that listens: whoever connects while there is none waits for the next, instead of
 * being refused. On Linux; elsewhere, or where koffi can't be loaded, nothing is kept.
 */
export class KeptListener {
  readonly #duplicate: Duplicate | undefined = duplicator();
  #kept: number | undefined;

  /** Of the thread that listens now: the descriptor. */
  keep(descriptor: number): void {
    if (this.#kept !== undefined || descriptor < 0) return;
    this.#kept = this.#copyOf(descriptor);
  }

  /** For the next thread, which closes it; undefined: it has to listen anew. */
  handOut(): number | undefined {
    return this.#kept === undefined ? undefined : this.#copyOf(this.#kept);
  }

  /** Idempotent. */
  close(): void {
    if (this.#kept !== undefined) closeSync(this.#kept);
    this.#kept = undefined;
  }

  #copyOf(descriptor: number): number | undefined {
    const copy = this.#duplicate?.(descriptor) ?? -1;
    return copy < 0 ? undefined : copy;
  }
}

function duplicator(): Duplicate | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi'); // only here: where it can't be loaded, calls go on
    return koffi.load('libc.so.6').func('int dup(int)') as Duplicate;
  } catch {
    return undefined;
  }
}
