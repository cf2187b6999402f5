import { VoiceAgentError, type ErrorCode } from '../../lib/errors.ts';

/** What ARI answered, or why it didn't. */
export class AriError extends VoiceAgentError {
  /** The HTTP status, when there was an answer. */
  readonly status: number | undefined;

  constructor(code: ErrorCode, message: string, status?: number, cause?: unknown) {
    super(code, message, { cause });
    this.name = 'AriError';
    this.status = status;
  }
}

/** The user or its password is wrong, or may only read. */
export function isRefused(error: unknown): boolean {
  return error instanceof AriError && error.code === 'ARI_UNAUTHORIZED';
}

/** The object that was asked for doesn't exist (any more). */
export function isGone(error: unknown): boolean {
  return error instanceof AriError && error.status === 404;
}

/**
 * The same of a channel, where something else may be missing as well. Only ARI's words tell (resource_channels.c): "Channel
 * not found", and "Provided channel was not found" (seen with Asterisk 22.10.1).
 */
export function isChannelGone(error: unknown): boolean {
  return isGone(error) && error instanceof AriError && /\bchannel (was )?not found\)$/i.test(error.message);
}

/**
 * The object is there, but not (yet, or no longer) where it can be worked on: 409 "not in a Stasis
 * application", and the 422 of addChannel before the channel's StasisStart.
 */
export function isOutOfPlace(error: unknown): boolean {
  return error instanceof AriError && (error.status === 409 || error.status === 422);
}
