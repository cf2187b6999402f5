import { RequestAbort } from '../lib/abort.ts';
import { messageOf } from '../lib/errors.ts';
import { systemClock, type Milliseconds } from '../lib/clock.ts';
import type { AgentTool } from '../dialog/reply/agent-tools.ts';
import type { CallInfo } from '../dialog/contract/call-info.ts';
import { argumentsCheck } from './parameters.ts';
import { addressOf, argumentsBeside, headerText } from './request-text.ts';

/** A tool of the user's own, as agents.yaml describes it: an HTTP request, whose answer the model is told. */
export interface HttpToolOptions {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments: an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `http` or `https`; `{name}` in path and query stands for an argument. */
  readonly url: string;
  /** May hold secrets: sent to the server, never logged. */
  readonly headers: Readonly<Record<string, string>>;
  /** For the whole answer. */
  readonly timeoutMs: Milliseconds;
  /** A longer answer counts as a failure. */
  readonly maxBytes: number;
  /** JSON pointer (RFC 6901) to the part of the answer that the model is told; the whole without it. */
  readonly result?: string | undefined;
  /** The model is told so much of it. */
  readonly maxCharacters: number;
}

/** Of an error's answer, the model is told so much. */
const ERROR_CHARACTERS = 200;

/**
 * Arguments without a place in the address go along as JSON (POST, PUT, PATCH) or in the query. What goes
 * wrong is thrown in words for the model, without the address and the headers. When the reply is stopped, a GET
 * is too; anything else goes on to its answer. Throws at once when the schema of the parameters can't be used.
 */
export function httpTool(options: HttpToolOptions): AgentTool {
  const { name, description, parameters } = options;
  const check = argumentsCheck(parameters);
  return {
    name,
    description,
    parameters,
    async run(args, { call, signal }) {
      const wrong = check(args);
      if (wrong !== undefined) throw new Error(`these arguments can not be used: ${wrong}`);
      const { url, init } = requestOf(options, args, call);
      // What may have changed something there is waited for, so that it is known whether it has.
      const isSafe = options.method === 'GET';
      if (signal.aborted) throw new Error('interrupted');
      const request = new RequestAbort(isSafe ? signal : undefined, systemClock);
      const late = (): Error => new Error(`no answer within ${options.timeoutMs} ms`);
      request.deadline(systemClock.now() + options.timeoutMs, late);
      const { status, text } = await exchange(options, url, {
        ...init,
        redirect: 'manual',
        signal: request.signal,
      })
        .catch((error: unknown) => {
          if (isSafe && signal.aborted) throw new Error('interrupted');
          throw request.missed ?? new Error(`no answer: ${reasonOf(error)}`);
        })
        .finally(() => {
          request.release();
        });
      if (status >= 300 && status < 400) throw new Error(`the service answered ${status} (moved)`);
      if (status < 200 || status >= 300) {
        const said = shortened(text, ERROR_CHARACTERS);
        throw new Error(`the service answered ${status}${said === '' ? '' : `: ${said}`}`);
      }
      const result = options.result === undefined ? text : partOf(text, options.result);
      const told = shortened(result, options.maxCharacters);
      return { result: told === '' ? 'done' : told, answer: true };
    },
  };
}

function requestOf(
  { method, url: template, headers }: HttpToolOptions,
  args: Readonly<Record<string, unknown>>,
  call: CallInfo,
): { readonly url: URL; readonly init: RequestInit } {
  const url = addressOf(template, args, call);
  const rest = argumentsBeside(template, args);
  const sent: Record<string, string> = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, headerText(value, args, call)]),
  );
  if (method === 'GET' || method === 'DELETE') {
    for (const [name, value] of rest) url.searchParams.append(name, inQuery(value));
    return { url, init: { method, headers: sent } };
  }
  const body = JSON.stringify(Object.fromEntries(rest));
  return { url, init: { method, headers: { 'content-type': 'application/json', ...sent }, body } };
}

function inQuery(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function exchange(
  { maxBytes }: HttpToolOptions,
  url: URL,
  init: RequestInit,
): Promise<{ status: number; text: string }> {
  const response = await fetch(url, init);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body = response.body as AsyncIterable<Uint8Array> | null;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > maxBytes) throw new Error(`it is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: response.status, text: new TextDecoder().decode(Buffer.concat(chunks)) };
}

/** Why no answer came. The address may hold secrets: of fetch's own errors only the code is told. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (typeof code === 'string') return code;
  return error instanceof TypeError ? 'the connection failed' : messageOf(error);
}

/** RFC 6901. */
function partOf(text: string, pointer: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('the service answered with something that is no JSON');
  }
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const inside = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    if (!inside) throw new Error(`the answer of the service has no ${pointer}`);
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function shortened(text: string, length: number): string {
  const trimmed = text.replace(/\s+/g, ' ').trim();
  return trimmed.length > length ? `${trimmed.slice(0, length)} …` : trimmed;
}
