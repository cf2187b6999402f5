import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { FailureDomain } from '../../lib/failure-domain.ts';
import type { Fields } from '../../lib/fields.ts';
import type { HttpRequest, HttpResponse } from '../../lib/http-exchange.ts';
import type { WebSocketEndpoint } from '../../dialog/contract/call-media.ts';
import type { Admission, CallDesk, MediaGateway, MediaSession } from '../../dialog/contract/ports.ts';
import type { CallInfo } from '../../dialog/contract/call-info.ts';
import { callDomain, type Acceptance } from '../call-domain.ts';
import type { TelephonyLog } from '../log.ts';
import { AnsweredWebhooks } from './answered-webhooks.ts';
import { talk, type Ncco } from './ncco.ts';
import { TOKEN_GOOD_MS, type SignatureCheck } from './signed-webhook.ts';
import { VonageCall, type VonageCallSettings } from './vonage-call.ts';
import { VonageCalls } from './vonage-calls.ts';
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

const TELL_EVERY_MS = 1000;

/** Takes calls from the Vonage cloud: answers its webhooks. */
export class VonageApp {
  readonly #options: VonageAppOptions;
  readonly #calls = new VonageCalls();
  /** Calls whose media is being reserved. */
  readonly #arriving = new Set<string>();
  readonly #answered = new AnsweredWebhooks(TOKEN_GOOD_MS);
  readonly #counts = { answers: 0, events: 0, fallbacks: 0, forged: 0, replayed: 0, malformed: 0 };
  #draining = false;
  #toldAt: Milliseconds | undefined;

  constructor(options: VonageAppOptions) {
    this.#options = options;
  }

  get callCount(): number {
    return this.#calls.size;
  }

