import type { Milliseconds } from '../../lib/clock.ts';
import { FILLER_TONE_MS } from '../../media/filler-tone.ts';
import type { Stage } from '../contract/call-events.ts';
import type { LlmEvent } from '../contract/conversation.ts';
import type { ProviderTrouble } from '../contract/provider-failures.ts';
import { AgentReply, type ReplyEvents, type ReplyOutcome } from '../reply/agent-reply.ts';
import { formatFor } from '../reply/prepared-phrases.ts';
import type { ReplySource } from '../reply/reply-source.ts';
import type { ToolRunner } from '../reply/reply-thinking.ts';
import type { Heard, SpokenUtterance } from '../reply/utterance.ts';
import type { CallerInput, PhraseName, TurnInput } from '../turn/turn-states.ts';
import type { AgentAtWork, CallInSession } from './call-in-hand.ts';

/** Longest time without any progress of the model or the synthesiser, if nobody says otherwise. */
const STALL_MS = 4000;

/** What is to be said. */
export interface ReplyOrder {
  /** By which the turn machine knows it. */
  readonly id: number;
  readonly turn: number;
  readonly gated: boolean;
  readonly source: ReplySource;
  /** What it answers, or which phrase it is. */
  readonly input?: TurnInput;
  readonly phrase?: PhraseName;
}

/** How something that is said is stopped. */
export type Stop =
  /** The caller went on: it is as if it had never been begun. */
  | { readonly is: 'taken-back'; readonly at: Milliseconds }
  /** What the caller said stands, and what they heard. `call`: something has happened to it. */
  | { readonly is: 'interrupted'; readonly by: 'caller' | 'call' };

/** How the turn that it answers stands. */
type Standing =
  /** It isn't certain. */
  | { readonly is: 'tentative' }
  /** It is certain, and what the caller said isn't reported yet. */
  | { readonly is: 'certain'; readonly stoppedBy?: 'caller' | 'call' }
  /** What the caller said is reported, and can't be taken back any more. */
  | { readonly is: 'told'; readonly stoppedBy?: 'caller' | 'call' }
  /** The turn was taken back: the reply leaves no trace. */
  | { readonly is: 'taken-back' };

/** What a model is told of an ending that didn't happen, because its words were interrupted before. */
const NOT_DONE = 'not done: the caller has interrupted you before';

/** A reply in a call: tells the turn machine how it gets on, and history and reporter what came of it. */
export class CallReply implements ReplyEvents {
  /** It is over, and the history knows what was heard of it. */
  readonly settled: Promise<void>;
  readonly #call: CallInSession;
  readonly #order: ReplyOrder;
  readonly #reply: AgentReply;
  #standing: Standing;

