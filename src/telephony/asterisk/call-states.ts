import type { TransferOutcome } from '../../dialog/contract/call-info.ts';
import type { EndReason } from '../../dialog/contract/end-reason.ts';

/**
 * The life of one call in Asterisk: what may happen (`CallSignal`), what is done about it (`CallAction`),
 * and what the call holds meanwhile; call-machine.ts says what follows from what. Nothing here knows ARI, time or a socket.
 *
 *      StasisStart
 *          │
 *     ┌────▼────┐ session, bridge, external channel: all there  ┌─────────┐ joined ┌─────────┐
 *     │settingUp├──────────────────────────────────────────────►│ joining ├───────►│ talking │
 *     └────┬────┘                                               └─┬─────▲─┘        └────┬────┘
 *          │                                                      │ └─────┘ not yet:    │
 *          │  a part failed or left, time is up, hang-up or       │         once more   │
 *          │  continue was asked for, the last leg left           │                     │
 *          ├──────────────────────────────────────────────────────┴─────────────────────┘
 *     ┌────▼────┐ no leg is left and everything is released   ┌───────┐
 *     │ leaving ├────────────────────────────────────────────►│ ended │
 *     └─────────┘                                             └───────┘
 *
 * Somebody else is called for the caller (and from each of these, too, the call may leave):
 *
 *     ┌─────────┐ transfer          ┌─────────┐ answered ┌────────────┐ in the bridge ┌───────────┐
 *     │ talking ├──────────────────►│ ringing ├─────────►│ connecting ├──────────────►│ connected │
 *     └────▲────┘                   └────┬────┘          └─────┬──────┘               └───────────┘
 *          └─────────────────────────────┴─────────────────────┘
 *           busy, refused, unanswered, failed, cancelled: back     media and session are given back
 *
 * Each state owns its resources: `holdings` says for each of the four what is asked for, held or being
 * given back. What was asked for before the call began to leave is given back as soon as it comes.
 */

/** `asked`: may exist or come to exist. `held`: exists, and is ours to give back. */
export type Holding = 'none' | 'asked' | 'held' | 'releasing' | 'released';

export interface Holdings {
  /** The gateway's media session. */
  readonly session: Holding;
  readonly bridge: Holding;
  /** The external channel, Asterisk's end of the media. */
  readonly media: Holding;
  /** Somebody who is called for the caller. */
  readonly target: Holding;
}

export type Resource = keyof Holdings;

/** How the caller is let go, and why. */
export type Farewell =
  | { readonly kind: 'hang-up'; readonly reason: EndReason }
  /** On in the dialplan with these variables. */
  | {
      readonly kind: 'proceed';
      readonly reason: EndReason;
      readonly variables: Readonly<Record<string, string>>;
    }
  /** Nobody is there to be let go. */
  | { readonly kind: 'none'; readonly reason: EndReason };

/** The channels on the caller's side. The call ends with the last of them. */
export type Legs = readonly string[];

export type CallState =
  | {
      readonly name: 'settingUp';
      readonly legs: Legs;
      readonly holdings: Holdings;
      /** The media session has its peer. */
      readonly attached: boolean;
      /** The external channel has come into the app; before that it can't be bridged. */
      readonly entered: boolean;
    }
  | { readonly name: 'joining'; readonly legs: Legs; readonly holdings: Holdings; readonly attempt: number }
  | { readonly name: 'talking'; readonly legs: Legs; readonly holdings: Holdings }
  /** The target's telephone rings, and the caller hears that. */
  | { readonly name: 'ringing'; readonly legs: Legs; readonly holdings: Holdings }
  /** The target has answered and takes the external channel's place in the bridge. */
  | { readonly name: 'connecting'; readonly legs: Legs; readonly holdings: Holdings }
  /** Caller and target talk; the agent has no media any more. */
  | { readonly name: 'connected'; readonly legs: Legs; readonly holdings: Holdings }
  | {
      readonly name: 'leaving';
      readonly legs: Legs;
      readonly holdings: Holdings;
      readonly farewell: Farewell;
    }
  | { readonly name: 'ended'; readonly farewell: Farewell };

