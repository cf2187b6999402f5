/**
 * The tools by which any language model, the embedded receptionist included, acts on a call. The words
 * that it streamed before a tool are out before `hang_up`, `proceed` and `transfer` act.
 */
export const TOOL = {
  /** `{}`: ends the call. */
  hangUp: 'hang_up',
  /** `{ department }`: the caller goes on in the dialplan with that department. */
  proceed: 'proceed',
  /** `{ name, number, text }`: stores a message. `number` in digits. */
  takeMessage: 'take_message',
  /** `{ target }`: somebody of the agent's list is called, and connected with the caller when they answer. */
  transfer: 'transfer',
  /** `{ digits }`: presses keys, for a computer at the other end of the line. */
  sendDtmf: 'send_dtmf',
} as const;

/** What of the call can stand in the requests of a user's own tools, as `{call.dialled}`. */
export const CALL_PLACES = ['call.callerNumber', 'call.callerName', 'call.dialled'] as const;

export type CallPlace = (typeof CALL_PLACES)[number];

/** Names that no tool of a user's may have. */
export const TOOL_NAMES: readonly string[] = Object.values(TOOL);

export type ToolName = (typeof TOOL)[keyof typeof TOOL];
