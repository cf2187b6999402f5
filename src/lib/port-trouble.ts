import { VoiceAgentError, type ErrorCode } from './errors.ts';

/** What a port is for, and how users know it. */
export interface PortUse {
  readonly code: ErrorCode;
  /** What can't be done without it. */
  readonly purpose: string;
  readonly setting: string;
}

/** The ports on which the program listens. */
export const PORTS = {
  rtp: {
    code: 'MEDIA_PORT_UNAVAILABLE',
    purpose: 'receive RTP',
    setting: 'gateways.rtp.listenPort (RTP_LISTEN_PORT)',
  },
  vonage: {
    code: 'MEDIA_PORT_UNAVAILABLE',
    purpose: 'listen for Vonage',
    setting: 'gateways.vonage.listenPort (VONAGE_LISTEN_PORT)',
  },
  console: {
    code: 'CONSOLE_PORT_UNAVAILABLE',
    purpose: 'serve the console',
    setting: 'console.listenPort (CONSOLE_LISTEN_PORT)',
  },
  outgoing: {
    code: 'CALL_PORT_UNAVAILABLE',
    purpose: 'take orders for calls',
    setting: 'outgoing.listenPort (VOICE_AGENT_CALL_PORT)',
  },
  monitoring: {
    code: 'MONITORING_PORT_UNAVAILABLE',
    purpose: 'serve health and metrics',
    setting: 'monitoring.listenPort (MONITORING_LISTEN_PORT)',
  },
} as const satisfies Readonly<Record<string, PortUse>>;

const REMEDIES: Readonly<Record<string, (setting: string) => string>> = {
  EADDRINUSE: (setting) =>
    `another program (or another instance of this one) has it; choose another ${setting}, or 0 for any free one`,
  EADDRNOTAVAIL: () => 'no interface of this machine has that address; choose one of its own, or 0.0.0.0',
  EACCES: () => 'ports below 1024 need privileges; choose a higher one',
};

/** Says which port can't be had, why, by the system's error, and what to do. `options`: of the error, if that isn't its cause. */
export function portUnavailable(
  { code, purpose, setting }: PortUse,
  host: string,
  port: number,
  error: { readonly code?: string | undefined; readonly message: string },
  options: ErrorOptions = { cause: error },
): VoiceAgentError {
  const why = `${REMEDIES[error.code ?? '']?.(setting) ?? error.message} (${error.code ?? ''})`;
  return new VoiceAgentError(code, `can't ${purpose} on ${host} port ${port}: ${why}`, options);
}
