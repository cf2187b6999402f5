import Groq, { APIConnectionError, APIConnectionTimeoutError, APIError } from 'groq-sdk';
import { Agent, fetch as undiciFetch, FormData as UndiciFormData, type RequestInit } from 'undici';
import {
  kindOfError,
  kindOfStatus,
  plainMessage,
  ProviderFailure,
  retryAfter,
  withoutKeys,
  type FailureDetails,
  type FailureKind,
} from '../provider-failure.ts';

export interface GroqConnection {
  /** Left out only for a server of one's own that asks for none. */
  readonly apiKey?: string | undefined;
  /**
   * `https://api.groq.com` by default. An address that ends in `/v1` but not in `/openai/v1` is any
   * OpenAI-compatible server (Ollama, vLLM, llama.cpp): `http://127.0.0.1:11434/v1`.
   */
  readonly baseUrl?: string | undefined;
}

export interface GroqClient {
  readonly sdk: Groq;
  /** Not Groq, but something that speaks like OpenAI under a plain `/v1`. */
  readonly isPlain: boolean;
  /** Opens a connection, or keeps the one there is from falling asleep. Never fails. */
  warm(): void;
  /** What was thrown, as a failure of ours. */
  failure(code: FailureDetails['code'], provider: string, error: unknown): ProviderFailure;
  close(): Promise<void>;
}

const GROQ_URL = 'https://api.groq.com';
/** A connection lives through the pauses of a call; the built-in fetch closes it after 4 s. */
const KEEP_ALIVE_MS = 300_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** The SDK's own time-out is a net below the adapters' watchdogs. */
const SDK_TIMEOUT_MS = 60_000;

export function createGroqClient({ apiKey, baseUrl = GROQ_URL }: GroqConnection): GroqClient {
  const { sdkUrl, isPlain } = endpointOf(baseUrl);
  const agent = new Agent({
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
  const keys = apiKey === undefined ? [] : [apiKey];

  /** undici's own fetch, because its agents fit no other; with its own kind of form. */
  const send = (input: unknown, init?: { body?: unknown }): Promise<unknown> => {
    const url = String(input);
    const body = init?.body instanceof FormData ? ownForm(init.body) : init?.body;
    return undiciFetch(isPlain ? url.replace('/openai/v1/', '/v1/') : url, {
      ...(init as RequestInit | undefined),
      body: body as RequestInit['body'],
      dispatcher: agent,
    } as RequestInit);
  };

  const sdk = new Groq({
    apiKey: apiKey ?? 'none',
    baseURL: sdkUrl,
    // The SDK looks there for whether forms can be sent.
    fetch: Object.assign(send, { Response }) as unknown as typeof fetch,
    maxRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    // It prints what it can't parse to the console.
    logLevel: 'off',
    ...(apiKey === undefined ? { defaultHeaders: { Authorization: null } } : {}),
  });

  return {
    sdk,
    isPlain,
    warm() {
      // Whatever the answer is. (After a HEAD, undici would close the connection.)
      void undiciFetch(sdkUrl, { method: 'OPTIONS', dispatcher: agent })
        .then((response) => response.arrayBuffer())
        .catch(() => undefined);
    },
    failure(code, provider, error) {
      if (error instanceof ProviderFailure) return error;
      if (error instanceof APIError && typeof error.status === 'number') {
        const kind = kindOfStatus(error.status);
        const retryAfterMs = retryAfter((error.headers as Headers | undefined)?.get('retry-after'));
        return new ProviderFailure({
          code,
          provider,
          kind,
          message: withoutKeys(error.message, keys),
          retryAfterMs,
        });
      }
      let otherwise: FailureKind = 'malformed';
      if (error instanceof APIConnectionTimeoutError) otherwise = 'timeout';
      else if (error instanceof APIConnectionError) otherwise = 'cut';
      else if (error instanceof APIError) otherwise = 'server';
      const kind = kindOfError(error) ?? otherwise;
      return new ProviderFailure({ code, provider, kind, message: plainMessage(error, keys) });
    },
    close: () => agent.destroy(),
  };
}

/** The SDK always appends `/openai/v1/…`; elsewhere that is rewritten on the way out. */
function endpointOf(baseUrl: string): { sdkUrl: string; isPlain: boolean } {
  const url = baseUrl.replace(/\/+$/, '');
  if (url.endsWith('/openai/v1')) return { sdkUrl: url.slice(0, -'/openai/v1'.length), isPlain: false };
  if (url.endsWith('/v1')) return { sdkUrl: url.slice(0, -'/v1'.length), isPlain: true };
  return { sdkUrl: url, isPlain: false };
}

function ownForm(form: FormData): UndiciFormData {
  const own = new UndiciFormData();
  for (const [name, value] of form) {
    if (typeof value === 'string') own.append(name, value);
    else own.append(name, value, value.name);
  }
  return own;
}
