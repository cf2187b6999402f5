import type { AudioFormat } from '../media/audio.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import { FlushLine } from '../media/flush-line.ts';
import { orAborted } from './aborting.ts';
import { INTERRUPTED, startReply, type AgentReply, type Question } from './agent-reply.ts';
import { runTool, type ToolTable } from './agent-tools.ts';
import { CallTransfer } from './call-transfer.ts';
import { CallerEars } from './caller-ears.ts';
import { ConversationHistory } from './conversation-history.ts';
import type { LatencyTracker } from './latency-tracker.ts';
import { NO_MEDIA } from './ports.ts';
import { thrownTrouble, troubleEvent } from './provider-trouble.ts';
import type {
  AgentProfile,
  CallEvent,
  CallInfo,
  CallLine,
  CallObserver,
  LanguageModel,
  LineEvent,
  LlmEvent,
  MediaSession,
  ProviderTrouble,
  SpeechToText,
  SttEvent,
  TextToSpeech,
  ToolCall,
  TurnMarks,
  VadEvent,
  VoiceActivityDetector,
} from './ports.ts';
import { formatFor, type PhraseCache } from './prepared-phrases.ts';
import { interruptible, nextDeadline, opening, step } from './turn-machine.ts';
import { resultOf } from './turn-transfer.ts';
import type {
  CallerInput,
  Ending,
  PhraseName,
  Sequel,
  Transfer,
  TurnAction,
  TurnEvent,
  TurnInput,
  TurnSettings,
  TurnState,
} from './turn-states.ts';
import { playPhrase, playTone, type Heard } from './utterance.ts';

/** Who hears, thinks and speaks. */
export interface AgentParts {
  readonly vad: VoiceActivityDetector;
  readonly stt: SpeechToText;
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
}

export interface CallSessionOptions {
  /** The process's lifetime; the call's is a child of it. */
  readonly scope: Scope;
  readonly info: CallInfo;
  readonly agent: AgentProfile;
  readonly parts: AgentParts;
  readonly tools: ToolTable;
  readonly phrases: PhraseCache;
  /** Whose prepared phrases are spoken; the agent's id unless it is an announcement. */
  readonly phraseOwner: string;
  /** What the recogniser should expect. */
  readonly expected: readonly string[];
  readonly clock: Clock;
  readonly tracker: LatencyTracker;
  readonly observe: CallObserver;
  readonly settings: TurnSettings;
  /** The synthesiser's format that is wanted, if not the wire's own. */
  readonly source?: AudioFormat | undefined;
  /** The call consists of this only. */
  readonly announcement?: Ending | undefined;
  /** Longest time without any progress of the model or the synthesiser. */
  readonly stallMs?: Milliseconds;
  /** How often a model may call tools in one turn and be asked again. */
  readonly toolRounds?: number;
}

/** Something that the agent says, or is about to. */
interface Running {
  readonly turn: number;
  reply?: AgentReply;
  /** When it is over, and the history knows what was heard of it. */
  settled: Promise<void>;
  /** The turn that it answers is certain. */
  certain: boolean;
  /** Taken back: leaves no trace. */
  dropped: boolean;
  /** Flushed by this thread, and why; else the detector has done it. */
  flushedBy?: 'caller' | 'call';
}

const STALL_MS = 4000;
const TOOL_ROUNDS = 4;
/** What a model is told of an ending that its words didn't reach. */
const NOT_DONE = 'not done: the caller has interrupted you before';
/** How long the account of what was being said may take when the call is over. */
const ACCOUNT_MS = 1000;
/** What the caller does to interrupt. */
const BY_CALLER: ReadonlySet<TurnEvent['type']> = new Set([
  'barge-in',
  'partial',
  'turn-eager-end',
  'turn-end',
  'dtmf',
]);

/** The name of a call in logs, records and the latency tracker. */
export function callName(info: CallInfo): string {
  return `${info.key.server}/${info.key.channel}`;
}

/**
 * One call: carries out what the turn machine says. It begins when it is made (the record's start),
 * runs once with a line and media, and ends exactly once, with a reason. The media session belongs to
 * whoever reserved it.
 */
