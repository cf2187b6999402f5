import { onAbort } from '../../lib/abort.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { Scope } from '../../lib/scope.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { FlushLine } from '../../media/flush-line.ts';
import { farewellOf } from './call-ending.ts';
import type { AgentAtWork, CallInHand } from './call-in-hand.ts';
import { CallReplies } from './call-replies.ts';
import type { CallReporter } from './call-reporter.ts';
import { CallTransfer } from './call-transfer.ts';
import { TurnInbox, type PostedEvent } from './turn-inbox.ts';
import { CallerListener } from './caller-listener.ts';
import { NO_MEDIA } from '../contract/call-media.ts';
import type { LineEvent } from '../contract/call-info.ts';
import type { CallObserver, TurnGlimpse } from '../contract/call-events.ts';
import { knownText } from '../turn/caller-turn.ts';
import { interruptible, isPaused, nextDeadline, opening, resultOf, step } from '../turn/turn-machine.ts';
import { loggedSettings, TurnLog } from '../turn/turn-log.ts';
import type {
  Ending,
  Transfer,
  TurnAction,
  TurnEvent,
  TurnSettings,
  TurnState,
} from '../turn/turn-states.ts';

export interface CallSessionOptions extends AgentAtWork {
  /** The process's lifetime; the call's is a child of it. */
  readonly scope: Scope;
  readonly observe: CallObserver;
  /** The call consists of this only. */
  readonly announcement?: Ending | undefined;
}

export type OperatorWish = Extract<PostedEvent, { type: 'operator-says' | 'put-through' }>;

/** In which a reply is being made, or heard. */
const REPLIES: ReadonlySet<TurnGlimpse['phase']> = new Set(['thinking', 'speaking']);

/** Between two states: the detector stops the agent by itself while they may be interrupted. */
export function arm(
  flushLine: FlushLine,
  before: TurnState,
  after: TurnState,
  settings: Pick<TurnSettings, 'interruption' | 'greetingInterruptible'>,
): void {
  const reply = interruptible(after, settings);
  if (reply === undefined) {
    flushLine.disarm();
    // The detector paused what had just ended: nothing else would let the caller hear what comes next.
    if (!isPaused(after)) flushLine.resume();
  } else if (reply !== interruptible(before, settings)) flushLine.arm(settings.interruption.atOnce);
}

/** After a bug: for the apology, or for whatever else makes the call end. */
const APOLOGY_MS = 20_000;
/** And for leaving without another word: longer than the account of what was being said may take. */
const LEAVE_MS = 5000;

/**
 * One call that has a line and media: carries out what the turn machine says, from the answer to the end. The media
 * session belongs to whoever reserved it.
 */
export class CallSession {
  readonly #options: CallSessionOptions;
  readonly #call: CallInHand;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #listenerScope: Scope;
  readonly #reporter: CallReporter;
  readonly #inbox: TurnInbox;
  readonly #transfer: CallTransfer;
  readonly #replies: CallReplies;
  readonly #flushLine: FlushLine;
  readonly #over = Promise.withResolvers<Ending>();
  #state: TurnState;
  #bugs = 0;
  #cancelTick: () => void = () => undefined;
  /** None in an announcement, to which nobody listens. */
  #listener: CallerListener | undefined;
  readonly #log: TurnLog | undefined;

  constructor(options: CallSessionOptions, call: CallInHand) {
    const { clock, settings } = options;
    this.#options = options;
    this.#call = call;
    this.#clock = clock;
    this.#reporter = call.reporter;
    this.#scope = options.scope.child(`call ${call.facts.name}`);
    this.#listenerScope = this.#scope.child('listener');
    this.#inbox = new TurnInbox(clock);
    this.#flushLine = new FlushLine(call.media.flushLine);
    this.#transfer = new CallTransfer(options, call);
    this.#replies = new CallReplies(options, { ...call, scope: this.#scope, inbox: this.#inbox });
    this.#state = opening(settings, options.announcement);
    this.#log = options.announcement ? undefined : new TurnLog(loggedSettings(settings, options.agent));
  }

