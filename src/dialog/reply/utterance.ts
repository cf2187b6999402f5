import type { Milliseconds } from '../../lib/clock.ts';
import { sampleCount, type Audio } from '../../media/audio.ts';
import { fillerTone } from '../../media/filler-tone.ts';
import { playedText, upTo } from './conversation-history.ts';
import type { PreparedPhrase } from './prepared-phrases.ts';
import type { MediaSession, Playback } from '../contract/ports.ts';
import type { PlayedAccount } from '../contract/call-media.ts';
import type { TimedWord } from '../contract/speech.ts';

/** What became of something that was said. */
export interface Heard {
  /** What the caller heard of it, to the word. */
  readonly text: string;
  readonly interrupted: boolean;
  /** The rest of it, as far as it was written. */
  readonly unheard: string;
  /** Instant of the first packet; undefined: none ever left. */
  readonly since: Milliseconds | undefined;
  readonly account: PlayedAccount;
}

/** The words of something that is said, with their places in its sound as far as they are known. */
export class Script {
  readonly #words: TimedWord[] = [];
  #text = '';
  #insertedMs: Milliseconds = 0;

  get text(): string {
    return this.#text;
  }

  get words(): readonly TimedWord[] {
    return this.#words;
  }

  addText(text: string): void {
    this.#text += text;
  }

  /** With their times in the synthesiser's sound, of which all that comes from now on is behind what was inserted. */
  addWords(words: readonly TimedWord[]): void {
    const later = this.#insertedMs;
    for (const { text, startMs, endMs } of words) {
      this.#words.push({ text, startMs: startMs + later, endMs: endMs + later });
    }
  }

  /** Something without words stands in the middle of the sound. */
  insert(audio: Audio): void {
    this.#insertedMs += (sampleCount(audio) * 1000) / audio.rateHz;
  }
}

/** Words on their way to the caller's ear, with the account of how much of them arrived there. */
export class SpokenUtterance {
  readonly playback: Playback;
  readonly #script: Script;
  #complete = false;

  constructor(media: MediaSession, script: Script) {
    this.playback = media.play();
    this.#script = script;
  }

  /** Instant of the first packet. */
  get started(): Promise<Milliseconds | undefined> {
    return this.playback.started;
  }

  /** False: flushed or closed, stop writing. */
  write(audio: Audio): Promise<boolean> {
    return sampleCount(audio) === 0 ? Promise.resolve(true) : this.playback.write(audio);
  }

  /** Something without words, in the middle of it. */
  insert(audio: Audio): Promise<boolean> {
    this.#script.insert(audio);
    return this.write(audio);
  }

  pause(): void {
    this.playback.pause();
  }

  /** As `Playback.resume`. */
  resume(fromMs?: Milliseconds): Milliseconds | undefined {
    return this.playback.resume(fromMs);
  }

  /** The word in the middle of which it is now, as after a pause; undefined: between two, or not known. */
  get cutWord(): TimedWord | undefined {
    const at = this.playback.playedMs();
    return this.#script.words.find(({ startMs, endMs }) => startMs < at && at < endMs);
  }

  /** How far it has come, to the word, and what else is written. */
  get progress(): { readonly heard: string; readonly unheard: string } {
    const text = this.#script.text.trim();
    const heard = upTo(text, this.#script.words, this.playback.playedMs());
    return { heard, unheard: text.slice(heard.length) };
  }

  /** No more audio. `complete`: all of the text was turned into it. */
  end(complete: boolean): void {
    this.#complete = complete;
    this.playback.end();
  }

  /** When it was played, flushed or cut off by the end of the call. */
  async heard(): Promise<Heard> {
    const [account, since] = await Promise.all([this.playback.finished, this.playback.started]);
    const { text, words } = this.#script;
    const played = playedText({ text, words, account, complete: this.#complete });
    return { ...played, unheard: text.trim().slice(played.text.length), since, account };
  }
}

/** A prepared phrase is queued in pieces, so that a barge-in stops the queueing as well. */
const SLICE_MS = 500;

/** Queues a prepared phrase; its first packets are in the queue when this returns. */
export function playPhrase(media: MediaSession, phrase: PreparedPhrase): SpokenUtterance {
  const script = new Script();
  script.addText(phrase.text);
  script.addWords(phrase.words);
  const utterance = new SpokenUtterance(media, script);
  void (async () => {
    let complete = true;
    for (const slice of slices(phrase.audio, SLICE_MS)) {
      complete = await utterance.write(slice);
      if (!complete) break;
    }
    utterance.end(complete);
  })();
  return utterance;
}

/** A tone; its packets go before whatever is queued later. */
export async function playTone(media: MediaSession): Promise<void> {
  const playback = media.play();
  await playback.write(fillerTone());
  playback.end();
}

function* slices(audio: Audio, lengthMs: Milliseconds): Generator<Audio> {
  const length = (audio.rateHz * lengthMs) / 1000;
  for (let from = 0; from < sampleCount(audio); from += length) {
    if ('bytes' in audio) yield { ...audio, bytes: audio.bytes.subarray(from, from + length) };
    else if (audio.encoding === 'pcm_s16') {
      yield { ...audio, samples: audio.samples.subarray(from, from + length) };
    } else yield { ...audio, samples: audio.samples.subarray(from, from + length) };
  }
}
