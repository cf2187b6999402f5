/**
 * The tools by which any language model, the embedded receptionist included, acts on a call. The words
 * that it streamed before a tool are out of the caller's ear before `hang_up` and `proceed` act.
 */
export const TOOL = {
  /** `{}`: ends the call. */
  hangUp: 'hang_up',
  /** `{ department }`: the caller goes on in the dialplan with that department. */
  proceed: 'proceed',
  /** `{ name, number, text }`: stores a message. `number` in digits. */
  takeMessage: 'take_message',
} as const;

export type ToolName = (typeof TOOL)[keyof typeof TOOL];
