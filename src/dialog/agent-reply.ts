import type { Clock, Milliseconds } from '../lib/clock.ts';
import { BoundedQueue } from '../lib/queue.ts';
import type { Scope } from '../lib/scope.ts';
import { sampleCount, type Audio } from '../media/audio.ts';
import { signTone } from '../media/sign-tone.ts';
import { orAborted, untilAborted } from './aborting.ts';
import type { ToolOutcome } from './agent-tools.ts';
import type { Stage } from './latency-tracker.ts';
import type { LlmEvent, Message, ToolCall } from './conversation.ts';
import type { MediaSession, TextToSpeech } from './ports.ts';
import type { ProviderTrouble } from './provider-failures.ts';
import type { TimedWord, TtsEvent, VoiceRequest } from './speech.ts';
import { failedProvider } from './provider-trouble.ts';
import { languageOf } from './languages/known-languages.ts';
import { SentenceSplitter } from './sentence-splitter.ts';
import type { FollowUp } from './turn-states.ts';
import { SpokenUtterance, type Heard } from './utterance.ts';

/** What a model is told of a tool that was at work when the reply was stopped, until it is known better. */
export const INTERRUPTED = 'interrupted: it is not known whether it was done';
/** Pieces of a reply that wait for the synthesiser. */
const PIECES_AHEAD = 64;

export interface ReplyOptions {
  /** The call's lifetime. */
  readonly scope: Scope;
  /** Asks the model. */
  readonly ask: (question: Question, signal: AbortSignal) => AsyncIterable<LlmEvent>;
  readonly tts: TextToSpeech;
  readonly voice: VoiceRequest;
  readonly media: MediaSession;
  readonly clock: Clock;
  /** Nothing is audible, and no tool acts, before `release`. */
  readonly gated: boolean;
  readonly runTool: (call: ToolCall, signal: AbortSignal) => Promise<ToolOutcome>;
  readonly events: ReplyEvents;
  /** Longest time without any progress of the model or the synthesiser. */
  readonly stallMs: Milliseconds;
  /** Longest silence within it without a sign that somebody is at work. */
  readonly fillerAgainMs: Milliseconds;
  /** How often a model may call tools and be asked again. */
  readonly toolRounds: number;
}

/** What the model is asked, beyond what the caller said. */
export interface Question {
  /** What it has said and done in this reply before: it must react to the tools' results. */
  readonly results: readonly Message[];
  /** Providers that have broken off in this reply. What they said stands in `results`. */
  readonly brokenOff: readonly string[];
}

export interface ReplyEvents {
  readonly mark: (stage: Stage, at: Milliseconds) => void;
  /** It can't be taken back any more: something is heard, has acted, or has failed. */
  readonly commit: () => void;
  /** A tool is at work. */
  readonly acted: () => void;
  /** It has done its work. */
  readonly resumed: () => void;
  readonly audible: (at: Milliseconds) => void;
  readonly failed: (part: 'llm' | 'tts', error: unknown) => void;
  /** A provider failed, and the reply goes on. */
  readonly trouble: (trouble: ProviderTrouble) => void;
  readonly usage: (usage: Extract<LlmEvent, { type: 'usage' }>) => void;
}

/** What became of a reply. */
export interface ReplyOutcome {
  readonly heard: Heard | undefined;
  readonly tools: readonly Extract<Message, { role: 'tool' }>[];
  /** The last words came after the last tool. */
  readonly wordsLast: boolean;
  readonly ending: FollowUp | undefined;
  readonly failed: boolean;
}

/** A reply in the making: words become sentences become sound, each as soon as it can. */
export interface AgentReply {
  /** Lets a gated reply out. */
  release(): void;
  /** Stops thinking and speaking; whoever calls it flushes what is queued for playing. */
  stop(): void;
  /** When it was played to its end, or was stopped, and everything of it is closed. Never rejects. */
  readonly settled: Promise<ReplyOutcome>;
}

export function startReply(options: ReplyOptions): AgentReply {
  const reply = new ReplyInTheMaking(options);
  return {
    release: () => {
      reply.release();
    },
    stop: () => {
      reply.stop();
    },
    settled: reply.run(),
  };
}

function saidOf(text: string): Message[] {
  return text.trim() === '' ? [] : [{ role: 'agent', text: text.trim(), interrupted: false }];
}

class ReplyInTheMaking {
  readonly #options: ReplyOptions;
  readonly #scope: Scope;
  readonly #gate = Promise.withResolvers<undefined>();
  readonly #sentences = new BoundedQueue<string>(PIECES_AHEAD);
  readonly #tools: Extract<Message, { role: 'tool' }>[] = [];
  /** Words before and after a tool belong to different answers, and need a space between them. */
  #lastPiece = '';
  #utterance: SpokenUtterance | undefined;
  /** Given to the synthesiser before there was an utterance. */
  #text = '';
  #ending: FollowUp | undefined;
  #wordsLast = true;
  #words: readonly TimedWord[] = [];
  #released = false;
  #failed = false;
  #thought = false;
  #thinkingError: { readonly error: unknown } | undefined;
  /** Waiting for the turn to be certain, for room in the queue or for a tool: that is no stall. */
  #waiting = 0;
  #unwatch: () => void = () => undefined;
  #unsign: () => void = () => undefined;
  /** Until then the caller hears something. */
  #soundUntil: Milliseconds = 0;

