import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { Admission, MediaSession } from '../../dialog/contract/ports.ts';
import type { CallInfo, TransferOutcome, TransferRequest } from '../../dialog/contract/call-info.ts';
import { endReasonOf, type EndReason } from '../../dialog/contract/end-reason.ts';
import type { WebSocketEndpoint } from '../../dialog/contract/call-media.ts';
import type { TelephonyLog } from '../log.ts';
import { createCallLine } from '../call-line.ts';
import { connectMedia, connectTelephone, type Ncco } from './ncco.ts';
import { OVER, type VonageRest } from './vonage-rest.ts';
import { createVonageTransfer } from './vonage-transfer.ts';
import type { EventWebhook } from './webhook-content.ts';

export interface VonageCallOptions {
  readonly uuid: string;
  /** The called number, in digits. */
  readonly number: string;
  readonly info: CallInfo;
  readonly acceptance: Extract<Admission, { kind: 'accept' }>;
  readonly session: MediaSession<WebSocketEndpoint>;
  /** Missing: without a private key calls can only be ended, by ending their media. */
  readonly rest: VonageRest | undefined;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  readonly settings: VonageCallSettings;
  /** True for a called number of ours, in digits. */
  readonly isOurs: (number: string) => boolean;
  /** The events of its legs go there. */
  readonly eventUrl: string;
  /** Its conversation is another one from now on. */
  readonly onConversation: (conversation: string) => void;
  /** Nothing is held any more. Called once, the last of all. */
  readonly onFinished: () => void;
}

export interface VonageCallSettings {
  /** From the answer webhook to the media connection; then the call is given up. */
  readonly attachMs: Milliseconds;
  /** Where callers go on: a number or SIP address for each department, `default` for all others. */
  readonly departments: Readonly<Record<string, string>>;
  /** What a caller hears while a telephone is called for him. */
  readonly ringbackToneUrl?: string | undefined;
}

/** One call from the Vonage cloud, from its answer webhook to its end. */
export interface VonageCall {
  readonly info: CallInfo;
  /** What the answer webhook is told; the same again while the call waits for its media. */
  readonly ncco: Ncco;
  readonly waiting: boolean;
  /** Takes an event of one of its legs; answers a synchronous one with another NCCO. */
  onEvent(event: EventWebhook): Ncco | undefined;
  /** Resolves when the call is finished and its session has returned. */
  readonly done: Promise<void>;
  /** Nothing more is waited for. */
  abandon(): void;
}

/** A media connection that drops is made again so often in a call. */
const RECONNECTIONS = 3;

/** After a bug, for each thing that is tried until the call is gone. */
const REMEDY_MS = 10_000;

