import type { Message, ReplyRequest, ToolSpec } from '../../src/dialog/contract/conversation.ts';
import { shippedAgent } from './shipped-config.ts';

/** A question of a caller's to the agent that the project ships. */
export function replyRequest(
  history: readonly Message[] | string,
  tools: readonly ToolSpec[] = [],
): ReplyRequest {
  return {
    agent: shippedAgent('alice'),
    call: {
      key: { server: 'lab', channel: '1' },
      direction: 'in',
      dialled: '510001',
      caller: { number: '0207', name: 'Ann "Root" Smith' },
      variables: { VOICE_AGENT_NOTE: 'a regular' },
    },
    history: typeof history === 'string' ? [{ role: 'caller', text: history, via: 'speech' }] : history,
    tools,
  };
}
