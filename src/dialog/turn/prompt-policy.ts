import type { Milliseconds } from '../../lib/clock.ts';
import type { AgentLimits } from '../contract/agent-profile.ts';

/** What a silent caller is told. */
export interface Prompt {
  /** Silence before it. */
  readonly afterMs: Milliseconds;
  /** Whether they are still there, or that the call ends. */
  readonly say: 'stillThere' | 'silenceGoodbye';
}

/** Decides what becomes of a caller who says nothing. */
export interface PromptPolicy {
  /** `asked`: how often they were asked since they last said something. */
  next(asked: number): Prompt;
}

/** As often as it may be they are asked, and then the call ends. */
export function promptsAfter({
  silenceMs,
  silencePrompts,
}: Pick<AgentLimits, 'silenceMs' | 'silencePrompts'>): PromptPolicy {
  return {
    next: (asked) => ({ afterMs: silenceMs, say: asked < silencePrompts ? 'stillThere' : 'silenceGoodbye' }),
  };
}
