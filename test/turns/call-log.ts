import type { Milliseconds } from '../../src/lib/clock.ts';
import type { CaseClass, Hold, Step } from './cases.ts';
import type { Half } from './voices.ts';

/** What a call was, as far as turns go: all that the scorer knows. Instants are milliseconds since the call began. */
export interface CallLog {
  readonly id: string;
  readonly half: Half;
  readonly class: CaseClass;
  readonly kind: string;
  readonly variant: string;
  readonly lengthMs: Milliseconds;
  /** The sentences with which the first question is answered, and how long each is. */
  readonly answer: readonly { readonly text: string; readonly ms: Milliseconds }[];
  readonly caller: readonly CallerSpan[];
  readonly agent: readonly AgentSpan[];
  /** Of the agent's sentences those that answer nothing: fillers, and questions into silence. */
  readonly phrases: readonly string[];
  /** What the agent took for a turn of the caller's. */
  readonly turns: readonly {
    readonly text: string;
    readonly understood: boolean;
    readonly at: Milliseconds;
  }[];
  /** The call ended by itself. */
  readonly ended?: { readonly reason: string; readonly at: Milliseconds } | undefined;
}

/** A sound of the caller's as it leaves their telephone, from where it is audible to where it no longer is. */
export interface CallerSpan {
  readonly role: Step['role'];
  readonly from: Milliseconds;
  readonly to: Milliseconds;
  readonly text: string;
  /** What the recogniser makes of it, if it is asked about the whole. */
  readonly heard: string;
  readonly holds: readonly Hold[];
}

/** Packets of the agent's without a gap. */
export interface AgentSpan {
  readonly from: Milliseconds;
  readonly to: Milliseconds;
  /** The stretches of sentences that are heard in it, by their own time. */
  readonly said: readonly { text: string; from: Milliseconds; to: Milliseconds }[];
}
