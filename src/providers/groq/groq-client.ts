import type Groq from 'groq-sdk';
import type { FailureDetails, ProviderFailure } from '../provider-failure.ts';
import type { Refusal } from '../chat/refusals.ts';
import { LaterSdk, SDK_TIMEOUT_MS } from '../sdk-http.ts';

export interface GroqConnection {
  readonly apiKey: string;
  /** With or without the `/openai/v1` that other clients want. */
  readonly baseUrl: string;
}

export interface GroqClient {
  readonly sdk: () => Promise<Groq>;
  /** Opens a connection, or keeps the one there is from falling asleep. Never fails. */
  warm(): void;
  /** What was thrown, as a failure of ours. */
  failure(code: FailureDetails['code'], provider: string, error: unknown): ProviderFailure;
  /** What Groq said, if it was Groq that refused. */
  refusal(error: unknown): Refusal | undefined;
  close(): Promise<void>;
}

export const loadGroq = (): Promise<typeof import('groq-sdk')> => import('groq-sdk');

export function createGroqClient({ apiKey, baseUrl }: GroqConnection): GroqClient {
  // The SDK appends `/openai/v1/…` itself.
  const baseURL = baseUrl.replace(/(\/openai\/v1)?\/*$/, '');
  const later = new LaterSdk(
    baseURL,
    loadGroq,
    // All of it explicit, so that the SDK reads no variable of the environment.
    ({ default: Sdk }, fetch) =>
      new Sdk({
        apiKey,
        baseURL,
        fetch,
        maxRetries: 0,
        timeout: SDK_TIMEOUT_MS,
        // It prints what it can't parse to the console.
        logLevel: 'off',
      }),
  );
  return {
    sdk: () => later.client(),
    warm() {
      later.warm();
    },
    failure: (code, provider, error) => later.failure(error, { code, provider }, [apiKey]),
    refusal: (error) => later.refusal(error),
    close: () => later.close(),
  };
}
