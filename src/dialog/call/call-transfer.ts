import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { CallFacts } from './call-facts.ts';
import type { CallReporter } from './call-reporter.ts';
import type { AgentProfile, TransferTarget } from '../contract/agent-profile.ts';
import type { CallInfo, LineEvent, TransferOutcome, TransferRequest } from '../contract/call-info.ts';
import type { CallLine } from '../contract/ports.ts';

export interface CallTransferOptions {
  readonly line: Pick<CallLine, 'transfer'>;
  readonly facts: CallFacts;
  readonly agent: AgentProfile;
  readonly clock: Pick<Clock, 'now'>;
  readonly reporter: CallReporter;
}

/** Others who are called for a call's caller, and how long they talk with the one who answers. */
export class CallTransfer {
  readonly #options: CallTransferOptions;
  #cancel: AbortController | undefined;
  #talk: { readonly target: string; readonly since: Milliseconds } | undefined;
  #ended: { readonly by: 'caller' | 'target' | 'system'; readonly at: Milliseconds } | undefined;

  constructor(options: CallTransferOptions) {
    this.#options = options;
  }

  /** Caller and target talk with each other. */
  get connected(): boolean {
    return this.#talk !== undefined;
  }

  /** Never rejects. */
  async begin(target: TransferTarget): Promise<TransferOutcome> {
    const { line, facts, agent, clock, reporter } = this.#options;
    const { endpoint, ringMs, whileRinging } = target;
    const callerId = callerIdOf(target.callerId, facts.info, agent);
    const cancel = new AbortController();
    this.#cancel = cancel;
    const began = clock.now();
    let outcome: TransferOutcome = 'failed';
    try {
      outcome = await line.transfer({ endpoint, ringMs, whileRinging, callerId }, cancel.signal);
    } catch (error) {
      reporter.trouble('line', messageOf(error));
    }
    this.#cancel = undefined;
    const now = clock.now();
    reporter.emit({ type: 'transfer', target: target.name, outcome, ringMs: now - began });
    if (outcome === 'answered') this.#talk = { target: target.name, since: now };
    return outcome;
  }

  cancel(): void {
    this.#cancel?.abort();
  }

  /** What the line told of its end. */
  onLine(event: LineEvent): void {
    if (!this.#talk || this.#ended) return;
    const at = this.#options.clock.now();
    if (event.type === 'target-left') this.#ended = { by: 'target', at };
    if (event.type !== 'ended') return;
    this.#ended = { by: event.reason === 'caller-hung-up' ? 'caller' : 'system', at };
  }

  /** The call is over. */
  close(): void {
    const talk = this.#talk;
    if (!talk) return;
    const { by, at } = this.#ended ?? { by: 'system', at: this.#options.clock.now() };
    this.#options.reporter.emit({ type: 'transfer-ended', target: talk.target, talkMs: at - talk.since, by });
  }
}

/** What a target's telephone shows, by what agents.yaml says of it. */
export function callerIdOf(
  wanted: string,
  { caller, dialled }: CallInfo,
  agent: Pick<AgentProfile, 'name'>,
): TransferRequest['callerId'] {
  if (wanted === 'caller') return { name: caller.name, number: caller.number };
  if (wanted === 'agent') return { name: agent.name, number: dialled };
  const [, name = '', number = ''] = /^([^<]*)(?:<([^>]*)>)?$/.exec(wanted) ?? [];
  return { name: name.trim(), number: number.trim() };
}
