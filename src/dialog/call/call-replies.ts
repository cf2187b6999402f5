import type { Clock, Milliseconds } from '../../lib/clock.ts';
import type { Scope } from '../../lib/scope.ts';
import type { AudioFormat } from '../../media/audio.ts';
import { orAborted, within } from '../../lib/abort.ts';
import { AgentReply } from '../reply/agent-reply.ts';
import { INTERRUPTED, type Question } from '../reply/reply-thinking.ts';
import { runTool, type ToolTable } from '../reply/agent-tools.ts';
import type { CallFacts } from './call-facts.ts';
import type { TurnInbox } from './turn-inbox.ts';
import type { CallReporter } from './call-reporter.ts';
import type { ConversationHistory } from '../reply/conversation-history.ts';
import type { LatencyTracker } from './latency-tracker.ts';
import type { AgentProfile } from '../contract/agent-profile.ts';
import type { CallLine, LanguageModel, MediaSession, TextToSpeech } from '../contract/ports.ts';
import type { LlmEvent, ToolCall } from '../contract/conversation.ts';
import type { TurnMarks } from '../contract/call-events.ts';
import { formatFor, type PhraseCache } from '../reply/prepared-phrases.ts';
import type {
  PhraseName,
  FollowUp,
  TurnAction,
  TurnEvent,
  TurnInput,
  TurnSettings,
} from '../turn/turn-states.ts';
import { playPhrase, playTone } from '../reply/utterance.ts';

/** What an agent speaks with. */
export interface ReplyOptions {
  readonly agent: AgentProfile;
  readonly parts: { readonly llm: LanguageModel; readonly tts: TextToSpeech };
  readonly tools: ToolTable;
  readonly phrases: PhraseCache;
  /** Whose prepared phrases are spoken; the agent's id unless it is an announcement. */
  readonly phraseOwner: string;
  readonly clock: Clock;
  readonly tracker: LatencyTracker;
  /** The synthesiser's format that is wanted, if not the wire's own. */
  readonly source?: AudioFormat | undefined;
  /** Longest time without any progress of the model or the synthesiser. */
  readonly stallMs?: Milliseconds;
  readonly settings: Pick<TurnSettings, 'fillers'>;
  /** How often a model may call tools in one turn and be asked again. */
  readonly toolRounds?: number;
}

/** The call in which it speaks. */
export interface SpokenIn {
  readonly facts: CallFacts;
  readonly scope: Scope;
  readonly line: CallLine;
  readonly media: MediaSession;
  readonly history: ConversationHistory;
  readonly reporter: CallReporter;
  readonly inbox: TurnInbox;
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

/** What the agent says in a call: replies, prepared phrases and fillers, from their begin to what was heard of them. */
export class CallReplies {
  readonly #options: ReplyOptions;
  readonly #call: SpokenIn;
  readonly #running = new Map<number, Running>();
  /** Tools that haven't done their work; one may go on when its reply was stopped, or the call is over. */
  readonly #atWork = new Set<ToolCall>();
  /** The account of the last thing said: the next reply's history waits for it. */
  #lastSettled: Promise<void> = Promise.resolve();
  /** The accounts of fillers: no reply waits for them, they are played before it anyhow. */
  #fillersTold: Promise<void> = Promise.resolve();

  constructor(options: ReplyOptions, call: SpokenIn) {
    this.#options = options;
    this.#call = call;
  }

  reply({ reply, turn, input, gated }: Extract<TurnAction, { do: 'reply' }>): void {
    if (!gated && input.message.role === 'caller') this.#call.reporter.answering(turn);
    this.#options.tracker.start(this.#call.facts.name, turn, input.marks);
    const ready = this.#lastSettled;
    this.#start(reply, turn, gated, input, (question, signal) => this.#ask(ready, input, question, signal));
  }

  release({ reply, input }: Extract<TurnAction, { do: 'release' }>, at: Milliseconds): void {
    const running = this.#running.get(reply);
    if (!running) return;
    this.#mark(running.turn, 'speechEnd', input.marks.speechEnd);
    this.#mark(running.turn, 'turnEnd', at);
    running.certain = true;
    this.#call.reporter.answering(running.turn);
    running.reply?.release();
  }

