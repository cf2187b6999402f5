import type { Clock } from '../../../lib/clock.ts';
import type { LanguageModel } from '../../../dialog/contract/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../../dialog/contract/conversation.ts';
import { asAllowed } from './allowed.ts';
import { replyTo } from './fold.ts';
import { knowledgeOf } from './knowledge.ts';
import { localTime } from './opening.ts';

export interface ReceptionistOptions {
  /** Tells what "today" is. */
  readonly clock: Pick<Clock, 'wallClock'>;
}

/**
 * A dialogue engine that needs no network, no key and no model: it finds what the caller wants by the words that
 * matter, answers from agents.yaml, takes messages and puts callers through. English. It streams its words one
 * by one, as language models do, and keeps nothing between two replies: all it knows stands in the request.
 */
export function createReceptionist(options: ReceptionistOptions): LanguageModel {
  return {
    name: 'receptionist',
    reply: (request, signal) => stream(request, signal, options),
    close: () => Promise.resolve(),
  };
}

/** The language that it speaks. */
export const RECEPTIONIST_LANGUAGES = ['en'] as const;

// eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous, the engine isn't
async function* stream(
  { agent: whole, call, history }: ReplyRequest,
  signal: AbortSignal,
  { clock }: ReceptionistOptions,
): AsyncIterable<LlmEvent> {
  if (signal.aborted) return;
  const agent = asAllowed(whole);
  const now = localTime(clock.wallClock(), agent.knowledge.timeZone);
  const reply = replyTo(history, { base: knowledgeOf(agent), call, now });
  const words = reply.sentences.join(' ').split(' ').filter(Boolean);
  // Read through a function: it may fire between any two words, which the type checker doesn't know.
  const aborted = (): boolean => signal.aborted;
  for (const [index, word] of words.entries()) {
    if (aborted()) return;
    yield { type: 'text', text: index === 0 ? word : ` ${word}` };
  }
  if (reply.tool && !aborted()) {
    yield { type: 'tool', call: { id: `receptionist-${history.length}`, ...reply.tool } };
  }
}
