import type { BoundedQueue } from '../../lib/queue.ts';
import { untilAborted } from '../../lib/abort.ts';
import type { ToolOutcome } from './agent-tools.ts';
import type { LlmEvent, Message, ToolCall } from '../contract/conversation.ts';
import type { Stage } from '../contract/call-events.ts';
import { languageOf } from '../language/known-languages.ts';
import type { TextToSpeech } from '../contract/ports.ts';
import type { TextPiece } from '../contract/speech.ts';
import type { ProviderTrouble } from '../contract/provider-failures.ts';
import { failedProvider } from '../contract/provider-trouble.ts';
import { AnswerWords } from './answer-words.ts';
import { answer, type Question, type ReplySource } from './reply-source.ts';
import type { StallWatch } from './stall-watch.ts';
import type { FollowUp } from '../turn/turn-states.ts';

/** A model is told this of a tool that was at work when the reply was stopped, until the tool has finished. */
export const INTERRUPTED = 'interrupted: it is not known whether it was done';

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
  /** Who is asked. */
  readonly source: ReplySource;
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
  #words: AnswerWords | undefined;
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
    const { source, signal, stall, events, takes, language, pieces } = this.#options;
    const { results: before, brokenOff } = question;
    const words = new AnswerWords({
      language: languageOf(language),
      pieces,
      takes,
      isFirst: before.length === 0,
      before: this.#words,
    });
    this.#words = words;
    const results: Message[] = [];
    let mustAnswer = false;
    let isCut = false;
    try {
      for await (const event of untilAborted(answer(source, question, signal), signal)) {
        stall.progress();
        if (event.type === 'text') {
          events.mark('llmFirstToken');
          await this.#say(words.take(event.text));
        } else if (event.type === 'tool') {
          await this.#say(words.flush(isCut));
          const outcome = await this.#act(event.call);
          if (!outcome) return undefined;
          results.push({ role: 'tool', call: event.call, result: outcome.result });
          mustAnswer ||= outcome.answer === true;
        } else if (event.type === 'cut-short') isCut = true;
        else if (event.type === 'usage') events.usage(event);
        else if (event.type === 'trouble') events.trouble(event.trouble);
      }
    } catch (error) {
      if (!signal.aborted) await words.flushSentences();
      const provider = failedProvider(error);
      const hasBegun = words.text !== '' || results.length > 0;
      if (!hasBegun || this.#followUp || provider === undefined || brokenOff.includes(provider)) throw error;
      // Whole sentences stay, and what was to become one is forgotten: another model answers instead.
      return {
        results: [...before, ...saidOf(words.given), ...results],
        brokenOff: [...brokenOff, provider],
      };
    }
    await this.#say(words.flush(isCut));
    const silent = words.text.trim() === '';
    if (results.length === 0 || this.#followUp || !(mustAnswer || silent)) return undefined;
    return { results: [...before, ...saidOf(words.text), ...results], brokenOff };
  }

  /** Notes whether there was something to say. */
  async #say(saying: Promise<boolean>): Promise<void> {
    if (await saying) this.#wordsLast = true;
  }

  /** Undefined: the reply was stopped before the tool had done its work, or begun it. */
  async #act(call: ToolCall): Promise<ToolOutcome | undefined> {
    const { signal, stall, released, tools, events } = this.#options;
    await stall.patiently(released);
    if (signal.aborted) return undefined;
    events.commit();
    events.acted();
    // From now on it may have been done, even if the reply is stopped.
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