  stop(action: Extract<TurnAction, { do: 'drop' | 'interrupt' }>, event: TurnEvent): void {
    // Also silences a "one moment" that went before the reply.
    this.stopFiller();
    const running = this.#running.get(action.reply);
    if (!running) return;
    running.dropped = action.do === 'drop' && action.takenBack;
    running.certain ||= !running.dropped;
    if (running.dropped) {
      this.#call.reporter.takenBack(running.turn);
      this.#call.reporter.preemptiveDropped(running.turn, event.at);
    }
    running.flushedBy = BY_CALLER.has(event.type) ? 'caller' : 'call';
    running.reply?.stop();
    this.#running.delete(action.reply);
  }

  say({ reply: id, turn, phrase }: Extract<TurnAction, { do: 'say' }>): void {
    const { phrases, phraseOwner, agent } = this.#options;
    const { media, history, reporter } = this.#call;
    if (phrase === 'stillThere') history.callerSaid({ role: 'caller', text: '', via: 'silence' });
    const prepared = phrases.get(phraseOwner, phrase, media.format);
    if (!prepared) {
      const text = phrases.text(phraseOwner, phrase) ?? (phrase === 'greeting' ? agent.greeting : undefined);
      if (text === undefined) this.#call.inbox.post({ type: 'reply-ended', reply: id });
      else this.#start(id, turn, false, undefined, () => words(text), phrase);
      return;
    }
    const utterance = playPhrase(media, prepared);
    void utterance.started.then((at) => {
      if (at !== undefined) this.#audible(id, at, phrase);
    });
    const running: Running = { turn, settled: Promise.resolve(), certain: true, dropped: false };
    this.#running.set(id, running);
    running.settled = utterance.heard().then((heard) => {
      reporter.agentSaid(turn, heard, running.flushedBy !== 'call');
      this.#running.delete(id);
      this.#call.inbox.post({ type: 'reply-ended', reply: id });
    });
    this.follow(running.settled);
  }

  /** A filler: an audible sign that somebody is at work; the reply comes behind it. */
  filler({ turn }: Extract<TurnAction, { do: 'filler' }>): void {
    const { phrases, phraseOwner } = this.#options;
    const { media, reporter } = this.#call;
    const prepared = phrases.get(phraseOwner, 'oneMoment', media.format);
    if (!prepared) {
      this.tone();
      return;
    }
    const told = playPhrase(media, prepared)
      .heard()
      .then((heard) => {
        reporter.fillerHeard(turn, heard);
      });
    this.#fillersTold = both(this.#fillersTold, told);
  }

