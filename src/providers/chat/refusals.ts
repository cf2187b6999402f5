import type { Telling } from './chat-messages.ts';

/** What a server said when it refused a request, or broke off with an error in its own words. */
export interface Refusal {
  /** Missing: it came as an event of the stream, and said none. */
  readonly status?: number;
  /** All that it said, to be searched. */
  readonly text: string;
  /** What the model had written, where that was a tool's call which the server couldn't read (Groq). */
  readonly failedGeneration?: string;
}

/** How a request is put, beyond what is said in it. */
export interface Manner extends Telling {
  /** Tools that aren't offered. */
  readonly without?: 'all' | readonly string[];
  /** How often it was shortened. */
  readonly shortened?: number;
}

/** Groq: console.groq.com/docs/tool-use; vLLM and LiteLLM in their own words. */
const TOOL_TROUBLE =
  /tool_use_failed|failed to call a function|tool call validation|failed_generation|parse tool|tool.?call.{0,40}(?:pars|invalid|malformed)|invalid function call|malformed_function_call/i;
const TOO_LARGE =
  /context_length_exceeded|exceed_context_size|context (?:length|size|window)|maximum context|too (?:large|long)|too many tokens|reduce (?:the length|your message)|request_too_large|string_above_max_length/i;
/** Of the user's settings, not of what is said in a call. */
const OF_SETTINGS =
  /api.?key|model.{0,60}(?:not found|not exist|decommission|deprecat|invalid|unknown)|(?:unknown|invalid|no such) model|invalid_model|model_not_found|deployment|billing|quota|api.?version/i;
/** llama.cpp and Ollama answer 500 when a chat template refuses the conversation. */
const OF_TEMPLATE =
  /template|jinja|roles? must alternate|after role|conversation roles|tool_call_id|unexpected role/i;
const SERVER_TROUBLE = /server_error|internal|overloaded|over.?capacity|unavailable|api_error|time.?out/i;

/** Whether it lies in what was said in this conversation: of the server, it says nothing. */
export function isOfConversation({ status, text }: Refusal): boolean {
  if (TOOL_TROUBLE.test(text) || isTooLarge({ status, text })) return true;
  if (status === undefined) return !SERVER_TROUBLE.test(text) && !OF_SETTINGS.test(text) && text !== '';
  if (status === 400 || status === 422) return !OF_SETTINGS.test(text);
  return status === 500 && OF_TEMPLATE.test(text);
}

function isTooLarge({
  status,
  text,
}: {
  readonly status?: number | undefined;
  readonly text: string;
}): boolean {
  if (status === 413) return true;
  // "Request too large … on tokens per minute": no waiting helps (OpenAI says 429).
  if (status === 429) return /request too large/i.test(text);
  return (status === undefined || status === 400 || status === 500) && TOO_LARGE.test(text);
}

/** How the same conversation may be asked of once more; undefined: nothing is known that would help. */
export function mended(
  refusal: Refusal,
  manner: Manner,
  asked: { readonly tokens: number },
): Manner | undefined {
  if (!isOfConversation(refusal)) return undefined;
  if (isTooLarge(refusal)) {
    const { shortened = 0 } = manner;
    return shortened < 2
      ? { ...manner, tokens: Math.floor(asked.tokens * shareOf(refusal)), shortened: shortened + 1 }
      : undefined;
  }
  if (TOOL_TROUBLE.test(refusal.text)) {
    return manner.without ? undefined : { ...manner, without: 'all', toolsInWords: true };
  }
  // The order, an id, a tool's result, a text that it doesn't like: what is least is told, in the plainest way.
  if (manner.toolsInWords) return undefined;
  return { ...manner, toolsInWords: true, tokens: Math.floor(asked.tokens / 2) };
}

/** How much of the request may stay: as the server's own figures say, or half of it. */
function shareOf({ text }: Refusal): number {
  const [, limit, asked] =
    /limit:?\s*([\d,]+)\D+?requested:?\s*([\d,]+)/i.exec(text) ??
    /maximum context length (?:is|of)\s*([\d,]+)[^.]*\.[^\d]*([\d,]+)/i.exec(text) ??
    /n_ctx\D+(\d+).*?n_prompt_tokens\D+(\d+)/.exec(text) ??
    [];
  const of = (figure = ''): number => Number(figure.replaceAll(',', ''));
  const share = (0.85 * of(limit)) / of(asked);
  return share > 0 && share < 0.85 ? share : 0.5;
}

/** "Unsupported parameter", "Extra inputs are not permitted", "does not support 0.4 with this model". */
const NOT_TAKEN =
  /unsupported|not (?:be )?supported|does(?:n['’]t| not) support|unrecognized|unknown|unexpected|extra (?:inputs|fields)|extra_forbidden|not permitted|not allowed|only the default|no longer/i;
/** Ollama: "MODEL does not support tools"; vLLM: "auto" tool choice requires …. */
const NO_TOOLS =
  /(?:not support|unsupported|not permitted|extra_forbidden|without).{0,60}(?:\btools?\b|function calling)|\btools?\b.{0,40}(?:not (?:be )?supported|unsupported|not permitted)|tool choice requires/i;
const OTHER_NAME: Readonly<Record<string, string>> = {
  max_tokens: 'max_completion_tokens',
  max_completion_tokens: 'max_tokens',
};

/** Parameters of requests as one model takes them, which its server says itself when it refuses one. */
export class TakenParameters {
  readonly #renamed = new Map<string, string>();
  readonly #left = new Set<string>();

  /** Without what it takes no longer, and under the names that it knows. */
  of(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const taken = Object.entries(parameters).filter(([name]) => !this.#left.has(name));
    return Object.fromEntries(taken.map(([name, value]) => [this.#renamed.get(name) ?? name, value]));
  }

  takes(name: string): boolean {
    return !this.#left.has(name);
  }

  /** What was learnt of a refusal, in words; undefined: it was about something else. */
  learn({ status, text }: Refusal, names: readonly string[]): string | undefined {
    const isRefused = status !== undefined && [400, 404, 422, 500].includes(status) && NOT_TAKEN.test(text);
    // What a model wrote may be quoted there, with any words in it.
    if (!isRefused || TOOL_TROUBLE.test(text)) return undefined;
    const name = names
      .filter((one) => !this.#left.has(one))
      .find((one) =>
        (one === 'tools' ? NO_TOOLS : new RegExp(`\\b${this.#renamed.get(one) ?? one}\\b`)).test(text),
      );
    if (name === undefined) return undefined;
    const other = OTHER_NAME[name];
    if (other !== undefined && !this.#renamed.has(name)) {
      this.#renamed.set(name, other);
      return `${other} instead of ${name}`;
    }
    this.#left.add(name);
    return `no ${name}`;
  }
}
