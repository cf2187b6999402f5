import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delay } from './delays.ts';
import type { Fault } from './fault-plan.ts';
import { tell, type ServerObserver } from './server-events.ts';

/** ChatCompletionCreateParams of groq-sdk, src/resources/chat/completions.ts, as far as it matters here. */
export interface ChatRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly { readonly type: 'function'; readonly function: { readonly name: string } }[];
  readonly [other: string]: unknown;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content?: string | null;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
}

/** What the model answers. */
export interface Thought {
  readonly text?: string;
  /** `arguments` as text, which needn't be JSON. */
  readonly tools?: readonly { readonly name: string; readonly arguments: string }[];
  /** Instead of both: the deltas, as they go over the wire. */
  readonly deltas?: readonly object[];
  /** Why it ends (default `stop` or `tool_calls`); `null`: nobody says. */
  readonly finish?: string | null;
  /** It ends without `[DONE]`; `never`: nor does it end; `cut`: the connection dies instead. */
  readonly withoutDone?: true | 'never' | 'cut';
  /** An error as the stream's first event, in the server's own words. */
  readonly error?: object;
  /** Instead of all: the body as it goes over the wire, piece by piece, and what the server calls it. */
  readonly raw?: readonly (string | Uint8Array)[];
  readonly contentType?: string;
}

export type Think = (request: ChatRequest) => Thought | Promise<Thought>;

export type Flavour = 'groq' | 'plain' | 'azure';

export interface StreamBehaviour {
  readonly flavour: Flavour;
  readonly fault: Fault | undefined;
  readonly firstToken: Delay;
  readonly betweenTokens: Delay;
  readonly observe?: ServerObserver | undefined;
}

let count = 0;

/** Streams one ChatCompletion as ChatCompletionChunks (`data: {…}`, at last `data: [DONE]`). */
export async function streamChat(
  response: ServerResponse,
  request: ChatRequest,
  thought: Thought,
  { flavour, fault, firstToken, betweenTokens, observe }: StreamBehaviour,
): Promise<void> {
  const id = `chatcmpl-${++count}`;
  const question = request.messages.findLast(({ role }) => role === 'user')?.content ?? '';
  tell(observe, { server: 'llm', type: 'asked', request: id, question });
  const shared = { id, object: 'chat.completion.chunk', created: 1, model: request.model };
  const send = (delta: object, finish: string | null = null, extra: object = {}): void => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    response.write(`data: ${JSON.stringify({ ...shared, choices, ...extra })}\n\n`);
  };
  const gone = new AbortController();
  response.on('close', () => {
    gone.abort();
  });
  const wait = (ms: number): Promise<boolean> => sleep(ms, true, { signal: gone.signal }).catch(() => false);

  if (!(await wait(firstToken()))) return;
  if (fault?.type === 'page') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
    return;
  }
  const type = thought.contentType ?? 'text/event-stream';
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
  response.flushHeaders();
  if (thought.raw) {
    for (const piece of thought.raw) {
      response.write(piece);
      if (!(await wait(1))) return;
    }
    response.end();
    return;
  }
  if (flavour === 'azure') {
    // Azure tells first what its filter thinks of the question, in a chunk without choices.
    const filtered = { ...shared, choices: [], prompt_filter_results: [{ prompt_index: 0 }] };
    response.write(`data: ${JSON.stringify(filtered)}\n\n`);
  }
  if (thought.error) {
    response.end(`data: ${JSON.stringify({ error: thought.error })}\n\n`);
    return;
  }
  send({ role: 'assistant', content: '' }, null, flavour === 'groq' ? { x_groq: { id } } : {});
  const isSilent = fault?.type === 'empty' || fault?.type === 'filtered';
  const deltas = isSilent ? [] : (thought.deltas ?? deltasOf(thought));
  // Each token is due so long after the one before it was due: timers that fire late don't add up.
  let dueAt = performance.now();
  for (const [index, delta] of deltas.entries()) {
    if (index > 0) dueAt += betweenTokens();
    if (index > 0 && !(await wait(Math.max(0, dueAt - performance.now())))) return;
    if (befallen(fault, index, response)) return;
    if ('content' in delta && typeof delta.content === 'string') {
      tell(observe, { server: 'llm', type: 'token', request: id, text: delta.content });
    }
    send(delta);
  }
  if (befallen(fault, deltas.length, response)) return;
  const usage = {
    prompt_tokens: Math.ceil(JSON.stringify(request.messages).length / 4),
    completion_tokens: deltas.length,
    total_tokens: Math.ceil(JSON.stringify(request.messages).length / 4) + deltas.length,
  };
  const usual = (thought.tools?.length ?? 0) > 0 && !isSilent ? 'tool_calls' : 'stop';
  const own = thought.finish === undefined ? usual : thought.finish;
  const finish = fault?.type === 'filtered' ? 'content_filter' : own;
  // ChatCompletionChunk.XGroq.usage: Groq tells it with the last chunk, OpenAI in one more, if asked for it.
  send({}, finish, flavour === 'groq' ? { x_groq: { id, usage } } : {});
  if (flavour !== 'groq' && request.stream_options?.include_usage === true) {
    response.write(`data: ${JSON.stringify({ ...shared, choices: [], usage })}\n\n`);
  }
  if (thought.withoutDone === 'never') return;
  // What was written goes out before.
  if (thought.withoutDone === 'cut') setTimeout(() => response.destroy(), 20);
  else response.end(thought.withoutDone ? '' : 'data: [DONE]\n\n');
}

/** Tokens are words with the space before them, or a few signs of a script without spaces; ChatCompletionChunk.Choice.Delta.ToolCall comes in fragments. */
function deltasOf({
  text = '',
  tools = [],
}: Thought): ({ readonly content: string } | { readonly tool_calls: object })[] {
  const words = text.match(/\s*(?:[\p{Lo}\p{M}]{1,3}|[^\s\p{Lo}]+)/gu) ?? [];
  return [
    ...words.map((content) => ({ content })),
    ...tools.flatMap((tool, index) => [
      {
        tool_calls: [
          {
            index,
            id: `call_${count}_${index}`,
            type: 'function',
            function: { name: tool.name, arguments: '' },
          },
        ],
      },
      ...(tool.arguments.match(/[\s\S]{1,7}/g) ?? []).map((part) => ({
        tool_calls: [{ index, function: { arguments: part } }],
      })),
    ]),
  ];
}

/** Lets the fault happen when its time has come. True: nothing more is sent. */
function befallen(fault: Fault | undefined, sent: number, response: ServerResponse): boolean {
  if (!fault || !('after' in fault) || sent < fault.after) return false;
  if (fault.type === 'cut') response.destroy();
  if (fault.type === 'malformed') response.write('data: {"choices":[{"delta":\n\n');
  if (fault.type === 'error') {
    // An error in the stream, as groq-sdk looks for it: `data.error`, src/core/streaming.ts.
    const { status, message } = fault;
    response.write(`data: ${JSON.stringify({ error: { message, type: 'server_error', code: status } })}\n\n`);
    response.end();
  }
  return true;
}
