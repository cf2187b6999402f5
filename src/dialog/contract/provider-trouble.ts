import { messageOf } from '../../lib/errors.ts';
import { FAILURE_KINDS, type FailureKind, type ProviderTrouble } from './provider-failures.ts';
import { type CallEvent } from './call-events.ts';

type Trouble = Extract<CallEvent, { type: 'trouble' }>;
/** What a `trouble` event tells, whatever it is about. */
export type TroubleTold = Omit<Trouble, 'call' | 'at'>;

/** What the call is told of a provider's failure that was dealt with. */
export function troubleEvent(trouble: ProviderTrouble): TroubleTold {
  return { type: 'trouble', ...trouble };
}

/** What the call is told of something that was thrown: of a provider's failure, nobody was left to take over. */
export function thrownTrouble(part: Trouble['part'], error: unknown): TroubleTold {
  const message = messageOf(error);
  if (!isProviderFailure(error)) return { type: 'trouble', part, message };
  const { provider, kind } = error;
  return { type: 'trouble', part, message, provider, kind, outcome: 'gave-up' };
}

/** The name of the provider that failed; undefined: it was none. */
export function failedProvider(error: unknown): string | undefined {
  return isProviderFailure(error) ? error.provider : undefined;
}

function isProviderFailure(error: unknown): error is { provider: string; kind: FailureKind } {
  const { provider, kind } = error as { provider?: unknown; kind?: unknown };
  return typeof provider === 'string' && FAILURE_KINDS.some((known) => known === kind);
}
