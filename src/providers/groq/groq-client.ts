import Groq, { APIConnectionError, APIConnectionTimeoutError, APIError } from 'groq-sdk';
import type { FailureDetails, ProviderFailure } from '../provider-failure.ts';
import type { Refusal } from '../chat/refusals.ts';
import { failureOfSdk, openSdkHttp, refusalOf, SDK_TIMEOUT_MS } from '../sdk-http.ts';

export interface GroqConnection {
  readonly apiKey: string;
  /** With or without the `/openai/v1` that other clients want. */
  readonly baseUrl: string;
}

export interface GroqClient {
  readonly sdk: Groq;
  /** Opens a connection, or keeps the one there is from falling asleep. Never fails. */
  warm(): void;
  /** What was thrown, as a failure of ours. */
  failure(code: FailureDetails['code'], provider: string, error: unknown): ProviderFailure;
  /** What Groq said, if it was Groq that refused. */
  refusal(error: unknown): Refusal | undefined;
  close(): Promise<void>;
}

const ERRORS = { APIError, APIConnectionError, APIConnectionTimeoutError };

export function createGroqClient({ apiKey, baseUrl }: GroqConnection): GroqClient {
  // The SDK appends `/openai/v1/…` itself.
  const baseURL = baseUrl.replace(/(\/openai\/v1)?\/*$/, '');
  const http = openSdkHttp();
  return {
    // All of it explicit, so that the SDK reads no variable of the environment.
    sdk: new Groq({
      apiKey,
      baseURL,
      fetch: http.fetch,
      maxRetries: 0,
      timeout: SDK_TIMEOUT_MS,
      // It prints what it can't parse to the console.
      logLevel: 'off',
    }),
    warm() {
      http.warm(baseURL);
    },
    failure: (code, provider, error) => failureOfSdk(error, ERRORS, { code, provider }, [apiKey]),
    refusal: (error) => refusalOf(error, ERRORS),
    close: () => http.close(),
  };
}
