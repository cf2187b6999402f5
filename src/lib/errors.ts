/**
 * Every error that a person may meet has a code of this list and a section of that name in
 * docs/errors.md (a test keeps the two equal).
 */
export const ERROR_CODES = [
  'CONFIG_INVALID',
  'MONITORING_PORT_UNAVAILABLE',
  'CONSOLE_PORT_UNAVAILABLE',
  'GATEWAY_UNKNOWN',
  'CODEC_UNKNOWN',
  'AUDIO_FORMAT_INVALID',
  'MEDIA_PORT_UNAVAILABLE',
  'MEDIA_WORKER_DIED',
  'MEDIA_NOT_ATTACHED',
  'ARI_UNREACHABLE',
  'ARI_UNAUTHORIZED',
  'ARI_APP_TAKEN',
  'ARI_REQUEST_FAILED',
  'ARI_TIMEOUT',
  'CALL_PORT_UNAVAILABLE',
  'CALL_REFUSED',
  'VONAGE_REQUEST_FAILED',
  'VONAGE_WEBHOOK_REFUSED',
  'STT_UNAVAILABLE',
  'STT_FAILED',
  'LLM_FAILED',
  'TTS_UNAVAILABLE',
  'TTS_FAILED',
  'VAD_UNAVAILABLE',
  'END_OF_TURN_UNAVAILABLE',
  'LANGUAGE_UNSUPPORTED',
  'STORE_UNAVAILABLE',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error with a stable code, a sentence that says what to do, and its cause. */
export class VoiceAgentError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'VoiceAgentError';
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
