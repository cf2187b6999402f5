import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { FailureDomain } from '../../lib/failure-domain.ts';
import type { TransferOutcome, TransferRequest } from '../../dialog/contract/call-info.ts';
import { endReasonOf, type EndReason } from '../../dialog/contract/end-reason.ts';
import { tryInTurn, type Acceptance } from '../call-domain.ts';
import { SessionLine } from '../session-line.ts';
import { MediaLeg, type MediaLegOptions } from './media-leg.ts';
import { connectTelephone, type Ncco } from './ncco.ts';
import { OVER, type VonageRest } from './vonage-rest.ts';
import type { VonageCalls } from './vonage-calls.ts';
import { VonageTransfer, type CallOfTransfer } from './vonage-transfer.ts';
import type { EventWebhook } from './webhook-content.ts';

export interface VonageCallOptions extends MediaLegOptions {
  readonly acceptance: Acceptance;
  /** Missing: without a private key calls can only be ended, by ending their media. */
  readonly rest: VonageRest | undefined;
  readonly clock: Clock;
  readonly settings: VonageCallSettings;
  /** What fails in it ends the call; closed when that has ended. */
  readonly domain: FailureDomain;
  /** Called numbers of ours, in digits: others may not be shown to those who are called. */
  readonly numbers: Readonly<Record<string, string>>;
  /** Where it is known as long as it holds anything. */
  readonly calls: VonageCalls;
}

export interface VonageCallSettings {
  /** From the answer webhook to the media connection; then the call is given up. */
  readonly attachMs: Milliseconds;
  /** Where callers go on: a number or SIP address for each department, `default` for all others. */
  readonly departments: Readonly<Record<string, string>>;
  /** What a caller hears while a telephone is called for them. */
  readonly ringbackToneUrl?: string | undefined;
}

type Stage =
  /** For its media. */
  | { readonly is: 'waiting'; readonly cancelWait: () => void }
  /** Its session runs. */
  | { readonly is: 'running'; readonly caller: CallerLeg }
  /** The caller is let go. */
  | { readonly is: 'leaving'; readonly caller: CallerLeg }
  | { readonly is: 'over'; readonly caller: CallerLeg };

/** `gone`: it has ended, or isn't ours any more. */
type CallerLeg = 'here' | 'gone';

/** One call from the Vonage cloud, from its answer webhook to its end. */
export class VonageCall implements CallOfTransfer {
  /** Resolves when the call is finished and its session has returned. */
  readonly done: Promise<void>;
  readonly #options: VonageCallOptions;
  readonly #media: MediaLeg;
  readonly #transfer: VonageTransfer;
  readonly #line: SessionLine;
  readonly #finished = Promise.withResolvers<undefined>();
  #stage: Stage;
  /** The event that was answered last: it may come again, if our answer got lost. */
  #answered: { readonly event: string; readonly ncco: Ncco } | undefined;

  constructor(options: VonageCallOptions) {
    const { session, clock, settings, domain } = options;
    this.#options = options;
    this.done = this.#finished.promise;
    this.#media = new MediaLeg(options);
    const { ringbackToneUrl } = settings;
    this.#transfer = new VonageTransfer(this, { ...options, ringbackToneUrl, media: this.#media });
    this.#line = this.#openLine();
    const cancelWait = clock.at(clock.now() + settings.attachMs, () => {
      this.#giveUp('media-never-attached');
    });
    this.#stage = { is: 'waiting', cancelWait };
    session.attached.then(
      () => {
        this.#run();
      },
      () => {
        this.#giveUp('media-failed');
      },
    );
    tryInTurn(domain, [
      () => {
        if (this.waiting) this.#giveUp('internal-error');
        else void this.#proceed({ VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: 'internal-error' });
      },
      () => void this.#finish('internal-error'),
    ]);
  }

  /** Vonage's id of the caller's leg. */
  get channel(): string {
    return this.#options.info.key.channel;
  }

  get mediaId(): string {
    return this.#options.session.id;
  }

  get waiting(): boolean {
    return this.#stage.is === 'waiting';
  }

  isCallerHere(): boolean {
    return this.#stage.is === 'running' && this.#stage.caller === 'here';
  }

  targetLeft(): void {
    this.#line.tell({ type: 'target-left' });
  }

  callerLeft(): void {
    this.#onCallerLeft('completed');
  }

  /** What the answer webhook is told; the same again while the call waits for its media. */
  get ncco(): Ncco {
    return this.#media.ncco;
  }

  /** Takes an event of one of its legs; answers a synchronous one with another NCCO. */
  onEvent(event: EventWebhook): Ncco | undefined {
    return this.#options.domain.run(() => this.#onEvent(event));
  }

  /** Its media went with a thread of ours. Vonage is told to connect once more: it may have found nobody whom it could ask. */
  mediaDropped(): void {
    this.#options.domain.run(() => void this.#connectAgain());
  }

