import { setImmediate as breathe } from 'node:timers/promises';
import type { Groq } from 'groq-sdk';
import type { ChatCompletionCreateParamsStreaming } from 'groq-sdk/resources/chat/completions';
import type { LanguageModel } from '../../dialog/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../dialog/conversation.ts';
import { RequestAbort } from '../../lib/abort.ts';
import { systemClock, type Clock, type Milliseconds } from '../../lib/clock.ts';
import { ProviderFailure, type FailureKind } from '../provider-failure.ts';
import { chatMessages } from './chat-messages.ts';
import { createGroqClient, type GroqClient, type GroqConnection } from './groq-client.ts';
import { systemPrompt } from './system-prompt.ts';
import { ToolDeltas } from './tool-deltas.ts';

export interface GroqLlmOptions extends GroqConnection {
  /** Name in logs and failures (default `groq`). */
  readonly name?: string;
  readonly model?: string;
  readonly temperature?: number;
  /** Tokens of one reply (default 400: more than anybody says in a turn). */
  readonly maxTokens?: number;
  /** For models that think before they speak: `none`, `low`, … */
  readonly reasoningEffort?: 'none' | 'default' | 'low' | 'medium' | 'high' | undefined;
  /** From the request to the first token (default 2000). */
  readonly firstTokenMs?: Milliseconds;
  /** Between two tokens (default 1500). */
  readonly tokenMs?: Milliseconds;
  readonly clock?: Clock;
}

const GROQ_LLM_MODEL = 'llama-3.3-70b-versatile';

/** A chat model over groq-sdk: Groq's, or any server that speaks like OpenAI. */
export function createGroqLlm(options: GroqLlmOptions): LanguageModel {
  const { name = 'groq', clock = systemClock } = options;
  const client = createGroqClient(options);

  async function* reply(request: ReplyRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    if (signal.aborted) return;
    const body = bodyOf(request, options, client.isPlain, clock.wallClock());
    try {
      yield* answer(client, body, signal, { ...options, name, clock });
    } catch (error) {
      if (!isAborted(signal)) throw client.failure('LLM_FAILED', name, error);
    }
  }

  return {
    name,
    reply,
    warm: () => {
      client.warm();
    },
    close: () => client.close(),
  };
}

function bodyOf(
  { agent, call, history, tools = [] }: ReplyRequest,
  options: GroqLlmOptions,
  isPlain: boolean,
  wallClockMs: number,
): ChatCompletionCreateParamsStreaming {
  const { model = GROQ_LLM_MODEL, temperature = 0.4, maxTokens = 400, reasoningEffort } = options;
  // The servers that speak like OpenAI know its older name, all of them.
  const limit: Record<string, unknown> = isPlain
    ? { max_tokens: maxTokens, stream_options: { include_usage: true } }
    : { max_completion_tokens: maxTokens };
  return {
    model,
    stream: true,
    temperature,
    messages: [{ role: 'system', content: systemPrompt(agent, call, wallClockMs) }, ...chatMessages(history)],
    ...limit,
    ...(reasoningEffort === undefined ? {} : { reasoning_effort: reasoningEffort }),
    ...(tools.length > 0
      ? {
          tools: tools.map(({ name, description, parameters }) => ({
            type: 'function' as const,
            function: { name, description, parameters },
          })),
        }
      : {}),
  };
}

/** Its events, or what went wrong, as it was thrown. Ends silently when `signal` aborts. */
async function* answer(
  client: GroqClient,
  body: ChatCompletionCreateParamsStreaming,
  signal: AbortSignal,
  options: GroqLlmOptions & { readonly name: string; readonly clock: Clock },
): AsyncGenerator<LlmEvent> {
  const { name, clock, firstTokenMs = 2000, tokenMs = 1500 } = options;
  const fail = (kind: FailureKind, message: string): ProviderFailure =>
    new ProviderFailure({ code: 'LLM_FAILED', provider: name, kind, message });
  const request = new RequestAbort(signal, clock);
  const firstBy = clock.now() + firstTokenMs;
  const tools = new ToolDeltas();
  let finished = false;
  let said = false;
  let progressed = false;
  try {
    request.deadline(firstBy, fail('timeout', `no answer within ${firstTokenMs} ms`));
    const stream = await client.sdk.chat.completions.create(body, { signal: request.signal });
    const chunks = stream[Symbol.asyncIterator]();
    for (;;) {
      if (progressed) request.deadline(clock.now() + tokenMs, fail('stalled', `no token for ${tokenMs} ms`));
      else request.deadline(firstBy, fail('stalled', `no token within ${firstTokenMs} ms`));
      const next = await chunks.next();
      request.clearDeadline();
      if (request.signal.aborted || next.done === true) break;
      const { choices, x_groq: groq } = next.value;
      // Elsewhere than at Groq the usage stands in the chunk itself; and so may anything else.
      const usage = groq?.usage ?? (next.value as { usage?: Groq.CompletionUsage | null }).usage;
      if (groq?.error) throw fail('server', groq.error);
      const choice = (choices as typeof choices | undefined)?.[0];
      const { content, tool_calls: toolCalls, reasoning } = choice?.delta ?? {};
      if (content) {
        said = true;
        yield { type: 'text', text: content };
      }
      if (toolCalls) tools.add(toolCalls);
      if (toolCalls !== undefined || reasoning) yield { type: 'progress' };
      progressed ||= Boolean(content) || Boolean(reasoning) || toolCalls !== undefined;
      finished ||= typeof choice?.finish_reason === 'string';
      if (usage) {
        const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = usage;
        yield { type: 'usage', provider: name, inputTokens, outputTokens };
      }
    }
    if (signal.aborted) return;
    if (request.missed) throw request.missed;
    if (!finished) throw fail('cut', 'the answer ended in the middle');
    // undici has the connection back a moment later: the next question shall find it.
    await breathe();
    for (const call of tools.finish()) {
      said = true;
      yield { type: 'tool', call };
    }
    if (!said) throw fail('empty', 'the model said nothing');
  } catch (error) {
    if (!signal.aborted) throw request.missed ?? error;
  } finally {
    // Whoever stops listening early ends the request.
    if (finished) request.release();
    else request.abort();
  }
}

/** As a question: it may change while something is awaited. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
