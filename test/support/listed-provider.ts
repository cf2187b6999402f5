import type { Clock } from '../../src/lib/clock.ts';
import { CircuitBreaker } from '../../src/providers/chain/circuit-breaker.ts';
import type { Listed } from '../../src/providers/chain/provider-list.ts';
import { ProviderFailure, type FailureKind } from '../../src/providers/provider-failure.ts';

/** A provider as it stands on a list, with a breaker of its own. */
export function listed<Port>(name: string, port: Port, clock: Pick<Clock, 'now'>): Listed<Port> {
  return { name, port, breaker: new CircuitBreaker({ clock }) };
}

export function failure(provider: string, kind: FailureKind, retryAfterMs?: number): ProviderFailure {
  return new ProviderFailure({ code: 'LLM_FAILED', provider, kind, message: 'as scripted', retryAfterMs });
}