export class CallSession {
  readonly name: string;
  readonly #options: CallSessionOptions;
  #settings: TurnSettings;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #history = new ConversationHistory();
  readonly #running = new Map<number, Running>();
  readonly #over = Promise.withResolvers<Ending>();
  readonly #createdAt: Milliseconds;
  readonly #waiting: TurnEvent[] = [];
  /** As the call came in, with whoever is the caller now. */
  #info: CallInfo;
  #state: TurnState;
  #dispatching = false;
  #cancelTick: () => void = () => undefined;
  #armedFor = 0;
  /** Tools that haven't done their work; one may go on when its reply was stopped, or the call is over. */
  readonly #atWork = new Set<ToolCall>();
  /** Providers that this call is known to do without. */
  readonly #spared = new Set<string>();
  #answeredAt: Milliseconds | undefined;
  /** The account of the last thing said: the next reply's history waits for it. */
  #lastSettled: Promise<void> = Promise.resolve();
  /** "One moment", heard before a reply that isn't certain yet. */
  #untoldSign: { readonly turn: number; readonly heard: Heard } | undefined;
  #ears: CallerEars | undefined;
  readonly #earsScope: Scope;
  #transfer!: CallTransfer;
  #line!: CallLine;
  #media!: MediaSession;
  #flushLine!: FlushLine;

  constructor(options: CallSessionOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.name = callName(options.info);
    this.#info = options.info;
    this.#scope = options.scope.child(`call ${this.name}`);
    this.#earsScope = this.#scope.child('ears');
    this.#settings = options.settings;
    this.#state = opening(options.announcement);
    this.#createdAt = this.#clock.now();
    this.#emit({ type: 'started', info: options.info, agent: options.agent.id });
    // While the line is being set up: connections that have gone cold are made again.
    const { stt, llm, tts } = options.parts;
    for (const part of options.announcement ? [tts] : [stt, llm, tts]) part.warm?.();
  }

