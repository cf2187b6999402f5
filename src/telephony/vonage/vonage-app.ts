import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { FailureDomain } from '../../lib/failure-domain.ts';
import type { HttpRequest, HttpResponse } from '../../lib/http-exchange.ts';
import type { WebSocketEndpoint } from '../../dialog/contract/call-media.ts';
import type { Admission, CallDesk, MediaGateway, MediaSession } from '../../dialog/contract/ports.ts';
import type { CallInfo } from '../../dialog/contract/call-info.ts';
import { callDomain } from '../call-domain.ts';
import type { TelephonyLog } from '../log.ts';
import { AnsweredWebhooks } from './answered-webhooks.ts';
import { talk, type Ncco } from './ncco.ts';
import { TOKEN_GOOD_MS, type SignatureCheck } from './signed-webhook.ts';
import { startVonageCall, type VonageCall, type VonageCallSettings } from './vonage-call.ts';
import type { VonageRest } from './vonage-rest.ts';
import { answerOf, type AnswerWebhook, eventOf, fieldsOf, originalTypeOf } from './webhook-content.ts';

export interface VonageAppOptions {
  readonly desk: CallDesk;
  readonly gateway: MediaGateway<WebSocketEndpoint>;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  /** How Vonage reaches us; without a slash at its end. */
  readonly publicUrl: string;
  /** Missing: webhooks are taken unsigned. */
  readonly signature: SignatureCheck | undefined;
  /** Missing: there is no private key. */
  readonly rest: VonageRest | undefined;
  /** Called numbers, in digits, and the extensions that they stand for. Others stand for themselves. */
  readonly numbers: Readonly<Record<string, string>>;
  /** What callers are told by Vonage's own voice when no agent can take them. */
  readonly texts: { readonly language: string } & Readonly<Record<'busy' | 'trouble', string>>;
  readonly settings: VonageCallSettings;
}

/** The paths of the webhooks below the public URL. */
export const WEBHOOK_PATHS = ['/answer', '/event', '/fallback'] as const;

/** The server of these calls in records, logs and metrics. */
export const VONAGE_SERVER = 'vonage';

export interface VonageCounts {
  readonly answers: number;
  readonly events: number;
  readonly fallbacks: number;
  /** Without a signature, or with one that isn't Vonage's for this application now. */
  readonly forged: number;
  /** Genuine, but with a token that has been used for something else. */
  readonly replayed: number;
  /** That lacked what they must have, or came in another way than Vonage's. */
  readonly malformed: number;
}

