/* What goes wrong with providers, in the core's own words: kinds, and what was done. The error that adapters throw is ProviderFailure (src/providers/provider-failure.ts); the events of a call are made of these in provider-trouble.ts. */

/** How a provider that works in this process is, for readiness and the metrics. */
export interface ProviderStatus {
  /** Why it can't serve a call now; missing: it can. */
  readonly trouble?: string;
  readonly threads: readonly {
    readonly name: string;
    readonly alive: boolean;
    /** Times that it died and was started again. */
    readonly restarts: number;
  }[];
  /** Requests that are worked on or wait. */
  readonly requests: number;
  /** Questions that it didn't answer in time, where a call goes on without. */
  readonly unanswered?: number;
}

/** What can go wrong between us and a provider (docs/errors.md). */
export const FAILURE_KINDS = [
  /** Nothing listens there. */
  'refused',
  /** The name can't be resolved. */
  'dns',
  'tls',
  /** The key is wrong, or may not do this. */
  'unauthorized',
  /** Too many requests, or the account's limit of calls at a time. */
  'rate-limited',
  /** The request itself is wrong: an unknown model or voice, a parameter. */
  'rejected',
  /** The provider's own trouble (5xx, or an error event). */
  'server',
  /** No answer in time. */
  'timeout',
  /** The answer had begun, and nothing more came. */
  'stalled',
  /** The connection died in the middle. */
  'cut',
  /** What came isn't what was agreed on. */
  'malformed',
  /** A proper answer with nothing in it. */
  'empty',
] as const;

export type FailureKind = (typeof FAILURE_KINDS)[number];

/** A provider failed, and what was done about it. */
export interface ProviderTrouble {
  readonly part: 'stt' | 'llm' | 'tts';
  /** As providers.yaml calls it. */
  readonly provider: string;
  readonly kind: FailureKind;
  readonly message: string;
  /**
   * `retried`: the same provider once more. `fell-back`: to `next`. `skipped`: it wasn't even asked, because it
   * has failed shortly before, but `next` was. `gave-up`: nobody is left.
   */
  readonly outcome: 'retried' | 'fell-back' | 'skipped' | 'gave-up';
  readonly next?: string;
}
