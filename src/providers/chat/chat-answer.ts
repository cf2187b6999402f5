import { setImmediate as breathe } from 'node:timers/promises';
import type { LlmEvent } from '../../dialog/contract/conversation.ts';
import type { Language } from '../../dialog/language/language.ts';
import { plainText } from '../../dialog/language/plain-speech.ts';
import { RequestAbort } from '../../lib/abort.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { ProviderFailure, type FailureKind } from '../provider-failure.ts';
import type { ChatModelOptions, ChatServer } from './chat-model.ts';
import { ChunkReader, type ChunkContent } from './chat-chunk.ts';
import type { ChatBody } from './chat-wire.ts';
import { ContentReader } from './content-reader.ts';
import { ToolDeltas, type KnownTool } from './tool-deltas.ts';

export interface AnswerOptions extends Pick<
  ChatModelOptions,
  'name' | 'firstTokenMs' | 'tokenMs' | 'thinkingMs'
> {
  readonly clock: Clock;
  /** In which its words are spoken. */
  readonly language: Language;
  /** Those that the agent has. */
  readonly agentTools: readonly KnownTool[];
  /** As for ContentReader. */
  readonly thinksFirst: boolean;
  /** It can be asked again, with more tokens. */
  readonly hasMoreRoom: boolean;
  /** It can be asked the same again. */
  readonly mayAskAgain: boolean;
}

/** How an answer ended. */
export interface Ending {
  /** Nothing was said: the thoughts before it took all the tokens that there were, or it stopped after them, or after marks. */
  readonly onlyThought?: 'out-of-room' | 'stopped' | undefined;
  /** It had thought first, without saying so. */
  readonly thoughtFirst: boolean;
}

/** Why an answer has no proper end: for want of tokens, or because somebody didn't like how it went on. */
const CUT: ReadonlySet<string | undefined> = new Set([
  'length',
  'max_tokens',
  'MAX_TOKENS',
  'content_filter',
]);
/** The server gave it up (OpenRouter, DeepSeek, vLLM): half of an answer is none. */
const BROKEN: ReadonlySet<string | undefined> = new Set(['error', 'insufficient_system_resource', 'abort']);
/** Somebody's rules kept all of it back (OpenAI and Azure, Gemini). */
const FILTERED = /content_filter|safety|prohibited|blocklist|recitation|spii|refusal/i;
/** Gemini: the model called a tool, and nobody could read how. */
const UNREADABLE_CALL = /malformed_function_call|unexpected_tool_call/i;
/** Some servers say that it is over, and leave the stream open. */
const LINGER_MS: Milliseconds = 250;

/** Characters: two hours of speech. */
const LONGEST_ANSWER = 100_000;

const SAYABLE = /[\p{L}\p{N}]/u;

/**
 * One answer's events, or what went wrong, as it was thrown. Ends silently, and returns nothing, when `signal` aborts.
 */