/** Takes calls from the Vonage cloud: answers its webhooks. */
export interface VonageApp {
  handle(request: HttpRequest): Promise<HttpResponse>;
  readonly callCount: number;
  readonly counts: VonageCounts;
  /** No new calls: their callers are told so. */
  drain(): void;
  /** Gives up calls that haven't begun, and waits for the others, which the desk ends. Idempotent. */
  close(): Promise<void>;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const NOTHING: HttpResponse = { status: 204 };
const TELL_EVERY_MS = 1000;

export function startVonageApp(options: VonageAppOptions): VonageApp {
  const { desk, gateway, clock, log, signature, texts, publicUrl } = options;
  const calls = new Map<string, VonageCall>();
  const byConversation = new Map<string, VonageCall>();
  /** Calls whose media is being reserved. */
  const arriving = new Set<string>();
  const answered = new AnsweredWebhooks(TOKEN_GOOD_MS);
  const counts = { answers: 0, events: 0, fallbacks: 0, forged: 0, replayed: 0, malformed: 0 };
  const isOurs = (number: string): boolean => Object.hasOwn(options.numbers, number);
  let draining = false;
  let toldAt = -Infinity;

  function refuse(kind: 'forged' | 'replayed' | 'malformed', status: number, why: string): HttpResponse {
    counts[kind] += 1;
    const now = clock.now();
    if (now - toldAt >= TELL_EVERY_MS) {
      toldAt = now;
      log.warn({ code: 'VONAGE_WEBHOOK_REFUSED', kind, ...counts }, `a webhook is refused: ${why}`);
    }
    return { status };
  }

  async function handle(request: HttpRequest): Promise<HttpResponse> {
    if (request.method !== 'GET' && request.method !== 'POST') {
      const refusal = refuse('malformed', 405, `it came by ${request.method.slice(0, 16)}`);
      return { ...refusal, headers: { allow: 'GET, POST' } };
    }
    const verdict = await signature?.check(request);
    if (verdict?.genuine === false) return refuse('forged', 401, verdict.why);
    const token = verdict?.token;
    if (token === undefined) return obey(request);
    return (
      answered.once(token, clock.now(), () => obey(request)) ??
      refuse('replayed', 401, 'its token has been used for something else')
    );
  }

  async function obey(request: HttpRequest): Promise<HttpResponse> {
    const fields = fieldsOf(request);
    if (fields === undefined) return refuse('malformed', 400, 'its content is not a JSON object');
    switch (request.path) {
      case '/answer':
        return answer(fields);
      case '/event':
        return event(fields);
      case '/fallback':
        return fallback(fields);
      default:
        return { status: 404 };
    }
  }

  async function answer(fields: Readonly<Record<string, unknown>>): Promise<HttpResponse> {
    const webhook = answerOf(fields);
    if (webhook === undefined) return refuse('malformed', 400, 'it names no call or no called number');
    const { uuid, to, from, conversation, sipHeaders } = webhook;
    const known = calls.get(uuid);
    // Asked once more, with a new token, as our answer didn't arrive: the same again, until somebody has used it.
    if (known?.waiting === true) return reply(known.ncco);
    if (known || arriving.has(uuid)) return refuse('malformed', 409, 'its call is being answered already');
    counts.answers += 1;
    const info: CallInfo = {
      key: { server: VONAGE_SERVER, channel: uuid },
      direction: 'in',
      dialled: isOurs(to) ? (options.numbers[to] as string) : to,
      caller: { number: from, name: '' },
      variables: { VONAGE_NUMBER: to, VONAGE_CONVERSATION: conversation, ...sipHeaders },
    };
    arriving.add(uuid);
    const domain = callDomain({ clock, log, server: VONAGE_SERVER, channel: uuid });
    const answered = await domain.run(() => take(webhook, info, domain));
    arriving.delete(uuid);
    if (!calls.has(uuid)) domain.close();
    return answered ?? say('trouble');
  }

  /** Undefined: it can't be taken, and nothing of it is left. Never rejects. */
  async function take(
    { uuid, to, conversation, regionUrl }: AnswerWebhook,
    info: CallInfo,
    domain: FailureDomain,
  ): Promise<HttpResponse | undefined> {
    let admission: Admission | undefined;
    let session: MediaSession<WebSocketEndpoint> | undefined;
    try {
      admission = desk.admit(info);
      if (admission.kind === 'proceed') {
        const reason = admission.variables['VOICE_AGENT_RESULT'];
        log.info({ server: VONAGE_SERVER, channel: uuid, reason }, 'the caller is told to call again');
        return say('busy');
      }
      session = await gateway.reserve({ id: uuid });
      if (domain.failed) throw new Error('something of the call has failed');
      const call = startVonageCall({
        uuid,
        number: to,
        info,
        acceptance: admission,
        session,
        rest: options.rest?.at(regionUrl),
        clock,
        log,
        settings: options.settings,
        isOurs,
        eventUrl: `${publicUrl}/event`,
        onConversation: (moved) => byConversation.set(moved, call),
        onFinished: () => {
          calls.delete(uuid);
          for (const [id, owner] of byConversation) if (owner === call) byConversation.delete(id);
          domain.close();
        },
      });
      calls.set(uuid, call);
      if (conversation !== '') byConversation.set(conversation, call);
      return reply(call.ncco);
    } catch (error) {
      log.error({ server: VONAGE_SERVER, channel: uuid, err: error }, `no media: ${messageOf(error)}`);
      if (admission?.kind === 'accept') admission.abandoned?.('session-failed');
      await session?.close().catch(() => undefined);
      return undefined;
    }
  }

  function event(fields: Readonly<Record<string, unknown>>): HttpResponse {
    counts.events += 1;
    const webhook = eventOf(fields);
    const call =
      calls.get(webhook.uuid) ?? calls.get(webhook.call) ?? byConversation.get(webhook.conversation);
    if (webhook.status === '' && webhook.reason !== '') {
      log.warn({ server: VONAGE_SERVER, channel: call?.info.key.channel }, `Vonage: ${webhook.reason}`);
    }
    const ncco = call?.onEvent(webhook);
    return ncco ? reply(ncco) : NOTHING;
  }

  /** A webhook of ours failed: this is it once more. What was wrong, Vonage says; the caller must be told something. */
  async function fallback(fields: Readonly<Record<string, unknown>>): Promise<HttpResponse> {
    counts.fallbacks += 1;
    const original = originalTypeOf(fields);
    const { reason } = eventOf(fields);
    log.warn({ server: VONAGE_SERVER, original, reason }, 'Vonage falls back: a webhook was not answered');
    if (original === 'event') return event(fields);
    const answered = answerOf(fields) && (await answer(fields));
    return answered?.status === 200 ? answered : say(draining ? 'busy' : 'trouble');
  }

  function say(what: 'busy' | 'trouble'): HttpResponse {
    return reply(talk(texts[what], texts.language));
  }

  return {
    handle,
    get callCount() {
      return calls.size;
    },
    get counts() {
      return { ...counts };
    },
    drain() {
      draining = true;
    },
    async close() {
      draining = true;
      for (const call of calls.values()) call.abandon();
      await Promise.all([...calls.values()].map(({ done }) => done));
    },
  };
}

function reply(ncco: Ncco): HttpResponse {
  return { status: 200, headers: JSON_TYPE, body: JSON.stringify(ncco) };
}
