import type { AgentProfile } from '../../src/dialog/contract/agent-profile.ts';
import type { CallInfo } from '../../src/dialog/contract/call-info.ts';
import type { Message, ToolCall } from '../../src/dialog/contract/conversation.ts';
import { createReceptionist } from '../../src/providers/embedded/receptionist/receptionist.ts';
import { shippedAgent } from './shipped-config.ts';

export interface Said {
  readonly text: string;
  readonly tool?: ToolCall;
}

/** A Friday morning, ten o'clock at both businesses. */
export const FRIDAY_MORNING = Date.parse('2026-11-20T10:00:00Z');

export function callInfo(number?: string): CallInfo {
  return {
    key: { server: 'test', channel: '1' },
    direction: 'in',
    dialled: '510001',
    caller: { number },
    variables: {},
  };
}

/** One reply of the receptionist to a history. */
export async function replyOf(
  agent: AgentProfile,
  history: readonly Message[],
  options: { number?: string; wallClock?: number; signal?: AbortSignal } = {},
): Promise<Said> {
  const llm = createReceptionist({ clock: { wallClock: () => options.wallClock ?? FRIDAY_MORNING } });
  const request = { agent, call: callInfo(options.number), history };
  const said: { text: string; tool?: ToolCall } = { text: '' };
  for await (const event of llm.reply(request, options.signal ?? new AbortController().signal)) {
    if (event.type === 'text') said.text += event.text;
    if (event.type === 'tool') said.tool = event.call;
  }
  return said;
}

/** A call to a shipped agent in which every reply is heard to its end, unless the test says otherwise. */
export class ReceptionistCall {
  readonly agent: AgentProfile;
  readonly history: Message[];
  readonly #options: { number?: string; wallClock?: number };

  constructor(agent: 'alice' | 'tom' | AgentProfile, options: { number?: string; wallClock?: number } = {}) {
    this.agent = typeof agent === 'string' ? shippedAgent(agent) : agent;
    this.history = [{ role: 'agent', text: this.agent.greeting, interrupted: false }];
    this.#options = options;
  }

  says(text: string): Promise<Said> {
    return this.#turn({ role: 'caller', text, via: 'speech' });
  }

  types(text: string): Promise<Said> {
    return this.#turn({ role: 'caller', text, via: 'dtmf' });
  }

  mumbles(): Promise<Said> {
    return this.#turn({ role: 'caller', text: '', via: 'not-understood' });
  }

  isSilent(): Promise<Said> {
    return this.#turn({ role: 'caller', text: '', via: 'silence' });
  }

  /** The caller speaks, and cuts the answer off after some of its words. */
  async saysAndInterrupts(text: string, wordsHeard: number): Promise<Said> {
    const said = await this.says(text);
    this.history.pop();
    const heard = said.text.split(' ').slice(0, wordsHeard).join(' ');
    if (heard !== '') this.history.push({ role: 'agent', text: heard, interrupted: true });
    return said;
  }

  async #turn(message: Message): Promise<Said> {
    this.history.push(message);
    let said = await replyOf(this.agent, this.history, this.#options);
    if (said.tool) {
      this.history.push({ role: 'tool', call: said.tool, result: 'ok' });
      // Who has said nothing is asked again when the tool has done its work.
      if (said.text === '')
        said = { ...(await replyOf(this.agent, this.history, this.#options)), tool: said.tool };
    }
    this.history.push({ role: 'agent', text: said.text, interrupted: false });
    return said;
  }
}
