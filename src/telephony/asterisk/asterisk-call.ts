import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { CodecName } from '../../media/codec.ts';
import type { Admission, MediaGateway, MediaSession } from '../../dialog/contract/ports.ts';
import type { CallInfo, LineEvent } from '../../dialog/contract/call-info.ts';
import type { EndReason } from '../../dialog/contract/end-reason.ts';
import type { RtpEndpoint } from '../../dialog/contract/call-media.ts';
import { isGone, isOutOfPlace } from './ari-error.ts';
import type { AriChannel } from './ari-model.ts';
import type { AriRest, DialplanPlace } from './ari-rest.ts';
import { beginCall, nextCallState, RELEASE_ORDER, troubleFarewell } from './call-machine.ts';
import {
  ASTERISK_LOST,
  type CallAction,
  type CallSignal,
  type CallState,
  type Farewell,
  type Resource,
  type Transition,
} from './call-states.ts';
import { createCallLine } from '../call-line.ts';
import { codecOfNativeFormat, externalMediaOf, NATIVE_FORMAT, peerOf } from './external-media.ts';
import type { TelephonyLog } from '../log.ts';
import { createTargetCaller } from './target-caller.ts';

export type Acceptance = Extract<Admission, { kind: 'accept' }>;

export interface CallSettings {
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
}

/**
 * `1` while the phone has put the call on hold (res_pjsip's `remotely_held`). Other channel technologies
 * can't tell: the request fails.
 */
const ON_HOLD = 'CHANNEL(rtp,hold)';

export interface AsteriskCallOptions {
  readonly app: string;
  readonly info: CallInfo;
  readonly channel: AriChannel;
  readonly acceptance: Acceptance;
  readonly rest: AriRest;
  readonly gateway: MediaGateway<RtpEndpoint>;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  readonly settings: CallSettings;
  /** The ids that the call's own objects will have; registered by the caller of this. */
  readonly mediaId: string;
  readonly bridgeId: string;
  /** Gives an id to somebody who is to be called for the caller; his events come to this call. */
  readonly newTargetId: () => string;
  /** A leg joined by replacing another. */
  readonly onLegReplaced: (leg: string, by: string) => void;
  /** Something could not be deleted and may be left in Asterisk. */
  readonly onLeftover: () => void;
  /** One of the legs was found to have left. */
  readonly onLegLeft: (leg: string) => void;
  /** The last leg has left. Called once. */
  readonly onCallerLeft: () => void;
  /** Nothing is held any more and nobody is there. Called once, the last of all. */
  readonly onFinished: () => void;
}

/** After a bug, for each thing that is tried until the call is gone. */
const REMEDY_MS = 10_000;

/** One call in Asterisk: carries out what call-machine.ts decides. */
export interface AsteriskCall {
  /** Of the caller who came in; stays that one's when a transfer puts somebody else in the caller's place. */
  readonly info: CallInfo;
  readonly mediaId: string;
  readonly bridgeId: string;
  /** Of the last one who was called for the caller. */
  readonly targetId: string | undefined;
  state(): CallState;
  /** Packets that its media has brought so far. */
  packetsReceived(): number;
  signal(signal: CallSignal): void;
  /** What the line tells its session. */
  tell(event: LineEvent): void;
  /** Asks Asterisk whether the caller is on hold: after a gap in the events. Never rejects. */
  checkHold(): Promise<void>;
  /** Resolves when the call is finished and its session has returned. */
  readonly done: Promise<void>;
  /** Nothing more is tried; for a server that is given up. The session is told that the call has ended. */
  abandon(): void;
}

