/*
 * What goes over the wire of POST …/chat/completions, as far as it is used here. Both SDKs' own types fit it:
 * groq-sdk and openai, src/resources/chat/completions.
 */

export interface ToolCallDelta {
  readonly index: number;
  readonly id?: string;
  readonly type?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

/** One server-sent event. Servers leave out much of it, whatever the SDKs' types say. */
export interface ChatChunk {
  readonly choices?: readonly {
    readonly delta?: {
      readonly content?: string | null;
      readonly tool_calls?: readonly ToolCallDelta[];
      /** What a model thinks before it speaks: Groq and Ollama call it so, */
      readonly reasoning?: string | null;
      /** vLLM, llama.cpp and DeepSeek so. */
      readonly reasoning_content?: string | null;
    };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: Usage | null;
  /** Groq's own: usage with the last chunk, and what went wrong after the headers. */
  readonly x_groq?: { readonly usage?: Usage | null; readonly error?: string | null } | null;
}

interface SentToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

export type ChatMessage =
  | { role: 'system'; content: string }
  | { role: 'user'; content: string }
  | { role: 'assistant'; content?: string; tool_calls?: SentToolCall[] }
  | { role: 'tool'; tool_call_id: string; content: string };

/** What every server is asked, whatever else it wants to be told. */
export interface ChatBody {
  model: string;
  stream: true;
  temperature: number;
  messages: ChatMessage[];
  tools?: {
    type: 'function';
    function: { name: string; description: string; parameters: Record<string, unknown> };
  }[];
}
