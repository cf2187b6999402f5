import type { AgentProfile } from '../../../src/dialog/contract/agent-profile.ts';
import type { CallInfo } from '../../../src/dialog/contract/call-info.ts';
import type { Message } from '../../../src/dialog/contract/conversation.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createReceptionist } from '../../../src/providers/embedded/receptionist/receptionist.ts';
import type { ChatMessage, ChatRequest, Think, Thought } from './chat-stream.ts';

/**
 * A model that answers sensibly, for a server's `think`: the receptionist, who gets out of the request
 * what any model would get out of it (who it is, who calls, what was said), and nothing else.
 */
export function receptionistMind(agents: readonly AgentProfile[]): Think {
  const llm = createReceptionist({ clock: systemClock });
  return async (request): Promise<Thought> => {
    const system = textOf(request.messages.find(({ role }) => role === 'system'));
    const agent = agents.find(({ name }) => system.startsWith(`You are ${name},`));
    if (!agent) return { text: 'I do not know who I am.' };
    const offered = new Set(request.tools?.map((tool) => tool.function.name));
    const tools: { name: string; arguments: string }[] = [];
    let text = '';
    const asked = { agent, call: callOf(system), history: historyOf(request) };
    for await (const event of llm.reply(asked, new AbortController().signal)) {
      if (event.type === 'text') text += event.text;
      if (event.type !== 'tool' || !offered.has(event.call.name)) continue;
      tools.push({ name: event.call.name, arguments: JSON.stringify(event.call.arguments) });
    }
    return { text, tools };
  };
}

/** `The caller dialled "510001"; the caller's number is "0207", the caller's name unknown.` */
function callOf(system: string): CallInfo {
  const [, dialled = '', number = '', name = ''] =
    /dialled (\S+); the caller's number is (\S+), the caller's name (.*)\.$/m.exec(system) ?? [];
  const known = (text: string): string => (text.startsWith('"') ? (JSON.parse(text) as string) : '');
  return {
    key: { server: 'cloud', channel: '' },
    direction: 'in',
    dialled: known(dialled),
    caller: { number: known(number), name: known(name) },
    variables: {},
  };
}

/** The conversation as it was before somebody made a chat of it: of each exchange, the agent's words before the tools. */
function historyOf({ messages }: ChatRequest): Message[] {
  const history: Message[] = [];
  let tools: Message[] = [];
  for (const message of messages) {
    const text = textOf(message);
    if (message.role === 'user') {
      history.push(...tools, ...text.split('\n').flatMap(callerSaid));
      tools = [];
    } else if (message.role === 'assistant') {
      if (text !== '' && text !== '[says nothing]') history.push(agentSaid(text));
      for (const { id, function: called } of message.tool_calls ?? []) {
        const result = textOf(messages.find(({ tool_call_id: answered }) => answered === id));
        const args = JSON.parse(called.arguments) as Record<string, unknown>;
        tools.push({ role: 'tool', call: { id, name: called.name, arguments: args }, result });
      }
    }
  }
  return [...history, ...tools];
}

function callerSaid(line: string): Message[] {
  const keys = /^\[pressed the keys (.*)\]$/.exec(line)?.[1];
  if (keys !== undefined) return [{ role: 'caller', text: keys, via: 'dtmf' }];
  const begun = /^\[you have already said: (.*)\]$/.exec(line)?.[1];
  if (begun !== undefined) return [agentSaid(begun)];
  if (line === '[the call begins]') return [];
  if (line === '[says nothing]') return [{ role: 'caller', text: '', via: 'silence' }];
  if (line.startsWith('[')) return [{ role: 'caller', text: '', via: 'not-understood' }];
  return [{ role: 'caller', text: line, via: 'speech' }];
}

function agentSaid(content: string): Message {
  const text = content.replaceAll(' [interrupted]', '');
  return { role: 'agent', text, interrupted: content.endsWith(' [interrupted]') };
}

function textOf(message: ChatMessage | undefined): string {
  return message?.content ?? '';
}
