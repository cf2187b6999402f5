import type { LlmEvent } from '../../dialog/contract/conversation.ts';
import { ContentReader } from './content-reader.ts';
import { ToolDeltas, type KnownTool } from './tool-deltas.ts';

/**
 * The events of a reply that a server has refused to pass on, because it couldn't read the tools' calls in it. Undefined:
 * nor can we, or it calls a tool that the agent hasn't.
 */
export function writtenReply(
  text: string | undefined,
  agentTools: readonly KnownTool[],
): LlmEvent[] | undefined {
  if (text === undefined) return undefined;
  const known = agentTools.map(({ name }) => name);
  const reader = new ContentReader(agentTools);
  const tools = new ToolDeltas(agentTools);
  const events: LlmEvent[] = [];
  for (const part of [...reader.push(text), ...reader.end()]) {
    if (part.is === 'words' && part.text.trim() !== '') events.push({ type: 'text', text: part.text });
    else if (part.is === 'call') tools.addWritten(part.call);
  }
  const calls = tools.finish();
  const areKnown = calls.every(({ name, malformed }) => known.includes(name) && malformed === undefined);
  if (calls.length === 0 || !areKnown) return undefined;
  return [...events, ...calls.map((call) => ({ type: 'tool' as const, call }))];
}
