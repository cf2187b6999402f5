import type { TransferOutcome, TransferRequest } from '../../dialog/contract/call-info.ts';
import type { RtpEndpoint } from '../../dialog/contract/call-media.ts';
import type { EndReason } from '../../dialog/contract/end-reason.ts';
import type { MediaSession } from '../../dialog/contract/ports.ts';

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
 * If the target is told first what the call is about, `briefing` comes between ringing and connecting.
 *
 * Each state contains what the call holds then, so no state can be written without it. What was requested before the
 * call began to leave is given back as soon as it exists.
 */
export type CallState =
  | (Stage<'settingUp', HoldingsAtFirst> & {
      /** The media session has its peer. */
      readonly attached: boolean;
      /** The external channel has come into the app; before that it can't be bridged. */
      readonly entered: boolean;
    })
  | (Stage<'joining', WithAgent<None>> & { readonly attempt: number })
  /** The target of a transfer that failed may still have to be given back. */
  | Stage<'talking', WithAgent<None | Asked<string> | Releasing<string>>>
  /** The target's telephone rings, and the caller hears that. */
  | (Stage<'ringing', WithAgent<Asked<string> | Held<string>>> & { readonly transfer: Transfer })
  /** The target has answered, and is told what it is about; the caller hears it ring still. */
  | (Stage<'briefing', WithAgent<Held<string>>> & { readonly transfer: Transfer })
  /** The target has answered and takes the external channel's place in the bridge. `None`: it has left again already. */
  | (Stage<'connecting', WithAgent<Held<string> | None>> & { readonly transfer: Transfer })
  /** Caller and target talk, or the target has left; the agent has no media any more. */
  | Stage<'connected', HoldingsAtLast>
  | (Stage<'leaving', Holdings> & { readonly farewell: Farewell })
  | { readonly name: 'ended'; readonly farewell: Farewell };

/** What the call holds is in its state beside the name. */
type Stage<Name, Holds> = Holds & { readonly name: Name; readonly legs: Legs };

export type State<Name extends CallState['name']> = Extract<CallState, { readonly name: Name }>;
/** It has begun to leave, or has left. */
type Over = State<'leaving' | 'ended'>;
export type InCall = Exclude<CallState, Over>;

/** The channels on the caller's side. The call ends with the last of them. */
export type Legs = readonly string[];

/** Bridge and external channel have ids that the call gives them beforehand: there is no more to know of them. */
export interface Holdings {
  /** The gateway's media session. */
  readonly session: Holding<Session>;
  readonly bridge: Holding;
  /** The external channel, Asterisk's end of the media. */
  readonly media: Holding;
  /** The channel of somebody who is called for the caller. */
  readonly target: Holding<string, string>;
}

interface HoldingsAtFirst extends Holdings {
  readonly session: Asked | Held<Session>;
  readonly bridge: Asked | Held;
  /** Asked for when the session is there: it must know where to send RTP. */
  readonly media: None | Asked | Held;
  readonly target: None;
}

/** All that the agent needs to talk with the caller. */
interface WithAgent<Target> {
  readonly session: Held<Session>;
  readonly bridge: Held;
  readonly media: Held;
  readonly target: Target;
}

interface HoldingsAtLast extends Holdings {
  readonly session: Releasing<Session> | None;
  readonly bridge: Held;
  readonly media: Releasing | None;
  readonly target: Held<string> | None;
}

export type Resource = keyof Holdings;
export type Session = MediaSession<RtpEndpoint>;

/** `Known`: what is known of a resource before it exists. */
export type Holding<Thing = undefined, Known = undefined> =
  None | Asked<Known> | Held<Thing> | Releasing<Thing>;
/** Never requested, or given back. */
export interface None {
  readonly is: 'none';
}
/** It may exist or come to exist. */
export type Asked<Known = undefined> = Is<'asked', Known>;
/** It exists, and is ours to give back. */
export type Held<Thing = undefined> = Is<'held', Thing>;
export type Releasing<Thing = undefined> = Is<'releasing', Thing>;
interface Is<Stage, Thing> {
  readonly is: Stage;
  readonly thing: Thing;
}

/** Somebody is to be called; `settle` is told once how it went. */
export interface Transfer {
  readonly request: TransferRequest;
  readonly settle: (outcome: TransferOutcome) => void;
}

/** How the caller is let go, and why. */
export type Farewell =
  | { readonly kind: 'hang-up'; readonly reason: EndReason }
  /** On in the dialplan with these variables. */
  | {
      readonly kind: 'proceed';
      readonly reason: EndReason;
      readonly variables: Readonly<Record<string, string>>;
    }
  /** The caller is gone already. */
  | { readonly kind: 'none'; readonly reason: EndReason };

