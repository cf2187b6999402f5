import { z } from 'zod';

/** What `POST /calls` takes: a call that an agent shall make. */
export const callRequest = z.strictObject({
  // No character of it leads to another endpoint than the configured one.
  number: z.string().regex(/^\+?[A-Za-z0-9*#._-]{1,40}$/, 'a number, or a name of letters and digits'),
  /** The agent's id. */
  agent: z.string(),
  /** What the call is about: the agent's model is told. */
  note: z.string().max(1000).optional(),
});

export type CallRequest = z.infer<typeof callRequest>;
