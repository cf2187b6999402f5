/** Sentences that are synthesised beforehand, besides each agent's greeting. */
export const STOCK_PHRASES = [
  'stillThere',
  'silenceGoodbye',
  'oneMoment',
  'welcomeBack',
  'sayAgain',
  'apology',
  'notReached',
  'maxCall',
  'draining',
  'goodbye',
  'unknownExtension',
  'busy',
] as const;

export type StockPhrase = (typeof STOCK_PHRASES)[number];

/** Those that only whoever speaks the refusals needs. */
const REFUSALS = ['unknownExtension', 'busy'] as const satisfies readonly StockPhrase[];

/** What an agent says itself, and so may be told to say in other words. */
export type AgentPhrase = Exclude<StockPhrase, (typeof REFUSALS)[number]>;

export const AGENT_PHRASES: readonly AgentPhrase[] = STOCK_PHRASES.filter(
  (name): name is AgentPhrase => !REFUSALS.some((refusal) => refusal === name),
);
