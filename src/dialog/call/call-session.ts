import { onAbort } from '../../lib/abort.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { Scope } from '../../lib/scope.ts';
import { FlushLine } from '../../media/flush-line.ts';
import { farewellOf } from './call-ending.ts';
import { CallReplies, type ReplyOptions } from './call-replies.ts';
import { CallTelling } from './call-telling.ts';
import { CallTransfer } from './call-transfer.ts';
import { CallerEars } from './caller-ears.ts';
import { ConversationHistory } from '../reply/conversation-history.ts';
import { NO_MEDIA } from '../contract/call-media.ts';
import type { CallInfo, LineEvent } from '../contract/call-info.ts';
import type {
  CallLine,
  LanguageModel,
  MediaSession,
  SpeechToText,
  TextToSpeech,
  VoiceActivityDetector,
} from '../contract/ports.ts';
import type { CallObserver } from '../contract/call-events.ts';
import type { SttEvent, VadEvent } from '../contract/speech.ts';
import { thrownTrouble } from '../contract/provider-trouble.ts';
import { interruptible, nextDeadline, opening, resultOf, step } from '../turn/turn-machine.ts';
import type {
  Ending,
  Transfer,
  TurnAction,
  TurnEvent,
  TurnSettings,
  TurnState,
} from '../turn/turn-states.ts';

/** Who hears, thinks and speaks. */
export interface AgentParts {
  readonly vad: VoiceActivityDetector;
  readonly stt: SpeechToText;
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
}

export interface CallSessionOptions extends ReplyOptions {
  readonly parts: AgentParts;
  /** The process's lifetime; the call's is a child of it. */
  readonly scope: Scope;
  /** In logs, records and the latency tracker; `callName`, if no other call that runs has that. */
  readonly name?: string;
  readonly info: CallInfo;
  /** What the recogniser should expect. */
  readonly expected: readonly string[];
  readonly observe: CallObserver;
  readonly settings: TurnSettings;
  /** The call consists of this only. */
  readonly announcement?: Ending | undefined;
}

/** The name of a call, unless its channel's last visit hasn't ended yet. */
export function callName(info: CallInfo): string {
  return `${info.key.server}/${info.key.channel}`;
}

/** After a bug: for the apology, or for whatever else makes the call end. */
const APOLOGY_MS = 20_000;
/** And for leaving without another word: longer than the account of what was being said may take. */
const LEAVE_MS = 5000;

/**
 * One call: carries out what the turn machine says. It begins when it is made (the record's start),
 * runs once with a line and media, and ends exactly once, with a reason. The media session belongs to
 * whoever reserved it. What fails in its failure domain, the one in which it is made, ends it.
 */
export class CallSession {
  readonly name: string;
  readonly #options: CallSessionOptions;
  readonly #settings: TurnSettings;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #history = new ConversationHistory();
  readonly #telling: CallTelling;
  readonly #over = Promise.withResolvers<Ending>();
  readonly #createdAt: Milliseconds;
  readonly #waiting: TurnEvent[] = [];
  /** As the call came in, with whoever is the caller now. */
  #info: CallInfo;
  #state: TurnState;
  #dispatching = false;
  #bugs = 0;
  #cancelTick: () => void = () => undefined;
  #armedFor: number | undefined;
  #answeredAt: Milliseconds | undefined;
  #ears: CallerEars | undefined;
  readonly #earsScope: Scope;
  #transfer!: CallTransfer;
  #replies!: CallReplies;
  #line!: CallLine;
  #media!: MediaSession;
  #flushLine!: FlushLine;

  constructor(options: CallSessionOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.name = options.name ?? callName(options.info);
    this.#info = options.info;
    this.#scope = options.scope.child(`call ${this.name}`);
    this.#earsScope = this.#scope.child('ears');
    this.#settings = options.settings;
    this.#state = opening(options.settings, options.announcement);
    this.#createdAt = this.#clock.now();
    const { tracker, clock, observe } = options;
    this.#telling = new CallTelling({ name: this.name, history: this.#history, tracker, clock, observe });
    this.#telling.emit({ type: 'started', info: options.info, agent: options.agent.id });
    // While the line is being set up: connections that have gone cold are made again. They are for all calls.
    const { stt, llm, tts } = options.parts;
    FailureDomain.outside(() => {
      for (const part of options.announcement ? [tts] : [stt, llm, tts]) part.warm?.();
    });
  }

