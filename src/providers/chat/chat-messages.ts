import type { Message } from '../../dialog/contract/conversation.ts';
import type { ChatMessage } from './chat-wire.ts';

/** Messages of the history that a model is told; older ones are left out. */
const HISTORY_LIMIT = 100;

/**
 * The conversation in the form of a chat model. What isn't speech stands in square brackets, as the
 * system prompt says. Messages of one side that follow each other are joined: some models insist on turns.
 */
export function chatMessages(history: readonly Message[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const message of recent(history)) {
    const last = messages.at(-1);
    switch (message.role) {
      case 'caller': {
        const content = callerText(message);
        if (last?.role === 'user') last.content = `${textOf(last)}\n${content}`;
        else messages.push({ role: 'user', content });
        break;
      }
      case 'agent': {
        const content = message.interrupted ? `${message.text} [interrupted]` : message.text;
        if (last?.role === 'assistant' && !last.tool_calls) last.content = `${textOf(last)} ${content}`;
        else messages.push({ role: 'assistant', content });
        break;
      }
      case 'tool': {
        const { id, name, malformed } = message.call;
        const args = malformed ?? JSON.stringify(message.call.arguments);
        const call = { id, type: 'function' as const, function: { name, arguments: args } };
        if (last?.role === 'assistant' && !last.tool_calls) last.tool_calls = [call];
        else messages.push({ role: 'assistant', tool_calls: [call] });
        messages.push({ role: 'tool', tool_call_id: id, content: message.result });
      }
    }
  }
  return messages;
}

function recent(history: readonly Message[]): readonly Message[] {
  const kept = history.slice(-HISTORY_LIMIT);
  // A result without its question makes no sense.
  const from = kept.findIndex(({ role }) => role !== 'tool');
  return from > 0 && kept.length < history.length ? kept.slice(from) : kept;
}

function callerText(message: Extract<Message, { role: 'caller' }>): string {
  switch (message.via) {
    case 'speech':
      return message.text;
    case 'dtmf':
      return `[pressed the keys ${message.text}]`;
    case 'not-understood':
      return '[said something that could not be understood]';
    case 'silence':
      return '[says nothing]';
  }
}

function textOf(message: { readonly content?: unknown }): string {
  return typeof message.content === 'string' ? message.content : '';
}
