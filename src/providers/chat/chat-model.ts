import type { LanguageModel } from '../../dialog/contract/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../dialog/contract/conversation.ts';
import { languageOf } from '../../dialog/language/known-languages.ts';
import { systemClock, type Clock, type Milliseconds } from '../../lib/clock.ts';
import type { ProviderFailure } from '../provider-failure.ts';
import { answerOf, type Ending } from './chat-answer.ts';
import { chatMessages, tokensIn, withInstructions, type Telling } from './chat-messages.ts';
import type { ChatBody } from './chat-wire.ts';
import { departmentOfKey } from './department-key.ts';
import { isOutOfRoom, mended, SYSTEM_ROLE, TakenParameters, type Manner, type Refusal } from './refusals.ts';
import { systemPrompt } from './system-prompt.ts';
import { writtenReply } from './written-reply.ts';

/** A server of chat completions, behind whichever SDK. */
export interface ChatServer {
  /** Resolves when what it is asked by is loaded: no time of the server's. Rejects as `ask` does. */
  load(): Promise<unknown>;
  /** Resolves when the headers are there. What it throws, and the chunks do, is what `failure` understands. */
  ask(body: ChatBody, signal: AbortSignal): Promise<AsyncIterable<unknown>>;
  failure(error: unknown): ProviderFailure;
  /** What the server said of what was thrown; undefined: it wasn't the server that said it. */
  refusal(error: unknown): Refusal | undefined;
  /** Opens a connection, or keeps the one there is from falling asleep. Never fails. */
  warm(): void;
  close(): Promise<void>;
}

export interface ChatModelOptions {
  /** Name in logs and failures. */
  readonly name: string;
  readonly model: string;
  /** 0 … 2; `none`: it isn't told any. */
  readonly temperature: number | 'none';
  /** From the request to the first token. */
  readonly firstTokenMs: Milliseconds;
  /** Between two tokens. */
  readonly tokenMs: Milliseconds;
  /** From the request to the first word of a model that thinks before it speaks, and shows that it does. */
  readonly thinkingMs: Milliseconds;
  /** Tokens that a request may have; the oldest of the conversation are left out first. */
  readonly contextTokens: number;
  readonly clock?: Clock;
  /** Something that people should know of. */
  readonly onTrouble?: ((message: string) => void) | undefined;
}

/** Parameters beside the model, the messages and the tools; of `limit`, a reply may need more. */
interface Parameters {
  /** What the limit of a reply's tokens is called, and how many. */
  readonly limit: readonly [name: string, tokens: number];
  readonly more: Readonly<Record<string, unknown>>;
}

/** So many times the tokens, where all of them went into thoughts. */
const MORE_ROOM = 4;

/** What was found out about one call, and holds for its next questions. */
interface Remembered {
  readonly manner: Manner;
  /** The last question that was refused for good: asked again, as a turn's end follows a pause, it gets the same answer. */
  readonly refused?: { readonly question: string; readonly failure: ProviderFailure };
}

