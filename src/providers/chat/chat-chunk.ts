import { fieldsOf, isObject, type Fields } from '../../lib/fields.ts';
import type { ToolCallDelta } from './chat-wire.ts';

/** What one event of a streamed answer says. */
export interface ChunkContent {
  /** Words, and whatever a model writes among them. */
  readonly text: string;
  /** It is at work on thoughts. */
  readonly isThinking: boolean;
  readonly calls: readonly ToolCallDelta[];
  /** Why the answer ends; undefined: it goes on. */
  readonly reason: string | undefined;
  /** Of the whole request so far. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number } | undefined;
  /** Groq's, of what went wrong after the headers. */
  readonly error: unknown;
}

const THOUGHTS = ['reasoning', 'reasoning_content', 'reasoning_details', 'thinking', 'thought'];

/** Reads the events of one answer, of which servers leave out much, and shape much in ways of their own. */
export class ChunkReader {
  /** The one of several answers that is read; undefined: none has begun. */
  #index: number | undefined;
  #hasWords = false;

  read(chunk: unknown): ChunkContent {
    const { choices, x_groq: own, usage } = fieldsOf(chunk);
    const groq = fieldsOf(own);
    const choice = this.#chosen(Array.isArray(choices) ? (choices as unknown[]) : []);
    const { delta: given, message: whole, text: plain, finish_reason: reason } = choice;
    const delta = typeof given === 'string' ? { content: given } : fieldsOf(given);
    // Instead of a delta, where a server doesn't stream after all; behind deltas, some repeat all that was said.
    const isWhole = Object.values(delta).every(isNothing) && isObject(whole) && !this.#hasWords;
    const said = isWhole ? whole : delta;
    const { text, thought } = partsOf(said['content'] ?? said['refusal'] ?? plain);
    const calls = callsOf(said);
    this.#hasWords ||= text !== '' || calls.length > 0;
    return {
      text,
      isThinking: thought || THOUGHTS.some((name) => !isNothing(said[name])),
      calls,
      reason: typeof reason === 'string' && !/^(?:null|none)?$/i.test(reason) ? reason : undefined,
      // Elsewhere than at Groq the usage stands in the chunk itself.
      usage: usageOf(isObject(groq['usage']) ? groq['usage'] : usage),
      error: groq['error'],
    };
  }

  #chosen(choices: readonly unknown[]): Fields {
    const all = choices.filter(isObject);
    const indexOf = ({ index }: Fields): number => Number(index ?? 0);
    if (all.length > 0) this.#index ??= Math.min(...all.map(indexOf));
    return all.find((one) => indexOf(one) === this.#index) ?? {};
  }
}

/** What tool_calls were before there could be several: some servers speak so still; and a single one without its list. */
function callsOf({ tool_calls: given, function_call: older }: Fields): ToolCallDelta[] {
  const calls: readonly unknown[] = Array.isArray(given) ? given : [given];
  const deltas = calls.filter((one): one is ToolCallDelta & Fields => isObject(one));
  return deltas.length === 0 && isObject(older) ? [{ function: older }] : deltas;
}

/** Content as text, which may come in parts of which some are thoughts. */
function partsOf(content: unknown): { readonly text: string; readonly thought: boolean } {
  if (Array.isArray(content)) {
    const parts = content.map(partsOf);
    return { text: parts.map(({ text }) => text).join(''), thought: parts.some(({ thought }) => thought) };
  }
  if (typeof content === 'string' || typeof content === 'number')
    return { text: String(content), thought: false };
  const { text, value, thinking } = fieldsOf(content);
  return thinking === undefined
    ? { text: partsText(text ?? value), thought: false }
    : { text: '', thought: true };
}

function partsText(value: unknown): string {
  const text = isObject(value) ? value['value'] : value;
  return typeof text === 'string' ? text : '';
}

function usageOf(given: unknown): ChunkContent['usage'] {
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = fieldsOf(given);
  return isCount(inputTokens) && isCount(outputTokens) ? { inputTokens, outputTokens } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}

function isNothing(value: unknown): boolean {
  return (
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  );
}
