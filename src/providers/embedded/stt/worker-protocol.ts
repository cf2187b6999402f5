import type { AudioRingHandle } from '../../../media/audio-ring.ts';
import type { DomainSource } from './domain-files.ts';
import type { PocketsphinxOptions } from './pocketsphinx.ts';

/** What the speech worker is started with. */
export interface WorkerOptions extends PocketsphinxOptions {
  /** Recognisers that may exist at once: one a call. */
  readonly maxStreams: number;
}

/** Main thread → worker. `load`, `prepare`, `open` and `end` are asked: `prepare` for a DomainReport, `end` for a Transcript. */
export type Command =
  | { readonly type: 'load' }
  | { readonly type: 'prepare'; readonly source: DomainSource }
  | {
      readonly type: 'open';
      readonly stream: number;
      readonly source: DomainSource;
      readonly heard: AudioRingHandle;
    }
  | { readonly type: 'begin'; readonly stream: number; readonly frame: number }
  | { readonly type: 'end'; readonly stream: number; readonly frame: number }
  | { readonly type: 'close'; readonly stream: number };

/** Worker → main thread: what a stream's caller is saying. */
export interface PartialText {
  readonly stream: number;
  readonly text: string;
}
