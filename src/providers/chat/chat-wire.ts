/*
 * What goes over the wire of POST …/chat/completions, as far as it is used here. Both SDKs' own types fit it:
 * groq-sdk and openai, src/resources/chat/completions.
 */

export interface ToolCallDelta {
  readonly index?: number;
  readonly id?: string | null;
  readonly type?: string;
  /** Arguments are text, and with some servers the object itself. */
  readonly function?: { readonly name?: string | null; readonly arguments?: unknown };
}

/** Words, or parts of which some are words and some are thoughts (Mistral's thinking models). */
export type Content =
  string | readonly { readonly type?: string; readonly text?: unknown; readonly thinking?: unknown }[];

export interface ChatDelta {
  readonly content?: Content | null;
  readonly tool_calls?: readonly ToolCallDelta[] | null;
  /** One tool's call, as OpenAI's first API for them had it. */
  readonly function_call?: ToolCallDelta['function'] | null;
  /** A refusal to answer, in words (OpenAI). */
  readonly refusal?: string | null;
  /** What a model thinks before it speaks: Groq and Ollama call it so, */
  readonly reasoning?: string | null;
  /** vLLM, llama.cpp and DeepSeek so. */
  readonly reasoning_content?: string | null;
}

interface Usage {
  readonly prompt_tokens?: unknown;
  readonly completion_tokens?: unknown;
}

/** One server-sent event. Servers leave out much of it, whatever the SDKs' types say. */
export interface ChatChunk {
  readonly choices?: readonly {
    readonly delta?: ChatDelta | null;
    /** Instead, where a server doesn't stream after all. */
    readonly message?: ChatDelta | null;
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
  | { role: 'assistant'; content: string }
  | { role: 'assistant'; tool_calls: SentToolCall[] }
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
