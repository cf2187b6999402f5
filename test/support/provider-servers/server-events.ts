import { monotonicNow, type Milliseconds } from '../../../src/lib/clock.ts';

/** What a server did and when, by the machine's monotonic clock: for who measures where time goes. */
export type ServerEvent = { readonly at: Milliseconds } & (
  | {
      readonly server: 'stt';
      readonly type: 'turn.start' | 'turn.eager_end' | 'turn.resume' | 'turn.end';
      /** The same for all events of a turn. */
      readonly turn: string;
      /** Sound received since the last voiced sound. */
      readonly silenceMs: Milliseconds;
      /** When the last voiced sound came, and the sound that decided. */
      readonly voicedAt: Milliseconds;
      readonly heardAt: Milliseconds;
    }
  | { readonly server: 'llm'; readonly type: 'asked'; readonly request: string; readonly question: string }
  | { readonly server: 'llm'; readonly type: 'token'; readonly request: string; readonly text: string }
  | { readonly server: 'tts'; readonly type: 'asked'; readonly context: string; readonly text: string }
  | { readonly server: 'tts'; readonly type: 'sound' | 'cancelled'; readonly context: string }
);

export type ServerObserver = (event: ServerEvent) => void;

type Untimed = ServerEvent extends infer E ? (E extends ServerEvent ? Omit<E, 'at'> : never) : never;

/** Tells the observer, if there is one, what happens now. What is sent is told before: who gets it may be quicker than this thread. */
export function tell(observe: ServerObserver | undefined, event: Untimed): void {
  observe?.({ ...event, at: monotonicNow() });
}
