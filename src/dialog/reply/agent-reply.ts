import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { BoundedQueue } from '../../lib/queue.ts';
import type { Scope } from '../../lib/scope.ts';
import { untilAborted } from '../../lib/abort.ts';
import type { Audio } from '../../media/audio.ts';
import type { MediaSession, TextToSpeech } from '../contract/ports.ts';
import { ReplyThinking, type ThinkingEvents, type ThinkingOptions, type Thought } from './reply-thinking.ts';
import { SilenceFiller } from './silence-filler.ts';
import {
  FLUSH,
  type TextPiece,
  type TimedWord,
  type TtsEvent,
  type VoiceRequest,
} from '../contract/speech.ts';
import { StallWatch } from './stall-watch.ts';
import type { FollowUp } from '../turn/turn-states.ts';
import { Script, SpokenUtterance, type Heard } from './utterance.ts';

/** Pieces of a reply that wait for the synthesiser. */
const PIECES_AHEAD = 64;

export interface AgentReplyOptions extends Pick<ThinkingOptions, 'source' | 'tools'> {
  /** The call's lifetime. */
  readonly scope: Scope;
  readonly tts: TextToSpeech;
  readonly voice: VoiceRequest;
  readonly media: MediaSession;
  readonly clock: Clock;
  /** Nothing is audible, and no tool acts, before `release`. */
  readonly gated: boolean;
  readonly events: ReplyEvents;
  /** Longest time without any progress of the model or the synthesiser. */
  readonly stallMs: Milliseconds;
  /** Longest silence within it without a filler. */
  readonly fillerAgainMs: Milliseconds;
}

export interface ReplyEvents extends ThinkingEvents {
  /** Of its first packet. */
  audible(at: Milliseconds): void;
  failed(part: 'llm' | 'tts', error: unknown): void;
}

/** What became of a reply. */
export interface ReplyOutcome extends Pick<Thought, 'tools' | 'wordsLast'> {
  readonly heard: Heard | undefined;
  readonly followUp: FollowUp | undefined;
  readonly failed: boolean;
}

/**
 * Where a reply stands.
 *
 *     gated ──release──► released ──first sound──► speaking ──all was played, or it was stopped──► settled
 *       └───────────────────┴── stopped, or it failed ──────────────┼──────────────────────────────┘
 *                                                  pause ▼ ▲ resume │ flushed, and stopped
 *                                                        paused ────┘
 */
type Standing =
  /** The turn that it answers isn't certain: the reply is prepared, and nothing of it is heard. */
  | { readonly is: 'gated' }
  /** It may be heard, and there is nothing to be heard yet. */
  | { readonly is: 'released' }
  | { readonly is: 'speaking'; readonly utterance: SpokenUtterance; readonly filler: SilenceFiller }
  /**
   * The caller hears nothing of it for now, while model and voice go on as far as there is room. No filler is played, and
   * it doesn't count as stalled.
   */
  | {
      readonly is: 'paused';
      readonly utterance: SpokenUtterance;
      readonly filler: SilenceFiller;
      readonly over: () => void;
    }
  | { readonly is: 'settled' };

/** A reply in the making: words become sentences become sound, each as soon as it can. */
export class AgentReply {
  /** When it was played to its end, or was stopped, and everything of it is closed. Never rejects. */
  readonly settled: Promise<ReplyOutcome>;
  readonly #options: AgentReplyOptions;
  readonly #scope: Scope;
  readonly #release = Promise.withResolvers<undefined>();
  #heldBack: PromiseWithResolvers<undefined> | undefined;
  readonly #pieces = new BoundedQueue<TextPiece>(PIECES_AHEAD);
  readonly #script = new Script();
  readonly #stall: StallWatch;
  #standing: Standing;
  /** What made it fail, if anything did. */
  #failure: { readonly part: 'llm' | 'tts' } | undefined;
  /** Undefined: the model is still at work. */
  #thought: Thought | undefined;

