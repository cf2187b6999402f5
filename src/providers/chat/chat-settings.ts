import { decimalOr, whole } from '../../settings/values.ts';

/** What can be set for every chat model. */
export const replies = {
  /** `none`: it isn't told. */
  temperature: decimalOr('none', 0, 2).default(0.4),
  /** 400: more than a spoken reply ever needs. */
  maxTokens: whole(16, 4_096).default(400),
  firstTokenMs: whole(100, 30_000).default(2_000),
  tokenMs: whole(100, 30_000).default(1_500),
  /** Within the ten seconds that a reply may take. */
  thinkingMs: whole(100, 120_000).default(9_000),
  /** The smallest limit that is common: Groq's free tier counts 6,000 to 12,000 tokens a minute. */
  contextTokens: whole(1_000, 1_000_000).default(12_000),
};
