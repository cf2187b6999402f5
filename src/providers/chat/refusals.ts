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

/** What a model wrote is quoted there, with any words in it. Groq: console.groq.com/docs/tool-use. */
const QUOTES_MODEL = /tool_use_failed|failed to call a function|tool call validation|failed_generation/i;
/** vLLM, llama.cpp, LiteLLM, Gemini and Ollama in their own words. */
const TOOL_TROUBLE =
  /invalid schema for function|invalid_function_parameters|pars(?:e|ing) (?:tool|input|output)|tool.?call.{0,40}(?:pars(?:e\b|ed|ing)|invalid|malformed)|(?:invalid|malformed)[ _](?:function|tool)[ _]?call|output_parse_failed|could not be parsed|model called a tool|xml syntax error/i;
/** What every vendor calls it: tokens, the prompt or a context that is longer, larger or more than it may be. */
const TOO_LARGE =
  /context_length_exceeded|exceed_context_size|context (?:length|size|window|limit)|maximum context|(?:maximum|max) (?:prompt|input|model)?[ -]?length|range of input length|too (?:large|long)|too many tokens|less than \d+ tokens|max_new_tokens`? must be|reduce (?:the length|your message)|request_too_large|tokens?[^.]{0,40}exceed|exceed[^.]{0,60}(?:tokens?\b|length)|(?:input|prompt) length[^.]{0,20}exceed|must be at least 1, got -|(?:token|prompt|completion|input)s?(?: length)? must be less than \d|total text bytes|payload size exceeds/i;
/** An id or a name is too long: what is said isn't. */
const LONG_NAME = /\b(?:id|name|tool_call_id)["'\]]*:? (?:string )?(?:is )?too long/i;
/** It isn't the question that is too long, but the answer that may be. */
const TOO_MUCH_ROOM =
  /max_(?:completion_)?tokens\b.{0,40}(?:too large|less than or equal|range|at most|between|exceeds?)(?!.{0,200}(?:context (?:length|limit)|input tokens))/i;
/** OpenAI, of a model that thinks: all that it had went into thoughts. */
const OUT_OF_ROOM = /max_tokens or model output limit was reached/i;
/** Of the user's settings, not of what is said in a call. */
const OF_SETTINGS =
  /api.?key|model.{0,60}(?:not found|not exist|decommission|deprecat|invalid(?!_request)|unknown|not supported when|only supported in|not a chat)|(?:unknown|invalid|no such|not a valid) model|invalid_model|model_not_found|deployment|billing|quota|api.?version|credit balance|insufficient (?:balance|credit|funds)|(?:user )?location is not supported|your (?:country|region)|unsupported (?:country|region)|(?:no|provide a|specify a|missing) model\b|organi[sz]ation (?:must|has been|is|was)|project.{0,60}(?:not found|archived|not exist|disabled)|not a chat|stream(?:ing| mode).{0,20}not (?:be )?supported|not support stream|plain http|https port|upstream|unavailable|\broute[sd]?\b|a web page/i;
/** llama.cpp and Ollama answer 500 when a chat template refuses the conversation. */
const OF_TEMPLATE =
  /template|jinja|roles? must alternate|roles are supported|after role|conversation roles|tool_call_id|unexpected role/i;
/** Where no status says so: who answers for the server, what it runs on, and how busy it is. */
const SERVER_TROUBLE =
  /server.?error|server had an error|internal|overload|capacity|unavailable|api_error|time.?out|timed out|upstream|gateway|provider returned|network|connection|disconnect|engine|out of memory|\bcuda\b|crash|terminated|unable to get|no response|exhausted|throttl|\bbusy\b|loading/i;

/** Whether it lies in what was said in this conversation: of the server, it says nothing. */
export function isOfConversation({ status, text }: Refusal): boolean {
  if (isToolTrouble(text) || isTooLarge({ status, text })) return true;
  if (status === undefined) return !SERVER_TROUBLE.test(text) && !OF_SETTINGS.test(text) && text !== '';
  if (status === 400 || status === 422) return !OF_SETTINGS.test(text);
  return status === 500 && OF_TEMPLATE.test(text);
}

/** All the tokens that an answer may have went into thoughts, which the server calls a refusal. */
export function isOutOfRoom({ status, text }: Refusal): boolean {
  return status === 400 && OUT_OF_ROOM.test(text);
}

function isToolTrouble(text: string): boolean {
  return QUOTES_MODEL.test(text) || TOOL_TROUBLE.test(text);
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
  const mayBe = status === undefined ? !/rate.?limit/i.test(text) : [400, 422, 500].includes(status);
  return mayBe && TOO_LARGE.test(text) && !TOO_MUCH_ROOM.test(text) && !LONG_NAME.test(text);
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
  if (isToolTrouble(refusal.text)) {
    return manner.without ? undefined : { ...manner, without: 'all', toolsInWords: true };
  }
  // The order, an id, a tool's result, a text that it doesn't like: what is least is told, in the plainest way.
  if (manner.toolsInWords) return undefined;
  return { ...manner, toolsInWords: true, tokens: Math.floor(asked.tokens / 2) };
}

/** How much of the request may stay: as the server's own figures say, or half of it. */
function shareOf({ text }: Refusal): number {
  const of = (figure = ''): number => Number(figure.replaceAll(',', ''));
  const figures = new Set((text.match(/\d[\d,]{2,}/g) ?? []).map(of).filter((figure) => figure > 599));
  const [, limit, asked] =
    /limit:?\s*([\d,]+)\D+?requested:?\s*([\d,]+)/i.exec(text) ??
    /maximum context length (?:is|of)\s*([\d,]+)[^.]*\.[^\d]*([\d,]+)/i.exec(text) ??
    [];
  // Where there are no others, the smaller one is the limit.
  const [share = 0] = [
    of(limit) / of(asked),
    figures.size === 2 ? Math.min(...figures) / Math.max(...figures) : 0,
  ]
    .map((one) => 0.85 * one)
    .filter((one) => one > 0 && one < 0.85);
  return share === 0 ? 0.5 : share;
}

/** "Unsupported parameter", "Extra inputs are not permitted", "only 1 is allowed for this model", "must be one of". */
const NOT_TAKEN =
  /unsupported|not (?:be )?supported|(?:does|do)(?:n['’]t| not) support|(?:un|not )recogni[sz]ed|unknown|unexpected|extra (?:inputs|fields)|extra_forbidden|not (?:be )?(?:permitted|allowed|enabled|specified|valid)|\bonly\b|no longer|deprecated|invalid(?!_request)|mandatory|(?:must|should|can(?:not|['’]t)|less than or equal|too large|valid range)\b/i;
/** Ollama and OpenRouter, of the effort that goes into it. */
const THINKING = /\b(?:think(?:ing)?(?: value)?|reasoning(?! effort|[._ ]?models?)(?![_.]))\b/i;
/** Ollama: "MODEL does not support tools"; vLLM and llama.cpp: they require an option; OpenRouter: no endpoints. */
const NO_TOOLS =
  /(?:(?:not|n['’]t) (?:be )?(?:support|permit|allow|enabl|recogni)|unsupported|unrecogni[sz]ed|unknown|extra_forbidden|extra inputs|without|cannot use|no endpoints found that support).{0,60}(?:\btools?\b|function[ _-]?call)|(?:\btools?\b|function[ _-]?call(?:s|ing)?\b|tool[ _-]choice).{0,40}(?:(?:not|n['’]t) (?:be )?(?:support|permit|allow|enabl|recogni)|unsupported|extra inputs|requires? (?:--|["'`]))/i;
