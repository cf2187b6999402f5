import type { FuzzTarget } from './target.ts';

/** What comes from outside, and what reads it. */
export const TARGETS = {
  rtp: async () => (await import('./targets/rtp.ts')).openRtp(),
  'ari-events': async () => (await import('./targets/ari-events.ts')).openAriEvents(),
  'vonage-media': async () => (await import('./targets/vonage-edge.ts')).openVonageMedia(),
  'vonage-http': async () => (await import('./targets/vonage-edge.ts')).openVonageHttp(),
  'console-stream': async () => (await import('./targets/console.ts')).openConsoleStream(),
  'console-http': async () => (await import('./targets/console.ts')).openConsoleHttp(),
  config: async () => (await import('./targets/config.ts')).openConfig(),
  chat: async () => (await import('./targets/providers.ts')).openChat(),
  whisper: async () => (await import('./targets/providers.ts')).openWhisper(),
  'cartesia-tts': async () => (await import('./targets/providers.ts')).openCartesiaTts(),
  'cartesia-turns': async () => (await import('./targets/providers.ts')).openCartesiaStt('turns'),
  'cartesia-finalize': async () => (await import('./targets/providers.ts')).openCartesiaStt('finalize'),
} satisfies Record<string, () => Promise<FuzzTarget>>;

export type TargetName = keyof typeof TARGETS;

export function isTarget(name: string): name is TargetName {
  return Object.hasOwn(TARGETS, name);
}
