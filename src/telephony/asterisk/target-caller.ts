import { onAbort } from '../../lib/abort.ts';
import { messageOf } from '../../lib/errors.ts';
import type { TransferOutcome, TransferRequest } from '../../dialog/contract/call-info.ts';
import { isGone, isOutOfPlace } from './ari-error.ts';
import type { AsteriskCall } from './asterisk-call.ts';
import { isOver, type Transfer } from './call-states.ts';
import type { Reconciler } from './reconciler.ts';
import type { StasisParts } from './stasis-options.ts';
import { canTransfer } from './transfer-states.ts';

/** Asterisk's own time-out is longer by this; it ends the ringing if this program is gone. */
const SPARE_S = 2;

/** From the answer on: the time that a target has to hear what it is about and to press a key. Voicemails hang up before. */
const ACCEPT_MS = 30_000;

/** Deletes later what may be left in Asterisk. */
export type Sweeper = Pick<Reconciler, 'sweepSoon'>;

/** Calls somebody else for the caller: carries out what transfer-states.ts decides. */
export class TargetCaller {
  readonly #options: StasisParts & { readonly sweeper: Sweeper };
  readonly #call: AsteriskCall;
  /** The requests about what the caller hears, one after the other. */
  #sound: Promise<void> = Promise.resolve();
  #briefing: AbortController | undefined;

  constructor(call: AsteriskCall, options: StasisParts & { readonly sweeper: Sweeper }) {
    this.#call = call;
    this.#options = options;
  }

  /** Resolves when the caller doesn't hear it ring any more. */
  get quiet(): Promise<void> {
    return this.#sound;
  }

  /** As `CallLine.transfer`. */
  async transfer(request: TransferRequest, cancel: AbortSignal): Promise<TransferOutcome> {
    const { clock, log } = this.#options;
    const { state, info } = this.#call;
    if (!canTransfer(state)) return isOver(state) ? 'caller-gone' : 'failed';
    if (cancel.aborted) return 'cancelled';
    const { promise, resolve: settle } = Promise.withResolvers<TransferOutcome>();
    const giveUp = clock.at(clock.now() + request.ringMs, () => {
      this.#call.signal({ type: 'ringNoMore', outcome: 'no-answer' });
    });
    const withdraw = onAbort(cancel, () => {
      this.#call.signal({ type: 'ringNoMore', outcome: 'cancelled' });
    });
    log.info({ ...info.key, endpoint: request.endpoint }, 'somebody is called for the caller');
    this.#call.signal({ type: 'transfer', to: this.#call.newTarget(), transfer: { request, settle } });
    const outcome = await promise;
    giveUp();
    withdraw();
    log.info({ ...info.key, endpoint: request.endpoint, outcome }, 'the transfer is over');
    return outcome;
  }

  async create(target: string, request: TransferRequest): Promise<void> {
    const { rest, server } = this.#options;
    const callerId = callerIdText(request.callerId);
    await rest.originate({
      channelId: target,
      endpoint: request.endpoint,
      app: server.app,
      // The channel for which it is called gives its formats and its accounting.
      originator: this.#call.leg,
      ...(callerId !== '' && { callerId }),
      timeout: Math.ceil(request.ringMs / 1000) + SPARE_S,
    });
  }

  ring({ request }: Transfer): void {
    const { rest } = this.#options;
    const { leg, bridgeId, mediaId } = this.#call;
    // Asterisk ends tones and music with the first packet of sound that comes for the channel (its
    // AST_FLAG_WRITE_INT; seen with 22.10): the agent's silence mustn't come.
    this.#then('quiet', () => rest.removeFromBridge(bridgeId, mediaId));
    this.#then('ringing', () => rest.startSound(leg, request.whileRinging));
  }

  /** The call's own media goes to the target for the time being, and the agent talks to them. Never rejects. */
  async brief(target: string, { request }: Transfer): Promise<void> {
    const { rest, ids, clock } = this.#options;
    const { mediaId } = this.#call;
    const over = new AbortController();
    this.#briefing = over;
    const bridge = ids.bridge();
    try {
      await this.quiet;
      await rest.createBridge(bridge);
      const giveUp = clock.at(clock.now() + ACCEPT_MS, () => {
        this.#call.signal({ type: 'notAccepted', target });
      });
      onAbort(over.signal, () => {
        giveUp();
        rest.destroyBridge(bridge).catch(() => {
          this.#options.sweeper.sweepSoon();
        });
      });
      await rest.addToBridge(bridge, [target, mediaId]);
      if (over.signal.aborted) return;
      request.brief?.(over.signal);
    } catch (error) {
      this.#call.warn('who answered could not be told of the call', error, { target });
      this.#call.signal({ type: 'notAccepted', target });
    }
  }

  /** They have taken the call, or not. */
  endBriefing(): void {
    this.#briefing?.abort();
  }

  stopRinging({ request }: Transfer): void {
    const { leg } = this.#call;
    this.#then('ringing no more', () => this.#options.rest.stopSound(leg, request.whileRinging));
  }

  async connect(target: string): Promise<void> {
    try {
      await this.quiet;
      await this.#options.rest.addToBridge(this.#call.bridgeId, [target]);
      this.#call.signal({ type: 'connected' });
    } catch (error) {
      this.#call.warn('who answered could not be connected', error, { target });
      this.#call.signal({ type: 'notConnected' });
    }
  }

  rejoin(): void {
    const { rest, log } = this.#options;
    const { bridgeId, mediaId, info } = this.#call;
    this.#sound = this.#sound
      .then(() => rest.addToBridge(bridgeId, [mediaId]))
      .catch((error: unknown) => {
        if (this.#call.state.name !== 'talking') return;
        log.error(
          { ...info.key, error: messageOf(error) },
          'the agent could not be brought back to the caller',
        );
        this.#call.signal({ type: 'lost', resource: 'session', reason: 'not-bridged' });
      });
  }

  #then(what: string, action: () => Promise<unknown>): void {
    this.#sound = this.#sound.then(action).then(
      () => undefined,
      (error: unknown) => {
        if (isGone(error) || isOutOfPlace(error)) return;
        this.#call.warn('something of a transfer could not be done', error, { what });
      },
    );
  }
}

/** As Asterisk reads it: `"Name" <number>`. */
export function callerIdText({ name = '', number = '' }: TransferRequest['callerId']): string {
  const plainName = name.replace(/["<>\\\p{Cc}]/gu, '').trim();
  const plainNumber = number.replace(/[^\w*#+.-]/g, '');
  const shown = plainNumber === '' ? '' : `<${plainNumber}>`;
  return plainName === '' ? shown : `"${plainName}" ${shown}`.trim();
}

/** What a hang-up before the answer means, by its cause, if that is known (ITU-T Q.850, as Asterisk's causes.h has it). */
export function outcomeOfCause(cause?: number): TransferOutcome {
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