/**
 * Templates of Gemma's and of older models, Gemini's API for Gemma, OpenAI's o1-mini. Where roles are to alternate, ours do
 * but for the instructions before them (Mistral's first templates, as vLLM and llama.cpp have them).
 */
const NO_SYSTEM =
  /system (?:role|message|prompt|instruction)s?.{0,30}not (?:be )?(?:supported|allowed|enabled)|developer instruction is not|(?:not support|unsupported)[^.]{0,20}\bsystem\b|roles are (?:supported|allowed).{0,30}system|role:? ["'`]?system["'`]?(?: is)? (?:not|unsupported|invalid)|(?:invalid|unexpected|unknown) role:? ["'`]?system\b|^(?!.*optional system).*roles must alternate|only user and (?:assistant|model) roles are/is;
/** The name of the place for instructions, among those of parameters. */
export const SYSTEM_ROLE = 'system';
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
  learn(refusal: Refusal, names: readonly string[]): string | undefined {
    const { status, text } = refusal;
    const mayBe = status !== undefined && [400, 404, 422, 500, 501].includes(status);
    if (!mayBe || QUOTES_MODEL.test(text) || isTooLarge(refusal) || OUT_OF_ROOM.test(text)) return undefined;
    const name = names.filter((one) => !this.#left.has(one)).find((one) => this.#isRefused(one, text));
    if (name === undefined) return undefined;
    const other = OTHER_NAME[name];
    if (other !== undefined && !this.#renamed.has(name) && !TOO_MUCH_ROOM.test(text)) {
      this.#renamed.set(name, other);
      return `${other} instead of ${name}`;
    }
    this.#left.add(name);
    return name === SYSTEM_ROLE ? 'its instructions in the first question' : `no ${name}`;
  }

  #isRefused(name: string, text: string): boolean {
    if (name === SYSTEM_ROLE) return NO_SYSTEM.test(text);
    if (name === 'tools') return NO_TOOLS.test(text) && !/\brole/i.test(text);
    if (!NOT_TAKEN.test(text)) return false;
    const spelled = (this.#renamed.get(name) ?? name).replaceAll('_', '[_ .]?');
    const isNamed = new RegExp(`\\b${spelled}\\b`, 'i').test(text);
    return (
      isNamed || (name === 'reasoning_effort' && !/temperature|top_p/i.test(text) && THINKING.test(text))
    );
  }
}