export async function* answerOf(
  server: Pick<ChatServer, 'ask'>,
  body: ChatBody,
  signal: AbortSignal,
  options: AnswerOptions,
): AsyncGenerator<LlmEvent, Ending | undefined> {
  const { name, clock, firstTokenMs, tokenMs, thinkingMs, agentTools } = options;
  const fail = (kind: FailureKind, message: string, ofConversation = false): ProviderFailure =>
    new ProviderFailure({ code: 'LLM_FAILED', provider: name, kind, message, ofConversation });
  const request = new RequestAbort(signal, clock);
  const began = clock.now();
  const tools = new ToolDeltas(agentTools);
  const content = new ContentReader(agentTools, options.thinksFirst);
  let words = '';
  let thinking = false;
  let progressed = false;
  let ended = false;
  let reason: string | undefined;
  const chunks = new ChunkReader();
  let usage: ChunkContent['usage'];

  const watch = (): void => {
    const [first, spoken] = [began + firstTokenMs, words !== ''];
    if (reason !== undefined)
      request.deadline(clock.now() + LINGER_MS, () => fail('stalled', 'it has no end'));
    else if (!progressed)
      request.deadline(first, () => fail('stalled', `no token within ${firstTokenMs} ms`));
    else {
      const next = clock.now() + tokenMs;
      const last = thinking && !spoken ? began + thinkingMs : Infinity;
      if (last < next) request.deadline(last, () => fail('timeout', `still thinking after ${thinkingMs} ms`));
      else request.deadline(next, () => fail('stalled', `no token for ${tokenMs} ms`));
    }
  };
  function* read(parts: ReturnType<ContentReader['push']>): Generator<LlmEvent> {
    for (const part of parts) {
      if (part.is === 'words') {
        words += part.text;
        if (words.length > LONGEST_ANSWER) throw fail('malformed', 'an answer without end');
        yield { type: 'text', text: part.text };
      } else if (part.is === 'thought') {
        thinking = true;
        yield { type: 'progress' };
      } else tools.addWritten(part.call);
    }
  }

  try {
    request.deadline(began + firstTokenMs, () => fail('timeout', `no answer within ${firstTokenMs} ms`));
    const stream = await server.ask(body, request.signal);
    const events = stream[Symbol.asyncIterator]();
    for (;;) {
      watch();
      const next = await events.next().catch((error: unknown) => {
        // What follows the reason would only have been figures.
        if (reason === undefined) throw error;
        return { done: true as const, value: undefined };
      });
      request.clearDeadline();
      if (request.signal.aborted && (signal.aborted || reason === undefined)) break;
      if (next.done === true || request.signal.aborted) {
        ended = true;
        break;
      }
      const { text, isThinking, calls, ...more } = chunks.read(next.value);
      if (more.error) throw fail('server', messageOf(more.error));
      if (text !== '') yield* read(content.push(text));
      if (content.isOver) {
        // Without what it would make up.
        thinking = true;
        break;
      }
      if (calls.length > 0) tools.add(calls);
      if (calls.length > 0 || isThinking) yield { type: 'progress' };
      thinking ||= isThinking;
      progressed ||= text !== '' || isThinking || calls.length > 0;
      reason = more.reason ?? reason;
      // Some servers tell it with every chunk, of all so far.
      usage = more.usage ?? usage;
    }
    if (usage) yield { type: 'usage', provider: name, ...usage };
    if (signal.aborted) return undefined;
    if (request.missed && !ended) throw request.missed;
    if (BROKEN.has(reason)) throw fail('server', `the model broke off (${reason ?? ''})`);
    const isCut = CUT.has(reason);
    yield* read(content.end(!isCut));
    // undici has the connection back a moment later: the next question shall find it.
    await breathe();
    const called = tools.finish();
    // Of marks, remarks and gestures nothing is heard.
    const silent = !SAYABLE.test(plainText(words, options.language));
    const thoughtFirst = content.thoughtFirst;
    // A call that was cut can't be done either.
    const isUndone = called.length > 0 && called.every(({ malformed }) => malformed !== undefined);
    const hasOnlyMarks = words.trim() !== '' && called.length === 0;
    if (silent && (called.length === 0 || isUndone) && (thinking || isUndone || hasOnlyMarks)) {
      if (isCut && options.hasMoreRoom) return { onlyThought: 'out-of-room', thoughtFirst };
      if (!isCut && !isUndone && options.mayAskAgain) return { onlyThought: 'stopped', thoughtFirst };
    }
    for (const call of called) yield { type: 'tool', call };
    if (isCut && !silent) yield { type: 'cut-short' };
    if (silent && called.length === 0) {
      if (UNREADABLE_CALL.test(reason ?? '') || FILTERED.test(reason ?? '')) {
        throw fail('rejected', `the model said nothing (${reason ?? ''})`, true);
      }
      // Some servers say neither that a stream is over nor why: the last word is enough, but there has to be one.
      throw reason === undefined && words === '' && !thinking
        ? fail('cut', 'the answer ended in the middle')
        : fail('empty', 'the model said nothing');
    }
    return { thoughtFirst };
  } catch (error) {
    if (signal.aborted) return undefined;
    throw request.missed ?? error;
  } finally {
    // If the consumer stops reading early, the request is aborted.
    if (ended) request.release();
    else request.abort();
  }
}
