import { runTool, type ToolOutcome, type ToolTable } from '../reply/agent-tools.ts';
import type { ConversationHistory } from '../reply/conversation-history.ts';
import { INTERRUPTED, type ToolRunner } from '../reply/reply-thinking.ts';
import type { AgentProfile } from '../contract/agent-profile.ts';
import type { ToolCall } from '../contract/conversation.ts';
import type { CallLine } from '../contract/ports.ts';
import type { CallFacts } from './call-facts.ts';
import type { CallReporter } from './call-reporter.ts';

export interface CallToolsOptions {
  readonly tools: ToolTable;
  readonly agent: AgentProfile;
  readonly facts: CallFacts;
  readonly line: CallLine;
  readonly history: ConversationHistory;
  readonly reporter: CallReporter;
}

/** What a call's tools do stands in its history and is told, even if their reply was stopped before they had done it. */
export class CallTools implements ToolRunner {
  readonly #options: CallToolsOptions;
  readonly #atWork = new Set<ToolCall>();

  constructor(options: CallToolsOptions) {
    this.#options = options;
  }

  async run(call: ToolCall, signal: AbortSignal): Promise<ToolOutcome> {
    const { tools, agent, facts, line, history, reporter } = this.#options;
    this.#atWork.add(call);
    const outcome = await runTool(tools, call, { agent, call: facts.info, line, signal });
    history.toolFinished(call, outcome.result);
    if (this.#atWork.delete(call)) {
      reporter.emit({ type: 'tool', name: call.name, result: outcome.result });
    }
    return outcome;
  }

  /** The call is over: nobody will hear of those that go on. */
  close(): void {
    for (const { name } of this.#atWork) {
      this.#options.reporter.emit({ type: 'tool', name, result: INTERRUPTED });
    }
    this.#atWork.clear();
  }
}
