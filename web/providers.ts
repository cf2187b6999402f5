import type { AgentSummary, OutOfUse } from '../src/console/protocol.ts';
import type { CallRecord } from '../src/dialog/call/call-record.ts';

/** Who does a part of a call's work at present; `standsInFor`: the first on the agent's list, if it is another. */
export interface InUse {
  readonly provider: string;
  readonly standsInFor?: string;
}

/**
 * The first on the agent's list that is asked at present, unless it has failed since the caller last spoke: then whoever took
 * over. Undefined: the agent has nobody for this. Pure.
 */
export function inUse(
  part: 'stt' | 'llm' | 'tts',
  agent: Pick<AgentSummary, 'providers'> | undefined,
  record: Pick<CallRecord, 'said' | 'troubles'>,
  outOfUse: readonly OutOfUse[],
): InUse | undefined {
  const list = agent?.providers[part] ?? [];
  const [first] = list;
  if (first === undefined) return undefined;
  const since = record.said.findLast(({ who }) => who === 'caller')?.atMs ?? 0;
  const trouble = record.troubles.findLast((one) => one.part === part && one.atMs >= since);
  const isOut = (name: string): boolean => outOfUse.some((one) => one.part === part && one.provider === name);
  const provider = trouble?.next ?? list.find((name) => !isOut(name)) ?? first;
  return provider === first ? { provider } : { provider, standsInFor: first };
}
