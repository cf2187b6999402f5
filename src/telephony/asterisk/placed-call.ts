import type { Milliseconds } from '../../lib/clock.ts';
import type { EndReason } from '../../dialog/contract/end-reason.ts';
import type { CallInfo, TransferRequest } from '../../dialog/contract/call-info.ts';
import type { CallDesk } from '../../dialog/contract/ports.ts';
import { isGone } from './ari-error.ts';
import type { AriChannel } from './ari-model.ts';
import type { AriRest } from './ari-rest.ts';
import { outcomeOfCause } from './target-caller.ts';

/** Whom an agent shall call. */
export interface CallOrder {
  /** As in Asterisk's Dial(): `PJSIP/+4930123456@trunk`. */
  readonly endpoint: string;
  /** The number by which they are known: in the record, and to the model. */
  readonly number: string;
  /** The extension of the agent that calls. */
  readonly agent: string;
  /** What their telephone shows. */
  readonly callerId: TransferRequest['callerId'];
  readonly ringMs: Milliseconds;
  /** What the agent is told beside that, as channel variables of a caller. */
  readonly variables: Readonly<Record<string, string>>;
  /** The dialplan's context where the call goes on that the agent lets go, at the extension VOICE_AGENT_RESULT. */
  readonly resultContext: string;
}

/**
 * Whether somebody is being called through this channel, so that they answer and not we: `Ring` is what Asterisk calls
 * one that calls us.
 */
export function isDialled({ state }: Pick<AriChannel, 'state'>): boolean {
  return state === 'Down' || state === 'Dialing' || state === 'Ringing';
}

/** Lets their telephone ring. */
export async function dialOrdered(rest: AriRest, channel: string, order: CallOrder): Promise<void> {
  const { callerId, ringMs } = order;
  // `i`: before the call, there is nobody to be told of a change.
  await rest.setVariable(channel, 'CONNECTEDLINE(name,i)', callerId.name ?? '');
  await rest.setVariable(channel, 'CONNECTEDLINE(num,i)', callerId.number ?? '');
  try {
    await rest.dial(channel, Math.ceil(ringMs / 1000));
  } catch (error) {
    // They were quicker than the answer to the request: its end says why.
    if (!isGone(error)) throw error;
  }
}

/** Why a call ended that nobody has answered, by the cause of its hang-up (Q.850). */
export function unansweredReason(cause: number | undefined): EndReason {
  const outcome = outcomeOfCause(cause);
  if (outcome === 'busy') return 'busy';
  if (outcome === 'refused') return 'rejected';
  return outcome === 'no-answer' ? 'unanswered' : 'unreachable';
}

/** The desk is told of a call that is over before it was there: it has a record, too. */
export function tellUnreached(desk: Pick<CallDesk, 'admit'>, info: CallInfo, reason: EndReason): void {
  const admission = desk.admit(info);
  if (admission.kind === 'accept') admission.abandoned?.(reason);
}
