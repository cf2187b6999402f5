import type { NativeAsterisk } from '../../lab/asterisk.ts';

/**
 * What Asterisk has complained of (warnings and errors) since it was last looked at: a complaint fails one test, not all
 * tests behind it as well.
 */
export class Complaints {
  readonly #asterisk: Pick<NativeAsterisk, 'complaints'>;
  readonly #usual: RegExp | undefined;
  #told = 0;

  /** `usual`: what belongs to what the tests do. */
  constructor(asterisk: Pick<NativeAsterisk, 'complaints'>, usual?: RegExp) {
    this.#asterisk = asterisk;
    this.#usual = usual;
  }

  /** Throws with their texts: a list's comparison would leave them out of the test's closing lines. */
  expectNone(): void {
    const complaints = this.#asterisk.complaints().slice(this.#told);
    this.#told += complaints.length;
    const said = complaints
      .filter(({ text }) => !this.#usual?.test(text))
      .map(({ at, text }) => `[${at}] ${text}`);
    if (said.length > 0) throw new Error(`Asterisk complains: ${said.join('; ')}`);
  }
}
