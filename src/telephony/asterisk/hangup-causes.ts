/** What is told when nobody knows better (Q.850). */
const NORMAL_CLEARING = 16;
/** An end that is never told mustn't be waited for for ever. */
const MOST = 1000;

/**
 * Why channels were hung up, by Q.850's causes. Of somebody who refuses before Asterisk has begun to dial, the request to hang up
 * has the reason, and the end that follows says "normal clearing" (measured with Asterisk 22.10 on a busy machine: one in
 * six).
 */
export class HangupCauses {
  readonly #requested = new Map<string, number>();

  /** A channel is to be hung up. */
  request(channel: string, cause: number | undefined): void {
    if (cause === undefined || cause === NORMAL_CLEARING) return;
    this.#requested.set(channel, cause);
    const [oldest] = this.#requested.keys();
    if (this.#requested.size > MOST && oldest !== undefined) this.#requested.delete(oldest);
  }

  /** A channel has ended, `cause` is told. Why it did. */
  end(channel: string, cause: number | undefined): number | undefined {
    const requested = this.#requested.get(channel);
    this.#requested.delete(channel);
    return cause === undefined || cause === NORMAL_CLEARING ? (requested ?? cause) : cause;
  }
}