  /** Nothing more is waited for. */
  abandon(): void {
    this.#options.domain.run(() => {
      this.#giveUp('shut-down');
    });
  }

  #openLine(): SessionLine {
    const { info, clock } = this.#options;
    return new SessionLine(info, {
      answer: () => Promise.resolve(clock.now()), // the NCCO has answered
      hangUp: () => {
        void this.#letGo();
      },
      proceed: (variables) => {
        void this.#proceed(variables);
      },
      transfer: (request, signal) => this.#putThrough(request, signal),
      sendDtmf: (digits) => this.#sendDtmf(digits),
    });
  }

  #run(): void {
    if (this.#stage.is !== 'waiting') return;
    this.#stage.cancelWait();
    this.#stage = { is: 'running', caller: 'here' };
    const { info, number, acceptance, session, log } = this.#options;
    log.info({ ...info.key, dialled: info.dialled, number }, 'the call has its media');
    // A run that throws at once is a run that rejects.
    const run = (async () => acceptance.run(this.#line, session))();
    run.then(
      () => void this.#finish('session-ended'),
      (error: unknown) => {
        log.error({ ...info.key, error: messageOf(error), err: error }, 'the session failed');
        void this.#finish('session-failed');
      },
    );
  }

  /** The call never runs. Nothing if it does, or has. */
  #giveUp(reason: EndReason, caller: CallerLeg = 'here'): void {
    if (this.#stage.is !== 'waiting') return;
    this.#stage.cancelWait();
    this.#stage = { is: 'leaving', caller };
    const { info, acceptance, log } = this.#options;
    log.info({ ...info.key, reason }, 'the call is given up');
    acceptance.abandoned?.(reason);
    void this.#finish(reason);
  }

  async #finish(reason: EndReason): Promise<void> {
    if (this.#stage.is === 'over') return;
    this.#stage = { is: 'over', caller: this.#caller };
    this.#transfer.close();
    await this.#letGo();
    this.#line.end(reason);
    const { calls, domain } = this.#options;
    calls.remove(this);
    domain.close();
    this.#finished.resolve(undefined);
  }

  /** Ends the caller's leg, if it is still ours, and the media. Never rejects. */
  async #letGo(): Promise<void> {
    if (this.#stage.is === 'running') this.#stage = { ...this.#stage, is: 'leaving' };
    const { rest, session } = this.#options;
    try {
      if (this.#caller === 'here' && rest) {
        this.#loseCaller();
        await rest.hangUp(this.channel);
      }
    } catch (error) {
      // Without its media the NCCO is done, and Vonage ends the call by itself.
      this.#warn('the caller could not be hung up; the media is ended', { error: messageOf(error) });
    }
    await session.close();
    this.#line.settleFarewell();
  }

  /** Sends the caller on to whoever stands for the department. */
  async #proceed(variables: Readonly<Record<string, string>>): Promise<void> {
    if (this.#stage.is === 'running') this.#stage = { ...this.#stage, is: 'leaving' };
    const { number, rest, eventUrl, settings, info, log } = this.#options;
    const { departments, ringbackToneUrl } = settings;
    const department = variables['VOICE_AGENT_DEPARTMENT'] ?? '';
    const to = departments[Object.hasOwn(departments, department) ? department : 'default'];
    const onward = to && connectTelephone({ to, eventUrl, from: number, ringbackToneUrl });
    if (!onward || !rest) {
      this.#warn('the caller has nowhere to go on (gateways.vonage.departments)', variables);
      await this.#letGo();
      return;
    }
    try {
      if (this.#caller === 'here') await rest.transfer(this.channel, onward);
      this.#loseCaller(); // not ours any more
      log.info({ ...info.key, ...variables, to }, 'the caller goes on');
    } catch (error) {
      this.#warn('the caller could not be sent on', { error: messageOf(error) });
    }
    await this.#letGo();
  }

  async #putThrough(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome> {
    const outcome = await this.#transfer.putThrough(request, signal);
    if (outcome === 'answered') await this.#options.session.close();
    return outcome;
  }

  async #sendDtmf(digits: string): Promise<void> {
    const { rest } = this.#options;
    if (!rest) throw new Error('keys can be sent only with the private key of the Vonage application');
    if (!/^[0-9*#w]+$/i.test(digits)) throw new Error(`Vonage can't send the keys "${digits}"`);
    await rest.sendDtmf(this.channel, digits.toLowerCase().replaceAll('w', 'p'));
  }

  #onEvent(event: EventWebhook): Ncco | undefined {
    const { uuid: leg, status, to, reason, movedTo } = event;
    const { info, log, calls } = this.#options;
    log.debug({ ...info.key, leg, status, to, reason }, 'Vonage tells');
    if (movedTo !== undefined) calls.join(this, movedTo);
    if (leg === this.channel) {
      if (status !== undefined && OVER.has(status)) this.#onCallerLeft(status);
      return undefined;
    }
    const id = `${leg} ${status}`;
    if (this.#answered?.event === id) return this.#answered.ncco;
    const ofTarget = this.#transfer.onEvent(event);
    const ncco = ofTarget ? ofTarget.ncco : this.#onMediaEvent(event);
    if (ncco) this.#answered = { event: id, ncco };
    return ncco;
  }

  #onMediaEvent(event: EventWebhook): Ncco | undefined {
    return this.#needsMedia ? this.#media.onEvent(event) : undefined;
  }

  get #needsMedia(): boolean {
    return (this.waiting || this.isCallerHere()) && !this.#transfer.away;
  }

  async #connectAgain(): Promise<void> {
    const { rest } = this.#options;
    const again = rest && this.#needsMedia ? this.#media.again() : undefined;
    if (!again) return;
    try {
      await rest?.transfer(this.channel, again);
      this.#warn('the media connection is made again', {});
    } catch (error) {
      this.#warn('the media connection could not be made again', { error: messageOf(error) });
    }
  }

  #onCallerLeft(status: string): void {
    if (this.#stage.is === 'over' && this.#stage.caller === 'gone') return;
    this.#loseCaller();
    this.#transfer.close();
    this.#line.end(status === 'completed' ? 'caller-hung-up' : endReasonOf(status));
    this.#giveUp('caller-hung-up', 'gone');
  }

  get #caller(): CallerLeg {
    return this.#stage.is === 'waiting' ? 'here' : this.#stage.caller;
  }

  #loseCaller(): void {
    if (this.#stage.is !== 'waiting') this.#stage = { ...this.#stage, caller: 'gone' };
  }

  #warn(message: string, fields: object): void {
    this.#options.log.warn({ ...this.#options.info.key, ...fields }, message);
  }
}