/** A language model that is spoken to by chat completions, streamed. */
export function createChatModel(
  server: ChatServer,
  options: ChatModelOptions,
  { limit: [limit, most], more }: Parameters,
): LanguageModel {
  const { name, model, temperature, contextTokens, clock = systemClock, onTrouble } = options;
  const taken = new TakenParameters();
  const calls = new WeakMap<object, Remembered>();
  /** Of the model, whatever the call. */
  const learnt = { tokens: contextTokens, room: 1, thinksFirst: false };

  const parameters = (): Record<string, unknown> =>
    taken.of({
      [limit]: most * learnt.room,
      ...(temperature === 'none' ? {} : { temperature }),
      ...more,
    });

  /** All that was learnt of what the model takes, to be compared. */
  const lessons = (): string =>
    JSON.stringify([parameters(), ...['tools', SYSTEM_ROLE].map((name) => taken.takes(name))]);

  /** The question, put so that it isn't longer than it may be. */
  const bodyOf = ({ agent, call, history, tools = [] }: ReplyRequest, manner: Manner): ChatBody => {
    const offered = manner.without === 'all' || !taken.takes('tools') ? [] : tools;
    const system = systemPrompt(agent, call, clock.wallClock());
    const functions = offered.map(({ name: tool, description, parameters: schema }) => ({
      type: 'function' as const,
      function: { name: tool, description, parameters: schema },
    }));
    const all = Math.min(manner.tokens ?? Infinity, learnt.tokens);
    const telling: Telling = {
      tokens: Math.max(LEAST_HISTORY, all - tokensIn(system) - tokensIn(functions)),
      toolsInWords: manner.toolsInWords === true || !taken.takes('tools'),
    };
    return {
      model,
      stream: true,
      ...parameters(),
      messages: withInstructions(system, chatMessages(history, telling), taken.takes(SYSTEM_ROLE)),
      ...(functions.length > 0 && { tools: functions }),
    };
  };

  async function* reply(request: ReplyRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    if (signal.aborted) return;
    const { call, history, tools = [] } = request;
    const chosen = departmentOfKey(request);
    if (chosen) {
      yield* chosen;
      return;
    }
    const question = JSON.stringify([history.length, history.at(-1)]);
    const before = calls.get(call);
    if (before?.refused?.question === question) throw before.refused.failure;
    let manner = before?.manner ?? {};
    let isSecond = false;
    for (;;) {
      const body = bodyOf(request, manner);
      const takenThen = lessons();
      let said = false;
      try {
        const about = {
          language: languageOf(request.agent.language),
          agentTools: tools,
          thinksFirst: learnt.thinksFirst,
          hasMoreRoom: learnt.room === 1,
          mayAskAgain: !isSecond,
          clock,
        };
        await server.load();
        const answer = answerOf(server, body, signal, { ...options, ...about });
        let ending: Ending | undefined;
        for (let next = await answer.next(); ; next = await answer.next()) {
          if (next.done === true) {
            ending = next.value;
            break;
          }
          said ||= next.value.type === 'text' || next.value.type === 'tool';
          yield next.value;
        }
        if (ending) learnt.thinksFirst ||= ending.thoughtFirst;
        if (ending?.onlyThought !== undefined) {
          if (ending.onlyThought === 'out-of-room') learnt.room = MORE_ROOM;
          else isSecond = true;
          // Marks that nobody hears don't touch the words that come now.
          if (said) yield { type: 'text', text: '\n' };
          continue;
        }
        calls.set(call, { manner: lasting(manner) });
        return;
      } catch (error) {
        if (isAborted(signal)) return;
        const failure = server.failure(error);
        const refusal = server.refusal(error) ?? refusalIn(failure);
        if (said || !refusal) throw failure;
        // Another question was refused at the same time, and what was learnt of it holds for this one.
        if (lessons() !== takenThen) continue;
        if (isOutOfRoom(refusal) && learnt.room === 1) {
          learnt.room = MORE_ROOM;
          continue;
        }
        const names = [limit, 'temperature', 'tools', ...Object.keys(more), SYSTEM_ROLE];
        const lesson = taken.learn(refusal, names);
        if (lesson !== undefined) {
          onTrouble?.(`${name}: ${model} is asked with ${lesson} from now on, as its server wants it`);
          continue;
        }
        const written = writtenReply(refusal.failedGeneration, tools);
        if (written) {
          yield* written;
          return;
        }
        const next = mended(refusal, manner, { tokens: tokensIn(body) });
        if (!next) {
          if (failure.ofConversation)
            calls.set(call, { manner: lasting(manner), refused: { question, failure } });
          throw failure;
        }
        // A limit of the server's holds for all calls.
        if (next.shortened !== manner.shortened)
          learnt.tokens = Math.min(learnt.tokens, next.tokens ?? Infinity);
        manner = next;
      }
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

/** What a call's next questions are asked with, too: one answer's tools say nothing of the next one's. */
function lasting(manner: Manner): Manner {
  return manner.without ? {} : manner;
}

/** Tokens that the conversation has at least, however much the agent's instructions need. */
const LEAST_HISTORY = 300;

/** That an answer ended in nothing because of what was said is a refusal, too, though the server had begun to answer. */
function refusalIn({ ofConversation, reason }: ProviderFailure): Refusal | undefined {
  return ofConversation ? { text: reason } : undefined;
}

/** As a question: it may change while something is awaited. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