  /** A sign without words. */
  tone(): void {
    void playTone(this.#call.media);
  }

  /** Nothing that was begun is heard any longer. */
  stopFiller(): void {
    this.#call.media.flush();
    this.#call.reporter.tellFiller();
  }

  /** What comes of it belongs to the history of the next reply. */
  follow(settled: Promise<void>): void {
    this.#lastSettled = both(this.#lastSettled, settled);
  }

  /** The call is over: what is on the way stops, and is accounted for. `silent`: nobody hears us anyhow. */
  async close(silent: boolean): Promise<void> {
    for (const running of this.#running.values()) {
      running.flushedBy = 'call';
      running.reply?.stop();
    }
    if (!silent) this.#call.media.flush();
    const accounts = both(this.#lastSettled, this.#fillersTold);
    await within(accounts, ACCOUNT_MS, this.#options.clock, () => undefined);
    this.#call.reporter.tellFiller();
    for (const { name } of this.#atWork)
      this.#call.reporter.emit({ type: 'tool', name, result: INTERRUPTED });
    this.#atWork.clear();
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
    // Who takes over from a model that broke off is asked anew, unless a tool's result is what they must react to.
    const again = brokenOff.length > 0 && results.at(-1)?.role === 'agent' ? said : [];
    const history = [...this.#call.history.messages, ...said, ...results, ...again];
    const specs = [...tools.values()].map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
    }));
    yield* parts.llm.reply(
      { agent, call: this.#call.facts.info, history, tools: specs, avoid: brokenOff },
      signal,
    );
  }

  /** Sets a reply in motion; `input` is what it answers, if it does. */
  #start(
    id: number,
    turn: number,
    gated: boolean,
    input: TurnInput | undefined,
    ask: (question: Question, signal: AbortSignal) => AsyncIterable<LlmEvent>,
    phrase?: PhraseName,
  ): void {
    const { agent, parts, tools, clock, source, settings, stallMs, toolRounds } = this.#options;
    const { scope, line, media, history, reporter, facts } = this.#call;
    const running: Running = { turn, settled: Promise.resolve(), certain: !gated, dropped: false };
    this.#running.set(id, running);
    /** What calls of tools have asked for. */
    const followUps = new Map<string, FollowUp>();
    let committed = false;
    const commit = (): void => {
      if (committed || running.dropped) return;
      committed = true;
      if (input?.message.role === 'caller') reporter.callerSaid(turn, { ...input, message: input.message });
    };
    running.reply = new AgentReply({
      scope,
      ask,
      tts: parts.tts,
      voice: {
        voice: agent.voice,
        language: agent.language,
        format: formatFor(parts.tts, media.format, source),
      },
      media,
      clock,
      gated,
      runTool: async (call, signal) => {
        this.#atWork.add(call);
        const outcome = await runTool(tools, call, { agent, call: facts.info, line, signal });
        if (outcome.ending) followUps.set(call.id, outcome.ending);
        history.toolFinished(call, outcome.result);
        if (this.#atWork.delete(call))
          reporter.emit({ type: 'tool', name: call.name, result: outcome.result });
        return outcome;
      },
      stallMs: stallMs ?? STALL_MS,
      fillerAgainMs: settings.fillers.next(1).afterMs,
      toolRounds: toolRounds ?? TOOL_ROUNDS,
      events: {
        mark: (stage, at) => {
          // What was dropped has no place in the turn that took its number.
          if (!running.dropped) this.#mark(turn, stage, at);
        },
        commit,
        acted: () => {
          this.#call.inbox.post({ type: 'reply-committed', reply: id });
        },
        resumed: () => {
          this.#call.inbox.post({ type: 'reply-resumed', reply: id });
        },
        audible: (at) => {
          this.#audible(id, at, phrase);
        },
        failed: (part, error) => {
          reporter.thrown(part, error);
          this.#call.inbox.post({ type: 'reply-failed', reply: id });
        },
        trouble: (trouble) => {
          reporter.providerTrouble(trouble);
        },
        usage: ({ provider, inputTokens, outputTokens }) => {
          reporter.emit({ type: 'usage', turn, provider, inputTokens, outputTokens });
        },
      },
    });
    running.settled = running.reply.settled.then((outcome) => {
      if (running.dropped) return;
      if (running.certain) {
        const heard = (): void => {
          reporter.agentSaid(turn, outcome.heard, running.flushedBy !== 'call');
        };
        commit();
        if (!outcome.wordsLast) heard();
        for (const { call, result } of outcome.tools) {
          const followUp = followUps.get(call.id);
          const follows = followUp === outcome.followUp;
          // Of a transfer, what comes of it is the result.
          if (followUp?.way === 'transfer' && follows) continue;
          history.toolAnswered(call, followUp && !follows ? NOT_DONE : result);
        }
        if (outcome.wordsLast) heard();
        if (input) reporter.measured(turn);
      }
      this.#running.delete(id);
      if (!outcome.failed)
        this.#call.inbox.post({ type: 'reply-ended', reply: id, ending: outcome.followUp });
    });
    this.follow(running.settled);
  }

  #mark(turn: number, stage: keyof TurnMarks, at: Milliseconds | undefined): void {
    if (at !== undefined) this.#options.tracker.mark(this.#call.facts.name, turn, stage, at);
  }

  #audible(reply: number, at: Milliseconds, phrase: PhraseName | undefined): void {
    if (phrase === 'greeting') this.#call.reporter.greetingStarted(at);
    this.#call.inbox.post({ type: 'reply-audible', reply });
  }
}

async function both(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.all([one, other]);
}

async function* words(text: string): AsyncGenerator<LlmEvent> {
  yield await Promise.resolve({ type: 'text' as const, text });
}
