import { orAborted } from '../../lib/abort.ts';
import type { AgentProfile } from '../contract/agent-profile.ts';
import type { CallInfo } from '../contract/call-info.ts';
import type { LlmEvent, Message } from '../contract/conversation.ts';
import type { LanguageModel } from '../contract/ports.ts';
import type { TurnInput } from '../turn/turn-states.ts';
import type { ToolTable } from './agent-tools.ts';
import type { ConversationHistory } from './conversation-history.ts';

/** Where the words of a reply come from. */
export type ReplySource = WrittenSource | ModelSource;

/** They are known. */
export interface WrittenSource {
  readonly is: 'written';
  readonly text: string;
}

/** A model thinks of them. */
export interface ModelSource {
  readonly is: 'model';
  readonly llm: LanguageModel;
  readonly agent: AgentProfile;
  readonly call: CallInfo;
  readonly tools: ToolTable;
  /** What it answers. */
  readonly input: TurnInput;
  /** What was said before that; complete when `known` resolves: what was heard of the agent's last words belongs to it. */
  readonly history: ConversationHistory;
  readonly known: Promise<void>;
}

/** What a model is asked, beyond what the caller said. */
export interface Question {
  /** What it has said and done in this reply before: it must react to the tools' results. */
  readonly results: readonly Message[];
  /** Providers that have broken off in this reply. What they said stands in `results`. */
  readonly brokenOff: readonly string[];
}

/** What a reply's source answers. Ends early when `signal` aborts; throws LLM_FAILED. */
export async function* answer(
  source: ReplySource,
  { results, brokenOff }: Question,
  signal: AbortSignal,
): AsyncGenerator<LlmEvent> {
  if (source.is === 'written') {
    yield await Promise.resolve({ type: 'text' as const, text: source.text });
    return;
  }
  const { llm, agent, call, input, known } = source;
  await orAborted(known, signal);
  if (signal.aborted) return;
  // What came of a transfer stands in the history already.
  const said = input.message.role === 'caller' ? [input.message] : [];
  // A model that takes over from one that broke off is asked anew, unless it must react to a tool's result.
  const again = brokenOff.length > 0 && results.at(-1)?.role === 'agent' ? said : [];
  const history = [...source.history.messages, ...said, ...results, ...again];
  const tools = [...source.tools.values()].map(({ name, description, parameters }) => ({
    name,
    description,
    parameters,
  }));
  yield* llm.reply({ agent, call, history, tools, avoid: brokenOff }, signal);
}