  constructor(at: AgentAtWork, call: CallInSession, tools: ToolRunner, order: ReplyOrder) {
    const { agent, parts, clock, source, settings, stallMs = STALL_MS } = at;
    const { scope, media } = call;
    this.#call = call;
    this.#order = order;
    this.#standing = { is: order.gated ? 'tentative' : 'certain' };
    this.#reply = new AgentReply({
      scope,
      media,
      clock,
      tools,
      stallMs,
      source: order.source,
      gated: order.gated,
      tts: parts.tts,
      voice: {
        voice: agent.voice,
        language: agent.language,
        format: formatFor(parts.tts, media.format, source),
      },
      fillerAgainMs: settings.fillers.next(1).afterMs - FILLER_TONE_MS,
      events: this,
    });
    this.settled = this.#reply.settled.then((outcome) => {
      this.#settle(outcome);
    });
  }

  /** The turn is certain, since `at`. */
  release({ marks: { speechEnd } }: CallerInput, at: Milliseconds): void {
    const { reporter } = this.#call;
    const { turn } = this.#order;
    if (speechEnd !== undefined) reporter.mark(turn, 'speechEnd', speechEnd);
    reporter.mark(turn, 'turnEnd', at);
    reporter.answering(turn);
    this.#standing = { is: 'certain' };
    this.#reply.release();
  }

  stop(how: Stop): void {
    const { reporter } = this.#call;
    if (how.is === 'taken-back') {
      this.#standing = how;
      reporter.takenBack(this.#order.turn);
      reporter.preemptiveDropped(this.#order.turn, how.at);
      this.#reply.stop();
    } else {
      if (this.#standing.is === 'tentative') this.#standing = { is: 'certain' };
      this.close(how.by);
    }
  }

  /** The call is over, or the reply was interrupted by the caller. */
  close(by: 'caller' | 'call' = 'call'): void {
    const standing = this.#standing;
    if (standing.is === 'certain' || standing.is === 'told') this.#standing = { ...standing, stoppedBy: by };
    this.#reply.stop();
  }

  /** It doesn't begin before `letBegin`. */
  holdBack(): void {
    this.#reply.holdBack();
  }

  letBegin(): void {
    this.#reply.letBegin();
  }

  pause(): void {
    this.#reply.pause();
  }

  /** How far it has come; undefined: nothing of it is to be heard yet. */
  get progress(): SpokenUtterance['progress'] | undefined {
    return this.#reply.progress;
  }

  /** From the beginning of a word that was cut. */
  resume(): void {
    this.#reply.resume(this.#reply.cutWord?.startMs);
  }

  // ── what it tells of itself ──

  mark(stage: Stage, at?: Milliseconds): void {
    // What was taken back has no place in the turn that took its number.
    if (this.#standing.is === 'taken-back') return;
    this.#call.reporter.mark(this.#order.turn, stage, at);
    if (stage === 'ttsStart') this.#call.inbox.post({ type: 'reply-near', reply: this.#order.id });
  }

  commit(): void {
    if (this.#standing.is === 'told' || this.#standing.is === 'taken-back') return;
    this.#standing = { ...this.#standing, is: 'told' };
    const { input, turn } = this.#order;
    if (input?.message.role !== 'caller') return;
    this.#call.reporter.callerSaid(turn, { ...input, message: input.message });
  }

  acted(): void {
    this.#call.inbox.post({ type: 'reply-committed', reply: this.#order.id });
  }

  resumed(): void {
    this.#call.inbox.post({ type: 'reply-resumed', reply: this.#order.id });
  }

  audible(at: Milliseconds): void {
    this.mark('firstPacket', at);
    this.commit();
    tellAudible(this.#call, this.#order, at);
  }

  failed(part: 'llm' | 'tts', error: unknown): void {
    this.#call.reporter.thrown(part, error, this.#order.turn);
    this.#call.inbox.post({ type: 'reply-failed', reply: this.#order.id });
  }

  trouble(trouble: ProviderTrouble): void {
    this.#call.reporter.providerTrouble(trouble);
  }

  usage({ provider, inputTokens, outputTokens }: Extract<LlmEvent, { type: 'usage' }>): void {
    const { turn } = this.#order;
    this.#call.reporter.emit({ type: 'usage', turn, provider, inputTokens, outputTokens });
  }

  // ── what came of it ──

  #settle(outcome: ReplyOutcome): void {
    const { is } = this.#standing;
    if (is === 'taken-back') return;
    if (is !== 'tentative') this.#account(outcome);
    const { failed, followUp } = outcome;
    if (failed) return;
    this.#call.inbox.post({ type: 'reply-ended', reply: this.#order.id, ending: followUp });
  }

  #account({ heard, tools, wordsLast, followUp }: ReplyOutcome): void {
    const { reporter, history } = this.#call;
    const { turn, input } = this.#order;
    this.commit();
    const byCaller = this.#standing.is !== 'told' || this.#standing.stoppedBy !== 'call';
    if (!wordsLast) reporter.agentSaid(turn, heard, byCaller);
    for (const { call, result, followUp: wanted } of tools) {
      const follows = wanted === followUp;
      // Of a transfer, what comes of it is the result.
      if (wanted?.way === 'transfer' && follows) continue;
      history.toolAnswered(call, wanted && !follows ? NOT_DONE : result);
    }
    if (wordsLast) reporter.agentSaid(turn, heard, byCaller);
    tellSaid(this.#call, this.#order, heard);
    if (input) reporter.measured(turn);
  }
}

/** A prepared phrase in a call. */
export class PlayedPhrase {
  /** It is over, and the history knows what was heard of it. */
  readonly settled: Promise<void>;
  readonly #utterance: SpokenUtterance;
  #stoppedBy: 'caller' | 'call' | undefined;

  constructor(utterance: SpokenUtterance, order: Pick<ReplyOrder, 'id' | 'turn' | 'phrase'>, call: Told) {
    this.#utterance = utterance;
    void utterance.started.then((at) => {
      if (at !== undefined) tellAudible(call, order, at);
    });
    this.settled = utterance.heard().then((heard) => {
      call.reporter.agentSaid(order.turn, heard, this.#stoppedBy !== 'call');
      tellSaid(call, order, heard);
      call.inbox.post({ type: 'reply-ended', reply: order.id });
    });
  }

  pause(): void {
    this.#utterance.pause();
  }

  get progress(): SpokenUtterance['progress'] {
    return this.#utterance.progress;
  }

  /** From the beginning of a word that was cut. */
  resume(): void {
    this.#utterance.resume(this.#utterance.cutWord?.startMs);
  }

  stop(how: Stop): void {
    this.close(how.is === 'interrupted' ? how.by : 'caller');
  }

  /** The call is over, or the phrase was interrupted by the caller. The media is flushed by whoever calls this. */
  close(by: 'caller' | 'call' = 'call'): void {
    this.#stoppedBy = by;
  }
}

type Told = Pick<CallInSession, 'reporter' | 'inbox'>;

/** What the caller may be answering from now on. */
function tellSaid({ inbox }: Told, { id }: Pick<ReplyOrder, 'id'>, heard: Heard | undefined): void {
  if (!heard) return;
  const { text, account } = heard;
  inbox.post({ type: 'agent-said', reply: id, text, soundMs: account.writtenMs });
}

function tellAudible(
  { reporter, inbox }: Told,
  { id, phrase }: Pick<ReplyOrder, 'id' | 'phrase'>,
  at: Milliseconds,
): void {
  if (phrase === 'greeting') reporter.greetingStarted(at);
  inbox.post({ type: 'reply-audible', reply: id });
}
