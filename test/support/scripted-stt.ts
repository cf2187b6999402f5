import type { SpeechToText, SttStream } from '../../src/dialog/contract/ports.ts';
import type { SttEvent, SttRequest, Transcript } from '../../src/dialog/contract/speech.ts';
import type { Clock, Milliseconds } from '../../src/lib/clock.ts';

export function transcriptOf(text: string, understood = text !== ''): Transcript {
  return { text, understood, confidence: understood ? 0.9 : 0.1 };
}

export interface ScriptedSttOptions {
  readonly findsTurns?: boolean;
  /** From `endTurn` to its answer. */
  readonly delayMs?: Milliseconds;
}

/** A recogniser that has been told beforehand what it will hear. */
export class ScriptedStt implements SpeechToText {
  warmed = 0;
  readonly name = 'scripted';
  readonly rates = [8000] as const;
  findsTurns: boolean;
  openError: Error | undefined;
  delayMs: Milliseconds;
  readonly streams: ScriptedSttStream[] = [];
  /** What the next turns will turn out to have been; empty: not understood. */
  readonly script: (string | Transcript | Error)[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock, options: ScriptedSttOptions = {}) {
    this.#clock = clock;
    this.findsTurns = options.findsTurns ?? false;
    this.delayMs = options.delayMs ?? 5;
  }

  warm(): void {
    this.warmed += 1;
  }

  open(request: SttRequest): Promise<SttStream> {
    if (this.openError) return Promise.reject(this.openError);
    const stream = new ScriptedSttStream(request, () => this.#answer());
    this.streams.push(stream);
    return Promise.resolve(stream);
  }

  get openStreams(): number {
    return this.streams.filter((stream) => !stream.closed).length;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #answer(): Promise<Transcript> {
    const next = this.script.shift() ?? '';
    await this.#clock.sleep(this.delayMs);
    if (next instanceof Error) throw next;
    return typeof next === 'string' ? transcriptOf(next) : next;
  }
}

export class ScriptedSttStream implements SttStream {
  closed = false;
  readonly request: SttRequest;
  /** `begin 12`, `end 80`, … */
  readonly calls: string[] = [];
  readonly #answer: () => Promise<Transcript>;

  constructor(request: SttRequest, answer: () => Promise<Transcript>) {
    this.request = request;
    this.#answer = answer;
  }

  beginTurn(frame: number): void {
    this.calls.push(`begin ${frame}`);
  }

  endTurn(frame: number): Promise<Transcript> {
    this.calls.push(`end ${frame}`);
    return this.#answer();
  }

  emit(event: SttEvent): void {
    if (!this.closed) this.request.onEvent(event);
  }

  close(): void {
    this.closed = true;
  }
}
