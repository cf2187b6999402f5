/**
 * One call to a number of the application, as Vonage carries it: the answer webhook, the NCCO that it
 * gives, the events, the end. Fields and order: developer.vonage.com/en/voice/voice-api/webhook-reference.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { LabCall } from '../../../lab/conversation.ts';
import type { Utterance } from '../../../lab/speech-watch.ts';
import { Resampler } from '../../../src/media/resampler.ts';
import { signWebhook, type VonageAccount } from './account.ts';
import { HandshakeRefused, MediaLeg, type LegEnd, type MediaFaults } from './media-leg.ts';
import { checkNcco, NccoError, readNcco, type NccoAction, type WebSocketEndpoint } from './ncco.ts';
import type { WebhookFaults, WebhookMethod, Webhooks, WebhookSeen } from './webhooks.ts';

/** The application's settings in the dashboard. */
export interface ApplicationUrls {
  readonly answerUrl: string;
  /** Default GET, as in the dashboard. */
  readonly answerMethod?: WebhookMethod;
  readonly eventUrl: string;
  readonly fallbackUrl?: string;
}

export interface CallOptions {
  /** Numbers in E.164 without the plus sign, as Vonage writes them. */
  readonly to: string;
  readonly from: string;
  /** Further fields of the answer webhook: SipHeader_X-…, custom_data. */
  readonly more?: Readonly<Record<string, string>>;
  readonly faults?: CallFaults;
}

/** What this side does wrong, on request. */
export interface CallFaults extends WebhookFaults {
  readonly media?: MediaFaults;
  /** The WebSocket is opened only so long after the NCCO came. */
  readonly connectAfterMs?: number;
  /** The WebSocket is opened elsewhere. */
  readonly rewriteUri?: (uri: string) => string;
}

/** What becomes of a telephone that is rung. */
/** `silent`: it rings for ever, and nobody is told anything of it. */
export type TelephoneOutcome = 'answered' | 'busy' | 'timeout' | 'rejected' | 'failed' | 'silent';

export interface CallHost {
  readonly account: VonageAccount;
  readonly webhooks: Webhooks;
  readonly application: ApplicationUrls;
  readonly regionUrl: string;
  /** How the emulated telephones take a call that is put through to them. */
  readonly telephone: (address: string) => TelephoneOutcome;
  readonly talkMsPerWord: number;
  /** How long a telephone rings. */
  readonly ringMs: number;
}

type Connect = Extract<NccoAction, { action: 'connect' }>;

export class VonageCall implements LabCall {
  /** Of the telephone's leg; the WebSocket's legs have ids of their own. */
  readonly uuid = randomUUID();
  conversationUuid = `CON-${randomUUID()}`;
  readonly to: string;
  readonly from: string;
  readonly startedAt = Date.now();
  /** When the WebSocket was open, and when all was over. */
  answeredAt: number | undefined;
  endedAt: number | undefined;
  endReason: string | undefined;
  readonly ended: Promise<string>;
  /** The first WebSocket is open; rejects when the call ends before. */
  readonly answered: Promise<MediaLeg>;
  readonly legs: MediaLeg[] = [];
  readonly legEnds: LegEnd[] = [];
  /** What the caller was told by `talk`, and whom they were put through to. */
  readonly spoken: string[] = [];
  readonly connectedTo: string[] = [];
  /** Keys that were sent to the caller's telephone through the REST API. */
  readonly digitsHeard: string[] = [];
  /** What the application did wrong. */
  readonly complaints: string[] = [];
  /** The NCCOs that were taken, in order. */
  readonly nccos: NccoAction[][] = [];
  readonly #host: CallHost;
  readonly #options: CallOptions;
  readonly #legIds = new Map<string, () => void>();
  #run = new AbortController();
  #target: AbortController | undefined;
  #running: Promise<void> | undefined;
  #events: Promise<unknown> = Promise.resolve();
  #resolveEnded!: (reason: string) => void;
  #resolveAnswered!: (leg: MediaLeg) => void;
  #rejectAnswered!: (error: Error) => void;

