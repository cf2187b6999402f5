import type { BoundedQueue } from '../../lib/queue.ts';
import { untilAborted } from '../../lib/abort.ts';
import type { ToolOutcome } from './agent-tools.ts';
import type { LlmEvent, Message, ToolCall } from '../contract/conversation.ts';
import type { Stage } from '../contract/call-events.ts';
import { languageOf } from '../language/known-languages.ts';
import type { TextToSpeech } from '../contract/ports.ts';
import { FLUSH, type TextPiece } from '../contract/speech.ts';
import type { ProviderTrouble } from '../contract/provider-failures.ts';
import { failedProvider } from '../contract/provider-trouble.ts';
import { PlainSpeech } from '../language/plain-speech.ts';
import { SentenceSplitter } from '../language/sentence-splitter.ts';
import type { StallWatch } from './stall-watch.ts';
import type { FollowUp } from '../turn/turn-states.ts';

/** What a model is told of a tool that was at work when the reply was stopped, until it is known better. */
export const INTERRUPTED = 'interrupted: it is not known whether it was done';

/** What the model is asked, beyond what the caller said. */
export interface Question {
  /** What it has said and done in this reply before: it must react to the tools' results. */
  readonly results: readonly Message[];
  /** Providers that have broken off in this reply. What they said stands in `results`. */
  readonly brokenOff: readonly string[];
}

/** How often a model may call tools in one turn and be asked again. */
const TOOL_ROUNDS = 4;

/** Runs what a model asks for. Never rejects. */
export interface ToolRunner {
  run(call: ToolCall, signal: AbortSignal): Promise<ToolOutcome>;
}

/** A tool that was called. */
export interface CalledTool {
  readonly call: ToolCall;
  readonly result: string;
  /** What it has asked for. */
  readonly followUp: FollowUp | undefined;
}

export interface ThinkingOptions {
  /** Asks the model. */
  readonly ask: (question: Question, signal: AbortSignal) => AsyncIterable<LlmEvent>;
  /** Where the words go; closed when there are no more. */
  readonly pieces: BoundedQueue<TextPiece>;
  readonly takes: TextToSpeech['takes'];
  readonly language: string;
  readonly signal: AbortSignal;
  readonly stall: StallWatch;
  /** The turn is certain: tools may act. */
  readonly released: Promise<unknown>;
  readonly tools: ToolRunner;
  readonly events: ThinkingEvents;
}

export interface ThinkingEvents {
  /** Now. */
  mark(stage: Stage): void;
  /** It can't be taken back any more. */
  commit(): void;
  /** A tool is at work. */
  acted(): void;
  /** It has done its work. */
  resumed(): void;
  usage(usage: Extract<LlmEvent, { type: 'usage' }>): void;
  /** A provider failed, and the reply goes on. */
  trouble(trouble: ProviderTrouble): void;
}

/** What came of it. */
export interface Thought {
  readonly tools: readonly CalledTool[];
  /** The last words came after the last tool. */
  readonly wordsLast: boolean;
  readonly followUp: FollowUp | undefined;
  /** The model failed, behind the words that there were. */
  readonly failure?: { readonly error: unknown };
}

/** From the model to pieces worth speaking, tools included. */
export class ReplyThinking {
  readonly #options: ThinkingOptions;
  readonly #tools: CalledTool[] = [];
  /** Words before and after a tool belong to different answers, and need a space between them. */
  #lastPiece = '';
  #wordsLast = true;
  #followUp: FollowUp | undefined;