/** What was requested exists. */
export type Created =
  | { readonly type: 'created'; readonly resource: 'session'; readonly session: Session }
  /** `peer`: where the external channel takes RTP. */
  | { readonly type: 'created'; readonly resource: 'media'; readonly peer: Peer }
  | { readonly type: 'created'; readonly resource: 'bridge' | 'target' };

export interface Peer {
  readonly address: string;
  readonly port: number;
}

export type CallSignal =
  | Created
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
  /** Call somebody, whose channel will be `to`. Only where `canTransfer`. */
  | { readonly type: 'transfer'; readonly to: string; readonly transfer: Transfer }
  | { readonly type: 'targetAnswered'; readonly target: string }
  /** The target has pressed a key. */
  | { readonly type: 'targetPressed'; readonly target: string; readonly digit: string }
  /** The target was told what it is about, and has pressed none for long enough. */
  | { readonly type: 'notAccepted'; readonly target: string }
  /** The target's channel is gone; `outcome`: why, if it hasn't answered. */
  | { readonly type: 'targetLeft'; readonly target: string; readonly outcome: TransferOutcome }
  /** A transfer on the target's side: `by` takes its place. */
  | { readonly type: 'targetReplaced'; readonly target: string; readonly by: string }
  /** It has rung for long enough, or was cancelled. */
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
  | Create
  /** Gives the media session the peer that the external channel's creation named. */
  | { readonly type: 'attach'; readonly session: Session; readonly peer: Peer }
  /** All legs and the external channel into the bridge, in one go. */
  | { readonly type: 'join'; readonly attempt: number }
  /** Hands the call to its session. Once in a call's life, or never. */
  | { readonly type: 'run'; readonly session: Session }
  /** The external channel out of the bridge, and the caller hears that it rings. */
  | { readonly type: 'ring'; readonly transfer: Transfer }
  | { readonly type: 'stopRinging'; readonly transfer: Transfer }
  /** Target and external channel into a bridge of their own, and the target is told. */
  | { readonly type: 'brief'; readonly target: string; readonly transfer: Transfer }
  /** The target into the bridge. */
  | { readonly type: 'connect'; readonly target: string }
  /** The external channel back into the bridge. */
  | { readonly type: 'rejoin' }
  /** Once for each `transfer` (but if the call leaves first). */
  | { readonly type: 'transferOver'; readonly transfer: Transfer; readonly outcome: TransferOutcome }
  /** The target, who had answered, has hung up. */
  | { readonly type: 'targetGone' }
  /** Makes sure that a leg that replaced another is in the bridge. */
  | { readonly type: 'bringIn'; readonly leg: string }
  | { readonly type: 'letGo'; readonly leg: string; readonly farewell: Farewell; readonly again: boolean }
  | Release
  /** The last leg has left. Once in a call's life. */
  | { readonly type: 'callerLeft'; readonly farewell: Farewell }
  /** Nothing is held, nobody is there. Once in a call's life, the last of all. */
  | { readonly type: 'finish' };

export type Create =
  | { readonly type: 'create'; readonly resource: 'session' | 'bridge' }
  | { readonly type: 'create'; readonly resource: 'media'; readonly session: Session }
  | {
      readonly type: 'create';
      readonly resource: 'target';
      readonly target: string;
      readonly request: TransferRequest;
    };

export type Release =
  | { readonly type: 'release'; readonly resource: 'session'; readonly session: Session }
  | { readonly type: 'release'; readonly resource: 'target'; readonly target: string }
  | { readonly type: 'release'; readonly resource: 'bridge' | 'media' };

export interface Transition {
  readonly state: CallState;
  readonly actions: readonly CallAction[];
}

/** Why a call ended that went with its Asterisk. */
export const ASTERISK_LOST = 'asterisk-lost';

export const NONE: None = { is: 'none' };
export const ASKED: Asked = { is: 'asked', thing: undefined };
export const HELD: Held = { is: 'held', thing: undefined };
export const held = <Thing>(thing: Thing): Held<Thing> => ({ is: 'held', thing });
export const releasing = <Thing>({ thing }: Held<Thing>): Releasing<Thing> => ({ is: 'releasing', thing });

export const unchanged = (state: CallState): Transition => ({ state, actions: [] });

export function isOver(state: CallState): state is Over {
  return state.name === 'leaving' || state.name === 'ended';
}

export function legsOf(state: CallState): Legs {
  return state.name === 'ended' ? [] : state.legs;
}

/** The channel of the target that is being called for the caller, or talks with them. */
export function targetOf(state: CallState): string | undefined {
  return state.name === 'ended' || state.target.is === 'none' ? undefined : state.target.thing;
}
