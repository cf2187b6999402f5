import type { Groq } from 'groq-sdk';
import type { ToolCall } from '../../dialog/ports.ts';

type Delta = Groq.Chat.ChatCompletionChunk.Choice.Delta.ToolCall;

interface Unfinished {
  id: string;
  name: string;
  text: string;
}

/** Tool calls that arrive in fragments: first `{index, id, name}`, then the arguments bit by bit. */
export class ToolDeltas {
  readonly #calls = new Map<number, Unfinished>();

  add(deltas: readonly Delta[]): void {
    for (const { index, id, function: fragment } of deltas) {
      const call = this.#calls.get(index) ?? { id: '', name: '', text: '' };
      call.id = id ?? call.id;
      call.name += fragment?.name ?? '';
      call.text += fragment?.arguments ?? '';
      this.#calls.set(index, call);
    }
  }

  /** All calls, whole, in the model's order. Arguments that are no JSON object are passed on as they are. */
  finish(): ToolCall[] {
    return [...this.#calls.entries()]
      .sort(([a], [b]) => a - b)
      .map(([index, { id, name, text }]) => ({
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
