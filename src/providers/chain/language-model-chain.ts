import type { LanguageModel } from '../../dialog/contract/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../dialog/contract/conversation.ts';
import { untilAborted } from '../../lib/abort.ts';
import { attempts, type Exchange } from './attempts.ts';
import { failureOf, troubleOf, type ChainOptions } from './provider-list.ts';

/**
 * Language models as one: the first that gives a word answers. One that fails before that is asked again on a fresh
 * connection, if that can help, and then the next one is asked. One that breaks off later throws (LLM_FAILED): the
 * caller, who knows how much of the answer was spoken, asks again with that model's name among those to `avoid`.
 */
export function chainLanguageModels({
  providers,
  clock,
  patienceMs,
}: ChainOptions<LanguageModel>): LanguageModel {
  async function* reply(request: ReplyRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    const { avoid = [], call } = request;
    let speaker: string | undefined;

    /** Its answer, with a time limit for the first event. */
    async function* ask(exchange: Exchange<LanguageModel>): AsyncGenerator<LlmEvent> {
      const { provider } = exchange;
      exchange.startWaiting();
      const events = provider.port.reply(request, exchange.signal);
      for await (const event of untilAborted(events, exchange.signal)) {
        if (event.type !== 'usage') exchange.stopWaiting();
        if (event.type === 'text' || event.type === 'tool') {
          exchange.ofUse();
          speaker = provider.name;
        }
        yield event;
      }
    }

    try {
      yield* attempts(
        {
          part: 'llm',
          code: 'LLM_FAILED',
          providers,
          avoid,
          clock,
          conversation: `${call.key.server} ${call.key.channel}`,
          deadlineMs: patienceMs,
          missing: 'no answer',
          ask,
          left: (wasOfUse) => (wasOfUse ? 'thrown' : 'again'),
        },
        signal,
      );
    } catch (error) {
      if (speaker !== undefined && !avoid.includes(speaker)) {
        const failure = failureOf('LLM_FAILED', speaker, error);
        const other = providers.find(({ name }) => name !== speaker && !avoid.includes(name))?.name;
        const outcome = other === undefined ? 'retried' : 'fell-back';
        yield { type: 'trouble', trouble: troubleOf('llm', failure, outcome, other) };
      }
      throw error;
    }
  }

  return {
    name: providers.map(({ name }) => name).join(', '),
    reply,
    warm: () => {
      for (const { port } of providers) port.warm?.();
    },
    // The chain's owner has opened the providers, and closes them.
    close: () => Promise.resolve(),
  };
}