  constructor(options: ThinkingOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async run(): Promise<Thought> {
    const { signal, stall, events, pieces } = this.#options;
    let failure: Thought['failure'];
    try {
      stall.progress();
      events.mark('llmStart');
      let question: Question | undefined = { results: [], brokenOff: [] };
      for (let round = 0; question && round <= TOOL_ROUNDS; round++) {
        question = await this.#round(question);
        if (signal.aborted) break;
      }
      if (!signal.aborted) events.mark('llmEnd');
    } catch (error) {
      failure = { error };
    }
    pieces.close();
    return {
      tools: this.#tools,
      wordsLast: this.#wordsLast,
      followUp: this.#followUp,
      ...(failure && { failure }),
    };
  }

  /** One answer of the model's. Returns what it must be asked before it goes on, if anything. */
  async #round(question: Question): Promise<Question | undefined> {
    const { ask, signal, stall, events, takes, language, pieces } = this.#options;
    const { results: before, brokenOff } = question;
    const takesText = takes === 'text';
    const wantsWhole = takes === 'sentences' || before.length > 0;
    const splitter = new SentenceSplitter({
      language: languageOf(language),
      ...(wantsWhole && { firstClauseFrom: 0 }),
    });
    const plain = new PlainSpeech(languageOf(language));
    const results: Message[] = [];
    let text = '';
    let spoken = '';
    let gathering = false;
    let mustAnswer = false;
    let cutShort = false;
    const say = async (given: readonly string[]): Promise<void> => {
      for (const piece of given) {
        const isJoint = spoken === '' && /\S$/.test(this.#lastPiece) && /^\S/.test(piece);
        this.#lastPiece = piece;
        spoken += piece;
        await pieces.send(isJoint ? ` ${piece}` : piece);
      }
    };
    const take = async (given: string): Promise<void> => {
      if (given === '') return;
      text += given;
      this.#wordsLast = true;
      gathering = true;
      await say(takesText ? [given] : splitter.push(given));
    };
    /** Nothing follows for now. */
    const flush = async (): Promise<void> => {
      await take(plain.flush());
      await say(cutShort ? splitter.flushCut() : splitter.flush());
      if (takesText && gathering) await pieces.send(FLUSH);
      gathering = false;
    };
    try {
      for await (const event of untilAborted(ask(question, signal), signal)) {
        stall.progress();
        if (event.type === 'text') {
          events.mark('llmFirstToken');
          await take(plain.push(event.text));
        } else if (event.type === 'tool') {
          await flush();
          const outcome = await this.#act(event.call);
          if (!outcome) return undefined;
          results.push({ role: 'tool', call: event.call, result: outcome.result });
          mustAnswer ||= outcome.answer === true;
        } else if (event.type === 'cut-short') cutShort = true;
        else if (event.type === 'usage') events.usage(event);
        else if (event.type === 'trouble') events.trouble(event.trouble);
      }
    } catch (error) {
      const provider = failedProvider(error);
      const hasBegun = text !== '' || results.length > 0;
      if (!hasBegun || this.#followUp || provider === undefined || brokenOff.includes(provider)) throw error;
      // Whole sentences stay, and what was to become one is forgotten: somebody else answers instead.
      return { results: [...before, ...saidOf(spoken), ...results], brokenOff: [...brokenOff, provider] };
    }
    await flush();
    const silent = text.trim() === '';
    if (results.length === 0 || this.#followUp || !(mustAnswer || silent)) return undefined;
    return { results: [...before, ...saidOf(text), ...results], brokenOff };
  }

  /** Undefined: the reply was stopped before the tool had done its work, or begun it. */
  async #act(call: ToolCall): Promise<ToolOutcome | undefined> {
    const { signal, stall, released, tools, events } = this.#options;
    await stall.patiently(released);
    if (signal.aborted) return undefined;
    events.commit();
    events.acted();
    // Whatever becomes of the reply now: it may have been done.
    const index = this.#tools.push({ call, result: INTERRUPTED, followUp: undefined }) - 1;
    this.#wordsLast = false;
    const running = tools.run(call, signal).then((outcome) => {
      this.#tools[index] = { call, result: outcome.result, followUp: outcome.ending };
      return outcome;
    });
    const outcome = await stall.patiently(running);
    events.resumed();
    this.#followUp ??= outcome?.ending;
    return outcome;
  }
}

function saidOf(text: string): Message[] {
  return text.trim() === '' ? [] : [{ role: 'agent', text: text.trim(), interrupted: false }];
}
