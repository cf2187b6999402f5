import type { Clock, Milliseconds } from '../../lib/clock.ts';
import type { Scope } from '../../lib/scope.ts';
import type { AudioFormat } from '../../media/audio.ts';
import { orAborted, within } from '../../lib/abort.ts';
import { AgentReply } from '../reply/agent-reply.ts';
import { INTERRUPTED, type Question } from '../reply/reply-thinking.ts';
import { runTool, type ToolTable } from '../reply/agent-tools.ts';
import type { CallTelling } from './call-telling.ts';
import type { ConversationHistory } from '../reply/conversation-history.ts';
import type { LatencyTracker } from './latency-tracker.ts';
import type { AgentProfile } from '../contract/agent-profile.ts';
import type { CallInfo } from '../contract/call-info.ts';
import type { CallLine, LanguageModel, MediaSession, TextToSpeech } from '../contract/ports.ts';
import type { LlmEvent, ToolCall } from '../contract/conversation.ts';
import type { TurnMarks } from '../contract/call-events.ts';
import { formatFor, type PhraseCache } from '../reply/prepared-phrases.ts';
import { thrownTrouble } from '../contract/provider-trouble.ts';
import type {
  PhraseName,
  FollowUp,
  TurnAction,
  TurnEvent,
  TurnInput,
  TurnSettings,
  TurnState,
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
  readonly settings: Pick<TurnSettings, 'fillerAgainMs'>;
  /** How often a model may call tools in one turn and be asked again. */
  readonly toolRounds?: number;
}

/** The call in which it speaks. */
export interface SpokenIn {
  readonly name: string;
  readonly scope: Scope;
  readonly line: CallLine;
  readonly media: MediaSession;
  readonly history: ConversationHistory;
  readonly telling: CallTelling;
  /** With whoever is the caller now. */
  readonly info: () => CallInfo;
  readonly state: () => TurnState;
  readonly dispatch: (event: TurnEvent) => void;
  /** The first packet of a reply or phrase has left at `at`. */
  readonly onAudible: (reply: number, turn: number, at: Milliseconds) => void;
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

/** What the agent says in a call: replies, prepared phrases and signs, from their begin to what was heard of them. */
export class CallReplies {
  readonly #options: ReplyOptions;
  readonly #call: SpokenIn;
  readonly #running = new Map<number, Running>();
  /** Tools that haven't done their work; one may go on when its reply was stopped, or the call is over. */
  readonly #atWork = new Set<ToolCall>();
  /** The account of the last thing said: the next reply's history waits for it. */
  #lastSettled: Promise<void> = Promise.resolve();
  /** The accounts of signs: no reply waits for them, they are played before it anyhow. */
  #signsTold: Promise<void> = Promise.resolve();

  constructor(options: ReplyOptions, call: SpokenIn) {
    this.#options = options;
    this.#call = call;
  }

  reply(action: Extract<TurnAction, { do: 'reply' }>): void {
    this.#options.tracker.start(this.#call.name, action.turn, action.input.marks);
    const ready = this.#lastSettled;
    this.#start(action.reply, action.turn, action.gated, action.input, (question, signal) =>
      this.#ask(ready, action.input, question, signal),
    );
  }

  release({ reply, input }: Extract<TurnAction, { do: 'release' }>, at: Milliseconds): void {
    const running = this.#running.get(reply);
    if (!running) return;
    this.#mark(running.turn, 'speechEnd', input.marks.speechEnd);
    this.#mark(running.turn, 'turnEnd', at);
    running.certain = true;
    running.reply?.release();
  }

  stop(action: Extract<TurnAction, { do: 'drop' | 'interrupt' }>, event: TurnEvent): void {
    // Also silences a "one moment" that went before the reply.
    this.stopFiller();
    const running = this.#running.get(action.reply);
    if (!running) return;
    running.dropped = action.do === 'drop' && action.takenBack;
    running.certain ||= !running.dropped;
    if (running.dropped) this.#call.telling.draftDropped(running.turn, event.at);
    running.flushedBy = BY_CALLER.has(event.type) ? 'caller' : 'call';
    running.reply?.stop();
    this.#running.delete(action.reply);
  }

  say(id: number, turn: number, phrase: PhraseName): void {
    const { phrases, phraseOwner, agent } = this.#options;
    const { media, history, telling } = this.#call;
    if (phrase === 'stillThere') history.callerSaid({ role: 'caller', text: '', via: 'silence' });
    const prepared = phrases.get(phraseOwner, phrase, media.format);
    if (!prepared) {
      const text = phrases.text(phraseOwner, phrase) ?? (phrase === 'greeting' ? agent.greeting : undefined);
      if (text === undefined) this.#tell({ type: 'reply-ended', reply: id });
      else this.#start(id, turn, false, undefined, () => words(text));
      return;
    }
    const utterance = playPhrase(media, prepared);
    void utterance.started.then((at) => {
      if (at !== undefined) this.#call.onAudible(id, turn, at);
    });
    const running: Running = { turn, settled: Promise.resolve(), certain: true, dropped: false };
    this.#running.set(id, running);
    running.settled = utterance.heard().then((heard) => {
      telling.agentSaid(turn, heard, running.flushedBy !== 'call');
      this.#running.delete(id);
      this.#tell({ type: 'reply-ended', reply: id });
    });
    this.follow(running.settled);
  }

