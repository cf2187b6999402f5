import type { CallInfo } from '../../dialog/contract/call-info.ts';
import type { WebSocketEndpoint } from '../../dialog/contract/call-media.ts';
import type { MediaSession } from '../../dialog/contract/ports.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import type { TelephonyLog } from '../log.ts';
import { connectMedia, type Ncco } from './ncco.ts';
import type { EventWebhook } from './webhook-content.ts';

export interface MediaLegOptions {
  /** The called number, in digits. */
  readonly number: string;
  readonly info: CallInfo;
  readonly session: MediaSession<WebSocketEndpoint>;
  /** The events of the call's legs go there. */
  readonly eventUrl: string;
  readonly log: TelephonyLog;
}

/** How often in a call a media connection that drops is made again. */
const RECONNECTIONS = 3;
/** With these states of its leg the connection is gone. */
const DOWN = new Set<string | undefined>(['disconnected', 'failed', 'unanswered', 'timeout', 'rejected']);

/** The WebSocket that Vonage connects a call to, and those that take its place. */
export class MediaLeg {
  readonly #options: MediaLegOptions;
  /** Where Vonage was last told to connect to. */
  #url: string;
  /** URLs of connections that have been replaced: events of them don't matter any more. */
  readonly #spent = new Set<string>();
  #reconnections = 0;

  constructor(options: MediaLegOptions) {
    this.#options = options;
    this.#url = options.session.endpoint.url;
  }

  /** Connects the call to it. */
  get ncco(): Ncco {
    const { number, info, session, eventUrl } = this.#options;
    return connectMedia({
      url: this.#url,
      rateHz: session.format.rateHz,
      eventUrl,
      from: number,
      headers: {
        call_uuid: info.key.channel,
        called: number,
        caller: info.caller.number?.slice(0, 64) ?? '',
        extension: info.dialled.slice(0, 80),
      },
    });
  }

  /** It waits for the caller's return. False: it is lost for good. */
  hold(withinMs: Milliseconds): boolean {
    return this.#options.session.endpoint.renew(withinMs) !== undefined;
  }

  /** Connects the call to it once more, by another connection. Undefined: it is lost for good. */
  again(withinMs?: Milliseconds): Ncco | undefined {
    const next = this.#options.session.endpoint.renew(withinMs);
    if (next === undefined) return undefined;
    this.#spent.add(this.#url);
    this.#url = next;
    return this.ncco;
  }

  /** Replaces a connection that dropped or failed by another one. Undefined: nothing needs to be done, or can be. */
  onEvent({ status, reason, to = '' }: EventWebhook): Ncco | undefined {
    const { log, info } = this.#options;
    if (!/^wss?:/.test(to) || this.#spent.has(to) || !DOWN.has(status)) return undefined;
    this.#reconnections += 1;
    const again = this.#reconnections > RECONNECTIONS ? undefined : this.again();
    const fields = { ...info.key, status, reason, reconnections: this.#reconnections };
    if (again) log.warn(fields, 'the media connection is made again');
    else log.error(fields, 'Vonage has no connection for the media any more');
    return again;
  }
}
