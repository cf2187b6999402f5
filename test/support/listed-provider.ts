import type { Clock } from '../../src/lib/clock.ts';
import { CircuitBreaker } from '../../src/providers/chain/circuit-breaker.ts';
import type { Listed } from '../../src/providers/chain/provider-list.ts';
import type { ManualClock } from './manual-clock.ts';
import { ProviderFailure, type FailureKind } from '../../src/providers/provider-failure.ts';

/** A provider as it stands on a list, with a breaker of its own. */
export function listed<Port>(name: string, port: Port, clock: Pick<Clock, 'now'>): Listed<Port> {
  return { name, port, breaker: new CircuitBreaker({ clock }) };
}

export function failure(provider: string, kind: FailureKind, retryAfterMs?: number): ProviderFailure {
  return new ProviderFailure({ code: 'LLM_FAILED', provider, kind, message: 'as scripted', retryAfterMs });
}

/** Two of them: the first isn't asked, and the second one's next use is the trial that decides whether it is well. */
export async function onTrial<Port>(one: Port, other: Port, clock: ManualClock) {
  const [first, second] = [listed('first', one, clock), listed('second', other, clock)] as const;
  second.breaker.attempt()?.failed({ kind: 'tls' });
  await clock.advance(20_000);
  first.breaker.attempt()?.failed({ kind: 'tls' });
  return { providers: [first, second] as [Listed<Port>, Listed<Port>], trial: second.breaker };
}
