import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { ConversationHistory } from '../reply/conversation-history.ts';
import type { LatencyTracker } from './latency-tracker.ts';
import type { CallEvent, CallObserver } from '../contract/call-events.ts';
import type { MediaStats } from '../contract/call-media.ts';
import type { ProviderTrouble } from '../contract/provider-failures.ts';
import { troubleEvent } from '../contract/provider-trouble.ts';
import type { CallerInput } from '../turn/turn-states.ts';
import type { Heard } from '../reply/utterance.ts';

export interface CallTellingOptions {
  /** Of the call. */
  readonly name: string;
  readonly history: ConversationHistory;
  readonly tracker: LatencyTracker;
  readonly clock: Pick<Clock, 'now'>;
  readonly observe: CallObserver;
}

/** What is told of a call, in order: to those who watch it, and of what was said to its history. */
export class CallTelling {
  readonly #options: CallTellingOptions;
  /** Providers that this call is known to do without. */
  readonly #spared = new Set<string>();
  /** "One moment", heard before a reply that isn't certain yet. */
  #untoldSign: { readonly turn: number; readonly heard: Heard } | undefined;
  #ended = false;

  constructor(options: CallTellingOptions) {
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

  callerSaid(turn: number, input: CallerInput): void {
    const { message, guess, since, marks } = input;
    this.#options.history.callerSaid(message);
    const understood = message.via === 'speech' || message.via === 'dtmf';
    this.emit({
      type: 'caller-said',
      turn,
      text: understood ? message.text : (guess ?? ''),
      understood,
      via: message.via === 'dtmf' ? 'dtmf' : 'speech',
      ...(since === undefined ? {} : { since }),
      ...(marks.speechEnd === undefined ? {} : { until: marks.speechEnd }),
    });
    this.sign();
  }

  /** `byCaller`: if it was flushed, the caller (or the detector that heard him) has done it. */
  agentSaid(turn: number, heard: Heard | undefined, byCaller: boolean): void {
    if (!heard) return;
    const { account } = heard;
    this.#agentHeard(turn, heard);
    if (account.outcome === 'flushed' && byCaller) {
      this.emit({ type: 'barge-in', turn, playedMs: account.playedMs });
    }
  }

  /** A sign was heard, which is told behind what the caller had said. */
  signHeard(turn: number, heard: Heard): void {
    this.#untoldSign = { turn, heard };
  }

  /** Now is the time to tell of the sign, if there was one. */
  sign(): void {
    const sign = this.#untoldSign;
    this.#untoldSign = undefined;
    if (sign) this.#agentHeard(sign.turn, sign.heard);
  }

  /** What was being prepared for the turn's end leaves no trace but this. */
  draftDropped(turn: number, at: Milliseconds): void {
    const { llmStart = at } = this.#options.tracker.turn(this.#options.name, turn)?.marks ?? {};
    this.emit({ type: 'draft-dropped', turn, preparedMs: at - llmStart });
  }

  measured(turn: number): void {
    const latency = this.#options.tracker.turn(this.#options.name, turn);
    if (latency) this.emit({ type: 'latency', turn, marks: latency.marks });
  }

  trouble(part: Extract<CallEvent, { type: 'trouble' }>['part'], message: string): void {
    this.emit({ type: 'trouble', part, message });
  }

  providerTrouble(trouble: ProviderTrouble): void {
    // That a provider is being passed over is told once, not in every turn.
    const { part, provider, outcome } = trouble;
    const key = `${part} ${provider}`;
    if (outcome === 'spared' && this.#spared.has(key)) return;
    if (outcome === 'spared') this.#spared.add(key);
    else this.#spared.delete(key);
    this.emit(troubleEvent(trouble));
  }

  /** The last of all. */
  end(reason: string, variables: Readonly<Record<string, string>>, media: MediaStats): void {
    this.#ended = true;
    const { tracker, name } = this.#options;
    let latency: ReturnType<LatencyTracker['summary']>;
    FailureDomain.attempt(() => {
      latency = tracker.summary(name);
    });
    this.emit({ type: 'ended', reason, variables, media, ...(latency && { latency }) });
    tracker.cleanUp(name);
  }

  #agentHeard(turn: number, { text, interrupted, since, account }: Heard): void {
    this.#options.history.agentSaid(text, interrupted);
    if (since === undefined) return;
    this.emit({ type: 'agent-said', turn, text, interrupted, since, until: account.at });
  }
}

export type EventBody = CallEvent extends infer E
  ? E extends CallEvent
    ? Omit<E, 'call' | 'at'>
    : never
  : never;
