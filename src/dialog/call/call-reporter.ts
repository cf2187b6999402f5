import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { ConversationHistory } from '../reply/conversation-history.ts';
import type { LatencyTracker } from './latency-tracker.ts';
import type { CallEvent, CallObserver, JudgedSound, Stage, TurnMarks } from '../contract/call-events.ts';
import type { EndReason } from '../contract/end-reason.ts';
import type { MediaStats } from '../contract/call-media.ts';
import type { ProviderTrouble } from '../contract/provider-failures.ts';
import { thrownTrouble, troubleEvent } from '../contract/provider-trouble.ts';
import type { CallerInput } from '../turn/turn-states.ts';
import type { Heard } from '../reply/utterance.ts';

export interface CallReporterOptions {
  /** Of the call. */
  readonly name: string;
  readonly history: ConversationHistory;
  readonly tracker: LatencyTracker;
  readonly clock: Pick<Clock, 'now'>;
  readonly observe: CallObserver;
}

/** What is told of a call, in order: to those who watch it, and of what was said to its history. */
export class CallReporter {
  readonly #options: CallReporterOptions;
  /** Providers that this call is known to do without. */
  readonly #skipped = new Set<string>();
  /** When the call was answered; undefined: not yet. */
  #answeredAt: Milliseconds | undefined;
  /** The turn that is being answered: what the caller said in it is reported as soon as it can't be taken back. */
  #callerSaidDue: number | undefined;
  /** "One moment", heard before it was told what the caller had said. */
  #untoldFiller: { readonly turn: number; readonly heard: Heard } | undefined;
  #lastThrown: { readonly turn: number | undefined; readonly error: unknown } | undefined;
  #ended = false;

  constructor(options: CallReporterOptions) {
    this.#options = options;
  }

  /** It has been told that the call is over. */
  get ended(): boolean {
    return this.#ended;
  }

  emit(event: EventBody, at = this.#options.clock.now()): void {
    // An observer that throws loses this event. That is the call's failure; what was about to be done is done.
    FailureDomain.attempt(() => {
      this.#options.observe({ ...event, call: this.#options.name, at });
    });
  }

  answered(at: Milliseconds, setUpMs: Milliseconds): void {
    this.#answeredAt = at;
    this.emit({ type: 'answered', setUpMs });
  }