  /** `finished`: the call was ended before it could run. Resolves when nothing of it is left open; never rejects. */
  async run(finished?: Ending): Promise<void> {
    // Until now bugs were the line's business. From now on the caller can be told.
    const withdraw = FailureDomain.current()?.onFailure((error) => this.#onBug(error));
    if (withdraw) this.#scope.defer(withdraw);
    FailureDomain.attempt(() => {
      this.#begin(finished);
    });
    const ending = await this.#over.promise;
    await this.#leave(ending);
  }

  /** Where it stands, for who looks on. */
  get glimpse(): TurnGlimpse {
    const state = this.#state;
    const { phase, turn } = state;
    const replies = phase === 'listening' ? state.preemptive !== undefined : REPLIES.has(phase);
    const marks = replies ? this.#reporter.marks(turn) : undefined;
    const saying = this.#replies.progress;
    return {
      phase,
      turn,
      words: phase === 'listening' ? knownText(state.said) : '',
      ...(saying && { saying }),
      ...(marks && { marks }),
    };
  }

  #begin(finished: Ending | undefined): void {
    const { line, media } = this.#call;
    this.#inbox.serve((event) => {
      this.#handle(event);
    });
    this.#scope.defer(
      line.on((event) => {
        this.#onLine(event);
      }),
    );
    this.#scope.defer(
      media.on((event) => {
        if (event.type === 'dtmf') this.#onLine(event);
        else {
          this.#reporter.trouble('media', event.reason);
          this.#inbox.post({ type: 'media-lost' });
        }
      }),
    );
    this.#scope.defer(() => {
      this.#cancelTick();
      this.#flushLine.disarm();
    });
    // The process's scope closes: no more words, but the dialplan has the caller.
    this.#scope.defer(
      onAbort(this.#options.scope.signal, () => {
        const variables = { VOICE_AGENT_RESULT: 'draining' };
        this.finish({ reason: 'shut-down', way: 'proceed', variables }, true);
      }),
    );
    if (finished) this.finish(finished, true);
    if (this.#inbox.closed) return;
    if (!this.#options.announcement) {
      const call = { ...this.#call, scope: this.#listenerScope, inbox: this.#inbox };
      this.#listener = new CallerListener(this.#options, call);
    }
    void this.#answer();
  }

  /** Ends the call from outside: after the turn that is under way, with last words, or `now`. */
  finish(ending: Ending, now: boolean): void {
    this.#inbox.post({ type: 'finish', ending, now });
  }

  /** What somebody wants who looks on. */
  operate(wish: OperatorWish): void {
    this.#inbox.post(wish);
  }

  /** The first time with an apology, if the caller can hear one; the second time at once; after that the line sees to it. */
  #onBug(error: unknown): Milliseconds | undefined {
    this.#bugs += 1;
    if (this.#reporter.ended || this.#bugs > 2) return undefined;
    if (this.#inbox.closed) return this.#bugs === 1 ? LEAVE_MS : undefined;
    if (this.#bugs === 1) {
      this.#reporter.trouble('internal', messageOf(error));
      if (this.#apologise()) return APOLOGY_MS;
    }
    // Without the machine: it may be what is broken.
    this.#end({ reason: 'internal-error', way: 'proceed' });
    return LEAVE_MS;
  }

  #apologise(): boolean {
    try {
      // Before what else waits: that was for a call in which all was well.
      this.#inbox.postFirst({ type: 'internal-error' });
      return true;
    } catch (error) {
      this.#reporter.trouble('internal', messageOf(error));
      return false;
    }
  }

  // ── what happens ──────────────────────────────────────────────────────────────────────────

  async #answer(): Promise<void> {
    const { settings } = this.#options;
    try {
      const at = await this.#call.line.answer();
      if (this.#inbox.closed) return;
      this.#reporter.answered(at, at - this.#call.admittedAt);
      this.#inbox.post({ type: 'answered' });
      if (settings.firstPacketMs > 0 && !settings.hello) this.#awaitFirstPacket();
    } catch (error) {
      if (this.#inbox.closed) return;
      this.#reporter.trouble('line', messageOf(error));
      this.finish({ reason: 'not-answered', way: 'proceed' }, true);
    }
  }

  /** There is no event for it, so the counters are looked at. */
  #awaitFirstPacket(): void {
    if (this.#state.phase !== 'opening' || this.#inbox.closed) return;
    if (this.#call.media.stats().packetsReceived > 0) this.#inbox.post({ type: 'line-heard' });
    else {
      this.#clock.at(this.#clock.now() + FRAME_MS, () => {
        this.#awaitFirstPacket();
      });
    }
  }

  #onLine(event: LineEvent): void {
    this.#transfer.onLine(event);
    // What the caller presses for somebody else is none of our business.
    if (event.type === 'dtmf' && this.#transfer.connected) return;
    switch (event.type) {
      case 'dtmf':
        this.#reporter.emit({ type: 'dtmf', digit: event.digit });
        this.#inbox.post({ type: 'dtmf', digit: event.digit });
        break;
      case 'hold':
      case 'unhold':
        this.#reporter.emit({ type: event.type === 'hold' ? 'held' : 'unheld' });
        this.#inbox.post({ type: event.type });
        break;
      case 'target-left':
        this.#inbox.post({ type: event.type });
        break;
      case 'caller-changed':
        this.#call.facts.callerChanged(event.caller);
        this.#reporter.emit({ type: 'caller-changed', caller: event.caller });
        this.#inbox.post({ type: 'caller-changed' });
        break;
      case 'ended':
        this.#inbox.post({ type: 'line-ended', reason: event.reason });
    }
  }

  /** One step of the machine, and what follows from it. */
  #handle(event: TurnEvent): void {
    const { settings } = this.#options;
    const before = this.#state;
    const { state, actions } = step(before, event, settings);
    this.#state = state;
    this.#logStep(event, actions);
    for (const action of actions) this.#carryOut(action, event);
    arm(this.#flushLine, before, state, settings);
    this.#cancelTick();
    const deadline = nextDeadline(state, settings);
    if (deadline === undefined) return;
    this.#cancelTick = this.#clock.at(deadline, () => {
      this.#inbox.post({ type: 'tick' }, Math.max(deadline, this.#clock.now()));
    });
  }

  #logStep(event: TurnEvent, actions: readonly TurnAction[]): void {
    const readyAt = event.type === 'reply-audible' ? this.#reporter.readyAt(this.#state.turn) : undefined;
    this.#log?.told(event, readyAt === undefined ? undefined : { readyAt });
    for (const action of actions) this.#log?.did(action, event.at);
    // The turn and its answer were reported just before.
    if (event.type === 'agent-said' || this.#log?.isFull) this.#tellSteps();
  }

  #tellSteps(): void {
    if (this.#log) this.#reporter.emit({ type: 'turn-log', turn: this.#state.turn, ...this.#log.take() });
  }

  // ── what is done ──────────────────────────────────────────────────────────────────────────

  #carryOut(action: TurnAction, event: TurnEvent): void {
    switch (action.do) {
      case 'begin-turn':
        this.#listener?.beginTurn(action.frame);
        break;
      case 'end-turn':
        void this.#listener?.endTurn(action.frame, action.ask);
        break;
      case 'unanswered':
        this.#reporter.sttUnanswered(action.waitedMs);
        break;
      case 'judge-end':
        void this.#listener?.judgeEnd(action);
        break;
      case 'reply':
        this.#replies.reply(action);
        break;
      case 'release':
        this.#replies.release(action, event.at);
        break;
      case 'drop':
      case 'interrupt':
        this.#replies.stop(action, event.at);
        break;
      case 'hold-back':
        this.#replies.holdBack(action);
        break;
      case 'let-begin':
        this.#replies.letBegin(action);
        break;
      case 'pause':
        this.#replies.pause(action);
        break;
      case 'resume':
        this.#replies.resume(action);
        // The detector may have paused a filler before the reply, too: it goes on as well.
        this.#flushLine.resume();
        break;
      case 'judged':
        this.#reporter.soundJudged(action.sound);
        break;
      case 'say':
        this.#replies.say(action);
        break;
      case 'filler':
        this.#replies.filler(action);
        break;
      case 'stop-filler':
        this.#replies.stopFiller();
        break;
      case 'tone':
        this.#replies.tone();
        break;
      case 'transfer':
        this.#callTarget(action.transfer);
        break;
      case 'cancel-transfer':
        this.#transfer.cancel();
        break;
      case 'detach':
        void this.#listenerScope.close();
        break;
      case 'leave':
        this.#end(action.ending);
    }
  }

  #callTarget({ target, call }: Transfer): void {
    const about = typeof call.arguments['about'] === 'string' ? call.arguments['about'] : '';
    const calling = this.#transfer.begin(target, about).then((outcome) => {
      this.#call.history.toolAnswered(call, resultOf(outcome, target.name));
      this.#inbox.post({ type: 'transfer-over', outcome });
    });
    this.#replies.follow(calling);
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────

  /** Nothing happens any more but that the line is left. */
  #end(ending: Ending): void {
    this.#inbox.close();
    this.#over.resolve(ending);
  }

  async #leave(wanted: Ending): Promise<void> {
    this.#cancelTick();
    const { reason, way, variables } = farewellOf(wanted, this.#options.agent);
    const told = async (action: () => Promise<void>): Promise<void> => {
      try {
        await action();
      } catch (error) {
        this.#reporter.trouble('line', messageOf(error));
      }
    };
    const steps: readonly (() => Promise<void> | undefined)[] = [
      // What was on the way when the line went is accounted for, too.
      () => this.#replies.close(this.#transfer.connected),
      () =>
        told(async () => {
          if (way === 'hang-up') await this.#call.line.hangUp();
          if (way === 'proceed') await this.#call.line.proceed(variables);
        }),
      () => told(() => this.#scope.close()),
      () => {
        this.#transfer.close();
        return undefined;
      },
      () => {
        this.#tellSteps();
        return undefined;
      },
      () => {
        let media = NO_MEDIA;
        FailureDomain.attempt(() => {
          media = this.#call.media.stats();
        });
        this.#reporter.end(reason, variables, media);
        return undefined;
      },
    ];
    // Whatever fails in one of them, the others are done.
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        FailureDomain.report(error);
      }
    }
  }
}