  /** From the answer to the end of the call. Resolves when nothing of it is left open; never rejects. */
  async run(line: CallLine, media: MediaSession): Promise<void> {
    this.#line = line;
    this.#media = media;
    this.#flushLine = new FlushLine(media.flushLine);
    this.#transfer = new CallTransfer({
      line,
      agent: this.#options.agent,
      clock: this.#clock,
      emit: (event) => {
        this.#emit(event);
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
          this.#trouble('media', event.reason);
          this.#dispatch({ type: 'media-lost', at: this.#clock.now() });
        }
      }),
    );
    this.#scope.defer(() => {
      this.#cancelTick();
      this.#flushLine.disarm();
    });
    // The process's scope closes: no more words.
    const onAbort = (): void => {
      this.finish({ reason: 'shut-down', way: 'hang-up' }, true);
    };
    this.#options.scope.signal.addEventListener('abort', onAbort, { once: true });
    this.#scope.defer(() => {
      this.#options.scope.signal.removeEventListener('abort', onAbort);
    });
    if (this.#state.phase !== 'over') {
      if (!this.#options.announcement) this.#openEars();
      void this.#answer();
    }
    const ending = await this.#over.promise;
    await this.#leave(ending);
  }

  /** The call was given up before it could run. */
  abandon(reason: string): void {
    if (this.#state.phase === 'over') return;
    this.#state = { ...this.#state, phase: 'over', ending: { reason, way: 'none' } };
    void this.#scope.close();
    this.#emit({ type: 'ended', reason, variables: {}, media: NO_MEDIA });
  }

  /** Ends the call from outside: after the turn that is under way, with last words, or `now`. */
  finish(ending: Ending, now = false): void {
    this.#dispatch({ type: 'finish', ending, now, at: this.#clock.now() });
  }

  // ── what happens ──────────────────────────────────────────────────────────────────────────

  async #answer(): Promise<void> {
    try {
      const at = await this.#line.answer();
      if (this.#state.phase === 'over') return;
      this.#answeredAt = at;
      this.#emit({ type: 'answered', setUpMs: at - this.#createdAt });
      this.#dispatch({ type: 'answered', at: this.#clock.now() });
    } catch (error) {
      if (this.#state.phase === 'over') return;
      this.#trouble('line', messageOf(error));
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
        this.#emit(thrownTrouble(part, error));
      },
      onDeaf: (fatal) => {
        this.#dispatch({ type: 'stt-failed', fatal, at: this.#clock.now() });
      },
    });
  }

  #onStt(event: Exclude<SttEvent, { type: 'failed' }>): void {
    if (event.type === 'trouble') {
      this.#providerTrouble(event.trouble);
      return;
    }
    const at = this.#clock.now();
    if (event.type !== 'recogniser') {
      this.#dispatch({ ...event, at });
      return;
    }
    this.#settings = { ...this.#settings, findsTurns: event.findsTurns };
    this.#dispatch({ type: 'recogniser', at });
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
        this.#emit({ type: 'dtmf', digit: event.digit });
        this.#dispatch({ type: 'dtmf', digit: event.digit, at });
        break;
      case 'hold':
      case 'unhold':
        this.#emit({ type: event.type === 'hold' ? 'held' : 'unheld' });
        this.#dispatch({ type: event.type, at });
        break;
      case 'target-left':
        this.#dispatch({ type: event.type, at });
        break;
      case 'caller-changed':
        this.#info = { ...this.#info, caller: event.caller };
        this.#emit({ type: 'caller-changed', caller: event.caller });
        break;
      case 'ended':
        this.#dispatch({ type: 'line-ended', reason: event.reason, at });
    }
  }

  /** One step of the machine, and what follows from it. What happens meanwhile comes after it. */
  #dispatch(event: TurnEvent): void {
    this.#waiting.push(event);
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
    const { phase } = this.#state;
    const reply = interruptible(this.#state) && 'reply' in this.#state ? (this.#state.reply ?? 0) : 0;
    if (reply === this.#armedFor) return;
    this.#armedFor = reply;
    if (reply > 0) this.#flushLine.arm();
    else if (phase !== 'opening') this.#flushLine.disarm();
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
        this.#reply(action);
        break;
      case 'release':
        this.#mark(action.reply, 'speechEnd', action.input.marks.speechEnd);
        this.#mark(action.reply, 'turnEnd', event.at);
        this.#release(action.reply);
        break;
      case 'drop':
      case 'interrupt':
        this.#stop(action, event);
        break;
      case 'say':
        this.#say(action.reply, action.turn, action.phrase);
        break;
      case 'sign':
        this.#sign();
        break;
      case 'tone':
        void playTone(this.#media);
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

  #release(id: number): void {
    const running = this.#running.get(id);
    if (!running) return;
    running.certain = true;
    running.reply?.release();
  }

  #mark(reply: number, stage: keyof TurnMarks, at: Milliseconds | undefined): void {
    const turn = this.#running.get(reply)?.turn ?? 0;
    if (at !== undefined) this.#options.tracker.mark(this.name, turn, stage, at);
  }

  #stop(action: Extract<TurnAction, { do: 'drop' | 'interrupt' }>, event: TurnEvent): void {
    // Also silences a "one moment" that went before the reply.
    this.#media.flush();
    this.#tellSign();
    const running = this.#running.get(action.reply);
    if (!running) return;
    // When the call ends, or goes on with an apology, what the caller had said stays.
    const takenBack = ['listening', 'thinking', 'held'].includes(this.#state.phase);
    running.dropped = action.do === 'drop' && takenBack;
    running.certain ||= !takenBack;
    if (running.dropped) this.#draftDropped(running.turn, event.at);
    running.flushedBy = BY_CALLER.has(event.type) ? 'caller' : 'call';
    running.reply?.stop();
    this.#running.delete(action.reply);
  }

  #reply(action: Extract<TurnAction, { do: 'reply' }>): void {
    this.#options.tracker.start(this.name, action.turn, action.input.marks);
    const ready = this.#lastSettled;
    this.#start(action.reply, action.turn, action.gated, action.input, (question, signal) =>
      this.#ask(ready, action.input, question, signal),
    );
  }

  #callTarget({ target, call }: Transfer): void {
    const calling = this.#transfer.begin(target).then((outcome) => {
      this.#history.toolAnswered(call, resultOf(outcome, target.name));
      this.#dispatch({ type: 'transfer-over', outcome, at: this.#clock.now() });
    });
    this.#follow(calling);
  }

  async *#ask(
    ready: Promise<void>,
    input: TurnInput,
    { results, brokenOff }: Question,
    signal: AbortSignal,
  ): AsyncGenerator<LlmEvent> {
    // What was heard of the words before belongs to the question.
    await orAborted(ready, signal);
    if (signal.aborted) return;
    const { agent, parts, tools } = this.#options;
    // What came of a transfer stands in the history already.
    const said = input.message.role === 'caller' ? [input.message] : [];
    // Who takes over from a model that broke off is asked anew, unless a tool's result is what he must react to.
    const again = brokenOff.length > 0 && results.at(-1)?.role === 'agent' ? said : [];
    const history = [...this.#history.messages, ...said, ...results, ...again];
    const specs = [...tools.values()].map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
    }));
    yield* parts.llm.reply({ agent, call: this.#info, history, tools: specs, avoid: brokenOff }, signal);
  }

  /** Sets a reply in motion; `input` is what it answers, if it does. */
  #start(
    id: number,
    turn: number,
    gated: boolean,
    input: TurnInput | undefined,
    ask: (question: Question, signal: AbortSignal) => AsyncIterable<LlmEvent>,
  ): void {
    const { agent, parts, tools, tracker } = this.#options;
    const running: Running = { turn, settled: Promise.resolve(), certain: !gated, dropped: false };
    this.#running.set(id, running);
    /** What calls of tools have asked for. */
    const sequels = new Map<string, Sequel>();
    let committed = false;
    const commit = (): void => {
      if (committed || running.dropped) return;
      committed = true;
      if (input?.message.role === 'caller') this.#callerSaid(turn, { ...input, message: input.message });
    };
    running.reply = startReply({
      scope: this.#scope,
      ask,
      tts: parts.tts,
      voice: {
        voice: agent.voice,
        language: agent.language,
        format: formatFor(parts.tts, this.#media.format, this.#options.source),
      },
      media: this.#media,
      clock: this.#clock,
      gated,
      runTool: async (call, signal) => {
        this.#atWork.add(call);
        const outcome = await runTool(tools, call, { agent, call: this.#info, line: this.#line, signal });
        if (outcome.ending) sequels.set(call.id, outcome.ending);
        this.#history.toolFinished(call, outcome.result);
        if (this.#atWork.delete(call)) this.#emit({ type: 'tool', name: call.name, result: outcome.result });
        return outcome;
      },
      stallMs: this.#options.stallMs ?? STALL_MS,
      signAgainMs: this.#settings.signAgainMs,
      toolRounds: this.#options.toolRounds ?? TOOL_ROUNDS,
      events: {
        mark: (stage, at) => {
          // What was dropped has no place in the turn that took its number.
          if (!running.dropped) tracker.mark(this.name, turn, stage, at);
        },
        commit,
        acted: () => {
          this.#dispatch({ type: 'reply-committed', reply: id, at: this.#clock.now() });
        },
        resumed: () => {
          this.#dispatch({ type: 'reply-resumed', reply: id, at: this.#clock.now() });
        },
        audible: (at) => {
          this.#audible(id, turn, at);
        },
        failed: (part, error) => {
          this.#emit(thrownTrouble(part, error));
          this.#dispatch({ type: 'reply-failed', reply: id, at: this.#clock.now() });
        },
        trouble: (trouble) => {
          this.#providerTrouble(trouble);
        },
        usage: ({ provider, inputTokens, outputTokens }) => {
          this.#emit({ type: 'usage', turn, provider, inputTokens, outputTokens });
        },
      },
    });
    running.settled = running.reply.settled.then((outcome) => {
      if (running.dropped) return;
      if (running.certain) {
        commit();
        if (!outcome.wordsLast) this.#agentSaid(turn, outcome.heard, running);
        for (const { call, result } of outcome.tools) {
          const sequel = sequels.get(call.id);
          const follows = sequel === outcome.ending;
          // Of a transfer, what comes of it is the result.
          if (sequel?.way === 'transfer' && follows) continue;
          this.#history.toolAnswered(call, sequel && !follows ? NOT_DONE : result);
        }
        if (outcome.wordsLast) this.#agentSaid(turn, outcome.heard, running);
        if (input) this.#measured(turn);
      }
      this.#running.delete(id);
      if (!outcome.failed) {
        this.#dispatch({ type: 'reply-ended', reply: id, ending: outcome.ending, at: this.#clock.now() });
      }
    });
    this.#follow(running.settled);
  }

  #say(id: number, turn: number, phrase: PhraseName): void {
    const { phrases, phraseOwner, agent } = this.#options;
    if (phrase === 'stillThere') this.#history.callerSaid({ role: 'caller', text: '', via: 'silence' });
    const prepared = phrases.get(phraseOwner, phrase, this.#media.format);
    if (!prepared) {
      const text = phrases.text(phraseOwner, phrase) ?? (phrase === 'greeting' ? agent.greeting : undefined);
      if (text === undefined) {
        this.#dispatch({ type: 'reply-ended', reply: id, at: this.#clock.now() });
      } else {
        this.#start(id, turn, false, undefined, () => words(text));
      }
      return;
    }
    const utterance = playPhrase(this.#media, prepared);
    void utterance.started.then((at) => {
      if (at !== undefined) this.#audible(id, turn, at);
    });
    const running: Running = { turn, settled: Promise.resolve(), certain: true, dropped: false };
    this.#running.set(id, running);
    running.settled = utterance.heard().then((heard) => {
      this.#agentSaid(turn, heard, running);
      this.#running.delete(id);
      this.#dispatch({ type: 'reply-ended', reply: id, at: this.#clock.now() });
    });
    this.#follow(running.settled);
  }

  /** An audible sign that somebody is at work; the reply comes behind it. */
  #sign(): void {
    const { phrases, phraseOwner } = this.#options;
    const prepared = phrases.get(phraseOwner, 'oneMoment', this.#media.format);
    if (!prepared) {
      void playTone(this.#media);
      return;
    }
    const turn = this.#state.turn + 1;
    const told = playPhrase(this.#media, prepared)
      .heard()
      .then((heard) => {
        this.#untoldSign = { turn, heard };
        // What the caller had said isn't told yet; if it is taken back, it never will be.
        if (this.#state.phase !== 'thinking' || this.#state.committed) this.#tellSign();
      });
    this.#follow(told);
  }

  #follow(settled: Promise<void>): void {
    const before = this.#lastSettled;
    this.#lastSettled = Promise.all([before, settled]).then(() => undefined);
  }

  // ── what is told ──────────────────────────────────────────────────────────────────────────

  #audible(reply: number, turn: number, at: Milliseconds): void {
    if (turn === 0 && this.#answeredAt !== undefined && this.#state.phase === 'greeting') {
      this.#emit({ type: 'greeting-started', afterAnswerMs: at - this.#answeredAt }, at);
    }
    this.#dispatch({ type: 'reply-audible', reply, at: this.#clock.now() });
  }

  #callerSaid(turn: number, input: CallerInput): void {
    const { message, guess, since, marks } = input;
    this.#history.callerSaid(message);
    const understood = message.via === 'speech' || message.via === 'dtmf';
    this.#emit({
      type: 'caller-said',
      turn,
      text: understood ? message.text : (guess ?? ''),
      understood,
      via: message.via === 'dtmf' ? 'dtmf' : 'speech',
      ...(since === undefined ? {} : { since }),
      ...(marks.speechEnd === undefined ? {} : { until: marks.speechEnd }),
    });
    this.#tellSign();
  }

  #agentSaid(turn: number, heard: Heard | undefined, running: Running): void {
    if (!heard) return;
    const { account } = heard;
    this.#agentHeard(turn, heard);
    if (account.outcome === 'flushed' && running.flushedBy !== 'call') {
      this.#emit({ type: 'barge-in', turn, playedMs: account.playedMs });
    }
  }

  #agentHeard(turn: number, { text, interrupted, since, account }: Heard): void {
    this.#history.agentSaid(text, interrupted);
    if (since === undefined) return;
    this.#emit({ type: 'agent-said', turn, text, interrupted, since, until: account.at });
  }

  /** The sign that was played before the reply, behind what the caller had said. */
  #tellSign(): void {
    const sign = this.#untoldSign;
    this.#untoldSign = undefined;
    if (sign) this.#agentHeard(sign.turn, sign.heard);
  }

  #draftDropped(turn: number, at: Milliseconds): void {
    const { llmStart = at } = this.#options.tracker.turn(this.name, turn)?.marks ?? {};
    this.#emit({ type: 'draft-dropped', turn, preparedMs: at - llmStart });
  }

  #measured(turn: number): void {
    const latency = this.#options.tracker.turn(this.name, turn);
    if (latency) this.#emit({ type: 'latency', turn, marks: latency.marks });
  }

  #trouble(part: Extract<CallEvent, { type: 'trouble' }>['part'], message: string): void {
    this.#emit({ type: 'trouble', part, message });
  }

  #providerTrouble(trouble: ProviderTrouble): void {
    // That a provider is being passed over is told once, not in every turn.
    const { part, provider, outcome } = trouble;
    const key = `${part} ${provider}`;
    if (outcome === 'spared' && this.#spared.has(key)) return;
    if (outcome === 'spared') this.#spared.add(key);
    else this.#spared.delete(key);
    this.#emit(troubleEvent(trouble));
  }

  #emit(event: EventBody, at = this.#clock.now()): void {
    // Whoever watches must not be able to end a call.
    try {
      this.#options.observe({ ...event, call: this.name, at });
    } catch {
      // its own affair
    }
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────

  async #leave(wanted: Ending): Promise<void> {
    this.#cancelTick();
    const ending = this.#options.agent.afterwards === 'continue' ? goingOn(wanted) : wanted;
    const variables = {
      ...(ending.way === 'proceed' ? { VOICE_AGENT_RESULT: 'error' } : {}),
      ...ending.variables,
      ...(ending.way === 'proceed' ? { VOICE_AGENT_REASON: ending.reason } : {}),
    };
    // What was on the way when the line went is accounted for, too.
    for (const running of this.#running.values()) {
      running.flushedBy = 'call';
      running.reply?.stop();
    }
    if (!this.#transfer.connected) this.#media.flush();
    const patience = new AbortController();
    await Promise.race([this.#lastSettled, this.#clock.sleep(ACCOUNT_MS, patience.signal)]);
    patience.abort();
    this.#tellSign();
    for (const { name } of this.#atWork) this.#emit({ type: 'tool', name, result: INTERRUPTED });
    this.#atWork.clear();
    try {
      if (ending.way === 'hang-up') await this.#line.hangUp();
      if (ending.way === 'proceed') await this.#line.proceed(variables);
    } catch (error) {
      this.#trouble('line', messageOf(error));
    }
    try {
      await this.#scope.close();
    } catch (error) {
      this.#trouble('line', messageOf(error));
    }
    this.#transfer.close();
    this.#emit({ type: 'ended', reason: ending.reason, variables, media: this.#media.stats() });
    this.#options.tracker.cleanUp(this.name);
  }
}

/** What the dialplan is told of a conversation that came to its end. */
const RESULTS: Readonly<Record<string, string>> = {
  transferred: 'completed',
  'agent-hung-up': 'completed',
  'caller-silent': 'silence',
  'max-call': 'timeout',
};

/** The same ending, but the caller goes on in the dialplan instead of being hung up on. */
function goingOn(ending: Ending): Ending {
  const result = RESULTS[ending.reason];
  if (ending.way !== 'hang-up' || result === undefined) return ending;
  return { ...ending, way: 'proceed', variables: { VOICE_AGENT_RESULT: result, ...ending.variables } };
}

type EventBody = CallEvent extends infer E ? (E extends CallEvent ? Omit<E, 'call' | 'at'> : never) : never;

async function* words(text: string): AsyncGenerator<LlmEvent> {
  yield await Promise.resolve({ type: 'text' as const, text });
}