export type CallSignal =
  /** The resource exists. */
  | { readonly type: 'created'; readonly resource: Resource }
  | { readonly type: 'failed'; readonly resource: Resource; readonly reason: EndReason }
  /** The resource went away without our asking. */
  | { readonly type: 'lost'; readonly resource: Exclude<Resource, 'target'>; readonly reason: EndReason }
  | { readonly type: 'released'; readonly resource: Resource }
  | { readonly type: 'attached' }
  | { readonly type: 'entered' }
  | { readonly type: 'joined' }
  /** `again`: a leg wasn't ready to be bridged yet. */
  | { readonly type: 'notJoined'; readonly reason: EndReason; readonly again: boolean }
  | { readonly type: 'timeOut'; readonly reason: EndReason }
  | { readonly type: 'legLeft'; readonly leg: string; readonly reason?: EndReason }
  /** A transfer on the caller's side: `by` takes the place of `leg`. */
  | { readonly type: 'legReplaced'; readonly leg: string; readonly by: string }
  /** Call somebody. Only where `canTransfer`. */
  | { readonly type: 'transfer' }
  | { readonly type: 'targetAnswered'; readonly target: string }
  /** The target's channel is gone; `outcome`: why, if it hasn't answered. */
  | { readonly type: 'targetLeft'; readonly target: string; readonly outcome: TransferOutcome }
  /** A transfer on the target's side: `by` takes its place. */
  | { readonly type: 'targetReplaced'; readonly target: string; readonly by: string }
  /** It has rung for long enough, or nobody wants it any longer. */
  | { readonly type: 'ringNoMore'; readonly outcome: 'no-answer' | 'cancelled' }
  | { readonly type: 'connected' }
  | { readonly type: 'notConnected' }
  /** The leg could not be let go and may still be there. */
  | { readonly type: 'legStayed'; readonly leg: string }
  | { readonly type: 'hangUp'; readonly reason: EndReason }
  | {
      readonly type: 'proceed';
      readonly reason: EndReason;
      readonly variables: Readonly<Record<string, string>>;
    };

export type CallAction =
  | { readonly type: 'create'; readonly resource: Resource }
  /** Gives the media session the peer that the external channel's creation named. */
  | { readonly type: 'attach' }
  /** All legs and the external channel into the bridge, in one go. */
  | { readonly type: 'join'; readonly attempt: number }
  /** Hands the call to its session. Once in a call's life, or never. */
  | { readonly type: 'run' }
  /** The external channel out of the bridge, and the caller hears that it rings. */
  | { readonly type: 'ring' }
  | { readonly type: 'stopRinging' }
  /** The target into the bridge. */
  | { readonly type: 'connect' }
  /** The external channel back into the bridge. */
  | { readonly type: 'rejoin' }
  /** Once for each `transfer` (but if the call leaves first). */
  | { readonly type: 'transferOver'; readonly outcome: TransferOutcome }
  /** Who had answered has hung up. */
  | { readonly type: 'targetGone' }
  /** Makes sure that a leg that replaced another is in the bridge. */
  | { readonly type: 'bringIn'; readonly leg: string }
  | { readonly type: 'letGo'; readonly leg: string; readonly farewell: Farewell; readonly again: boolean }
  | { readonly type: 'release'; readonly resource: Resource }
  /** The last leg has left. Once in a call's life. */
  | { readonly type: 'callerLeft'; readonly farewell: Farewell }
  /** Nothing is held, nobody is there. Once in a call's life, the last of all. */
  | { readonly type: 'finish' };

export interface Transition {
  readonly state: CallState;
  readonly actions: readonly CallAction[];
}

/** Why a call ended that went with its Asterisk. */
export const ASTERISK_LOST = 'asterisk-lost';

export type State<Name extends CallState['name']> = Extract<CallState, { name: Name }>;

export const unchanged = (state: CallState): Transition => ({ state, actions: [] });