  get counts(): VonageCounts {
    return { ...this.#counts };
  }

  async handle(request: HttpRequest): Promise<HttpResponse> {
    const { signature, clock } = this.#options;
    if (request.method !== 'GET' && request.method !== 'POST') {
      const refusal = this.#refuse('malformed', 405, `it came by ${request.method.slice(0, 16)}`);
      return { ...refusal, headers: { allow: 'GET, POST' } };
    }
    const verdict = await signature?.check(request);
    if (verdict?.genuine === false) return this.#refuse('forged', 401, verdict.why);
    const token = verdict?.token;
    if (token === undefined) return this.#obey(request);
    return (
      this.#answered.once(token, clock.now(), () => this.#obey(request)) ??
      this.#refuse('replayed', 401, 'its token has been used for something else')
    );
  }

  /** The media of the call whose session has this `id` has lost its connection, by no fault of Vonage's. */
  mediaDropped(id: string): void {
    this.#calls.all.find((call) => call.mediaId === id)?.mediaDropped();
  }

  /** No new calls: their callers are told so. */
  drain(): void {
    this.#draining = true;
  }

  /** Gives up calls that haven't begun, and waits for the others, which the desk ends. Idempotent. */
  async close(): Promise<void> {
    this.drain();
    const { all } = this.#calls;
    for (const call of all) call.abandon();
    await Promise.all(all.map(({ done }) => done));
  }

  /** Counted each time, and told of once a second. */
  #refuse(kind: 'forged' | 'replayed' | 'malformed', status: number, why: string): HttpResponse {
    const { clock, log } = this.#options;
    this.#counts[kind] += 1;
    const now = clock.now();
    if (this.#toldAt === undefined || now - this.#toldAt >= TELL_EVERY_MS) {
      this.#toldAt = now;
      log.warn({ code: 'VONAGE_WEBHOOK_REFUSED', kind, ...this.#counts }, `a webhook is refused: ${why}`);
    }
    return { status };
  }

  async #obey(request: HttpRequest): Promise<HttpResponse> {
    const fields = fieldsOf(request);
    if (fields === undefined) return this.#refuse('malformed', 400, 'its content is not a JSON object');
    switch (request.path) {
      case '/answer':
        return this.#answer(fields);
      case '/event':
        return this.#event(fields);
      case '/fallback':
        return this.#fallback(fields);
      default:
        return { status: 404 };
    }
  }

  async #answer(fields: Fields): Promise<HttpResponse> {
    const { clock, log } = this.#options;
    const webhook = answerOf(fields);
    if (webhook === undefined) return this.#refuse('malformed', 400, 'it names no call or no called number');
    const { uuid } = webhook;
    const known = this.#calls.get(uuid);
    // Asked once more, with a new token, as our answer didn't arrive: the same again, until somebody has used it.
    if (known?.waiting === true) return reply(known.ncco);
    if (known || this.#arriving.has(uuid))
      return this.#refuse('malformed', 409, 'its call is being answered already');
    this.#counts.answers += 1;
    this.#arriving.add(uuid);
    const domain = callDomain({ clock, log, server: VONAGE_SERVER, channel: uuid });
    const answered = await domain.run(() => this.#take(webhook, domain));
    this.#arriving.delete(uuid);
    if (!this.#calls.get(uuid)) domain.close();
    return answered ?? this.#say('trouble');
  }

  /** Undefined: it can't be taken, and nothing of it is left. Never rejects. */
  async #take(webhook: AnswerWebhook, domain: FailureDomain): Promise<HttpResponse | undefined> {
    const { desk, gateway, log } = this.#options;
    const info = this.#infoOf(webhook);
    let admission: Admission | undefined;
    let session: MediaSession<WebSocketEndpoint> | undefined;
    try {
      admission = desk.admit(info);
      if (admission.kind === 'proceed') {
        const reason = admission.variables['VOICE_AGENT_RESULT'];
        log.info({ ...info.key, reason }, 'the caller is told to call again');
        return this.#say('busy');
      }
      session = await gateway.reserve({ id: webhook.uuid });
      if (domain.failed) throw new Error('something of the call has failed');
      return reply(this.#begin(webhook, info, admission, session, domain).ncco);
    } catch (error) {
      log.error({ ...info.key, err: error }, `no media: ${messageOf(error)}`);
      if (admission?.kind === 'accept') admission.abandoned?.('session-failed');
      await session?.close().catch(() => undefined);
      return undefined;
    }
  }

  #infoOf({ uuid, to, from, conversation, sipHeaders }: AnswerWebhook): CallInfo {
    const { numbers } = this.#options;
    return {
      key: { server: VONAGE_SERVER, channel: uuid },
      direction: 'in',
      dialled: (Object.hasOwn(numbers, to) ? numbers[to] : undefined) ?? to,
      caller: { number: from },
      variables: { VONAGE_NUMBER: to, VONAGE_CONVERSATION: conversation ?? '', ...sipHeaders },
    };
  }

  #begin(
    { to, conversation, regionUrl }: AnswerWebhook,
    info: CallInfo,
    acceptance: Acceptance,
    session: MediaSession<WebSocketEndpoint>,
    domain: FailureDomain,
  ): VonageCall {
    const call = new VonageCall({
      ...this.#options,
      ...{ number: to, info, acceptance, session, domain, calls: this.#calls },
      rest: this.#options.rest?.at(regionUrl),
      eventUrl: `${this.#options.publicUrl}/event`,
    });
    this.#calls.add(call);
    if (conversation !== undefined) this.#calls.join(call, conversation);
    return call;
  }

  #event(fields: Fields): HttpResponse {
    this.#counts.events += 1;
    const webhook = eventOf(fields);
    const { status, reason } = webhook;
    const call = this.#calls.find(webhook);
    if (status === undefined && reason !== undefined) {
      this.#options.log.warn({ server: VONAGE_SERVER, channel: call?.channel }, `Vonage: ${reason}`);
    }
    const ncco = call?.onEvent(webhook);
    return ncco ? reply(ncco) : { status: 204 };
  }

  /** A webhook of ours failed: this is it once more. What was wrong, Vonage says; the caller must be told something. */
  async #fallback(fields: Fields): Promise<HttpResponse> {
    this.#counts.fallbacks += 1;
    const original = originalTypeOf(fields);
    const { reason } = eventOf(fields);
    const about = { server: VONAGE_SERVER, original, reason };
    this.#options.log.warn(about, 'Vonage falls back: a webhook was not answered');
    if (original === 'event') return this.#event(fields);
    const answered = answerOf(fields) && (await this.#answer(fields));
    return answered?.status === 200 ? answered : this.#say(this.#draining ? 'busy' : 'trouble');
  }

  #say(what: 'busy' | 'trouble'): HttpResponse {
    const { texts } = this.#options;
    return reply(talk(texts[what], texts.language));
  }
}

function reply(ncco: Ncco): HttpResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(ncco) };
}