  constructor(options: AgentReplyOptions) {
    this.#options = options;
    this.#scope = options.scope.child('reply');
    this.#standing = { is: 'gated' };
    this.#stall = new StallWatch({
      clock: options.clock,
      stallMs: options.stallMs,
      signal: this.#scope.signal,
      onStall: () => {
        this.#fail(this.#thought ? 'tts' : 'llm', new Error(`nothing came for ${options.stallMs} ms`));
        this.stop();
      },
    });
    this.#scope.defer(() => {
      this.#pieces.close({ discard: true });
      this.#stall.stop();
      this.#audible?.filler.stop();
    });
    if (!options.gated) this.release();
    this.settled = this.#run();
  }

  /** Lets a gated reply out. */
  release(): void {
    if (this.#standing.is !== 'gated') return;
    this.#standing = { is: 'released' };
    this.#release.resolve(undefined);
  }

  /** It doesn't begin before `letBegin`; nothing when it has begun. */
  holdBack(): void {
    if (this.#standing.is === 'gated' || this.#standing.is === 'released')
      this.#heldBack ??= Promise.withResolvers<undefined>();
  }

  letBegin(): void {
    this.#heldBack?.resolve(undefined);
    this.#heldBack = undefined;
  }

  /** What the caller hears fades out, and waits. Nothing when nothing of it is to be heard yet. */
  pause(): void {
    if (this.#standing.is !== 'speaking') return;
    const { utterance, filler } = this.#standing;
    utterance.pause();
    filler.rest();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    void this.#stall.patiently(promise);
    this.#standing = {
      is: 'paused',
      utterance,
      filler,
      over: () => {
        resolve(undefined);
      },
    };
  }

  /**
   * Goes on where it was paused, or at `fromMs` of its sound (`cutWord` has one worth hearing again). Returns the place;
   * undefined: it wasn't paused, or is over.
   */
  resume(fromMs?: Milliseconds): Milliseconds | undefined {
    if (this.#standing.is !== 'paused') return undefined;
    const { utterance, filler, over } = this.#standing;
    const place = utterance.resume(fromMs);
    filler.goOn(place === undefined ? 0 : Math.max(0, utterance.playback.playedMs() - place));
    over();
    this.#standing = { is: 'speaking', utterance, filler };
    return place;
  }

  /** As `SpokenUtterance.progress`; undefined: nothing of it is to be heard yet. */
  get progress(): SpokenUtterance['progress'] | undefined {
    return this.#audible?.utterance.progress;
  }

  /** The word in the middle of which it was paused; undefined: between two, or not known. */
  get cutWord(): TimedWord | undefined {
    return this.#standing.is === 'paused' ? this.#standing.utterance.cutWord : undefined;
  }

  /** Stops thinking and speaking; whoever calls it flushes what is queued for playing. */
  stop(): void {
    void this.#scope.close();
  }

  async #run(): Promise<ReplyOutcome> {
    const speaking = this.#speak();
    const thought = await this.#think();
    await speaking;
    // Only now, so that a phrase about the failure comes after the words that the reply had.
    if (thought.failure) this.#fail('llm', thought.failure.error);
    this.#stall.stop();
    const heard = await this.#audible?.utterance.heard();
    await this.#scope.close();
    this.#standing = { is: 'settled' };
    const failed = this.#failure !== undefined;
    const stopped = heard !== undefined && heard.account.outcome !== 'completed';
    const { tools, wordsLast, followUp } = thought;
    return { heard, tools, wordsLast, followUp: stopped || failed ? undefined : followUp, failed };
  }

  async #think(): Promise<Thought> {
    const { source, tools, tts, voice, events } = this.#options;
    this.#thought = await new ReplyThinking({
      source,
      tools,
      pieces: this.#pieces,
      takes: tts.takes,
      language: voice.language,
      signal: this.#scope.signal,
      stall: this.#stall,
      released: this.#release.promise,
      events,
    }).run();
    return this.#thought;
  }

  // ── from pieces to sound ──

  async #speak(): Promise<void> {
    const { signal } = this.#scope;
    const { tts, voice } = this.#options;
    let complete = false;
    try {
      const first = await this.#pieces.next();
      if (first.done === true || signal.aborted) return;
      this.#options.events.mark('ttsStart');
      this.#stall.progress();
      complete = await this.#play(tts.speak(this.#written(first.value), voice, signal));
      if (!this.#audible && !this.#scope.closed) throw new Error('no audio came');
    } catch (error) {
      this.#fail('tts', error);
      this.stop();
    } finally {
      if (this.#audible) {
        const { utterance, filler } = this.#audible;
        filler.stop();
        utterance.end(complete && !this.#failure && !this.#thought?.failure);
      }
    }
  }

  /** True: all of it was queued for playing. */
  async #play(sound: AsyncIterable<TtsEvent>): Promise<boolean> {
    const { signal } = this.#scope;
    for await (const event of untilAborted(sound, signal)) {
      this.#stall.progress();
      if (event.type === 'trouble') this.#options.events.trouble(event.trouble);
      else if (event.type === 'words') this.#script.addWords(event.words);
      else if (!(await this.#queue(event.audio))) {
        this.stop(); // flushed: nothing more of this will be heard
        return false;
      }
    }
    return !signal.aborted;
  }

  /** The pieces, as they are given to the synthesiser. */
  async *#written(first: TextPiece): AsyncGenerator<TextPiece> {
    yield this.#noted(first);
    for await (const piece of this.#pieces) yield this.#noted(piece);
  }

  #noted(piece: TextPiece): TextPiece {
    if (piece !== FLUSH) this.#script.addText(piece);
    return piece;
  }

  /** False: it was stopped, or flushed. */
  async #queue(audio: Audio): Promise<boolean> {
    this.#options.events.mark('ttsFirstAudio');
    if (this.#standing.is === 'gated') await this.#stall.patiently(this.#release.promise);
    while (this.#heldBack && !this.#scope.closed) await this.#stall.patiently(this.#heldBack.promise);
    if (this.#standing.is === 'released' && !this.#scope.closed) this.#standing = this.#begin();
    if (!this.#audible) return false;
    const { utterance, filler } = this.#audible;
    filler.sounds(audio);
    return (await this.#stall.patiently(utterance.write(audio))) === true;
  }

  /** What the caller hears of it, or would hear if it weren't paused. */
  get #audible(): Extract<Standing, { is: 'speaking' | 'paused' }> | undefined {
    const standing = this.#standing;
    return standing.is === 'speaking' || standing.is === 'paused' ? standing : undefined;
  }

  #begin(): Extract<Standing, { is: 'speaking' }> {
    const { media, clock, fillerAgainMs, events } = this.#options;
    const utterance = new SpokenUtterance(media, this.#script);
    const filler = new SilenceFiller(clock, fillerAgainMs, utterance);
    void utterance.started.then((at) => {
      if (at !== undefined) events.audible(at);
    });
    return { is: 'speaking', utterance, filler };
  }

  #fail(part: 'llm' | 'tts', error: unknown): void {
    if (this.#failure || this.#scope.closed) return;
    this.#failure = { part };
    this.#stall.stop();
    if (this.#standing.is !== 'gated') this.#options.events.commit();
    this.#options.events.failed(part, error);
  }
}
