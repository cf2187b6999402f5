import type { ProviderTrouble } from '../../dialog/contract/provider-failures.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { ProviderFailure, type FailureDetails } from '../provider-failure.ts';
import type { Attempt, CircuitBreaker } from './circuit-breaker.ts';

/** One provider on an agent's list; its breaker is shared with all other lists that it stands on. */
export interface Listed<Port> {
  readonly name: string;
  readonly port: Port;
  readonly breaker: CircuitBreaker;
}

export interface ChainOptions<Port> {
  /** Best first; at least one. */
  readonly providers: readonly [Listed<Port>, ...Listed<Port>[]];
  readonly clock: Clock;
  /** How long a provider may keep the caller waiting when another one follows it. */
  readonly patienceMs: Milliseconds;
}

/** One provider's turn to try. */
export interface Turn<Port> {
  readonly provider: Listed<Port>;
  readonly attempt: Attempt;
  /** No other provider is left after this one. */
  readonly isLast: boolean;
}

/**
 * The providers in the order in which they are asked: first, best first, those whose breaker is closed; then, if none
 * of these has answered, those whose breaker is open or that are to be avoided.
 */
export class Rotation<Port> {
  readonly #providers: readonly Listed<Port>[];
  readonly #waiting: Listed<Port>[];
  readonly #later: Listed<Port>[] = [];
  readonly #avoid: readonly string[];
  readonly #told = new Set<string>();

  constructor(providers: readonly Listed<Port>[], avoid: readonly string[] = []) {
    this.#providers = providers;
    this.#waiting = [...providers];
    this.#avoid = avoid;
  }

  next(): Turn<Port> | undefined {
    for (let provider = this.#waiting.shift(); provider; provider = this.#waiting.shift()) {
      const attempt = this.#avoid.includes(provider.name) ? undefined : provider.breaker.attempt();
      if (attempt) return { provider, attempt, isLast: this.#waiting.length + this.#later.length === 0 };
      this.#later.push(provider);
    }
    const provider = this.#later.shift();
    const attempt = provider?.breaker.attempt({ force: true });
    return provider && attempt && { provider, attempt, isLast: this.#later.length === 0 };
  }

  /** Better ones that were passed over for `turn` because their breakers are open; each is told once. */
  *skipped(part: ProviderTrouble['part'], turn: Turn<Port>): Generator<ProviderTrouble> {
    const place = this.#providers.indexOf(turn.provider);
    for (const provider of this.#later) {
      const { name, breaker } = provider;
      if (this.#told.has(name) || breaker.state === 'closed') continue;
      if (this.#providers.indexOf(provider) > place) continue;
      this.#told.add(name);
      const kind = breaker.cause?.kind ?? 'server';
      const message = `${name} has failed shortly before (${kind})`;
      yield { part, provider: name, kind, message, outcome: 'skipped', next: turn.provider.name };
    }
  }
}

/** Whatever was thrown, as a failure of that provider. */
export function failureOf(code: FailureDetails['code'], provider: string, error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  return new ProviderFailure({ code, provider, kind: 'server', message: messageOf(error), cause: error });
}

export function troubleOf(
  part: ProviderTrouble['part'],
  { provider, kind, message }: ProviderFailure,
  outcome: ProviderTrouble['outcome'],
  next?: string,
): ProviderTrouble {
  return { part, provider, kind, message, outcome, ...(next === undefined ? {} : { next }) };
}
