import type Groq from 'groq-sdk';
import { LaterSdk, SDK_TIMEOUT_MS } from '../sdk-http.ts';

export interface GroqConnection {
  readonly apiKey: string;
  /** With or without the `/openai/v1` that other clients want. */
  readonly baseUrl: string;
}

type Sdk = typeof import('groq-sdk');
export type GroqClient = LaterSdk<Sdk, Groq>;

export const loadGroq = (): Promise<Sdk> => import('groq-sdk');

export function createGroqClient({ apiKey, baseUrl }: GroqConnection): GroqClient {
  // The SDK appends `/openai/v1/…` itself.
  const baseURL = baseUrl.replace(/(\/openai\/v1)?\/*$/, '');
  return new LaterSdk({
    address: baseURL,
    keys: [apiKey],
    load: loadGroq,
    // All of it explicit, so that the SDK reads no variable of the environment.
    make: ({ default: Client }, fetch) =>
      new Client({
        apiKey,
        baseURL,
        fetch,
        maxRetries: 0,
        timeout: SDK_TIMEOUT_MS,
        // It prints what it can't parse to the console.
        logLevel: 'off',
      }),
  });
}
