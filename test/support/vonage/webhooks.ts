/**
 * How Vonage calls the application's webhooks, and how often: once more after a time-out, a broken
 * connection, or 429, 503, 504, then the fallback URL (webhook reference, Fallback URL; support article
 * 115016024247). Answer and fallback may take 5 s, events 10 s (article 17498678806044, the upper ends).
 */
import { signWebhook, type SignatureFault, type VonageAccount } from './account.ts';

export type WebhookKind = 'answer' | 'event' | 'fallback';
export type WebhookMethod = 'GET' | 'POST';

export interface WebhookFaults {
  readonly signature?: SignatureFault | undefined;
  /** What was signed is changed on its way. */
  readonly tampered?: boolean | undefined;
  /** It never comes, nor is it tried again. */
  readonly unsent?: ((payload: Readonly<Record<string, unknown>>) => boolean) | undefined;
  /** Its answer gets lost the first time: it is asked again. */
  readonly lost?: ((payload: Readonly<Record<string, unknown>>) => boolean) | undefined;
  /** What is asked again carries the token of the first time (default: one of its own). */
  readonly sameToken?: boolean | undefined;
}

/** A webhook and what came of it. */
export interface WebhookSeen {
  readonly kind: WebhookKind;
  readonly at: number;
  readonly tookMs: number;
  readonly payload: Readonly<Record<string, unknown>>;
  /** 0: no answer came, and `body` says why. */
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

const TIMEOUT_MS: Readonly<Record<WebhookKind, number>> = { answer: 5000, fallback: 5000, event: 10_000 };
const TRIED_AGAIN = [0, 429, 503, 504];

export class Webhooks {
  readonly seen: WebhookSeen[] = [];
  readonly #account: VonageAccount;

  constructor(account: VonageAccount) {
    this.#account = account;
  }

  /** Calls once, or twice where the first time failed for the moment. */
  async call(
    kind: WebhookKind,
    { url, method }: { readonly url: string; readonly method: WebhookMethod },
    payload: Readonly<Record<string, unknown>>,
    faults: WebhookFaults = {},
  ): Promise<WebhookSeen> {
    if (faults.unsent?.(payload)) {
      return { kind, at: Date.now(), tookMs: 0, payload, status: 0, contentType: undefined, body: 'unsent' };
    }
    const sign = (): string | undefined =>
      signWebhook(this.#account, JSON.stringify(payload), faults.signature);
    const token = sign();
    let seen = await this.#once(kind, url, method, payload, token, faults);
    if (faults.lost?.(payload)) seen = { ...seen, status: 0, body: 'the answer got lost' };
    if (!TRIED_AGAIN.includes(seen.status)) return seen;
    seen = await this.#once(kind, url, method, payload, faults.sameToken ? token : sign(), faults);
    return seen;
  }

  async #once(
    kind: WebhookKind,
    url: string,
    method: WebhookMethod,
    payload: Readonly<Record<string, unknown>>,
    authorization: string | undefined,
    faults: WebhookFaults,
  ): Promise<WebhookSeen> {
    const at = Date.now();
    const sent = faults.tampered ? { ...payload, from: '15550000000', status: 'tampered' } : payload;
    const target = new URL(url);
    if (method === 'GET') {
      for (const [name, value] of Object.entries(sent)) {
        target.searchParams.append(name, typeof value === 'string' ? value : JSON.stringify(value));
      }
    }
    let outcome: Pick<WebhookSeen, 'status' | 'contentType' | 'body'>;
    try {
      const response = await fetch(target, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS[kind]),
        headers: {
          ...(authorization === undefined ? {} : { Authorization: authorization }),
          ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
        },
        ...(method === 'POST' ? { body: JSON.stringify(sent) } : {}),
      });
      const contentType = response.headers.get('content-type') ?? undefined;
      outcome = { status: response.status, contentType, body: await response.text() };
    } catch (error) {
      outcome = { status: 0, contentType: undefined, body: String(error) };
    }
    const seen = { kind, at, tookMs: Date.now() - at, payload, ...outcome };
    this.seen.push(seen);
    return seen;
  }
}