/** What fails in the failure domain in which it is started ends the call. */
export function startAsteriskCall(options: AsteriskCallOptions): AsteriskCall {
  const { info, channel, acceptance, rest, gateway, clock, settings, mediaId, bridgeId } = options;
  const log = options.log;
  const about = { server: info.key.server, channel: channel.id };
  const began = clock.now();
  const marks: Record<string, Milliseconds> = {};
  const mark = (name: string): void => {
    marks[name] = Math.round((clock.now() - began) * 10) / 10;
  };

  let state: CallState;
  let session: MediaSession<RtpEndpoint> | undefined;
  let peer: { readonly address: string; readonly port: number } | undefined;
  let running: Promise<void> | undefined;
  /** How often the line was told of anything about hold. */
  let holdNews = 0;
  const timers = new Set<() => void>();
  const finished = Promise.withResolvers<undefined>();
  const line = createCallLine(info, {
    answer: async () => {
      await rest.answer(currentLeg());
      return clock.now();
    },
    hangUp: () => {
      signal({ type: 'hangUp', reason: 'agent-hung-up' });
    },
    proceed: (variables) => {
      signal({ type: 'proceed', reason: 'agent-let-go', variables });
    },
    transfer: (request, cancel) => targetCaller.transfer(request, cancel),
    sendDtmf: (digits) => rest.sendDtmf(currentLeg(), digits),
  });

  const targetCaller = createTargetCaller({
    app: options.app,
    rest,
    clock,
    log,
    about,
    bridgeId,
    mediaId,
    newTargetId: options.newTargetId,
    state: () => state,
    signal,
    currentLeg,
  });

  function currentLeg(): string {
    return ('legs' in state ? state.legs.at(-1) : undefined) ?? channel.id;
  }

  function after(duration: Milliseconds, action: () => void): () => void {
    const cancel = clock.at(clock.now() + duration, () => {
      timers.delete(cancel);
      action();
    });
    timers.add(cancel);
    return () => {
      timers.delete(cancel);
      cancel();
    };
  }

  function tell(event: LineEvent): void {
    if (event.type === 'hold' || event.type === 'unhold') holdNews += 1;
    line.tell(event);
  }

  async function checkHold(): Promise<void> {
    if (isOver(state)) return;
    const newsBefore = holdNews;
    const onHold = await rest.variable(currentLeg(), ON_HOLD).catch(() => undefined);
    // What an event said meanwhile is newer. Not knowing, a caller had better be talked to than left in silence.
    if (holdNews === newsBefore) tell({ type: onHold === '1' ? 'hold' : 'unhold' });
  }

  function signal(next: CallSignal): void {
    if (next.type === 'legLeft') options.onLegLeft(next.leg);
    if (next.type === 'legReplaced') {
      options.onLegReplaced(next.leg, next.by);
      // It was the old leg's phone that held the call; nobody will say that it doesn't any more.
      tell({ type: 'unhold' });
    }
    if ('target' in next && next.target !== targetCaller.targetId) return;
    if (next.type === 'targetReplaced') targetCaller.replaced(next.by);
    follow(nextCallState(state, next));
  }

  function follow(transition: Transition): void {
    const before = state as CallState | undefined;
    state = transition.state;
    // Whatever fails in it, the rest is done.
    if (before && !isOver(before) && isOver(state)) {
      const { farewell } = state;
      FailureDomain.attempt(() => {
        onLeaving(farewell);
      });
    }
    for (const action of transition.actions) {
      FailureDomain.attempt(() => {
        perform(action);
      });
    }
  }

  function onLeaving(farewell: Farewell): void {
    // The desk counts on hearing of each call that it took, also when the caller can't be let go yet.
    if (!running) acceptance.abandoned?.(farewell.reason);
    targetCaller.abort(farewell.kind === 'none' ? 'caller-gone' : 'cancelled');
    log.info({ ...about, reason: farewell.reason, kind: farewell.kind }, 'the call is leaving');
  }

  function perform(action: CallAction): void {
    switch (action.type) {
      case 'create':
        void create(action.resource);
        return;
      case 'attach':
        void attach();
        return;
      case 'join':
        void join(action.attempt);
        return;
      case 'run':
        run();
        return;
      case 'ring':
        targetCaller.ring();
        return;
      case 'stopRinging':
        targetCaller.stopRinging();
        return;
      case 'rejoin':
        targetCaller.rejoin();
        return;
      case 'connect':
        void targetCaller.connect();
        return;
      case 'transferOver':
        targetCaller.over(action.outcome);
        return;
      case 'targetGone':
        tell({ type: 'target-left' });
        return;
      case 'bringIn':
        void bringIn(action.leg);
        return;
      case 'letGo':
        if (action.again) after(settings.letGoCheckMs, () => void letGo(action.leg, action.farewell));
        else void letGo(action.leg, action.farewell);
        return;
      case 'release':
        void release(action.resource);
        return;
      case 'callerLeft':
        options.onCallerLeft();
        line.end(action.farewell.reason);
        return;
      case 'finish':
        finish();
    }
  }

  async function create(resource: Resource): Promise<void> {
    try {
      await creators[resource]();
      mark(resource);
      signal({ type: 'created', resource });
    } catch (error) {
      log.warn({ ...about, resource, error: messageOf(error) }, 'a part of the call could not be made');
      signal({ type: 'failed', resource, reason: resource === 'target' ? 'failed' : `${resource}-failed` });
    }
  }

  async function attach(): Promise<void> {
    if (!session || !peer) return;
    try {
      session.endpoint.attach(peer);
      await session.attached;
    } catch (error) {
      if (!isOver(state))
        log.warn({ ...about, ...peer, error: messageOf(error) }, 'media could not be attached');
      signal({ type: 'lost', resource: 'session', reason: 'media-not-attached' });
      return;
    }
    mark('attached');
    signal({ type: 'attached' });
  }

  const creators: Readonly<Record<Resource, () => Promise<void>>> = {
    async session() {
      session = await gateway.reserve({ id: channel.id, codec: await codecOfCall() });
      // When the caller leaves first, nobody waits for this any more.
      session.attached.catch(() => undefined);
      session.on((event) => {
        if (event.type !== 'lost') return;
        log.error({ ...about, reason: event.reason }, 'the media of the call is lost');
        signal({ type: 'lost', resource: 'session', reason: 'media-lost' });
      });
    },
    bridge: () => rest.createBridge(bridgeId),
    target: () => targetCaller.create(),
    async media() {
      if (!session) throw new Error('no media session');
      const made = await rest.createExternalMedia({
        channelId: mediaId,
        app: options.app,
        ...externalMediaOf(session.endpoint),
      });
      peer = peerOf(made, settings.mediaAddress);
      if (!peer) throw new Error('the answer to externalMedia names no address to send RTP to');
      after(settings.enterMs, () => {
        if (state.name === 'settingUp' && !state.entered)
          signal({ type: 'timeOut', reason: 'media-never-entered' });
      });
    },
  };

  async function codecOfCall(): Promise<CodecName> {
    if (acceptance.codec !== 'auto') return acceptance.codec;
    const known = channel.variables[NATIVE_FORMAT];
    if (known !== undefined) return codecOfNativeFormat(known, settings.fallbackCodec);
    // Not knowing costs a transcoding, not the call.
    const asked = await rest.variable(channel.id, NATIVE_FORMAT).catch(() => undefined);
    return codecOfNativeFormat(asked, settings.fallbackCodec);
  }

  async function join(attempt: number): Promise<void> {
    if (attempt > 1 && !(await clock.sleep(settings.joinPauseMs))) return;
    if (state.name !== 'joining') return;
    try {
      await rest.addToBridge(bridgeId, [...state.legs, mediaId]);
      mark('joined');
      signal({ type: 'joined' });
    } catch (error) {
      log.warn({ ...about, attempt, error: messageOf(error) }, 'the call could not be bridged');
      signal({ type: 'notJoined', reason: 'not-bridged', again: isOutOfPlace(error) });
    }
  }

  function run(): void {
    if (!session) return;
    log.info({ ...about, dialled: info.dialled, ...marks }, 'the call is bridged');
    const media = session;
    // A run that throws at once is a run that rejects.
    const whole = (async () => acceptance.run(line.port, media))();
    running = whole.then(
      () => {
        signal({ type: 'hangUp', reason: 'session-ended' });
      },
      (error: unknown) => {
        log.error({ ...about, error: messageOf(error), err: error }, 'the session failed');
        signal({ ...troubleSignal('session-failed') });
      },
    );
  }

  async function bringIn(leg: string): Promise<void> {
    try {
      const bridge = await rest.bridge(bridgeId);
      if (bridge && !bridge.channels.includes(leg)) await rest.addToBridge(bridgeId, [leg]);
    } catch (error) {
      if (!isGone(error))
        log.warn({ ...about, leg, error: messageOf(error) }, 'a leg could not be brought in');
    }
  }

  async function letGo(leg: string, farewell: Farewell): Promise<void> {
    if (state.name !== 'leaving' || !state.legs.includes(leg)) return;
    try {
      await targetCaller.quiet;
      const was =
        farewell.kind === 'proceed' ? await proceed(leg, farewell.variables) : await rest.hangUp(leg);
      if (!was) {
        signal({ type: 'legLeft', leg });
        return;
      }
    } catch (error) {
      if (isOutOfPlace(error)) {
        signal({ type: 'legLeft', leg });
        return;
      }
      log.warn({ ...about, leg, error: messageOf(error) }, 'the caller could not be let go yet');
    } finally {
      line.settleFarewell();
    }
    // Its StasisEnd is expected now. Should that get lost, the next try finds the leg gone.
    signal({ type: 'legStayed', leg });
  }

  async function proceed(leg: string, variables: Readonly<Record<string, string>>): Promise<boolean> {
    try {
      const named = Object.entries(variables).filter(([name]) => /^[A-Za-z_]\w*$/.test(name));
      await Promise.all(named.map(([name, value]) => rest.setVariable(leg, name, value)));
      return await rest.proceed(leg, leg === channel.id ? undefined : placeAfterStasis(channel));
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async function release(resource: Resource): Promise<void> {
    try {
      if (resource === 'media') await rest.hangUp(mediaId);
      else if (resource === 'bridge') await rest.destroyBridge(bridgeId);
      else if (resource === 'target') await targetCaller.release();
      else await session?.close();
    } catch (error) {
      // What died with Asterisk needn't be given back; what outlived the connection is swept when it is back.
      const level = isOver(state) && state.farewell.reason === ASTERISK_LOST ? 'debug' : 'warn';
      log[level](
        { ...about, resource, error: messageOf(error) },
        'a part of the call could not be given back',
      );
      options.onLeftover();
    }
    signal({ type: 'released', resource });
  }

  function abandon(): void {
    for (const cancel of timers) cancel();
    timers.clear();
    targetCaller.abort('caller-gone');
    line.end('given-up');
  }

  /** A bug that the session doesn't see to: on in the dialplan, else hung up on, else forgotten. */
  const remedies: readonly (() => void)[] = [
    () => {
      if (isOver(state)) leaveAgain();
      else signal(troubleSignal('internal-error'));
    },
    () => {
      const legs = 'legs' in state ? state.legs : [];
      for (const leg of legs) rest.hangUp(leg).catch(() => undefined);
    },
    () => {
      options.onLeftover();
      options.onCallerLeft();
      if (!running) acceptance.abandoned?.('internal-error');
      session?.close().catch(() => undefined);
      finish();
    },
  ];
  /** It is leaving already, and the bug may have kept what was to be done for that from being done. */
  function leaveAgain(): void {
    if (state.name !== 'leaving') return;
    const { legs, holdings, farewell } = state;
    for (const leg of legs) void letGo(leg, farewell);
    for (const resource of RELEASE_ORDER) if (holdings[resource] === 'releasing') void release(resource);
  }

  let tried = 0;
  FailureDomain.current()?.onFailure(() => {
    const remedy = remedies[tried];
    tried += 1;
    if (!remedy) return undefined;
    remedy();
    return REMEDY_MS;
  });

  function finish(): void {
    abandon();
    options.onFinished();
    finished.resolve(undefined);
  }

  follow(beginCall(channel.id));
  after(settings.setUpMs, () => {
    signal({ type: 'timeOut', reason: 'set-up-took-too-long' });
  });

  return {
    info,
    mediaId,
    bridgeId,
    get targetId() {
      return targetCaller.targetId;
    },
    state: () => state,
    packetsReceived: () => session?.stats().packetsReceived ?? 0,
    // Asterisk's events, and what is done with all calls at once, come from outside of the call.
    signal: FailureDomain.bind((next: CallSignal) => {
      if (next.type === 'entered') mark('entered');
      signal(next);
    }),
    tell: FailureDomain.bind(tell),
    checkHold,
    done: finished.promise.then(() => running),
    abandon: FailureDomain.bind(abandon),
  };
}

function isOver(state: CallState): state is Extract<CallState, { readonly farewell: Farewell }> {
  return 'farewell' in state;
}

/** Where the caller would have gone on: a leg that took the caller's place has none of its own to go on at. */
function placeAfterStasis({ dialplan }: AriChannel): DialplanPlace {
  return { context: dialplan.context, extension: dialplan.exten, priority: dialplan.priority + 1 };
}

function troubleSignal(reason: EndReason): CallSignal {
  const farewell = troubleFarewell(reason);
  return farewell.kind === 'proceed'
    ? { type: 'proceed', reason, variables: farewell.variables }
    : { type: 'hangUp', reason };
}
