import type { ToolCall } from '../../dialog/contract/conversation.ts';
import type { ToolCallDelta } from './chat-wire.ts';

interface Unfinished {
  readonly index: number;
  id: string;
  name: string;
  text: string;
}

/**
 * Tool calls that arrive in fragments: first `{index, id, name}`, then the arguments bit by bit. A new id is a new
 * call, also where a server gives all of them the same index.
 */
export class ToolDeltas {
  readonly #calls: Unfinished[] = [];

  add(deltas: readonly ToolCallDelta[]): void {
    for (const { index, id = '', function: fragment } of deltas) {
      let call = this.#calls.findLast((known) => known.index === index);
      if (!call || (id !== '' && call.id !== '' && id !== call.id)) {
        call = { index, id: '', name: '', text: '' };
        this.#calls.push(call);
      }
      call.id ||= id;
      call.name += fragment?.name ?? '';
      call.text += fragment?.arguments ?? '';
    }
  }

  /** All calls, whole, in the model's order. Arguments that are no JSON object are passed on as they are. */
  finish(): ToolCall[] {
    return this.#calls
      .toSorted((one, other) => one.index - other.index)
      .map(({ index, id, name, text }) => ({
        id: id === '' ? `tool-${index}` : id,
        name,
        ...parsed(text),
      }));
  }
}

function parsed(text: string): Pick<ToolCall, 'arguments' | 'malformed'> {
  if (text.trim() === '') return { arguments: {} };
  try {
    const value: unknown = JSON.parse(text);
    // Some models write `null` for "no arguments".
    if (value === null) return { arguments: {} };
    if (typeof value === 'object' && !Array.isArray(value)) {
      return { arguments: value as Record<string, unknown> };
    }
  } catch {
    // told below
  }
  return { arguments: {}, malformed: text };
}
