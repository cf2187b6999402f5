import type { TransferOutcome, TransferRequest } from '../../dialog/contract/call-info.ts';
import { onAbort } from '../../lib/abort.ts';
import { messageOf } from '../../lib/errors.ts';
import type { MediaLeg } from './media-leg.ts';
import { connectTelephone, digitsOf, type Ncco } from './ncco.ts';
import type { VonageCallOptions } from './vonage-call.ts';
import type { EventWebhook } from './webhook-content.ts';

export interface VonageTransferOptions extends Pick<
  VonageCallOptions,
  'number' | 'info' | 'eventUrl' | 'rest' | 'clock' | 'log' | 'numbers'
> {
  readonly ringbackToneUrl: string | undefined;
  /** Waits for the caller's return, and takes them back. */
  readonly media: Pick<MediaLeg, 'hold' | 'again'>;
}

/** The call whose caller is put through. */
export interface CallOfTransfer {
  /** False: the caller has left, or isn't ours any more. */
  isCallerHere(): boolean;
  /** The target, who had answered, has hung up. */
  targetLeft(): void;
  /** The call is over, and Vonage's webhook that should have said so was lost. */
  callerLeft(): void;
}

/** What becomes of a telephone that is called for a caller. */
const OUTCOMES = new Map<string | undefined, TransferOutcome>([
  ['answered', 'answered'],
  ['busy', 'busy'],
  ['rejected', 'refused'],
  ['timeout', 'no-answer'],
  ['unanswered', 'no-answer'],
  ['cancelled', 'no-answer'],
  ['failed', 'failed'],
]);
/** How long a caller may take to come back to us when a transfer has failed. */
const RETURN_MS = 15_000;
/** Vonage reports a telephone that doesn't answer by itself; if it doesn't, the transfer ends so long after the ringing time. */
const RING_SLACK_MS = 5000;
/** How often Vonage is asked whether caller and target still talk, in case its webhook got lost. */
const WATCH_MS = 60_000;

type Stage =
  | { readonly is: 'with-agent' }
  /** A telephone rings, and the caller hears that. `leg`: its, once Vonage has told of it. */
  | {
      readonly is: 'ringing';
      readonly to: string;
      readonly leg?: string | undefined;
      readonly settle: (result: Result) => void;
    }
  /** The caller talks to whoever answered. */
  | { readonly is: 'talking'; readonly to: string; readonly stopWatching: () => void };

/**
 * A caller is put through to somebody else: it rings, and then they are back with us, or talk to the target.
 *
 * The NCCO of a transfer has one action, a synchronous `connect`: Vonage asks us what to do when the other
 * telephone is busy, silent or off (NCCO reference, `eventType`), and is told to connect the caller with us
 * again. What a second `connect` behind it would do isn't certain: several join the same conversation.
 */
export class VonageTransfer {
  readonly #call: CallOfTransfer;
  readonly #options: VonageTransferOptions;
  #stage: Stage = { is: 'with-agent' };
  /** The leg of the last target: events of it don't matter any more. */
  #pastLeg: string | undefined;

  constructor(call: CallOfTransfer, options: VonageTransferOptions) {
    this.#call = call;
    this.#options = options;
  }

  /** The caller isn't with the agent: it rings, or they talk to somebody else. */
  get away(): boolean {
    return this.#stage.is !== 'with-agent';
  }

  /** As `CallLine.transfer`; whoever calls it closes the media when it has been answered. */
  async putThrough(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome> {
    const { info, number, rest, clock, eventUrl, ringbackToneUrl, numbers, media } = this.#options;
    const { endpoint: to, ringMs } = request;
    if (!this.#call.isCallerHere()) return 'caller-gone';
    const shown = digitsOf(request.callerId.number ?? '');
    const from = Object.hasOwn(numbers, shown) ? shown : number;
    const call = connectTelephone({ to, eventUrl, from, ringMs, ringbackToneUrl });
    if (!rest || !call || this.away) return 'failed';
    if (!media.hold(ringMs + RING_SLACK_MS + RETURN_MS)) return 'failed';
    const ended = Promise.withResolvers<Result>();
    this.#stage = { is: 'ringing', to, settle: ended.resolve };
    try {
      await rest.transfer(info.key.channel, call);
    } catch (error) {
      this.#settle({ outcome: 'failed' });
      this.#warn('the caller could not be put through', error, { to });
      return 'failed';
    }
    const withdraw = onAbort(signal, () => {
      this.#settle({ outcome: 'cancelled', takeBack: true });
    });
    const cancelRing = clock.at(clock.now() + ringMs + RING_SLACK_MS, () => {
      this.#settle({ outcome: 'no-answer', takeBack: true });
    });
    const { outcome, takeBack } = await ended.promise;
    cancelRing();
    withdraw();
    if (takeBack && this.#call.isCallerHere()) await this.#bringBack();
    return outcome;
  }

  /** An event of a leg. Undefined: it isn't of the one that is called; `ncco`: what Vonage shall do now. */
  onEvent({ uuid: leg, to, status }: EventWebhook): { readonly ncco?: Ncco | undefined } | undefined {
    const stage = this.#stage;
    if (stage.is === 'with-agent' || !isSame(to, stage.to)) return undefined;
    if (stage.is === 'talking') {
      if (status === 'completed') this.#call.targetLeft();
      return {};
    }
    if (leg === this.#pastLeg) return {};
    this.#stage = { ...stage, leg };
    const outcome = OUTCOMES.get(status);
    if (outcome === undefined) return {};
    this.#settle({ outcome });
    if (outcome !== 'answered') return { ncco: this.#options.media.again(RETURN_MS) };
    this.#stage = { is: 'talking', to: stage.to, stopWatching: this.#watch() };
    return {};
  }

  /** The call is over. Idempotent. */
  close(): void {
    if (this.#stage.is === 'talking') this.#stage.stopWatching();
    this.#settle({ outcome: 'caller-gone' });
    this.#stage = { is: 'with-agent' };
  }

  /** Off the target's telephone, or from wherever Vonage has left them. Never rejects. */
  async #bringBack(): Promise<void> {
    const { info, rest, media } = this.#options;
    const back = media.again(RETURN_MS);
    try {
      if (back) await rest?.transfer(info.key.channel, back);
    } catch (error) {
      this.#warn('the caller could not be taken back', error);
    }
  }

  #settle(result: Result): void {
    if (this.#stage.is !== 'ringing') return;
    const { settle, leg = this.#pastLeg } = this.#stage;
    this.#pastLeg = leg;
    this.#stage = { is: 'with-agent' };
    settle(result);
  }

  #watch(): () => void {
    const { clock } = this.#options;
    return clock.at(clock.now() + WATCH_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { rest, info, log } = this.#options;
    const isOver = await rest?.isOver(info.key.channel).catch((error: unknown) => {
      log.debug({ ...info.key, error: messageOf(error) }, 'Vonage does not say whether the call goes on');
      return false;
    });
    if (isOver === true) this.#call.callerLeft();
    else if (this.#stage.is === 'talking') this.#stage = { ...this.#stage, stopWatching: this.#watch() };
  }

  #warn(message: string, error: unknown, fields: object = {}): void {
    const { info, log } = this.#options;
    log.warn({ ...info.key, ...fields, error: messageOf(error) }, message);
  }
}

interface Result {
  readonly outcome: TransferOutcome;
  /** Vonage doesn't ask what to do now: it must be told. */
  readonly takeBack?: boolean;
}

function isSame(one: string | undefined, other: string): boolean {
  return one === other || (one !== undefined && digitsOf(one) === digitsOf(other));
}
