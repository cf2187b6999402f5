import type { Milliseconds } from '../../lib/clock.ts';
import type { HttpResponse } from '../../lib/http-exchange.ts';

/** A webhook's token, and all that came with it. */
export interface WebhookToken {
  /** `jti`. */
  readonly id: string;
  /** The request, as far as the token vouches for it: path and hash of the content. */
  readonly content: string;
}

interface Answered {
  readonly content: string;
  readonly until: Milliseconds;
  readonly response: Promise<HttpResponse>;
}

/** The oldest are forgotten first: 6 minutes of 55 webhooks a second. */
const REMEMBERED = 20_000;

/**
 * What webhooks were answered: Vonage asks again when an answer is lost, and must hear the same, for what it
 * asked has been done already. Bounded in number and in time. Pure: the time is an argument.
 */
export class AnsweredWebhooks {
  readonly #keepMs: Milliseconds;
  readonly #answered = new Map<string, Answered>();

  /** `keepMs`: as long as a token is good. */
  constructor(keepMs: Milliseconds) {
    this.#keepMs = keepMs;
  }

  get size(): number {
    return this.#answered.size;
  }

  /**
   * The answer to the same request before, or that of `make` now. Undefined: the token has been used for
   * something else.
   */
  once(
    { id, content }: WebhookToken,
    now: Milliseconds,
    make: () => Promise<HttpResponse>,
  ): Promise<HttpResponse> | undefined {
    this.#forget(now);
    const known = this.#answered.get(id);
    if (known) return known.content === content ? known.response : undefined;
    const response = make();
    this.#answered.set(id, { content, until: now + this.#keepMs, response });
    return response;
  }

  #forget(now: Milliseconds): void {
    for (const [id, { until }] of this.#answered) {
      if (until > now && this.#answered.size < REMEMBERED) return;
      this.#answered.delete(id);
    }
  }
}
