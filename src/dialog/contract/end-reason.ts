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

/** How calls end in the ordinary course of things. */
export const ORDINARY_REASONS = [
  // Who ended the conversation, or what did.
  'caller-hung-up',
  'agent-hung-up',
  'operator-hung-up',
  'caller-silent',
  'max-call',
  // The caller went on to somebody else: in the dialplan, or in a call that we set up.
  'transfer',
  'transferred',
  // Nobody was free, or nobody is reached under that number.
  'busy',
  'unknown-extension',
  // Not taken for the sake of the others: `limits` (admission-policy.ts).
  'caller-limit',
  'minute-limit',
  'main-thread-late',
  'media-late',
  // Another program of the fleet has the caller.
  'taken-over',
  // The program ends, or this server's part of it.
  'draining',
  'shut-down',
  'shutting-down',
  // Of a call's line, where nobody else has said why.
  'agent-let-go',
  'session-ended',
  // How a caller's leg ended at Vonage, if they didn't just hang up; and calls that we make and nobody takes.
  'cancelled',
  'disconnected',
  'rejected',
  'timeout',
  'unanswered',
  // Whom we called can't be reached, or only their voicemail.
  'unreachable',
  'voicemail',
  // Something else, which the telephone system said.
  'other',
] as const;

export type FailureReason = (typeof FAILURE_REASONS)[number];

/** How a call ended: the word that the record, the log, the metrics and the dialplan have for it. */
export type EndReason = (typeof ORDINARY_REASONS)[number] | FailureReason;

const END_REASONS: ReadonlySet<string> = new Set<EndReason>([...ORDINARY_REASONS, ...FAILURE_REASONS]);

/** What somebody outside calls an end, if we call it so, too; else `other`. */
export function endReasonOf(word: string): EndReason {
  return isEndReason(word) ? word : 'other';
}

function isEndReason(word: string): word is EndReason {
  return END_REASONS.has(word);
}