  constructor(host: CallHost, options: CallOptions) {
    this.#host = host;
    this.#options = options;
    this.to = options.to;
    this.from = options.from;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.answered = new Promise((resolve, reject) => {
      this.#resolveAnswered = resolve;
      this.#rejectAnswered = reject;
    });
    this.answered.catch(() => undefined);
  }

  /** The latest WebSocket. */
  get leg(): MediaLeg {
    const leg = this.legs.at(-1);
    if (!leg) throw new Error('there is no WebSocket yet');
    return leg;
  }

  get heard(): MediaLeg['heard'] {
    return this.leg.heard;
  }

  get said(): MediaLeg['said'] {
    return this.leg.said;
  }

  /** Speaks in real time; `sound` has 8,000 Hz, as the lab's recordings do, unless another rate is given. */
  say(sound: Int16Array, rateHz = 8000): Promise<Utterance | false> {
    return this.leg.say(resampled(sound, rateHz, this.leg.rateHz));
  }

  /** The caller hangs up. Resolves when all events have been told. */
  async hangUp(): Promise<void> {
    await this.end('the caller hung up');
  }

  /** Whoever the caller was put through to hangs up. */
  targetHangsUp(): void {
    this.#target?.abort();
  }

  /** Begins: asks the application what to do, and does it. */
  async start(): Promise<void> {
    void this.#tell({ status: 'started' });
    void this.#tell({ status: 'ringing' });
    const actions = await this.#ask();
    if (this.endReason !== undefined) return;
    if (!actions) {
      await this.end('no NCCO');
      return;
    }
    void this.#tell({ status: 'answered', start_time: null, rate: null, network: null });
    this.#perform(actions);
  }

  /** Ends it, whoever wanted that. Idempotent; resolves when all events have been told. */
  async end(reason: string): Promise<void> {
    if (this.endReason === undefined) {
      this.endReason = reason;
      this.endedAt = Date.now();
      this.#run.abort();
      await this.#running;
      void this.#tell(this.#summary());
      this.#rejectAnswered(new Error(`the call ended: ${reason}`));
      this.#resolveEnded(reason);
    }
    await this.#events;
  }

