import type { TransferOutcome, TransferRequest } from '../../dialog/contract/call-info.ts';
import { onAbort } from '../../lib/abort.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { TelephonyLog } from '../log.ts';
import { connectTelephone, digitsOf, type Ncco } from './ncco.ts';
import type { VonageRest } from './vonage-rest.ts';
import type { EventWebhook } from './webhook-content.ts';

export interface VonageTransferOptions {
  readonly uuid: string;
  /** The called number, in digits. */
  readonly number: string;
  readonly rest: VonageRest | undefined;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  /** Fields of each line of the log. */
  readonly about: object;
  readonly eventUrl: string;
  readonly ringbackToneUrl: string | undefined;
  /** A number of ours, in digits: others may not be shown to whom is called. */
  readonly isOurs: (number: string) => boolean;
  /** False: the caller has left, or isn't ours any more. */
  readonly callerIsHere: () => boolean;
  /** The media waits for the caller's return. False: it is lost for good. */
  readonly hold: (withinMs: Milliseconds) => boolean;
  /** An NCCO that brings the caller back to us. Undefined: the media is lost for good. */
  readonly mediaAgain: (withinMs: Milliseconds) => Ncco | undefined;
  /** Whoever answered has hung up. */
  readonly onTargetLeft: () => void;
  /** The call is over, and Vonage's webhook that should have said so was lost. */
  readonly onOver: () => void;
}

/** A caller is put through to somebody else: rings, and is back with us or talks to him. */
export interface VonageTransfer {
  /** The caller isn't with us: it rings, or he talks to somebody. */
  readonly away: boolean;
  /** As `CallLine.transfer`; whoever calls it closes the media when it has been answered. */
  putThrough(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome>;
  /** An event of a leg. Undefined: it isn't of the one that is called; `ncco`: what Vonage shall do now. */
  onEvent(event: EventWebhook): { readonly ncco?: Ncco | undefined } | undefined;
  /** The call is over. Idempotent. */
  close(): void;
}

/** What becomes of a telephone that is called for a caller. */
const OUTCOMES = new Map<string, TransferOutcome>([
  ['answered', 'answered'],
  ['busy', 'busy'],
  ['rejected', 'refused'],
  ['timeout', 'no-answer'],
  ['unanswered', 'no-answer'],
  ['cancelled', 'no-answer'],
  ['failed', 'failed'],
]);
/** For a caller whose transfer failed to come back to us. */
const RETURN_MS = 15_000;
/** Vonage tells of a telephone that doesn't answer by itself; if not, so long after its time it is called off. */
const RING_SLACK_MS = 5000;
/** How often it is looked whether two who talk still do, should Vonage's word of it get lost. */
const WATCH_MS = 60_000;

/**
 * The NCCO of a transfer has one action, a synchronous `connect`: Vonage asks us what to do when the other
 * telephone is busy, silent or off (NCCO reference, `eventType`), and is told to connect the caller with us
 * again. What a second `connect` behind it would do isn't certain: several join the same conversation.
 */
export function createVonageTransfer(options: VonageTransferOptions): VonageTransfer {
  const { uuid, number, rest, clock, log, about, isOurs, callerIsHere, mediaAgain } = options;
  let ringing: { readonly to: string; leg?: string; readonly settle: (result: Result) => void } | undefined;
  /** The leg of whoever was called before: what is told of it now is of no interest. */
  let pastLeg: string | undefined;
  /** Whom the caller talks to. */
  let target: string | undefined;
  let stopWatching: (() => void) | undefined;

  async function putThrough(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome> {
    const { endpoint: to, ringMs } = request;
    if (!callerIsHere()) return 'caller-gone';
    const shown = digitsOf(request.callerId.number);
    const { eventUrl, ringbackToneUrl } = options;
    const from = isOurs(shown) ? shown : number;
    const call = connectTelephone({ to, eventUrl, from, ringMs, ringbackToneUrl });
    if (!rest || !call || ringing || target !== undefined) return 'failed';
    if (!options.hold(ringMs + RING_SLACK_MS + RETURN_MS)) return 'failed';
    const ended = Promise.withResolvers<Result>();
    ringing = { to, settle: ended.resolve };
    try {
      await rest.transfer(uuid, call);
    } catch (error) {
      ringing = undefined;
      log.warn({ ...about, to, error: messageOf(error) }, 'the caller could not be put through');
      return 'failed';
    }
    const withdraw = onAbort(signal, () => {
      settle({ outcome: 'cancelled', takeBack: true });
    });
    const cancelRing = clock.at(clock.now() + ringMs + RING_SLACK_MS, () => {
      settle({ outcome: 'no-answer', takeBack: true });
    });
    const { outcome, takeBack } = await ended.promise;
    cancelRing();
    withdraw();
    if (takeBack && callerIsHere()) await bringBack();
    return outcome;
  }

  /** Off the target's telephone, or from wherever Vonage has left him. Never rejects. */
  async function bringBack(): Promise<void> {
    const back = mediaAgain(RETURN_MS);
    try {
      if (back) await rest?.transfer(uuid, back);
    } catch (error) {
      log.warn({ ...about, error: messageOf(error) }, 'the caller could not be taken back');
    }
  }

  function settle(result: Result): void {
    ringing?.settle(result);
    pastLeg = ringing?.leg ?? pastLeg;
    ringing = undefined;
  }

  function watch(): void {
    stopWatching = clock.at(clock.now() + WATCH_MS, () => {
      void look();
    });
  }

  async function look(): Promise<void> {
    let over: boolean | undefined;
    try {
      over = await rest?.isOver(uuid);
    } catch (error) {
      log.debug({ ...about, error: messageOf(error) }, 'Vonage does not say whether the call goes on');
    }
    if (over === true) options.onOver();
    else if (target !== undefined) watch();
  }

  return {
    get away() {
      return ringing !== undefined || target !== undefined;
    },
    putThrough,
    onEvent({ uuid: leg, to, status }) {
      if (ringing && isSame(to, ringing.to)) {
        if (leg === pastLeg) return {};
        ringing.leg = leg;
        const outcome = OUTCOMES.get(status);
        if (outcome === undefined) return {};
        if (outcome === 'answered') {
          target = ringing.to;
          watch();
        }
        settle({ outcome });
        return outcome === 'answered' ? {} : { ncco: mediaAgain(RETURN_MS) };
      }
      if (target === undefined || !isSame(to, target)) return undefined;
      if (status === 'completed') options.onTargetLeft();
      return {};
    },
    close() {
      target = undefined;
      stopWatching?.();
      settle({ outcome: 'caller-gone' });
    },
  };
}

interface Result {
  readonly outcome: TransferOutcome;
  /** Vonage doesn't ask what to do now: it must be told. */
  readonly takeBack?: boolean;
}

function isSame(one: string, other: string): boolean {
  return one === other || (one !== '' && digitsOf(one) === digitsOf(other));
}
