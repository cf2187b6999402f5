import { runTool, type ToolOutcome } from '../reply/agent-tools.ts';
import { INTERRUPTED, type ToolRunner } from '../reply/reply-thinking.ts';
import type { ToolCall } from '../contract/conversation.ts';
import type { AgentAtWork, CallInHand } from './call-in-hand.ts';

/** What a call's tools do stands in its history and is told, even if their reply was stopped before they had done it. */
export class CallTools implements ToolRunner {
  readonly #agent: AgentAtWork;
  readonly #call: CallInHand;
  readonly #atWork = new Set<ToolCall>();

  constructor(agent: AgentAtWork, call: CallInHand) {
    this.#agent = agent;
    this.#call = call;
  }

  async run(call: ToolCall, signal: AbortSignal): Promise<ToolOutcome> {
    const { tools, agent } = this.#agent;
    const { facts, line, history, reporter } = this.#call;
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
      this.#call.reporter.emit({ type: 'tool', name, result: INTERRUPTED });
    }
    this.#atWork.clear();
  }
}
