import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { EventBody } from './call-telling.ts';
import type { AgentProfile, TransferTarget } from '../contract/agent-profile.ts';
import type { CallInfo, LineEvent, TransferOutcome, TransferRequest } from '../contract/call-info.ts';
import type { CallLine } from '../contract/ports.ts';

type TransferEvent = Extract<EventBody, { type: 'transfer' | 'transfer-ended' | 'trouble' }>;

export interface CallTransferOptions {
  readonly line: Pick<CallLine, 'transfer'>;
  /** The call with whoever is the caller now. */
  readonly info: () => CallInfo;
  readonly agent: AgentProfile;
  readonly clock: Pick<Clock, 'now'>;
  readonly emit: (event: TransferEvent) => void;
}

/** Others who are called for a call's caller, and how long he talks with the one who answers. */
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
    const { line, info, agent, clock, emit } = this.#options;
    const { endpoint, ringMs, whileRinging } = target;
    const callerId = callerIdOf(target.callerId, info(), agent);
    const cancel = new AbortController();
    this.#cancel = cancel;
    const began = clock.now();
    let outcome: TransferOutcome = 'failed';
    try {
      outcome = await line.transfer({ endpoint, ringMs, whileRinging, callerId }, cancel.signal);
    } catch (error) {
      emit({ type: 'trouble', part: 'line', message: messageOf(error) });
    }
    this.#cancel = undefined;
    const now = clock.now();
    emit({ type: 'transfer', target: target.name, outcome, ringMs: now - began });
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
    this.#options.emit({ type: 'transfer-ended', target: talk.target, talkMs: at - talk.since, by });
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
