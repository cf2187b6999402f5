import type { AgentProfile } from '../contract/agent-profile.ts';
import type { EndReason } from '../contract/end-reason.ts';
import type { Ending } from '../turn/turn-states.ts';

/** What the dialplan is told of a conversation that came to its end. */
const RESULTS: Readonly<Partial<Record<EndReason, string>>> = {
  transferred: 'completed',
  'agent-hung-up': 'completed',
  'caller-silent': 'silence',
  'max-call': 'timeout',
};

/** How the line is left: as it was wanted, as the agent does it, and with what the dialplan is told. */
export function farewellOf(
  wanted: Ending,
  { afterwards }: Pick<AgentProfile, 'afterwards'>,
): Pick<Ending, 'reason' | 'way'> & { readonly variables: Readonly<Record<string, string>> } {
  const { reason, way, variables } = afterwards === 'continue' ? goingOn(wanted) : wanted;
  if (way !== 'proceed') return { reason, way, variables: { ...variables } };
  return {
    reason,
    way,
    variables: { VOICE_AGENT_RESULT: 'error', ...variables, VOICE_AGENT_REASON: reason },
  };
}

/** The same ending, but the caller goes on in the dialplan instead of being hung up on. */
function goingOn(ending: Ending): Ending {
  const result = RESULTS[ending.reason];
  if (ending.way !== 'hang-up' || result === undefined) return ending;
  return { ...ending, way: 'proceed', variables: { VOICE_AGENT_RESULT: result, ...ending.variables } };
}
