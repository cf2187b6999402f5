import type { Transcript } from '../../../dialog/speech.ts';
import type { ErrorCode } from '../../../lib/errors.ts';
import type { AudioRingHandle } from '../../../media/audio-ring.ts';
import type { DomainReport, DomainSource } from './domain-files.ts';
import type { PocketsphinxOptions } from './pocketsphinx.ts';

/** What the speech worker is started with. */
export interface WorkerOptions extends PocketsphinxOptions {
  /** Recognisers that may exist at once: one a call. */
  readonly maxStreams: number;
}

/** Main thread → worker. Each `request` is answered once by `done` or `refused`. */
export type Command =
  | { readonly type: 'prepare'; readonly request: number; readonly source: DomainSource }
  | {
      readonly type: 'open';
      readonly request: number;
      readonly stream: number;
      readonly source: DomainSource;
      readonly heard: AudioRingHandle;
    }
  | { readonly type: 'begin'; readonly stream: number; readonly frame: number }
  | { readonly type: 'end'; readonly request: number; readonly stream: number; readonly frame: number }
  | { readonly type: 'close'; readonly stream: number }
  | { readonly type: 'stop'; readonly request: number };

/** Worker → main thread. */
export type Report =
  | { readonly type: 'done'; readonly request: number; readonly result?: Transcript | DomainReport }
  | { readonly type: 'refused'; readonly request: number; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'partial'; readonly stream: number; readonly text: string };