  /** The REST API takes it to another NCCO. */
  async transfer(actions: NccoAction[]): Promise<void> {
    this.#run.abort();
    await this.#running;
    const from = this.conversationUuid;
    this.conversationUuid = `CON-${randomUUID()}`;
    void this.#send({
      conversation_uuid_from: from,
      conversation_uuid_to: this.conversationUuid,
      uuid: this.uuid,
      timestamp: new Date().toISOString(),
    });
    this.#perform(actions);
  }

  /** Is this one of the call's WebSocket legs? Then it is hung up. */
  hangUpLeg(uuid: string): boolean {
    const hangUp = this.#legIds.get(uuid);
    hangUp?.();
    return hangUp !== undefined;
  }

  /** A further connection to the URL of the last WebSocket, as the same or another client would open it. */
  connectAgain(faults?: MediaFaults, rewrite = (uri: string): string => uri): Promise<MediaLeg> {
    const endpoint = this.#endpoint();
    return this.#openLeg({ ...endpoint, uri: rewrite(endpoint.uri) }, faults);
  }

  #endpoint(): WebSocketEndpoint {
    for (const { ...action } of this.nccos.flat().reverse()) {
      if (action.action === 'connect' && action.endpoint.type === 'websocket') return action.endpoint;
    }
    throw new Error('no NCCO named a WebSocket');
  }

  /** Undefined: there is nothing to be done, and the call ends. */
  async #ask(): Promise<NccoAction[] | undefined> {
    const { application, webhooks, regionUrl } = this.#host;
    const payload = {
      to: this.to,
      from: this.from,
      conversation_uuid: this.conversationUuid,
      uuid: this.uuid,
      region_url: regionUrl,
      ...this.#options.more,
    };
    const target = { url: application.answerUrl, method: application.answerMethod ?? 'GET' } as const;
    const answer = await webhooks.call('answer', target, payload, this.#options.faults);
    const actions = this.#read(answer);
    if (actions || application.fallbackUrl === undefined) return actions;
    const fallback = await webhooks.call(
      'fallback',
      { url: application.fallbackUrl, method: target.method },
      {
        ...payload,
        reason: answer.status === 0 ? 'Connection closed.' : `HTTP status ${answer.status}`,
        original_request: { url: application.answerUrl, type: 'answer' },
      },
      this.#options.faults,
    );
    return this.#read(fallback);
  }

  #read({ status, body, contentType }: WebhookSeen): NccoAction[] | undefined {
    if (status !== 200) return undefined;
    try {
      return readNcco(body, contentType);
    } catch (error) {
      this.#reject(error);
      return undefined;
    }
  }

  #reject(error: unknown): void {
    if (!(error instanceof NccoError)) throw error;
    this.complaints.push(error.message);
    const timestamp = new Date().toISOString();
    void this.#send({ reason: error.message, conversation_uuid: this.conversationUuid, timestamp });
  }

  #perform(actions: NccoAction[]): void {
    // The reference has no word on it but "nesting connect actions"; several may join the same conversation.
    if (actions.filter(({ action }) => action === 'connect').length > 1) {
      this.complaints.push('what several connects in one NCCO do is not certain');
    }
    this.nccos.push(actions);
    this.#run = new AbortController();
    this.#running = this.#performAll([...actions], this.#run.signal);
  }

  async #performAll(actions: NccoAction[], signal: AbortSignal): Promise<void> {
    for (let next = actions.shift(); next && !signal.aborted; next = actions.shift()) {
      const instead = await this.#performOne(next, signal);
      if (instead) {
        this.nccos.push(instead);
        actions = [...instead];
      }
    }
    if (!signal.aborted) void this.#over();
  }

  /** "When all the actions in the NCCO are complete, the Call ends." */
  async #over(): Promise<void> {
    await Promise.resolve();
    await this.end('the NCCO was done');
  }

  async #performOne(action: NccoAction, signal: AbortSignal): Promise<NccoAction[] | undefined> {
    switch (action.action) {
      case 'connect':
        return this.#connect(action, signal);
      case 'talk':
        this.spoken.push(action.text);
        await pause(action.text.split(/\s+/).length * this.#host.talkMsPerWord, signal);
        return undefined;
      case 'wait':
        await pause(action.seconds * 1000, signal);
        return undefined;
      default:
        this.complaints.push(`the action ${action.action} is not emulated`);
        return undefined;
    }
  }

  async #connect(action: Connect, signal: AbortSignal): Promise<NccoAction[] | undefined> {
    const { endpoint } = action;
    const uuid = randomUUID();
    const websocket = endpoint.type === 'websocket';
    const leg = {
      uuid,
      to: websocket ? endpoint.uri : endpoint.address,
      from: action.from ?? this.to,
      direction: 'outbound',
      headers: websocket ? endpoint.headers : {},
    };
    const tell = (event: Record<string, unknown>): Promise<WebhookSeen> =>
      this.#tell({ ...leg, ...event }, action.eventUrl);
    void tell({ status: 'started' });
    if (!websocket) return this.#putThrough(action, endpoint.address, tell, signal);

    const { connectAfterMs = 0, media, rewriteUri } = this.#options.faults ?? {};
    if (connectAfterMs > 0) await pause(connectAfterMs, signal);
    if (signal.aborted) return undefined;
    let open: MediaLeg;
    try {
      open = await this.#openLeg({ ...endpoint, uri: rewriteUri?.(endpoint.uri) ?? endpoint.uri }, media);
    } catch (error) {
      const detail = error instanceof HandshakeRefused ? `HTTP status ${error.status}` : String(error);
      this.complaints.push(`the WebSocket could not be opened: ${detail}`);
      return this.#override(action, await tell({ status: 'failed', detail }));
    }
    const openedAt = Date.now();
    this.legs.push(open);
    this.answeredAt ??= openedAt;
    this.#resolveAnswered(open);
    void tell({ status: 'answered', start_time: null, rate: null, network: null });
    let hungUp = false;
    const wasHungUp = (): boolean => hungUp;
    const hangUp = (): void => {
      hungUp = true;
      open.hangUp();
    };
    this.#legIds.set(uuid, hangUp);
    signal.addEventListener('abort', hangUp);
    if (ended(signal)) hangUp();
    const end = await open.ended;
    signal.removeEventListener('abort', hangUp);
    this.#legIds.delete(uuid);
    this.legEnds.push(end);
    this.complaints.push(...open.complaints);
    // Hung up on request there is no `disconnected` (WebSockets guide, "Websocket disconnected").
    const instead = wasHungUp() ? undefined : this.#override(action, await tell({ status: 'disconnected' }));
    void tell(this.#summary(openedAt));
    return instead;
  }

  #openLeg(endpoint: WebSocketEndpoint, faults: MediaFaults | undefined): Promise<MediaLeg> {
    const { uri, rateHz, contentType, headers, authorization } = endpoint;
    const bearer =
      authorization?.type === 'vonage' ? signWebhook(this.#host.account, undefined) : authorization?.value;
    return MediaLeg.open({ uri, rateHz, contentType, headers, authorization: bearer, faults });
  }

  /** A synchronous `connect` may be answered by another NCCO. */
  #override({ synchronous }: Connect, { status, body }: WebhookSeen): NccoAction[] | undefined {
    if (!synchronous || status !== 200) return undefined;
    try {
      const value: unknown = JSON.parse(body);
      return Array.isArray(value) && value.length > 0 ? checkNcco(value) : undefined;
    } catch (error) {
      if (error instanceof NccoError) this.#reject(error);
      return undefined;
    }
  }

  async #putThrough(
    action: Connect,
    address: string,
    tell: (event: Record<string, unknown>) => Promise<WebhookSeen>,
    signal: AbortSignal,
  ): Promise<NccoAction[] | undefined> {
    const outcome = this.#host.telephone(address);
    void tell({ status: 'ringing' });
    await pause(outcome === 'silent' ? 3_600_000 : this.#host.ringMs, signal);
    if (signal.aborted || outcome === 'silent') {
      void tell({ status: 'cancelled' });
      return undefined;
    }
    // "Return an NCCO from the eventUrl if the Call enters any of these states: timeout, failed, rejected, …"
    if (outcome !== 'answered') return this.#override(action, await tell({ status: outcome }));
    void tell({ status: outcome });
    const at = Date.now();
    this.connectedTo.push(address);
    this.#target = new AbortController();
    await pause(3_600_000, AbortSignal.any([signal, this.#target.signal]));
    void tell(this.#summary(at));
    return undefined;
  }

  #summary(from = this.startedAt): Record<string, unknown> {
    const now = Date.now();
    return {
      status: 'completed',
      start_time: new Date(from).toISOString(),
      end_time: new Date(now).toISOString(),
      duration: String(Math.ceil((now - from) / 1000)),
      rate: '0.00450000',
      price: '0.00015000',
      network: 'GB-FIXED',
    };
  }

  #tell(event: Record<string, unknown>, url?: string): Promise<WebhookSeen> {
    return this.#send(
      {
        headers: {},
        from: this.from,
        to: this.to,
        uuid: this.uuid,
        conversation_uuid: this.conversationUuid,
        direction: 'inbound',
        ...event,
        timestamp: new Date().toISOString(),
      },
      url,
    );
  }

  /** Events go out in order, and nothing waits for their answers but who wants them. */
  #send(payload: Record<string, unknown>, url = this.#host.application.eventUrl): Promise<WebhookSeen> {
    const target = { url, method: 'POST' } as const;
    const sent = this.#events.then(() =>
      this.#host.webhooks.call('event', target, payload, this.#options.faults),
    );
    this.#events = sent;
    return sent;
  }
}

function resampled(sound: Int16Array, fromHz: number, toHz: number): Int16Array {
  if (fromHz === toHz) return sound;
  if (!isRate(fromHz) || !isRate(toHz)) throw new Error(`from ${fromHz} to ${toHz} Hz?`);
  const resampler = new Resampler(fromHz, toHz);
  const samples = [...resampler.process(sound), ...resampler.flush()];
  return Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))));
}

function isRate(rateHz: number): rateHz is 8000 | 16000 | 24000 {
  return [8000, 16_000, 24_000].includes(rateHz);
}

/** Asked anew: it may have been aborted meanwhile. */
function ended(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