  greetingStarted(at: Milliseconds): void {
    if (this.#answeredAt === undefined) return;
    this.emit({ type: 'greeting-started', afterAnswerMs: at - this.#answeredAt }, at);
  }

  /** A reply to a turn is begun, of which these instants are known. */
  answerBegun(turn: number, marks: TurnMarks): void {
    this.#options.tracker.start(this.#options.name, turn, marks);
  }

  /** An instant of the reply to a turn. */
  mark(turn: number, stage: Stage, at = this.#options.clock.now()): void {
    this.#options.tracker.mark(this.#options.name, turn, stage, at);
  }

  /** What is known of the reply to a turn. */
  marks(turn: number): TurnMarks | undefined {
    return this.#options.tracker.turn(this.#options.name, turn)?.marks;
  }

  /** When the first sound of the reply to a turn was there, as far as is known. */
  readyAt(turn: number): Milliseconds | undefined {
    return this.marks(turn)?.ttsFirstAudio;
  }

  /** The turn is certain and being answered; what the caller said is told when it can't be taken back any more. */
  answering(turn: number): void {
    this.#callerSaidDue = turn;
  }

  /** The caller goes on: what they had said so far isn't told. */
  takenBack(turn: number): void {
    if (this.#callerSaidDue === turn) this.#callerSaidDue = undefined;
  }

  callerSaid(turn: number, input: CallerInput): void {
    const { message, guess, places, since, marks } = input;
    this.#options.history.callerSaid(message);
    const understood = message.via === 'speech' || message.via === 'dtmf';
    this.emit({
      type: 'caller-said',
      turn,
      text: understood ? message.text : (guess ?? ''),
      understood,
      via: message.via === 'dtmf' ? 'dtmf' : 'speech',
      ...(places === undefined ? {} : { places }),
      ...(since === undefined ? {} : { since }),
      ...(marks.speechEnd === undefined ? {} : { until: marks.speechEnd }),
    });
    this.takenBack(turn);
    this.tellFiller();
  }

  /** `byCaller`: if it was flushed, the caller (or the detector that heard them) has done it. */
  agentSaid(turn: number, heard: Heard | undefined, byCaller: boolean): void {
    if (!heard) return;
    const { account } = heard;
    this.#agentHeard(turn, heard);
    if (account.outcome === 'flushed' && byCaller) {
      this.emit({ type: 'barge-in', turn, playedMs: account.playedMs });
    }
  }

  /** The caller has made a sound while the agent spoke. */
  soundJudged(sound: JudgedSound): void {
    this.emit({ type: 'sound-judged', ...sound });
  }

  /** A filler was heard; it is reported after what the caller had said. */
  fillerHeard(turn: number, heard: Heard): void {
    this.#untoldFiller = { turn, heard };
    if (this.#callerSaidDue === undefined) this.tellFiller();
  }

  /** Reports the filler, if there was one. */
  tellFiller(): void {
    const filler = this.#untoldFiller;
    this.#untoldFiller = undefined;
    if (filler) this.#agentHeard(filler.turn, filler.heard);
  }

  /** A reply that was being prepared was dropped: this event is its only trace. */
  preemptiveDropped(turn: number, at: Milliseconds): void {
    const { llmStart = at } = this.marks(turn) ?? {};
    this.emit({ type: 'preemptive-reply-dropped', turn, preparedMs: at - llmStart });
  }

  measured(turn: number): void {
    const marks = this.marks(turn);
    if (marks) this.emit({ type: 'latency', turn, marks });
  }

  trouble(part: Extract<CallEvent, { type: 'trouble' }>['part'], message: string): void {
    this.emit({ type: 'trouble', part, message });
  }

  /** The recogniser was asked for a transcript and hasn't answered, nor have its fallbacks. */
  sttUnanswered(waitedMs: Milliseconds): void {
    const message = `no transcript within ${waitedMs} ms of being asked for one`;
    this.emit({ type: 'trouble', part: 'stt', kind: 'timeout', message });
  }

  /**
   * Something was thrown: there was no fallback left. What ended a reply to `turn` that was prepared in a pause, and
   * ends the next one at the turn's end without anybody having been asked again, is told once.
   */
  thrown(part: Extract<CallEvent, { type: 'trouble' }>['part'], error: unknown, turn?: number): void {
    const last = this.#lastThrown;
    if (turn !== undefined && last?.turn === turn && last.error === error) return;
    this.#lastThrown = { turn, error };
    this.emit(thrownTrouble(part, error));
  }

  providerTrouble(trouble: ProviderTrouble): void {
    // That a provider is skipped is reported once, not in every turn.
    const { part, provider, outcome } = trouble;
    const key = `${part} ${provider}`;
    if (outcome === 'skipped' && this.#skipped.has(key)) return;
    if (outcome === 'skipped') this.#skipped.add(key);
    else this.#skipped.delete(key);
    this.emit(troubleEvent(trouble));
  }

  /** The last of all. */
  end(reason: EndReason, variables: Readonly<Record<string, string>>, media: MediaStats): void {
    this.#ended = true;
    const { tracker, name } = this.#options;
    let latency: ReturnType<LatencyTracker['summary']>;
    FailureDomain.attempt(() => {
      latency = tracker.summary(name);
    });
    this.emit({ type: 'ended', reason, variables, media, ...(latency && { latency }) });
    tracker.cleanUp(name);
  }

  #agentHeard(turn: number, { text, interrupted, unheard, since, account }: Heard): void {
    this.#options.history.agentSaid(text, interrupted);
    if (since === undefined) return;
    this.emit({
      type: 'agent-said',
      turn,
      text,
      interrupted,
      ...(unheard.trim() !== '' && { unheard }),
      since,
      until: account.at,
    });
  }
}

export type EventBody = CallEvent extends infer E
  ? E extends CallEvent
    ? Omit<E, 'call' | 'at'>
    : never
  : never;
