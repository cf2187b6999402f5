import { decimal, whole } from '../../settings/values.ts';

/** What can be set for every chat model. */
export const replies = {
  temperature: decimal(0, 2).default(0.4),
  /** 400: more than a spoken reply ever needs. */
  maxTokens: whole(16, 4_096).default(400),
  firstTokenMs: whole(100, 30_000).default(2_000),
  tokenMs: whole(100, 30_000).default(1_500),
};
