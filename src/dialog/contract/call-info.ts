import type { Milliseconds } from '../../lib/clock.ts';
import type { EndReason } from './end-reason.ts';

export interface CallKey {
  readonly server: string;
  readonly channel: string;
}

/** Somebody on a telephone. What is missing is unknown, or isn't shown. */
export interface Party {
  readonly number?: string | undefined;
  readonly name?: string | undefined;
}

export interface CallInfo {
  readonly key: CallKey;
  readonly direction: 'in' | 'out';
  /** The extension by which the agent was chosen. */
  readonly dialled: string;
  /** The person on the line, who has called us or (`out`) was called by us. */
  readonly caller: Party;
  /** Chosen channel variables. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface TransferRequest {
  readonly endpoint: string;
  /** What the target's telephone shows. */
  readonly callerId: Party;
  readonly ringMs: Milliseconds;
  readonly whileRinging: 'ringing' | 'music';
  /**
   * Tells the target what the call is about before they are connected. They take the call by pressing 1, and refuse it by
   * pressing 2, by hanging up, or by pressing nothing for a while. Until `signal` aborts it speaks into the call's media,
   * which only the target hears meanwhile. A telephony that can't do this connects them at once.
   */
  readonly brief?: (signal: AbortSignal) => void;
}

export type TransferOutcome =
  | 'answered'
  | 'busy'
  | 'refused'
  | 'no-answer'
  /** It can't be called: nobody knows it, its telephone is off, or something broke. */
  | 'failed'
  /** `signal` has fired. */
  | 'cancelled'
  /** The caller has hung up meanwhile; `ended` says so as well. */
  | 'caller-gone';

export type LineEvent =
  | { readonly type: 'dtmf'; readonly digit: string }
  | { readonly type: 'hold' }
  | { readonly type: 'unhold' }
  /** After a transfer: the one who answered has hung up, and the caller is alone on the line. */
  | { readonly type: 'target-left' }
  /** A transfer on the caller's side: somebody else is on the line now, in the same call. */
  | { readonly type: 'caller-changed'; readonly caller: Party }
  /** The last caller-side leg is gone. */
  | { readonly type: 'ended'; readonly reason: EndReason };
