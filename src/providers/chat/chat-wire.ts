/*
 * What goes over the wire of POST …/chat/completions, as far as it is used here (groq-sdk and openai,
 * src/resources/chat/completions). What comes back is read in chat-chunk.ts.
 */

export interface ToolCallDelta {
  readonly index?: number;
  readonly id?: string | null;
  readonly type?: string;
  /** Arguments are text, and with some servers the object itself. */
  readonly function?: { readonly name?: string | null; readonly arguments?: unknown };
}

interface SentToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

export type ChatMessage =
  | { role: 'system'; content: string }
  | { role: 'user'; content: string }
  | { role: 'assistant'; content: string }
  | { role: 'assistant'; content: null; tool_calls: SentToolCall[] }
  | { role: 'tool'; tool_call_id: string; content: string };

/** What a server is asked, beside the parameters of its own. */
export interface ChatBody {
  readonly model: string;
  readonly stream: true;
  readonly messages: ChatMessage[];
  readonly tools?: {
    type: 'function';
    function: { name: string; description: string; parameters: Record<string, unknown> };
  }[];
}
