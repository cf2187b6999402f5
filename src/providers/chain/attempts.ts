import type { ProviderTrouble } from '../../dialog/contract/provider-failures.ts';
import { RequestAbort } from '../../lib/abort.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { ProviderFailure, type FailureDetails, type FailureKind } from '../provider-failure.ts';
import type { Attempt } from './circuit-breaker.ts';
import { failureOf, Rotation, troubleOf, type Listed, type Turn } from './provider-list.ts';

/** A second attempt with the same provider begins at the latest so long after the first … */
const RETRY_WITHIN_MS: Milliseconds = 500;
/** … and so long, if nobody else is left and the provider says itself when to ask again. */
const WAIT_WITHIN_MS: Milliseconds = 2_500;
const RETRY_DELAY_MS: Milliseconds = 50;
const PASSING: ReadonlySet<FailureKind> = new Set(['refused', 'cut', 'server']);

/** After how long a second attempt may go well, if it may, and there is time for it; else undefined. */
export function retryDelay(
  { kind, retryAfterMs }: ProviderFailure,
  elapsedMs: Milliseconds,
  isLast: boolean,
): Milliseconds | undefined {
  const isTold = kind === 'rate-limited' && retryAfterMs !== undefined;
  if (!isTold && !PASSING.has(kind)) return undefined;
  const delay = Math.max(RETRY_DELAY_MS, retryAfterMs ?? 0);
  return elapsedMs + delay <= (isTold && isLast ? WAIT_WITHIN_MS : RETRY_WITHIN_MS) ? delay : undefined;
}

export interface AttemptsOptions<Port, Event> {
  readonly part: ProviderTrouble['part'];
  /** Of failures that bring none with them. */
  readonly code: FailureDetails['code'];
  /** Best first. */
  readonly providers: readonly Listed<Port>[];
  /** Names of providers that are asked only if no other is left. */
  readonly avoid?: readonly string[] | undefined;
  readonly clock: Clock;
  /** From the wait's beginning to the first answer, however often one provider is asked. The last on the list has no such limit. */
  readonly deadlineMs: Milliseconds;
  /** What didn't come by then: `no answer`. */
  readonly missing: string;
  /** The conversation that they are asked for, where what is said in it may be why one fails. */
  readonly conversation?: string;
  /** What had failed before the first of them is asked. */
  readonly before?: ProviderFailure | undefined;
  /** One request. What it yields is passed on; what it throws is a failure of that provider. */
  readonly ask: (exchange: Exchange<Port>) => AsyncIterable<Event>;
  /** What a failure leaves to be done: it is asked for `again` (the default), `nothing`, or the failure is `thrown`. */
  readonly left?: (wasOfUse: boolean) => 'again' | 'nothing' | 'thrown';
}

/** One request to one provider. */
export interface Exchange<Port> {
  readonly provider: Listed<Port>;
  /** Aborts with the caller's, when the deadline has passed, and when this request is over. */
  readonly signal: AbortSignal;
  /** The caller waits from now on, if they haven't before. */
  startWaiting(): void;
  /** An answer has begun: the caller waits no longer, until `startWaiting` is called again. */
  stopWaiting(): void;
  /** Something came that the caller has a use for, whatever happens to the rest. */
  ofUse(): void;
  /** Hands over the report to the circuit breaker: for an adapter that learns only later whether the provider works. */
  takeOutcome(): Attempt | undefined;
}

interface TroubleEvent {
  readonly type: 'trouble';
  readonly trouble: ProviderTrouble;
}

/**
 * Asks the providers one after the other until one has answered, each once more if that may help, and says with
 * `trouble` events what it does. Adapters don't retry: this is the one place that does. When `signal` aborts it ends
 * silently, and nobody is asked any more. Throws the last failure.
 */
export async function* attempts<Port, Event>(
  options: AttemptsOptions<Port, Event>,
  signal: AbortSignal,
): AsyncGenerator<Event | TroubleEvent> {
  const { part, providers, avoid } = options;
  const rotation = new Rotation(providers, avoid);
  let failure = options.before;
  for (let turn = rotation.next(); turn; turn = rotation.next()) {
    let isAsked = false;
    try {
      const { name } = turn.provider;
      if (failure) yield { type: 'trouble', trouble: troubleOf(part, failure, 'fell-back', name) };
      for (const trouble of rotation.skipped(part, turn)) yield { type: 'trouble', trouble };
      isAsked = true;
      failure = yield* askOne(turn, options, signal);
      if (!failure || signal.aborted) return;
    } finally {
      // The consumer may have stopped reading before this provider was asked at all.
      if (!isAsked) turn.attempt.dropped();
    }
  }
  if (failure && !signal.aborted) throw failure;
}

/** Asks one provider, once or twice. Returns the failure if the next provider is to be asked. */
async function* askOne<Port, Event>(
  { provider, attempt, isLast }: Turn<Port>,
  {
    part,
    code,
    clock,
    deadlineMs,
    missing,
    conversation,
    ask,
    left = () => 'again',
  }: AttemptsOptions<Port, Event>,
  signal: AbortSignal,
): AsyncGenerator<Event | TroubleEvent, ProviderFailure | undefined> {
  const message = `${missing} within ${deadlineMs} ms`;
  const late = (): ProviderFailure =>
    new ProviderFailure({ code, provider: provider.name, kind: 'timeout', message });
  let outcome: Attempt | undefined = attempt;
  let waitEnds: Milliseconds | undefined;
  for (let isRetry = false; !signal.aborted; isRetry = true) {
    const request = new RequestAbort(signal, clock);
    const began = clock.now();
    let failure: ProviderFailure;
    const use: { outcome: Attempt | undefined; wasOfUse: boolean } = { outcome, wasOfUse: false };
    try {
      yield* ask({
        provider,
        signal: request.signal,
        startWaiting: () => {
          waitEnds ??= clock.now() + (isLast ? Infinity : deadlineMs);
          request.deadline(waitEnds, late);
        },
        stopWaiting: () => {
          request.clearDeadline();
          waitEnds = undefined;
        },
        ofUse: () => {
          use.wasOfUse = true;
        },
        takeOutcome: () => {
          const taken = use.outcome;
          use.outcome = undefined;
          return taken;
        },
      });
      if (gone(signal)) return undefined;
      if (request.missed) throw request.missed;
      use.outcome?.succeeded();
      return undefined;
    } catch (error) {
      if (gone(signal)) return undefined;
      failure = failureOf(code, provider.name, request.missed ?? error);
      const { kind, retryAfterMs, ofConversation } = failure;
      use.outcome?.failed({ kind, retryAfterMs, ofConversation, conversation });
    } finally {
      request.abort();
      // When the consumer has stopped reading, a provider that was of use counts as one that works.
      if (use.wasOfUse) use.outcome?.succeeded();
      else use.outcome?.dropped();
    }
    const next = left(use.wasOfUse);
    if (next === 'nothing') return undefined;
    if (next === 'thrown') throw failure;
    const delay = retryDelay(failure, use.wasOfUse ? 0 : clock.now() - began, isLast);
    if (isRetry || delay === undefined) return failure;
    yield { type: 'trouble', trouble: troubleOf(part, failure, 'retried') };
    await clock.sleep(delay, signal);
    outcome = provider.breaker.attempt({ force: true });
  }
  outcome?.dropped();
  return undefined;
}

/** As a question: it may change while something is awaited. */
function gone(signal: AbortSignal): boolean {
  return signal.aborted;
}
