import type {
  CallInfo,
  LineEvent,
  TransferOutcome,
  TransferRequest,
} from '../../src/dialog/contract/call-info.ts';
import type { CallLine } from '../../src/dialog/contract/ports.ts';
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
  /** What was done, in order: `answer`, `hang-up`, `proceed`, `transfer`, `dtmf …`. */
  readonly done: string[] = [];
  variables: Readonly<Record<string, string>> | undefined;
  /** Makes `answer` fail, or take time. */
  answerError: Error | undefined;
  answerMs: Milliseconds = 0;
  /** Those who were called for the caller, in order. */
  readonly transfers: TransferRequest[] = [];
  /** Says how the transfer under way ends; only the first word counts. */
  endTransfer: (outcome: TransferOutcome) => void = () => undefined;
  /** Makes `sendDtmf` fail. */
  dtmfError: Error | undefined;
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

  transfer(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome> {
    this.done.push('transfer');
    this.transfers.push(request);
    const { promise, resolve } = Promise.withResolvers<TransferOutcome>();
    this.endTransfer = resolve;
    signal.addEventListener('abort', () => {
      resolve('cancelled');
    });
    if (signal.aborted) resolve('cancelled');
    return promise;
  }

  sendDtmf(digits: string): Promise<void> {
    this.done.push(`dtmf ${digits}`);
    return this.dtmfError ? Promise.reject(this.dtmfError) : Promise.resolve();
  }

  tell(event: LineEvent): void {
    if (event.type === 'ended') this.endTransfer('caller-gone');
    for (const listener of [...this.#listeners]) listener(event);
  }
}
