import type { RtpEndpoint } from '../../dialog/contract/call-media.ts';
import type { CallDesk, MediaGateway } from '../../dialog/contract/ports.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import type { CodecName } from '../../media/codec.ts';
import type { AriServer } from './ari-http.ts';
import type { AriRest } from './ari-rest.ts';
import type { AsteriskCall } from './asterisk-call.ts';
import type { CallIndex } from './call-index.ts';
import type { Heart } from './heartbeat.ts';
import type { ObjectIds } from './object-ids.ts';
import type { Consider } from './offers.ts';
import type { CallOrder } from './placed-call.ts';
import type { TelephonyLog } from '../log.ts';

/** One Asterisk and our app in it. */
export interface StasisServer extends AriServer {
  /** The Stasis app's name. Asterisk gives all events of an app to one consumer: instances need names of their own. */
  readonly app: string;
  /** Tells this program's bridges and external channels from those of others; stays the same over restarts. */
  readonly instance: string;
}

export interface StasisSettings {
  /** From StasisStart to the bridged call; then the caller goes on in the dialplan. */
  readonly setUpMs: Milliseconds;
  /** From the external channel's creation to its StasisStart. */
  readonly enterMs: Milliseconds;
  /** Before addChannel is tried again. */
  readonly joinPauseMs: Milliseconds;
  /** Before it is looked whether a leg that was let go is really gone. */
  readonly letGoCheckMs: Milliseconds;
  /** Asterisk's media address as we reach it, where its own answer can't be used. */
  readonly mediaAddress?: string | undefined;
  /** For `codec: auto` when none of the caller's own formats is a codec of ours. Default ulaw. */
  readonly fallbackCodec?: CodecName;
  /** For one REST request. */
  readonly requestMs: Milliseconds;
  /** Between two pings on the event stream; a dead line is noticed within two of them. */
  readonly pingMs: Milliseconds;
  /** For the app's name to become free when a program that is just ending still has it. */
  readonly claimMs: Milliseconds;
  /** Between two looks at an app name that another consumer has taken. */
  readonly standByMs: Milliseconds;
  /** Between two looks whether calls are still heard while there is no event stream. */
  readonly lookMs: Milliseconds;
  /** Between two looks whether Asterisk has its module for the sound of calls. */
  readonly soundMs: Milliseconds;
  /** Without an event stream for this long, the calls are given up. */
  readonly lostMs: Milliseconds;
  /** Before it is looked again for what could not be deleted. */
  readonly sweepPauseMs: Milliseconds;
  /** For letting the last callers go at the end. */
  readonly closeMs: Milliseconds;
}

export const DEFAULT_STASIS_SETTINGS: StasisSettings = {
  requestMs: 3000,
  pingMs: 5000,
  claimMs: 500,
  standByMs: 5000,
  lookMs: 1000,
  soundMs: 5000,
  lostMs: 60_000,
  sweepPauseMs: 3000,
  closeMs: 3000,
  setUpMs: 5000,
  enterMs: 2000,
  joinPauseMs: 25,
  letGoCheckMs: 2000,
};

/** What a program has to know that shares the calls of Asterisk with others. */
export interface FleetPart {
  /** What the names of all their apps begin with, before a dot: `voice-agent`. */
  readonly family: string;
  readonly consider: Consider;
}

export interface StasisAppOptions {
  readonly server: StasisServer;
  /** As `openStasisServer` has opened it; missing: it is opened first. */
  readonly rest?: AriRest;
  readonly desk: CallDesk;
  readonly gateway: MediaGateway<RtpEndpoint>;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  /** Channel variables (or functions) that are read before the desk is asked. */
  readonly channelVariables?: readonly string[];
  /** Take the app's name even from another consumer, instead of refusing with ARI_APP_TAKEN. */
  readonly takeOver?: boolean;
  readonly settings?: Partial<StasisSettings>;
  /** Undefined: all calls of the app are for this program. */
  readonly fleet?: FleetPart | undefined;
}

/** What the parts of one Stasis app share. */
export interface StasisParts extends StasisAppOptions {
  readonly settings: StasisSettings;
  readonly rest: AriRest;
  readonly ids: ObjectIds;
  readonly heart: Heart;
  /** A call is in it until it holds nothing any more and nobody is there. */
  readonly index: CallIndex<AsteriskCall>;
  /** Orders for calls of ours, until their channel comes into the app. */
  readonly orders: Map<string, CallOrder>;
}
