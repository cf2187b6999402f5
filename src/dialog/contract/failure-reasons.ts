/**
 * How calls end that should have ended otherwise: the words that the record, the log and the metrics have for it.
 * The alert rules and the dashboard under docker/observability/ count exactly these, and `other`.
 */
export const FAILURE_REASONS = [
  // The agent: its replies, or its whole session.
  'failed',
  'session-failed',
  // A bug of ours.
  'internal-error',
  // Media: never there, or lost on the way.
  'media-failed',
  'media-never-attached',
  'media-not-attached',
  'media-never-entered',
  'media-lost',
  'external-channel-left',
  // Call control.
  'bridge-failed',
  'bridge-destroyed',
  'not-answered',
  'not-bridged',
  'set-up-took-too-long',
  'given-up',
  'asterisk-lost',
] as const;
