import { onAbort } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { TransferOutcome, TransferRequest } from '../../dialog/contract/call-info.ts';
import { isGone, isOutOfPlace } from './ari-error.ts';
import type { AriRest } from './ari-rest.ts';
import type { CallSignal, CallState } from './call-states.ts';
import type { TelephonyLog } from '../log.ts';
import { canTransfer } from './transfer-states.ts';

export interface TargetCallerOptions {
  readonly app: string;
  readonly rest: AriRest;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  /** Fields of each log line. */
  readonly about: object;
  readonly bridgeId: string;
  readonly mediaId: string;
  /** An id for a target's channel, whose events will come here. */
  readonly newTargetId: () => string;
  readonly state: () => CallState;
  readonly signal: (signal: CallSignal) => void;
  readonly currentLeg: () => string;
}

/** Calls somebody else for the caller: carries out what transfer-states.ts decides. */
export interface TargetCaller {
  /** Of the target that is called, or was the last one. */
  readonly targetId: string | undefined;
  transfer(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome>;
  create(): Promise<void>;
  ring(): void;
  stopRinging(): void;
  /** Resolves when the caller doesn't hear it ring any more. */
  readonly quiet: Promise<void>;
  connect(): Promise<void>;
  rejoin(): void;
  /** The transfer is over, and is told to be as soon as the caller can hear the agent again. Only the first word counts. */
  over(outcome: TransferOutcome): void;
  /** The call is. */
  abort(outcome: TransferOutcome): void;
  /** Somebody else is in the target's place. */
  replaced(by: string): void;
  release(): Promise<void>;
}

/** Asterisk's own time-out, should we not be there any more to end the ringing. */
const SPARE_S = 2;

export function createTargetCaller(options: TargetCallerOptions): TargetCaller {
  const { rest, clock, log, about, bridgeId, mediaId, signal, state } = options;
  let targetId: string | undefined;
  let request: TransferRequest | undefined;
  let settle: (outcome: TransferOutcome) => void = () => undefined;
  /** What is done about what the caller hears, one thing after the other. */
  let ringing: Promise<void> = Promise.resolve();

  async function tryTo(what: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (isGone(error) || isOutOfPlace(error)) return;
      log.warn({ ...about, what, error: messageOf(error) }, 'something of a transfer could not be done');
    }
  }

  function sound(on: boolean): void {
    const leg = options.currentLeg();
    const music = request?.whileRinging === 'music';
    // Asterisk ends tones and music with the first packet of sound that comes for the channel (its
    // AST_FLAG_WRITE_INT; seen with 22.10): the agent's silence mustn't come.
    if (on) ringing = ringing.then(() => tryTo('quiet', () => rest.removeFromBridge(bridgeId, mediaId)));
    ringing = ringing.then(() =>
      tryTo(on ? 'ringing' : 'ringing no more', () =>
        music
          ? on
            ? rest.startMusic(leg)
            : rest.stopMusic(leg)
          : on
            ? rest.ring(leg)
            : rest.stopRinging(leg),
      ),
    );
  }

  async function transfer(wanted: TransferRequest, cancel: AbortSignal): Promise<TransferOutcome> {
    if (!canTransfer(state())) return 'farewell' in state() ? 'caller-gone' : 'failed';
    if (cancel.aborted) return 'cancelled';
    request = wanted;
    targetId = options.newTargetId();
    const { promise, resolve } = Promise.withResolvers<TransferOutcome>();
    settle = resolve;
    const giveUp = clock.at(clock.now() + wanted.ringMs, () => {
      signal({ type: 'ringNoMore', outcome: 'no-answer' });
    });
    const withdraw = onAbort(cancel, () => {
      signal({ type: 'ringNoMore', outcome: 'cancelled' });
    });
    log.info({ ...about, endpoint: wanted.endpoint }, 'somebody is called for the caller');
    signal({ type: 'transfer' });
    const outcome = await promise;
    giveUp();
    withdraw();
    log.info({ ...about, endpoint: wanted.endpoint, outcome }, 'the transfer is over');
    return outcome;
  }

  return {
    get targetId() {
      return targetId;
    },
    transfer,
    async create() {
      if (!request || targetId === undefined) throw new Error('nobody is to be called');
      await rest.originate({
        channelId: targetId,
        endpoint: request.endpoint,
        app: options.app,
        originator: options.currentLeg(),
        callerId: callerIdText(request.callerId),
        timeoutS: Math.ceil(request.ringMs / 1000) + SPARE_S,
      });
    },
    ring: () => {
      sound(true);
    },
    stopRinging: () => {
      sound(false);
    },
    get quiet() {
      return ringing;
    },
    async connect() {
      const target = targetId ?? '';
      try {
        await ringing;
        await rest.addToBridge(bridgeId, [target]);
        signal({ type: 'connected' });
      } catch (error) {
        log.warn({ ...about, target, error: messageOf(error) }, 'who answered could not be connected');
        signal({ type: 'notConnected' });
      }
    },
    rejoin() {
      ringing = ringing
        .then(() => rest.addToBridge(bridgeId, [mediaId]))
        .catch((error: unknown) => {
          if (state().name !== 'talking') return;
          log.error(
            { ...about, error: messageOf(error) },
            'the agent could not be brought back to the caller',
          );
          signal({ type: 'lost', resource: 'session', reason: 'not-bridged' });
        });
    },
    over(outcome) {
      void ringing.then(() => {
        settle(outcome);
      });
    },
    abort(outcome) {
      settle(outcome);
    },
    replaced(by) {
      targetId = by;
    },
    async release() {
      if (targetId !== undefined) await rest.hangUp(targetId);
    },
  };
}

/** As Asterisk reads it: `"Name" <number>`. */
export function callerIdText({ name, number }: TransferRequest['callerId']): string {
  const plainName = name.replace(/["<>\\\p{Cc}]/gu, '').trim();
  const plainNumber = number.replace(/[^\w*#+.-]/g, '');
  const shown = plainNumber === '' ? '' : `<${plainNumber}>`;
  return plainName === '' ? shown : `"${plainName}" ${shown}`.trim();
}

/** What a hang-up before the answer means, by its cause (ITU-T Q.850, as Asterisk's causes.h has it). */
export function outcomeOfCause(cause: number): TransferOutcome {
  switch (cause) {
    case 17: // user busy
      return 'busy';
    case 16: // normal clearing, before anybody answered
    case 21: // call rejected
      return 'refused';
    case 18: // no user responding
    case 19: // no answer from user
      return 'no-answer';
    default:
      return 'failed';
  }
}
