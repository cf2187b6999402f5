import type { LanguageModel } from '../../src/dialog/contract/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../src/dialog/contract/conversation.ts';
import type { ProviderTrouble } from '../../src/dialog/contract/provider-failures.ts';
import type { Clock, Milliseconds } from '../../src/lib/clock.ts';

/** A word of the model's, a tool call, a wait, a fault, or `hang`: nothing more comes, not even an end. */
export type LlmStep =
  | string
  | { readonly tool: string; readonly arguments?: Record<string, unknown> }
  | { readonly waitMs: Milliseconds }
  | { readonly error: Error }
  /** Tokens: in, out. */
  | { readonly usage: readonly [number, number] }
  | { readonly trouble: ProviderTrouble }
  /** It is at work on something else than words. */
  | { readonly progress: true }
  /** Its tokens are spent. */
  | { readonly cutShort: true }
  | { readonly hang: true };

export type LlmScript = readonly LlmStep[] | ((request: ReplyRequest) => readonly LlmStep[]);

/** A model that says what it has been told to say, reply by reply; then the last one again and again. */
export class ScriptedLlm implements LanguageModel {
  warmed = 0;
  readonly name = 'scripted';
  firstTokenMs: Milliseconds;
  readonly scripts: LlmScript[];
  readonly requests: ReplyRequest[] = [];
  /** Replies that are being streamed. */
  open = 0;
  aborted = 0;
  readonly #clock: Clock;
  #tools = 0;

  constructor(
    clock: Clock,
    scripts: LlmScript[] = [['Of course.']],
    options: { firstTokenMs?: Milliseconds } = {},
  ) {
    this.#clock = clock;
    this.scripts = scripts;
    this.firstTokenMs = options.firstTokenMs ?? 20;
  }

  warm(): void {
    this.warmed += 1;
  }

  async *reply(request: ReplyRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    this.requests.push(structuredClone({ ...request, tools: [...(request.tools ?? [])] }));
    const script = this.scripts.length > 1 ? this.scripts.shift() : this.scripts[0];
    const steps = typeof script === 'function' ? script(request) : (script ?? []);
    this.open += 1;
    try {
      await this.#clock.sleep(this.firstTokenMs, signal);
      for (const step of steps) {
        if (signal.aborted) return;
        if (typeof step !== 'string' && 'hang' in step) await new Promise(() => undefined);
        else if (typeof step === 'string') yield { type: 'text', text: step };
        else if ('waitMs' in step) await this.#clock.sleep(step.waitMs, signal);
        else if ('progress' in step) yield { type: 'progress' };
        else if ('cutShort' in step) yield { type: 'cut-short' };
        else if ('error' in step) throw step.error;
        else if ('trouble' in step) yield { type: 'trouble', trouble: step.trouble };
        else if ('usage' in step) {
          const [inputTokens, outputTokens] = step.usage;
          yield { type: 'usage', provider: this.name, inputTokens, outputTokens };
        } else {
          this.#tools += 1;
          const call = { id: `tool-${this.#tools}`, name: step.tool, arguments: step.arguments ?? {} };
          yield { type: 'tool', call };
        }
      }
    } finally {
      this.open -= 1;
      if (signal.aborted) this.aborted += 1;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