  constructor(options: ReplyOptions) {
    this.#options = options;
    this.#scope = options.scope.child('reply');
    this.#scope.defer(() => {
      this.#sentences.close({ discard: true });
      this.#unwatch();
      this.#unsign();
    });
    if (!options.gated) this.release();
  }

  release(): void {
    this.#released = true;
    this.#gate.resolve(undefined);
  }

  stop(): void {
    void this.#scope.close();
  }

  async run(): Promise<ReplyOutcome> {
    const speaking = this.#speak();
    const thinking = this.#think();
    await Promise.all([thinking, speaking]);
    // Only now, so that what is said about it comes behind the words that there were.
    if (this.#thinkingError) this.#fail('llm', this.#thinkingError.error);
    this.#unwatch();
    const heard = await this.#utterance?.heard();
    await this.#scope.close();
    const stopped = heard !== undefined && heard.account.outcome !== 'completed';
    return {
      heard,
      tools: this.#tools,
      wordsLast: this.#wordsLast,
      ending: stopped || this.#failed ? undefined : this.#ending,
      failed: this.#failed,
    };
  }

  // ── from the model to sentences ──

  async #think(): Promise<void> {
    const { signal } = this.#scope;
    try {
      this.#progress();
      this.#mark('llmStart');
      let question: Question | undefined = { results: [], brokenOff: [] };
      for (let round = 0; question && round <= this.#options.toolRounds; round++) {
        question = await this.#round(question);
        if (signal.aborted) break;
      }
      if (!signal.aborted) this.#mark('llmEnd');
    } catch (error) {
      this.#thinkingError = { error };
    }
    this.#thought = true;
    this.#sentences.close();
  }

  /** One answer of the model's. Returns what it must be asked before it goes on, if anything. */
  async #round(question: Question): Promise<Question | undefined> {
    const { signal } = this.#scope;
    const { results: before, brokenOff } = question;
    const { takes } = this.#options.tts;
    const takesText = takes === 'text';
    const wantsWhole = takes === 'sentences' || before.length > 0;
    const language = languageOf(this.#options.voice.language);
    const splitter = new SentenceSplitter({ language, ...(wantsWhole && { firstClauseFrom: 0 }) });
    const results: Message[] = [];
    let text = '';
    let spoken = '';
    let gathering = false;
    let mustAnswer = false;
    const say = async (pieces: readonly string[]): Promise<void> => {
      for (const piece of pieces) {
        const isJoint = spoken === '' && /\S$/.test(this.#lastPiece) && /^\S/.test(piece);
        this.#lastPiece = piece;
        spoken += piece;
        await this.#sentences.send(isJoint ? ` ${piece}` : piece);
      }
    };
    /** Nothing follows for now. */
    const flush = async (): Promise<void> => {
      await say(splitter.flush());
      if (takesText && gathering) await this.#sentences.send('');
      gathering = false;
    };
    try {
      for await (const event of untilAborted(this.#options.ask(question, signal), signal)) {
        this.#progress();
        if (event.type === 'text') {
          this.#mark('llmFirstToken');
          text += event.text;
          this.#wordsLast = true;
          gathering = true;
          await say(takesText ? [event.text] : splitter.push(event.text));
        } else if (event.type === 'tool') {
          await flush();
          const outcome = await this.#act(event.call);
          if (!outcome) return undefined;
          results.push({ role: 'tool', call: event.call, result: outcome.result });
          mustAnswer ||= outcome.answer === true;
        } else if (event.type === 'usage') this.#options.events.usage(event);
        else if (event.type === 'trouble') this.#options.events.trouble(event.trouble);
      }
    } catch (error) {
      const provider = failedProvider(error);
      const hasBegun = text !== '' || results.length > 0;
      if (!hasBegun || this.#ending || provider === undefined || brokenOff.includes(provider)) throw error;
      // Whole sentences stay, and what was to become one is forgotten: somebody else answers instead.
      return { results: [...before, ...saidOf(spoken), ...results], brokenOff: [...brokenOff, provider] };
    }
    await flush();
    const silent = text.trim() === '';
    if (results.length === 0 || this.#ending || !(mustAnswer || silent)) return undefined;
    return { results: [...before, ...saidOf(text), ...results], brokenOff };
  }

  async #act(call: ToolCall): Promise<ToolOutcome | undefined> {
    const { signal } = this.#scope;
    await this.#patiently(this.#gate.promise);
    if (signal.aborted) return undefined;
    const { events } = this.#options;
    events.commit();
    events.acted();
    // Whatever becomes of the reply now: it may have been done.
    const index = this.#tools.push({ role: 'tool', call, result: INTERRUPTED }) - 1;
    this.#wordsLast = false;
    const running = this.#options.runTool(call, signal).then((outcome) => {
      this.#tools[index] = { role: 'tool', call, result: outcome.result };
      return outcome;
    });
    const outcome = await this.#patiently(running);
    events.resumed();
    this.#ending ??= outcome?.ending;
    return outcome;
  }

  // ── from sentences to sound ──

  async #speak(): Promise<void> {
    const { signal } = this.#scope;
    const { tts, voice } = this.#options;
    let complete = false;
    try {
      const first = await this.#sentences.next();
      if (first.done === true || signal.aborted) return;
      this.#mark('ttsStart');
      this.#progress();
      complete = await this.#play(tts.speak(this.#pieces(first.value), voice, signal));
      if (!this.#utterance && !this.#scope.closed) throw new Error('no audio came');
    } catch (error) {
      this.#fail('tts', error);
      this.stop();
    } finally {
      this.#unsign();
      this.#utterance?.end(complete && !this.#failed && !this.#thinkingError);
    }
  }

  /** True: all of it was queued for playing. */
  async #play(sound: AsyncIterable<TtsEvent>): Promise<boolean> {
    const { signal } = this.#scope;
    for await (const event of untilAborted(sound, signal)) {
      this.#progress();
      if (event.type === 'trouble') {
        this.#options.events.trouble(event.trouble);
        continue;
      }
      if (event.type === 'words') {
        if (this.#utterance) this.#utterance.addWords(event.words);
        else this.#words = [...this.#words, ...event.words];
        continue;
      }
      this.#mark('ttsFirstAudio');
      const utterance = await this.#begin();
      this.#sounds(event.audio);
      if (!utterance || !(await this.#patiently(utterance.write(event.audio)))) {
        this.stop(); // flushed: nothing more of this will be heard
        return false;
      }
    }
    return !signal.aborted;
  }

  async *#pieces(first: string): AsyncGenerator<string> {
    this.#hand(first);
    yield first;
    for await (const piece of this.#sentences) {
      this.#hand(piece);
      yield piece;
    }
  }

  #hand(piece: string): void {
    if (this.#utterance) this.#utterance.addText(piece);
    else this.#text += piece;
  }

  /** The utterance, once it may be heard. Undefined: stopped before. */
  async #begin(): Promise<SpokenUtterance | undefined> {
    if (this.#utterance) return this.#utterance;
    await this.#patiently(this.#gate.promise);
    if (this.#scope.closed) return undefined;
    const utterance = new SpokenUtterance(this.#options.media);
    this.#utterance = utterance;
    utterance.addText(this.#text);
    utterance.addWords(this.#words);
    this.#soundUntil = this.#options.clock.now();
    this.#signWhenSilent(utterance);
    void utterance.started.then((at) => {
      if (at === undefined) return;
      this.#mark('firstPacket', at);
      this.#options.events.commit();
      this.#options.events.audible(at);
    });
    return utterance;
  }

  /** Sound is on its way to the caller, behind what there is. */
  #sounds(audio: Audio): void {
    const now = this.#options.clock.now();
    this.#soundUntil = Math.max(this.#soundUntil, now) + (sampleCount(audio) * 1000) / audio.rateHz;
  }

  /** Words, and then nothing, as before a tool that takes its time: signs until more follows. */
  #signWhenSilent(utterance: SpokenUtterance): void {
    const { clock, fillerAgainMs } = this.#options;
    const at = this.#soundUntil + fillerAgainMs;
    this.#unsign = clock.at(at, () => {
      if (clock.now() >= this.#soundUntil + fillerAgainMs) {
        const tone = signTone();
        this.#sounds(tone);
        void utterance.insert(tone);
      }
      this.#signWhenSilent(utterance);
    });
  }

  // ── trouble ──

  #fail(part: 'llm' | 'tts', error: unknown): void {
    if (this.#failed || this.#scope.closed) return;
    this.#failed = true;
    this.#unwatch();
    if (this.#released) this.#options.events.commit();
    this.#options.events.failed(part, error);
  }

  /** Waits for something that may take its time; undefined as soon as the reply is stopped. */
  async #patiently<T>(promise: Promise<T>): Promise<T | undefined> {
    this.#waiting += 1;
    this.#unwatch();
    try {
      return await orAborted(promise, this.#scope.signal);
    } finally {
      this.#waiting -= 1;
      this.#progress();
    }
  }

  /** Something has happened: the next thing must within `stallMs`. */
  #progress(): void {
    this.#unwatch();
    if (this.#scope.closed || this.#waiting > 0) return;
    const { clock, stallMs } = this.#options;
    this.#unwatch = clock.at(clock.now() + stallMs, () => {
      this.#fail(this.#thought ? 'tts' : 'llm', new Error(`nothing came for ${stallMs} ms`));
      this.stop();
    });
  }

  #mark(stage: Stage, at = this.#options.clock.now()): void {
    this.#options.events.mark(stage, at);
  }
}