  /** An audible sign that somebody is at work; the reply comes behind it. */
  filler(): void {
    const { phrases, phraseOwner } = this.#options;
    const { media, state, telling } = this.#call;
    const prepared = phrases.get(phraseOwner, 'oneMoment', media.format);
    if (!prepared) {
      this.tone();
      return;
    }
    const turn = state().turn + 1;
    const told = playPhrase(media, prepared)
      .heard()
      .then((heard) => {
        telling.signHeard(turn, heard);
        // What the caller had said isn't told yet; if it is taken back, it never will be.
        const now = state();
        if (now.phase !== 'thinking' || now.committed) telling.sign();
      });
    this.#signsTold = both(this.#signsTold, told);
  }

  /** A sign without words. */
  tone(): void {
    void playTone(this.#call.media);
  }

  /** Nothing that was begun is heard any longer. */
  stopFiller(): void {
    this.#call.media.flush();
    this.#call.telling.sign();
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
    const accounts = both(this.#lastSettled, this.#signsTold);
    await within(accounts, ACCOUNT_MS, this.#options.clock, () => undefined);
    this.#call.telling.sign();
    for (const { name } of this.#atWork) this.#call.telling.emit({ type: 'tool', name, result: INTERRUPTED });
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
    // Who takes over from a model that broke off is asked anew, unless a tool's result is what he must react to.
    const again = brokenOff.length > 0 && results.at(-1)?.role === 'agent' ? said : [];
    const history = [...this.#call.history.messages, ...said, ...results, ...again];
    const specs = [...tools.values()].map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
    }));
    yield* parts.llm.reply(
      { agent, call: this.#call.info(), history, tools: specs, avoid: brokenOff },
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
  ): void {
    const { agent, parts, tools, clock, source, settings, stallMs, toolRounds } = this.#options;
    const { scope, line, media, history, telling, info, onAudible } = this.#call;
    const running: Running = { turn, settled: Promise.resolve(), certain: !gated, dropped: false };
    this.#running.set(id, running);
    /** What calls of tools have asked for. */
    const followUps = new Map<string, FollowUp>();
    let committed = false;
    const commit = (): void => {
      if (committed || running.dropped) return;
      committed = true;
      if (input?.message.role === 'caller') telling.callerSaid(turn, { ...input, message: input.message });
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
        const outcome = await runTool(tools, call, { agent, call: info(), line, signal });
        if (outcome.ending) followUps.set(call.id, outcome.ending);
        history.toolFinished(call, outcome.result);
        if (this.#atWork.delete(call))
          telling.emit({ type: 'tool', name: call.name, result: outcome.result });
        return outcome;
      },
      stallMs: stallMs ?? STALL_MS,
      fillerAgainMs: settings.fillerAgainMs,
      toolRounds: toolRounds ?? TOOL_ROUNDS,
      events: {
        mark: (stage, at) => {
          // What was dropped has no place in the turn that took its number.
          if (!running.dropped) this.#mark(turn, stage, at);
        },
        commit,
        acted: () => {
          this.#tell({ type: 'reply-committed', reply: id });
        },
        resumed: () => {
          this.#tell({ type: 'reply-resumed', reply: id });
        },
        audible: (at) => {
          onAudible(id, turn, at);
        },
        failed: (part, error) => {
          telling.emit(thrownTrouble(part, error));
          this.#tell({ type: 'reply-failed', reply: id });
        },
        trouble: (trouble) => {
          telling.providerTrouble(trouble);
        },
        usage: ({ provider, inputTokens, outputTokens }) => {
          telling.emit({ type: 'usage', turn, provider, inputTokens, outputTokens });
        },
      },
    });
    running.settled = running.reply.settled.then((outcome) => {
      if (running.dropped) return;
      if (running.certain) {
        const heard = (): void => {
          telling.agentSaid(turn, outcome.heard, running.flushedBy !== 'call');
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
        if (input) telling.measured(turn);
      }
      this.#running.delete(id);
      if (!outcome.failed) this.#tell({ type: 'reply-ended', reply: id, ending: outcome.followUp });
    });
    this.follow(running.settled);
  }

  #mark(turn: number, stage: keyof TurnMarks, at: Milliseconds | undefined): void {
    if (at !== undefined) this.#options.tracker.mark(this.#call.name, turn, stage, at);
  }

  #tell(event: ReplyEvent): void {
    this.#call.dispatch({ ...event, at: this.#options.clock.now() });
  }
}

type ReplyEvent = TurnEvent extends infer E
  ? E extends { readonly reply: number }
    ? Omit<E, 'at'>
    : never
  : never;

async function both(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.all([one, other]);
}

async function* words(text: string): AsyncGenerator<LlmEvent> {
  yield await Promise.resolve({ type: 'text' as const, text });
}