/** What fails in the failure domain in which it is started ends the call. */
export function startVonageCall(options: VonageCallOptions): VonageCall {
  const { uuid, number, info, acceptance, session, rest, clock, settings, eventUrl } = options;
  const log = options.log;
  const about = { server: info.key.server, channel: uuid };
  const finished = Promise.withResolvers<undefined>();
  const domain = FailureDomain.current();
  let state: 'waiting' | 'running' | 'leaving' | 'over' = 'waiting';
  /** The caller's leg is gone, or isn't ours any more. */
  let callerGone = false;
  let reconnections = 0;
  /** Where Vonage was last told to connect to. */
  let { url } = session.endpoint;
  /** URLs of media connections that have been replaced: what Vonage still tells of them is of no interest. */
  const spent = new Set<string>();
  /** The event that was answered last: it may come again, if our answer got lost. */
  let answered: { readonly event: string; readonly ncco: Ncco } | undefined;

  const media = (): Ncco =>
    connectMedia({
      url,
      rateHz: session.format.rateHz,
      eventUrl,
      from: number,
      headers: {
        call_uuid: uuid,
        called: number,
        caller: info.caller.number.slice(0, 64),
        extension: info.dialled.slice(0, 80),
      },
    });
  const ncco = media();
  /** Back to us, by another connection. Undefined: the media is lost for good. */
  const mediaAgain = (withinMs?: Milliseconds): Ncco | undefined => {
    const next = session.endpoint.renew(withinMs);
    if (next === undefined) return undefined;
    spent.add(url);
    url = next;
    return media();
  };
  const transfer = createVonageTransfer({
    ...{ uuid, number, rest, clock, log, about, eventUrl, mediaAgain },
    hold: (withinMs) => session.endpoint.renew(withinMs) !== undefined,
    ringbackToneUrl: settings.ringbackToneUrl,
    isOurs: options.isOurs,
    callerIsHere: () => !callerGone && state === 'running',
    onTargetLeft: () => {
      line.tell({ type: 'target-left' });
    },
    onOver: () => {
      onCallerLeft('completed');
    },
  });

  const line = createCallLine(info, {
    answer: () => Promise.resolve(clock.now()), // the NCCO has answered
    hangUp: () => {
      void letGo();
    },
    proceed: (variables) => {
      void proceed(variables);
    },
    transfer: putThrough,
    sendDtmf,
  });

  const cancelWait = clock.at(clock.now() + settings.attachMs, () => {
    if (state === 'waiting') giveUp('media-never-attached');
  });
  session.attached.then(run, () => {
    if (state === 'waiting') giveUp('media-failed');
  });

  /** A bug that the session doesn't see to: the caller goes on, or is hung up on. */
  const remedies: readonly (() => void)[] = [
    () => {
      if (state === 'waiting') giveUp('internal-error');
      else void proceed({ VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: 'internal-error' });
    },
    () => void finish('internal-error'),
  ];
  let tried = 0;
  domain?.onFailure(() => {
    const remedy = remedies[tried];
    tried += 1;
    if (!remedy) return undefined;
    remedy();
    return REMEDY_MS;
  });

  function run(): void {
    if (state !== 'waiting') return;
    cancelWait();
    state = 'running';
    log.info({ ...about, dialled: info.dialled, number }, 'the call has its media');
    // A run that throws at once is a run that rejects.
    const whole = (async () => acceptance.run(line.port, session))();
    whole.then(
      () => void finish('session-ended'),
      (error: unknown) => {
        log.error({ ...about, error: messageOf(error), err: error }, 'the session failed');
        void finish('session-failed');
      },
    );
  }

  /** The call never ran. */
  function giveUp(reason: EndReason): void {
    state = 'leaving';
    cancelWait();
    log.info({ ...about, reason }, 'the call is given up');
    acceptance.abandoned?.(reason);
    void finish(reason);
  }

  async function finish(reason: EndReason): Promise<void> {
    if (state === 'over') return;
    state = 'over';
    transfer.close();
    await letGo();
    line.end(reason);
    options.onFinished();
    finished.resolve(undefined);
  }

  /** Ends the caller's leg, if it is still ours, and the media. Never rejects. */
  async function letGo(): Promise<void> {
    if (state === 'running') state = 'leaving';
    try {
      if (!callerGone && rest) {
        callerGone = true;
        await rest.hangUp(uuid);
      }
    } catch (error) {
      // Without its media the NCCO is done, and Vonage ends the call by itself.
      log.warn({ ...about, error: messageOf(error) }, 'the caller could not be hung up; the media is ended');
    }
    await session.close();
    line.settleFarewell();
  }

  /** Sends the caller on to whoever stands for the department. */
  async function proceed(variables: Readonly<Record<string, string>>): Promise<void> {
    if (state === 'running') state = 'leaving';
    const { departments } = settings;
    const department = variables['VOICE_AGENT_DEPARTMENT'] ?? '';
    const to = departments[Object.hasOwn(departments, department) ? department : 'default'];
    const { ringbackToneUrl } = settings;
    const onward = to && connectTelephone({ to, eventUrl, from: number, ringbackToneUrl });
    if (!onward || !rest) {
      log.warn({ ...about, ...variables }, 'the caller has nowhere to go on (gateways.vonage.departments)');
      await letGo();
      return;
    }
    try {
      if (!callerGone) await rest.transfer(uuid, onward);
      callerGone = true; // not ours any more
      log.info({ ...about, ...variables, to }, 'the caller goes on');
    } catch (error) {
      log.warn({ ...about, error: messageOf(error) }, 'the caller could not be sent on');
    }
    await letGo();
  }

  async function putThrough(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome> {
    const outcome = await transfer.putThrough(request, signal);
    if (outcome === 'answered') await session.close();
    return outcome;
  }

  async function sendDtmf(digits: string): Promise<void> {
    if (!rest) throw new Error('keys can be sent only with the private key of the Vonage application');
    if (!/^[0-9*#w]+$/i.test(digits)) throw new Error(`Vonage can't send the keys "${digits}"`);
    await rest.sendDtmf(uuid, digits.toLowerCase().replaceAll('w', 'p'));
  }

  function onEvent(event: EventWebhook): Ncco | undefined {
    const { status } = event;
    log.debug({ ...about, leg: event.uuid, status, to: event.to, reason: event.reason }, 'Vonage tells');
    if (event.movedTo !== '') options.onConversation(event.movedTo);
    if (event.uuid === uuid) {
      if (OVER.has(status)) onCallerLeft(status);
      return undefined;
    }
    const id = `${event.uuid} ${status}`;
    if (answered?.event === id) return answered.ncco;
    const ofTarget = transfer.onEvent(event);
    const ncco = ofTarget ? ofTarget.ncco : onMediaLeg(event);
    if (ncco) answered = { event: id, ncco };
    return ncco;
  }

  /** The WebSocket's own leg: where it dropped or failed another one may take its place. */
  function onMediaLeg({ status, reason, to }: EventWebhook): Ncco | undefined {
    if (!/^wss?:/.test(to) || spent.has(to)) return undefined;
    if (!['disconnected', 'failed', 'unanswered', 'timeout', 'rejected'].includes(status)) return undefined;
    if (callerGone || transfer.away) return undefined;
    if (state === 'leaving' || state === 'over') return undefined;
    reconnections += 1;
    const again = reconnections > RECONNECTIONS ? undefined : mediaAgain();
    if (!again) {
      log.error({ ...about, status, reason }, 'Vonage has no connection for the media any more');
      return undefined;
    }
    log.warn({ ...about, status, reason, reconnections }, 'the media connection is made again');
    return again;
  }

  function onCallerLeft(status: string): void {
    if (callerGone && state === 'over') return;
    callerGone = true;
    transfer.close();
    line.end(status === 'completed' ? 'caller-hung-up' : endReasonOf(status));
    if (state === 'waiting') giveUp('caller-hung-up');
  }

  return {
    info,
    ncco,
    get waiting() {
      return state === 'waiting';
    },
    // Webhooks, and what is done with all calls at once, come from outside of the call.
    onEvent: (event) => (domain ? domain.run(() => onEvent(event)) : onEvent(event)),
    done: finished.promise,
    abandon: FailureDomain.bind(() => {
      if (state === 'waiting') giveUp('shut-down');
    }),
  };
}
