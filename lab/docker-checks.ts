import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../src/lib/errors.ts';

/** What was checked, one line each as it is known. */
export class Checks {
  passed = 0;
  failed = 0;
  readonly #signal: AbortSignal;
  readonly #begun = Date.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Runs one check. It fails by throwing; what it returns, if anything, is shown. False: it failed. */
  async that(claim: string, check: () => Promise<string | undefined>, always = false): Promise<boolean> {
    if (this.#signal.aborted && !always) return false;
    try {
      const detail = await check();
      this.passed += 1;
      this.#say('ok    ', claim, detail);
      return true;
    } catch (error) {
      this.failed += 1;
      this.#say('FAILED', claim, messageOf(error));
      return false;
    }
  }

  get summary(): string {
    return `${this.passed} passed, ${this.failed} failed`;
  }

  #say(verdict: string, claim: string, detail: string | undefined): void {
    const seconds = String(Math.round((Date.now() - this.#begun) / 1000)).padStart(4);
    console.log(`${seconds} s  ${verdict}  ${claim}${detail === undefined ? '' : `: ${detail}`}`);
  }
}

/** Throws unless `value` is what it shall be. */
export function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Looks twice a second. Throws when it took longer. */
export async function until(what: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await sleep(500);
  }
}
