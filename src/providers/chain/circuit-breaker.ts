import type { FailureKind } from '../../dialog/contract/provider-failures.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';

/** As far as a breaker cares. */
export interface BreakerFailure {
  readonly kind: FailureKind;
  readonly retryAfterMs?: Milliseconds | undefined;
  /** It says something of one conversation only: nothing is counted. */
  readonly ofConversation?: boolean | undefined;
  /** The conversation in which it happened, where that may have been the reason: two of one count once. */
  readonly conversation?: string | undefined;
}

/** `open`: nobody asks. `half-open`: one may try. */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** The state has changed; `cause` is the failure that opened it. */
  readonly onChange?: (state: BreakerState, cause: BreakerFailure | undefined) => void;
}

/** One use of a provider. The first word about it counts, later ones don't. */
export interface Attempt {
  succeeded(): void;
  failed(failure: BreakerFailure): void;
  /** Nothing was learned: the caller left before there was an answer. */
  dropped(): void;
}

/** Failures in a row (of one conversation only one counts), within `WINDOW_MS` of each other, that open it. */
const FAILURES = 2;
const WINDOW_MS: Milliseconds = 60_000;
/** How long it stays open; doubled for each time that a trial failed, up to the longest. */
const OPEN_MS: Milliseconds = 20_000;
const LONGEST_MS: Milliseconds = 120_000;
/** A key doesn't become right within seconds. */
const UNAUTHORIZED_MS: Milliseconds = 60_000;
/** Where a provider says "too many" and not for how long. */
const RATE_LIMITED_MS: Milliseconds = 5_000;
/** A provider that has just answered others isn't dead because one answer didn't come. */
const PROOF_OF_LIFE_MS: Milliseconds = 10_000;

/** Nothing that a second request would find otherwise. */
const LASTING: ReadonlySet<FailureKind> = new Set(['refused', 'dns', 'tls', 'unauthorized', 'rate-limited']);
/** What has cost a caller a wait: the next one shall not wait, too. */
const SLOW: ReadonlySet<FailureKind> = new Set(['timeout', 'stalled']);

/**
 * Remembers for all calls whether it is worth asking a provider. It opens at once when the failure will last
 * (nobody listens, a wrong key, "too many requests") or has cost a caller a wait, and after two failures in a row
 * otherwise. What lies in one conversation opens it for nobody. When its time is up, one caller tries: it closes if that goes well, and stays open twice as long if
 * it doesn't.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #lastFailureAt: Milliseconds = -Infinity;
  #lastConversation: string | undefined;
  #lastSuccessAt: Milliseconds = -Infinity;
  #openUntil: Milliseconds | undefined;
  /** Times in a row that it was opened. */
  #openings = 0;
  #trying = false;
  #cause: BreakerFailure | undefined;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    if (this.#openUntil === undefined) return 'closed';
    return this.#options.clock.now() < this.#openUntil ? 'open' : 'half-open';
  }

  /** What opened it. */
  get cause(): BreakerFailure | undefined {
    return this.#cause;
  }

  /** Whether `attempt` would be permitted. */
  get admits(): boolean {
    return this.state === 'closed' || (this.state === 'half-open' && !this.#trying);
  }

  /** Undefined: the breaker is open. `force`: permitted all the same, because no other provider is left. */
  attempt({ force = false } = {}): Attempt | undefined {
    if (!force && !this.admits) return undefined;
    const isTrial = this.state === 'half-open' && !this.#trying;
    if (isTrial) this.#trying = true;
    let settled = false;
    const settle = (action: () => void) => (): void => {
      if (settled) return;
      settled = true;
      if (isTrial) this.#trying = false;
      action();
    };
    return {
      succeeded: settle(() => {
        this.#succeeded();
      }),
      failed: (failure) => {
        settle(() => {
          this.#failed(failure);
        })();
      },
      dropped: settle(() => undefined),
    };
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#lastConversation = undefined;
    this.#openings = 0;
    this.#lastSuccessAt = this.#options.clock.now();
    if (this.#openUntil === undefined) return;
    this.#openUntil = undefined;
    this.#cause = undefined;
    this.#options.onChange?.('closed', undefined);
  }

  #failed(failure: BreakerFailure): void {
    if (failure.ofConversation === true) return;
    const now = this.#options.clock.now();
    const { state } = this;
    // Others had asked before it opened: what they say is known by now.
    if (state === 'open') return;
    const isLate = now - this.#lastFailureAt > WINDOW_MS;
    const { conversation } = failure;
    const isSame = conversation !== undefined && conversation === this.#lastConversation;
    this.#failures = isLate ? 1 : this.#failures + (isSame ? 0 : 1);
    this.#lastFailureAt = now;
    this.#lastConversation = conversation;
    const slow = SLOW.has(failure.kind) && now - this.#lastSuccessAt > PROOF_OF_LIFE_MS;
    const enough = state === 'half-open' || this.#failures >= FAILURES || LASTING.has(failure.kind) || slow;
    if (!enough) return;
    this.#openUntil = now + this.#openFor(failure);
    this.#openings += 1;
    this.#cause = failure;
    this.#options.onChange?.('open', failure);
  }

  #openFor({ kind, retryAfterMs }: BreakerFailure): Milliseconds {
    if (kind === 'rate-limited') return retryAfterMs ?? RATE_LIMITED_MS;
    const longer = Math.min(LONGEST_MS, OPEN_MS * 2 ** this.#openings);
    return kind === 'unauthorized' ? Math.max(UNAUTHORIZED_MS, longer) : longer;
  }
}
