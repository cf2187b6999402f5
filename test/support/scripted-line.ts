import type { CallInfo, CallLine, LineEvent } from '../../src/dialog/ports.ts';
import type { Clock, Milliseconds } from '../../src/lib/clock.ts';

export function callInfo(more: Partial<CallInfo> = {}): CallInfo {
  return {
    key: { server: 'test', channel: 'channel-1' },
    direction: 'in',
    dialled: '510001',
    caller: { number: '0301234567', name: 'Ada' },
    variables: {},
    ...more,
  };
}

/** A telephone line that notes what is done with it. */
export class ScriptedLine implements CallLine {
  readonly info: CallInfo;
  /** What was done, in order: `answer`, `hang-up`, `proceed`. */
  readonly done: string[] = [];
  variables: Readonly<Record<string, string>> | undefined;
  /** Makes `answer` fail, or take time. */
  answerError: Error | undefined;
  answerMs: Milliseconds = 0;
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: LineEvent) => void>();

  constructor(clock: Clock, info: CallInfo = callInfo()) {
    this.#clock = clock;
    this.info = info;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  on(listener: (event: LineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async answer(): Promise<Milliseconds> {
    this.done.push('answer');
    if (this.answerMs > 0) await this.#clock.sleep(this.answerMs);
    if (this.answerError) throw this.answerError;
    return this.#clock.now();
  }

  hangUp(): Promise<void> {
    this.done.push('hang-up');
    return Promise.resolve();
  }

  proceed(variables: Readonly<Record<string, string>>): Promise<void> {
    this.done.push('proceed');
    this.variables = variables;
    return Promise.resolve();
  }

  tell(event: LineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
