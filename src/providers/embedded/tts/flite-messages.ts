import type { AudioFormat } from '../../../media/audio.ts';
import type { TimedWord } from '../../../dialog/contract/speech.ts';
import type { FliteVoice } from './flite-engine.ts';

/** One piece of a reply, to be made into sound. */
export interface SpeakJob {
  readonly reply: number;
  /** 0 is the reply's first piece: it goes before other replies' later pieces. */
  readonly piece: number;
  readonly text: string;
  readonly voice: FliteVoice;
  readonly format: AudioFormat;
  /** Silence before the sound. */
  readonly pauseMs: number;
  /** Int32: not 0 when the reply isn't wanted any more. */
  readonly cancelled: SharedArrayBuffer;
}

/** In order for every piece: words, audio …, done. Word times count from the piece's start. */
export type FliteAnswer = { readonly reply: number; readonly piece: number } & (
  | { readonly type: 'words'; readonly words: readonly TimedWord[] }
  | { readonly type: 'audio'; readonly data: Int16Array<ArrayBuffer> | Uint8Array<ArrayBuffer> }
  | { readonly type: 'done' }
);
