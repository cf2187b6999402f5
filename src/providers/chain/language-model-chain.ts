import { untilAborted } from '../../dialog/aborting.ts';
import type { LanguageModel } from '../../dialog/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../dialog/conversation.ts';
import { ProviderFailure } from '../provider-failure.ts';
import { Patience } from './patience.ts';
import {
  failureOf,
  retryDelay,
  Rotation,
  troubleOf,
  type ChainOptions,
  type Listed,
} from './provider-list.ts';

/**
 * Language models as one: the first that gives a word speaks. What fails before that is asked again on a fresh
 * connection, if that can help, and then the next one is asked. One that breaks off later throws (LLM_FAILED):
 * whoever knows what was spoken of it asks again, with its name among those to `avoid`.
 */
export function chainLanguageModels(options: ChainOptions<LanguageModel>): LanguageModel {
  const { providers, clock } = options;

  async function* reply(request: ReplyRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    const gone = (): boolean => signal.aborted;
    const rotation = new Rotation(providers, request.avoid);
    let failure: ProviderFailure | undefined;
    let turn = rotation.next();
    try {
      while (turn) {
        yield* asEvents(rotation.spared('llm', turn));
        const { provider, isLast } = turn;
        let { attempt } = turn;
        const began = clock.now();
        const patience = new Patience(isLast ? Infinity : options.patienceMs, clock);
        for (let retries = 1; ; retries--) {
          let said = false as boolean;
          try {
            for await (const event of impatiently(provider, request, signal, patience)) {
              said ||= event.type === 'text' || event.type === 'tool';
              yield event;
            }
            if (gone() && !said) attempt.dropped();
            else attempt.succeeded();
            return;
          } catch (error) {
            if (gone()) return;
            failure = failureOf('LLM_FAILED', provider.name, error);
            attempt.failed(failure);
            if (said) {
              const other = providers.find(
                ({ name }) => name !== provider.name && !request.avoid?.includes(name),
              );
              const outcome = other ? 'fell-back' : 'retried';
              if (!request.avoid?.includes(provider.name)) {
                yield { type: 'trouble', trouble: troubleOf('llm', failure, outcome, other?.name) };
              }
              throw failure;
            }
          } finally {
            // Whoever listened has gone: to have said something is good enough.
            if (said) attempt.succeeded();
            else attempt.dropped();
          }
          const delay = retryDelay(failure, clock.now() - began, isLast);
          if (retries === 0 || delay === undefined) break;
          yield { type: 'trouble', trouble: troubleOf('llm', failure, 'retried') };
          await clock.sleep(delay, signal);
          if (gone()) return;
          attempt = provider.breaker.attempt({ force: true }) ?? attempt;
        }
        turn = rotation.next();
        if (turn) {
          const { name } = turn.provider;
          yield { type: 'trouble', trouble: troubleOf('llm', failure, 'fell-back', name) };
        }
      }
      if (failure && !gone()) throw failure;
    } finally {
      // Whoever listened may have gone before it was asked at all.
      turn?.attempt.dropped();
    }
  }

  /** Its answer, with a limit for the first sign of it. */
  async function* impatiently(
    { name, port }: Listed<LanguageModel>,
    request: ReplyRequest,
    signal: AbortSignal,
    patience: Patience,
  ): AsyncGenerator<LlmEvent> {
    const controller = new AbortController();
    const onAbort = (): void => {
      controller.abort();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let late: ProviderFailure | undefined;
    patience.arm(() => {
      const message = `no answer within ${options.patienceMs} ms`;
      late = new ProviderFailure({ code: 'LLM_FAILED', provider: name, kind: 'timeout', message });
      controller.abort();
    });
    try {
      for await (const event of untilAborted(port.reply(request, controller.signal), controller.signal)) {
        if (event.type !== 'usage') patience.disarm();
        yield event;
      }
      if (late && !signal.aborted) throw late as Error;
    } finally {
      patience.disarm();
      signal.removeEventListener('abort', onAbort);
      controller.abort();
    }
  }

  return {
    name: providers.map(({ name }) => name).join(', '),
    reply,
    warm: () => {
      for (const { port } of providers) port.warm?.();
    },
    // Whoever opened them closes them.
    close: () => Promise.resolve(),
  };
}

function* asEvents(
  troubles: Iterable<Extract<LlmEvent, { type: 'trouble' }>['trouble']>,
): Generator<LlmEvent> {
  for (const trouble of troubles) yield { type: 'trouble', trouble };
}
