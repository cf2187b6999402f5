import type { TransferOutcome } from '../../dialog/call-info.ts';
import { transferring } from './transfer-states.ts';

/**
 * The life of one call in Asterisk, as a pure function: what may happen (`CallSignal`), what is done
 * about it (`CallAction`), and what the call holds meanwhile. Nothing here knows ARI, time or a socket.
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
type Holding = 'none' | 'asked' | 'held' | 'releasing' | 'released';

interface Holdings {
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
  | { readonly kind: 'hang-up'; readonly reason: string }
  /** On in the dialplan with these variables. */
  | {
      readonly kind: 'proceed';
      readonly reason: string;
      readonly variables: Readonly<Record<string, string>>;
    }
  /** Nobody is there to be let go. */
  | { readonly kind: 'none'; readonly reason: string };

/** The channels on the caller's side. The call ends with the last of them. */
type Legs = readonly string[];

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
  | { readonly type: 'failed'; readonly resource: Resource; readonly reason: string }
  /** The resource went away without our asking. */
  | { readonly type: 'lost'; readonly resource: Exclude<Resource, 'target'>; readonly reason: string }
  | { readonly type: 'released'; readonly resource: Resource }
  | { readonly type: 'attached' }
  | { readonly type: 'entered' }
  | { readonly type: 'joined' }
  /** `again`: a leg wasn't ready to be bridged yet. */
  | { readonly type: 'notJoined'; readonly reason: string; readonly again: boolean }
  | { readonly type: 'timeOut'; readonly reason: string }
  | { readonly type: 'legLeft'; readonly leg: string; readonly reason?: string }
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
  | { readonly type: 'hangUp'; readonly reason: string }
  | {
      readonly type: 'proceed';
      readonly reason: string;
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

/** addChannel is tried this often before the set-up counts as failed. */
export const JOIN_ATTEMPTS = 4;

/** What goes on in the dialplan when the agent's part fails (asterisk-conf's dialplan knows `error`). */
export function troubleFarewell(reason: string): Farewell {
  return {
    kind: 'proceed',
    reason,
    variables: { VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: reason },
  };
}

/** A caller has come: session and bridge are asked for side by side, the external channel as soon as the session is there. */
export function beginCall(leg: string): Transition {
  return {
    state: {
      name: 'settingUp',
      legs: [leg],
      holdings: { session: 'asked', bridge: 'asked', media: 'none', target: 'none' },
      attached: false,
      entered: false,
    },
    actions: [
      { type: 'create', resource: 'session' },
      { type: 'create', resource: 'bridge' },
    ],
  };
}

/** Total over all states and signals: a signal that means nothing in a state changes nothing. */
export function nextCallState(state: CallState, signal: CallSignal): Transition {
  switch (state.name) {
    case 'settingUp':
      return settingUp(state, signal) ?? inCall(state, signal);
    case 'joining':
      return joining(state, signal) ?? inCall(state, signal);
    case 'talking':
    case 'ringing':
    case 'connecting':
    case 'connected':
      return transferring(state, signal) ?? inCall(state, signal);
    case 'leaving':
      return leaving(state, signal);
    case 'ended':
      return late(state, signal);
  }
}

type InCall = Exclude<CallState, { name: 'leaving' | 'ended' }>;
type State<Name extends CallState['name']> = Extract<CallState, { name: Name }>;

const unchanged = (state: CallState): Transition => ({ state, actions: [] });

function settingUp(state: State<'settingUp'>, signal: CallSignal): Transition | undefined {
  switch (signal.type) {
    case 'created': {
      if (state.holdings[signal.resource] !== 'asked') return unchanged(state);
      const holdings = { ...state.holdings, [signal.resource]: 'held' as const };
      if (signal.resource === 'session') {
        const next = { ...state, holdings: { ...holdings, media: 'asked' as const } };
        return { state: next, actions: [{ type: 'create', resource: 'media' }] };
      }
      const ready = joinWhenReady({ ...state, holdings });
      return signal.resource === 'media'
        ? { state: ready.state, actions: [{ type: 'attach' }, ...ready.actions] }
        : ready;
    }
    case 'attached':
      return joinWhenReady({ ...state, attached: true });
    case 'entered':
      return joinWhenReady({ ...state, entered: true });
    default:
      return undefined;
  }
}

function joinWhenReady(state: State<'settingUp'>): Transition {
  const { legs, holdings, attached, entered } = state;
  const ready = attached && entered && holdings.bridge === 'held' && holdings.media === 'held';
  if (!ready) return unchanged(state);
  return { state: { name: 'joining', legs, holdings, attempt: 1 }, actions: [{ type: 'join', attempt: 1 }] };
}

function joining(state: State<'joining'>, signal: CallSignal): Transition | undefined {
  const { legs, holdings, attempt } = state;
  if (signal.type === 'joined')
    return { state: { name: 'talking', legs, holdings }, actions: [{ type: 'run' }] };
  if (signal.type !== 'notJoined') return undefined;
  if (!signal.again || attempt >= JOIN_ATTEMPTS) return leave(state, troubleFarewell(signal.reason));
  const next = attempt + 1;
  return { state: { ...state, attempt: next }, actions: [{ type: 'join', attempt: next }] };
}

/** What means the same from the first moment to the last word. */
function inCall(state: InCall, signal: CallSignal): Transition {
  switch (signal.type) {
    case 'failed':
      if (state.holdings[signal.resource] !== 'asked') return unchanged(state);
      return leave(withFailed(state, signal.resource), troubleFarewell(signal.reason));
    case 'lost': {
      const holding = state.holdings[signal.resource];
      if (holding !== 'held' && (holding !== 'asked' || signal.resource === 'session'))
        return unchanged(state);
      const lost = {
        ...state,
        holdings: { ...state.holdings, [signal.resource]: lostHolding(signal.resource) },
      };
      return leave(lost, troubleFarewell(signal.reason));
    }
    case 'released':
      if (state.holdings[signal.resource] !== 'releasing') return unchanged(state);
      return unchanged({ ...state, holdings: { ...state.holdings, [signal.resource]: 'released' } });
    case 'timeOut':
      if (state.name !== 'settingUp' && state.name !== 'joining') return unchanged(state);
      return leave(state, troubleFarewell(signal.reason));
    case 'hangUp':
      return leave(state, { kind: 'hang-up', reason: signal.reason });
    case 'proceed':
      return leave(state, { kind: 'proceed', reason: signal.reason, variables: signal.variables });
    case 'legLeft': {
      const legs = without(state.legs, signal.leg);
      if (legs.length > 0 || state.legs.length === 0) return unchanged({ ...state, legs });
      return leave({ ...state, legs }, { kind: 'none', reason: signal.reason ?? 'caller-hung-up' });
    }
    case 'legReplaced': {
      const legs = replaced(state.legs, signal);
      if (legs === state.legs) return unchanged(state);
      const bridged = state.name !== 'settingUp' && state.name !== 'joining';
      const actions: CallAction[] = bridged ? [{ type: 'bringIn', leg: signal.by }] : [];
      if (state.name === 'ringing') actions.push({ type: 'ring' });
      return { state: { ...state, legs }, actions };
    }
    default:
      return unchanged(state);
  }
}

/** A session that lost its media is still ours to close; what Asterisk says is gone is gone. */
function lostHolding(resource: Resource): Holding {
  return resource === 'session' ? 'held' : 'released';
}

/** A failed request may have done its work all the same (a time-out): such an object is deleted too. */
function withFailed<S extends { readonly holdings: Holdings }>(state: S, resource: Resource): S {
  const holding: Holding = resource === 'session' ? 'released' : 'held';
  return { ...state, holdings: { ...state.holdings, [resource]: holding } };
}

function leave(state: InCall, farewell: Farewell): Transition {
  const { legs } = state;
  // In the dialplan it would go on ringing.
  const quiet: CallAction[] = state.name === 'ringing' ? [{ type: 'stopRinging' }] : [];
  const actions: CallAction[] = legs.map((leg) => ({ type: 'letGo', leg, farewell, again: false }));
  if (legs.length === 0) actions.push({ type: 'callerLeft', farewell });
  const { holdings, releases } = releaseHeld(state.holdings);
  return finishWhenEmpty({ name: 'leaving', legs, holdings, farewell }, [...quiet, ...actions, ...releases]);
}

function leaving(state: State<'leaving'>, signal: CallSignal): Transition {
  switch (signal.type) {
    case 'created': {
      if (state.holdings[signal.resource] !== 'asked') return unchanged(state);
      return releasing({ ...state, holdings: { ...state.holdings, [signal.resource]: 'held' } });
    }
    case 'failed':
      if (state.holdings[signal.resource] !== 'asked') return unchanged(state);
      return releasing(withFailed(state, signal.resource));
    case 'released':
      if (state.holdings[signal.resource] !== 'releasing') return unchanged(state);
      return finishWhenEmpty(
        { ...state, holdings: { ...state.holdings, [signal.resource]: 'released' } },
        [],
      );
    case 'legLeft': {
      const legs = without(state.legs, signal.leg);
      if (legs.length === state.legs.length) return unchanged(state);
      const { farewell } = state;
      return finishWhenEmpty({ ...state, legs }, legs.length === 0 ? [{ type: 'callerLeft', farewell }] : []);
    }
    case 'legReplaced': {
      const legs = replaced(state.legs, signal);
      if (legs === state.legs) return unchanged(state);
      const { farewell } = state;
      return {
        state: { ...state, legs },
        actions: [{ type: 'letGo', leg: signal.by, farewell, again: false }],
      };
    }
    case 'legStayed': {
      if (!state.legs.includes(signal.leg)) return unchanged(state);
      const { farewell } = state;
      return { state, actions: [{ type: 'letGo', leg: signal.leg, farewell, again: true }] };
    }
    default:
      return unchanged(state);
  }
}

/** After the end nothing is expected; what comes all the same is given back. */
function late(state: State<'ended'>, signal: CallSignal): Transition {
  if (signal.type !== 'created') return unchanged(state);
  return { state, actions: [{ type: 'release', resource: signal.resource }] };
}

function releasing(state: State<'leaving'>): Transition {
  const { holdings, releases } = releaseHeld(state.holdings);
  return finishWhenEmpty({ ...state, holdings }, releases);
}

/** The channels first: they are what Asterisk would keep for ever. */
const RELEASE_ORDER: readonly Resource[] = ['target', 'media', 'bridge', 'session'];

function releaseHeld(holdings: Holdings): { holdings: Holdings; releases: CallAction[] } {
  const releases: CallAction[] = [];
  const next = { ...holdings };
  for (const resource of RELEASE_ORDER) {
    if (next[resource] === 'none') next[resource] = 'released';
    if (next[resource] !== 'held') continue;
    next[resource] = 'releasing';
    releases.push({ type: 'release', resource });
  }
  return { holdings: next, releases };
}

function finishWhenEmpty(state: State<'leaving'>, actions: readonly CallAction[]): Transition {
  const empty =
    state.legs.length === 0 && RELEASE_ORDER.every((resource) => state.holdings[resource] === 'released');
  if (!empty) return { state, actions };
  return { state: { name: 'ended', farewell: state.farewell }, actions: [...actions, { type: 'finish' }] };
}

function without(legs: Legs, leg: string): Legs {
  return legs.includes(leg) ? legs.filter((other) => other !== leg) : legs;
}

function replaced(legs: Legs, { leg, by }: { leg: string; by: string }): Legs {
  if (!legs.includes(leg)) return legs;
  return [...legs.filter((other) => other !== leg && other !== by), by];
}