  /** From the answer to the end of the call. Resolves when nothing of it is left open; never rejects. */
  async run(line: CallLine, media: MediaSession): Promise<void> {
    // Until now it was for the line to see to it. From now on the caller can be told.
    const withdraw = FailureDomain.current()?.onFailure((error) => this.#onBug(error));
    if (withdraw) this.#scope.defer(withdraw);
    FailureDomain.attempt(() => {
      this.#begin(line, media);
    });
    const ending = await this.#over.promise;
    await this.#leave(ending);
  }

  #begin(line: CallLine, media: MediaSession): void {
    this.#line = line;
    this.#media = media;
    this.#flushLine = new FlushLine(media.flushLine);
    this.#transfer = new CallTransfer({
      line,
      info: () => this.#info,
      agent: this.#options.agent,
      clock: this.#clock,
      emit: (event) => {
        this.#telling.emit(event);
      },
    });
    this.#replies = new CallReplies(this.#options, {
      name: this.name,
      scope: this.#scope,
      line,
      media,
      history: this.#history,
      telling: this.#telling,
      info: () => this.#info,
      state: () => this.#state,
      dispatch: (event) => {
        this.#dispatch(event);
      },
      onAudible: (reply, turn, at) => {
        this.#audible(reply, turn, at);
      },
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
          this.#telling.trouble('media', event.reason);
          this.#dispatch({ type: 'media-lost', at: this.#clock.now() });
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
    if (this.#state.phase !== 'over') {
      if (!this.#options.announcement) this.#openEars();
      void this.#answer();
    }
  }

  /** The call was given up before it could run. */
  abandon(reason: string): void {
    if (this.#telling.ended) return;
    // It may have been finished already, and waited to be run for that.
    const ending = this.#state.phase === 'over' ? this.#state.ending : ({ reason, way: 'none' } as const);
    this.#state = { ...this.#state, phase: 'over', ending };
    void this.#scope.close();
    this.#telling.end(ending.reason, {}, NO_MEDIA);
  }

  /** Ends the call from outside: after the turn that is under way, with last words, or `now`. */
  readonly finish = FailureDomain.bind((ending: Ending, now?: boolean) => {
    this.#dispatch({ type: 'finish', ending, now: now ?? false, at: this.#clock.now() });
  });

  /** The first time with an apology, if the caller can hear one; the second time at once; then it is the line's turn. */
  #onBug(error: unknown): Milliseconds | undefined {
    this.#bugs += 1;
    if (this.#telling.ended || this.#bugs > 2) return undefined;
    const leaving = this.#state.phase === 'over';
    if (leaving) return this.#bugs === 1 ? LEAVE_MS : undefined;
    if (this.#bugs === 1) {
      this.#telling.trouble('internal', messageOf(error));
      if (this.#apologise()) return APOLOGY_MS;
    }
    // Without the machine: it may be what is broken.
    const ending: Ending = { reason: 'internal-error', way: 'proceed' };
    this.#state = { ...this.#state, phase: 'over', ending };
    this.#over.resolve(ending);
    return LEAVE_MS;
  }

  #apologise(): boolean {
    try {
      // Before what else waits: that was for a call in which all was well.
      this.#waiting.unshift({ type: 'internal-error', at: this.#clock.now() });
      this.#dispatchWaiting();
      return true;
    } catch (error) {
      this.#telling.trouble('internal', messageOf(error));
      return false;
    }
  }

  // ── what happens ──────────────────────────────────────────────────────────────────────────

  async #answer(): Promise<void> {
    try {
      const at = await this.#line.answer();
      if (this.#state.phase === 'over') return;
      this.#answeredAt = at;
      this.#telling.emit({ type: 'answered', setUpMs: at - this.#createdAt });
      this.#dispatch({ type: 'answered', at: this.#clock.now() });
    } catch (error) {
      if (this.#state.phase === 'over') return;
      this.#telling.trouble('line', messageOf(error));
      this.finish({ reason: 'not-answered', way: 'proceed' }, true);
    }
  }

  #openEars(): void {
    const { parts, agent, expected } = this.#options;
    this.#ears = new CallerEars({
      scope: this.#earsScope,
      media: this.#media,
      vad: parts.vad,
      stt: parts.stt,
      clock: this.#clock,
      language: agent.language,
      phrases: expected,
      pronunciations: agent.knowledge.pronunciations,
      bargeInMs: agent.limits.bargeInMs,
      onVad: (event) => {
        this.#onVad(event);
      },
      onStt: (event) => {
        this.#onStt(event);
      },
      onTrouble: (part, error) => {
        this.#telling.emit(thrownTrouble(part, error));
      },
      onDeaf: (fatal) => {
        this.#dispatch({ type: 'stt-failed', fatal, at: this.#clock.now() });
      },
    });
  }

  #onStt(event: Exclude<SttEvent, { type: 'failed' }>): void {
    if (event.type === 'trouble') {
      this.#telling.providerTrouble(event.trouble);
      return;
    }
    this.#dispatch({ ...event, at: this.#clock.now() });
  }

  #onVad(event: VadEvent): void {
    const at = this.#clock.now();
    const { frame } = event;
    if (event.type === 'speech-stop') this.#dispatch({ type: event.type, frame, lastAt: event.at, at });
    else this.#dispatch({ type: event.type, frame, since: event.at, at });
  }

  #onLine(event: LineEvent): void {
    const at = this.#clock.now();
    this.#transfer.onLine(event);
    // What he presses for somebody else is none of our business.
    if (event.type === 'dtmf' && this.#transfer.connected) return;
    switch (event.type) {
      case 'dtmf':
        this.#telling.emit({ type: 'dtmf', digit: event.digit });
        this.#dispatch({ type: 'dtmf', digit: event.digit, at });
        break;
      case 'hold':
      case 'unhold':
        this.#telling.emit({ type: event.type === 'hold' ? 'held' : 'unheld' });
        this.#dispatch({ type: event.type, at });
        break;
      case 'target-left':
        this.#dispatch({ type: event.type, at });
        break;
      case 'caller-changed':
        this.#info = { ...this.#info, caller: event.caller };
        this.#telling.emit({ type: 'caller-changed', caller: event.caller });
        break;
      case 'ended':
        this.#dispatch({ type: 'line-ended', reason: event.reason, at });
    }
  }

  /** One step of the machine, and what follows from it. What happens meanwhile comes after it. */
  #dispatch(event: TurnEvent): void {
    this.#waiting.push(event);
    this.#dispatchWaiting();
  }

  #dispatchWaiting(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        const { state, actions } = step(this.#state, next, this.#settings);
        this.#state = state;
        for (const action of actions) this.#carryOut(action, next);
        this.#arm();
      }
    } finally {
      this.#dispatching = false;
    }
    this.#cancelTick();
    const deadline = nextDeadline(this.#state, this.#settings);
    if (deadline === Infinity) return;
    this.#cancelTick = this.#clock.at(deadline, () => {
      this.#dispatch({ type: 'tick', at: Math.max(deadline, this.#clock.now()) });
    });
  }

  /** Lets the detector stop the agent by itself while he may be interrupted. */
  #arm(): void {
    const reply = interruptible(this.#state);
    if (reply === this.#armedFor) return;
    this.#armedFor = reply;
    if (reply !== undefined) this.#flushLine.arm();
    else if (this.#state.phase !== 'opening') this.#flushLine.disarm();
  }

  // ── what is done ──────────────────────────────────────────────────────────────────────────

  #carryOut(action: TurnAction, event: TurnEvent): void {
    switch (action.do) {
      case 'begin-turn':
        this.#ears?.beginTurn(action.frame);
        break;
      case 'end-turn':
        void this.#ears?.endTurn(action.frame).then((transcript) => {
          if (transcript) {
            this.#dispatch({ type: 'transcript', ask: action.ask, transcript, at: this.#clock.now() });
          }
        });
        break;
      case 'reply':
        this.#replies.reply(action);
        break;
      case 'release':
        this.#replies.release(action, event.at);
        break;
      case 'drop':
      case 'interrupt':
        this.#replies.stop(action, event);
        break;
      case 'say':
        this.#replies.say(action.reply, action.turn, action.phrase);
        break;
      case 'filler':
        this.#replies.filler();
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
        void this.#earsScope.close();
        break;
      case 'leave':
        this.#over.resolve(action.ending);
    }
  }

  #callTarget({ target, call }: Transfer): void {
    const calling = this.#transfer.begin(target).then((outcome) => {
      this.#history.toolAnswered(call, resultOf(outcome, target.name));
      this.#dispatch({ type: 'transfer-over', outcome, at: this.#clock.now() });
    });
    this.#replies.follow(calling);
  }

  #audible(reply: number, turn: number, at: Milliseconds): void {
    if (turn === 0 && this.#answeredAt !== undefined && this.#state.phase === 'greeting') {
      this.#telling.emit({ type: 'greeting-started', afterAnswerMs: at - this.#answeredAt }, at);
    }
    this.#dispatch({ type: 'reply-audible', reply, at: this.#clock.now() });
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────

  async #leave(wanted: Ending): Promise<void> {
    this.#cancelTick();
    const { reason, way, variables } = farewellOf(wanted, this.#options.agent);
    const told = async (action: () => Promise<void>): Promise<void> => {
      try {
        await action();
      } catch (error) {
        this.#telling.trouble('line', messageOf(error));
      }
    };
    const steps: readonly (() => Promise<void> | undefined)[] = [
      // What was on the way when the line went is accounted for, too.
      () => this.#replies.close(this.#transfer.connected),
      () =>
        told(async () => {
          if (way === 'hang-up') await this.#line.hangUp();
          if (way === 'proceed') await this.#line.proceed(variables);
        }),
      () => told(() => this.#scope.close()),
      () => {
        this.#transfer.close();
        return undefined;
      },
      () => {
        let media = NO_MEDIA;
        FailureDomain.attempt(() => {
          media = this.#media.stats();
        });
        this.#telling.end(reason, variables, media);
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
