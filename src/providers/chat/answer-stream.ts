import { text as textOf } from 'node:stream/consumers';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { isObject, type Fields } from '../../lib/fields.ts';

/*
 * What servers of chat completions answer, in the one form that the SDKs can read: server-sent events (WHATWG HTML,
 * "Server-sent events"), each one line of JSON. Proxies and small servers send pages, whole answers, lines of JSON, events
 * of nothing, and errors with status 200 in forms of their own.
 */

/** An error as the SDKs look for it. */
type SaidError = Fields & { readonly message: unknown };

const DONE = 'data: [DONE]\n\n';
const EVENTS = /^(?:data|event|id|retry)?[ \t]*:|^(?:data|event|id|retry)\s*(?:\n|\r|$)/;
/** So much of a body tells what it is. */
const TELLING = 8;
/** `"[DONE]"`, `[done]`, `DONE`. */
const ENDED = /^\W*done\W*$/i;
/** Python's json writes these, which are no JSON. */
const NO_NUMBER = /(?<=[:[,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g;

/**
 * The body of an answer that says it is well, as events. `type`: what the server calls it.
 * Throws SyntaxError, or the stream does, when there is no model's answer in it.
 */
export async function answerEvents(
  body: ReadableStream<Uint8Array>,
  type: string,
): Promise<ReadableStream<Uint8Array>> {
  // The decoder leaves out the mark of the order of bytes.
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let begun = '';
  while (begun.length < TELLING && !/\S.*[\r\n]/.test(begun)) {
    const { value } = await reader.read();
    if (value === undefined) break;
    begun = `${begun}${value}`.trimStart();
  }
  const text = (async function* () {
    yield begun;
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return;
      yield value;
    }
  })();
  const isStream = begun === '' || EVENTS.test(begun);
  const events = isStream ? eventsIn(text) : eventsOfWhole(await textOf(text), type);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(out) {
      const next = await events.next();
      if (next.done === true) out.close();
      else out.enqueue(encoder.encode(next.value));
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The events of a stream, one by one as they come. */
async function* eventsIn(text: AsyncIterable<string>): AsyncGenerator<string> {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message) });
  /** Whether there was an answer or an error, and the last that was neither. */
  const seen = { isAnswer: false, other: '' };
  const told = function* (): Generator<string> {
    for (const { event, data } of messages.splice(0)) {
      if (ENDED.test(data)) yield DONE;
      else {
        const values = valuesIn(data, event === 'error');
        if (values.length === 0 && data.trim() !== '') seen.other = data;
        for (const value of values) {
          const isTold = 'choices' in value || 'error' in value;
          seen.isAnswer ||= isTold;
          if (isTold) yield eventOf(value);
          else seen.other = data;
        }
      }
    }
  };
  for await (const part of text) {
    parser.feed(part);
    yield* told();
  }
  // Some servers leave out the last line's end; where it was cut, what there is of it is no JSON.
  parser.feed('\n\n');
  try {
    yield* told();
  } catch {
    throw Object.assign(new Error('the stream ended in the middle of an event'), { code: 'ECONNRESET' });
  }
  if (!seen.isAnswer && seen.other !== '') throw noAnswer(seen.other);
}

/** The values of one event's data, which may be several lines of JSON. Throws SyntaxError. */
function valuesIn(data: string, isError: boolean): Fields[] {
  const value = parsed(data) ?? linesOf(data);
  if (value === undefined && isError) return [{ error: { message: data } }];
  // Some word by which a connection is kept awake.
  if (value === undefined && !/^\s*[{[]/.test(data)) return [];
  if (value === undefined) throw new SyntaxError(`an event that is no JSON: ${data.slice(0, 100)}`);
  return (Array.isArray(value) ? (value as unknown[]) : [value]).filter(isObject).map((one) => {
    const { error: _error, ...rest } = one;
    const error = errorIn(one);
    if (error) return { error };
    const { choices } = rest;
    return Array.isArray(choices) ? { ...rest, choices: choices.filter(isObject) } : rest;
  });
}

/** A whole answer, or several lines of JSON, as events. Throws SyntaxError. */
async function* eventsOfWhole(text: string, type: string): AsyncGenerator<string> {
  await Promise.resolve();
  if (parsed(text) === undefined && linesOf(text) === undefined) throw noAnswer(text, type);
  const values = valuesIn(text, false).filter((one) => 'choices' in one || 'error' in one);
  if (values.length === 0) throw noAnswer(text, type);
  for (const value of values) yield eventOf(value);
  yield DONE;
}

function eventOf(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function noAnswer(text: string, type = ''): SyntaxError {
  const told = [type.split(';')[0], inShort(text)].filter((one) => one !== '').join(': ');
  return new SyntaxError(`it answers with ${told}, which is no model's answer; is the address right?`);
}

function inShort(text: string): string {
  return wordsOf(text).split('\n', 1).join('').slice(0, 120);
}

/** What a server said that isn't JSON: of a page its title. */
function wordsOf(text: string): string {
  if (!/^\s*</.test(text)) return text.trim();
  const title = /<(title|h1)\b[^>]*>(.*?)<\/\1>/is.exec(text)?.[2] ?? text.replaceAll(/<[^>]*>/g, ' ');
  const words = title.replaceAll(/\s+/g, ' ').trim().slice(0, 100);
  return words === '' ? 'a web page' : `a web page (${words})`;
}

/**
 * A refusal's body in the form in which the SDKs look for its words. What others than OpenAI say (Mistral, FastAPI,
 * Gemini a list of errors, proxies a page) they would drop.
 */
export function explainedBody(text: string): string {
  const value = parsed(text);
  const body: unknown = Array.isArray(value) ? value[0] : value;
  const said = isObject(body) ? (errorIn(body) ?? { message: text }) : { message: wordsOf(text) };
  // groq-sdk looks for the words outside, openai for the error within.
  return JSON.stringify({ message: said.message, error: said });
}

/** What a body says that went wrong; undefined: nothing. */
function errorIn(body: Fields): SaidError | undefined {
  const { error, errors, base_resp: base } = body;
  if (isObject(error))
    return Object.keys(error).length === 0
      ? undefined
      : { ...error, message: error['message'] ?? worded(error) };
  if (typeof error === 'string' && error !== '') {
    const more = body['error_description'] ?? body['message'] ?? body['detail'];
    return { ...body, message: more === undefined ? error : `${error}: ${worded(more)}` };
  }
  const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
  if (first !== undefined)
    return isObject(first) && 'message' in first
      ? { ...first, message: first['message'] }
      : { message: worded(first) };
  // MiniMax: 200, whatever it was.
  if (isObject(base) && Number(base['status_code'] ?? 0) !== 0)
    return { code: base['status_code'], message: worded(base['status_msg']) };
  const key = ['message', 'detail', 'Message', 'msg', 'title'].find((one) => isSaid(body[one]));
  return key === undefined || 'choices' in body ? undefined : { ...body, message: worded(body[key]) };
}

/** Words, or a list of them (FastAPI). */
function isSaid(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (Array.isArray(value) && value.length > 0);
}

function parsed(text: string): unknown {
  for (const one of [text, text.replaceAll(NO_NUMBER, 'null')]) {
    try {
      return JSON.parse(one) as unknown;
    } catch {
      // The next.
    }
  }
  return undefined;
}

/** Lines of which each is JSON; undefined: they aren't. */
function linesOf(text: string): unknown[] | undefined {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const values = lines.filter((line) => !ENDED.test(line)).map(parsed);
  return lines.length < 2 || values.includes(undefined) ? undefined : values;
}

function worded(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
