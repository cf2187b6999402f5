import { setImmediate as breathe } from 'node:timers/promises';
import type { LanguageModel } from '../../dialog/contract/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../dialog/contract/conversation.ts';
import { RequestAbort } from '../../lib/abort.ts';
import { systemClock, type Clock, type Milliseconds } from '../../lib/clock.ts';
import { ProviderFailure, type FailureKind } from '../provider-failure.ts';
import { chatMessages } from './chat-messages.ts';
import type { ChatBody, ChatChunk } from './chat-wire.ts';
import { systemPrompt } from './system-prompt.ts';
import { ToolDeltas } from './tool-deltas.ts';

/** A server of chat completions, behind whichever SDK. */
export interface ChatServer {
  /** Resolves when the headers are there. What it throws, and the chunks do, is what `failure` understands. */
  ask(body: ChatBody, signal: AbortSignal): Promise<AsyncIterable<ChatChunk>>;
  failure(error: unknown): ProviderFailure;
  /** Opens a connection, or keeps the one there is from falling asleep. Never fails. */
  warm(): void;
  close(): Promise<void>;
}

export interface ChatModelOptions {
  /** Name in logs and failures. */
  readonly name: string;
  readonly model: string;
  /** 0 … 2. */
  readonly temperature: number;
  /** From the request to the first token. */
  readonly firstTokenMs: Milliseconds;
  /** Between two tokens. */
  readonly tokenMs: Milliseconds;
  readonly clock?: Clock;
}

/** A language model that is spoken to by chat completions, streamed. */
export function createChatModel(server: ChatServer, options: ChatModelOptions): LanguageModel {
  const { name, clock = systemClock } = options;

  async function* reply(request: ReplyRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    if (signal.aborted) return;
    const body = bodyOf(request, options, clock.wallClock());
    try {
      yield* answer(server, body, signal, { ...options, clock });
    } catch (error) {
      if (!isAborted(signal)) throw server.failure(error);
    }
  }

  return {
    name,
    reply,
    warm: () => {
      server.warm();
    },
    close: () => server.close(),
  };
}

function bodyOf(
  { agent, call, history, tools = [] }: ReplyRequest,
  { model, temperature }: ChatModelOptions,
  wallClockMs: number,
): ChatBody {
  return {
    model,
    stream: true,
    temperature,
    messages: [{ role: 'system', content: systemPrompt(agent, call, wallClockMs) }, ...chatMessages(history)],
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
  server: ChatServer,
  body: ChatBody,
  signal: AbortSignal,
  options: ChatModelOptions & { readonly clock: Clock },
): AsyncGenerator<LlmEvent> {
  const { name, clock, firstTokenMs, tokenMs } = options;
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
    const stream = await server.ask(body, request.signal);
    const chunks = stream[Symbol.asyncIterator]();
    for (;;) {
      if (progressed) request.deadline(clock.now() + tokenMs, fail('stalled', `no token for ${tokenMs} ms`));
      else request.deadline(firstBy, fail('stalled', `no token within ${firstTokenMs} ms`));
      const next = await chunks.next();
      request.clearDeadline();
      if (request.signal.aborted || next.done === true) break;
      const { choices, x_groq: groq } = next.value;
      // Elsewhere than at Groq the usage stands in the chunk itself.
      const usage = groq?.usage ?? next.value.usage;
      if (groq?.error) throw fail('server', groq.error);
      const choice = choices?.[0];
      const { content, tool_calls: toolCalls } = choice?.delta ?? {};
      const reasoning = choice?.delta?.reasoning ?? choice?.delta?.reasoning_content;
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
    // If the consumer stops reading early, the request is aborted.
    if (finished) request.release();
    else request.abort();
  }
}

/** As a question: it may change while something is awaited. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
