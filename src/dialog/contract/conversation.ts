import type { Milliseconds } from '../../lib/clock.ts';
import type { AgentProfile } from './agent-profile.ts';
import type { CallInfo } from './call-info.ts';
import type { ProviderTrouble } from './provider-failures.ts';

export interface ReplyRequest {
  readonly agent: AgentProfile;
  readonly call: CallInfo;
  readonly history: readonly Message[];
  /** What the model may call, as this agent is allowed to. */
  readonly tools?: readonly ToolSpec[];
  /** Providers that have broken off in this very reply: others are asked first, if there are any. */
  readonly avoid?: readonly string[];
}

/** A tool as a model is told of it. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type Message =
  | { readonly role: 'caller'; readonly text: string; readonly via: 'speech' | 'dtmf' }
  /** The caller said something that wasn't understood, or nothing when asked. */
  | { readonly role: 'caller'; readonly text: ''; readonly via: 'not-understood' | 'silence' }
  /** Only what was really played; `interrupted` if the caller cut it off. */
  | { readonly role: 'agent'; readonly text: string; readonly interrupted: boolean }
  | { readonly role: 'tool'; readonly call: ToolCall; readonly result: string };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The model's own text where that was no JSON object: nothing can be done but tell it so. */
  readonly malformed?: string;
}

export type LlmEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool'; readonly call: ToolCall }
  /** It is at work on what isn't speech: its thoughts, or the arguments of a tool. */
  | { readonly type: 'progress' }
  /** It was cut off there, perhaps in the middle of a sentence; nothing follows. */
  | { readonly type: 'cut-short' }
  /** Tokens of this request, as the provider counts (and charges) them. */
  | {
      readonly type: 'usage';
      readonly provider: string;
      readonly inputTokens: number;
      readonly outputTokens: number;
    }
  | { readonly type: 'trouble'; readonly trouble: ProviderTrouble };

export interface TakenMessage {
  readonly agent: string;
  readonly call: CallInfo;
  /** Wall-clock time, milliseconds since the Unix epoch. */
  readonly takenAt: Milliseconds;
  readonly name: string;
  readonly number: string;
  readonly text: string;
}
