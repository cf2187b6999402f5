import { untilAborted } from '../../dialog/aborting.ts';
import { upTo } from '../../dialog/conversation-history.ts';
import type { TextToSpeech } from '../../dialog/ports.ts';
import type { TimedWord, TtsEvent, VoiceRequest } from '../../dialog/speech.ts';
import { formatFor } from '../../dialog/prepared-phrases.ts';
import { inSentences } from '../../dialog/sentence-splitter.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import { sampleCount, type Audio, type AudioFormat } from '../../media/audio.ts';
import { AudioConverter } from '../../media/convert.ts';
import { ProviderFailure } from '../provider-failure.ts';
import { Patience } from './patience.ts';
import {
  failureOf,
  retryDelay,
  Rotation,
  troubleOf,
  type ChainOptions,
  type Listed,
} from './provider-list.ts';
import { TextTape } from './text-tape.ts';

/**
 * Voices as one. When one dies, even in the middle of a word, the rest of the text is spoken from that word on:
 * on a fresh connection, if that can help, else by the next one. Throws the last one's failure (TTS_FAILED).
 */
export function chainTextToSpeech(options: ChainOptions<TextToSpeech>): TextToSpeech {
  const { providers, clock } = options;
  const [{ port: first }] = providers;

  async function* speak(
    text: AsyncIterable<string>,
    voice: VoiceRequest,
    signal: AbortSignal,
  ): AsyncGenerator<TtsEvent> {
    const tape = new TextTape(text);
    const gone = (): boolean => signal.aborted;
    const rotation = new Rotation(providers);
    const spoken = new Spoken(tape);
    let failure: ProviderFailure | undefined;
    let turn = rotation.next();
    try {
      while (turn && !gone()) {
        for (const trouble of rotation.spared('tts', turn)) yield { type: 'trouble', trouble };
        const { provider, isLast } = turn;
        let { attempt } = turn;
        const patience = new Patience(isLast ? Infinity : options.patienceMs, clock);
        for (let retries = 1; ; retries--) {
          const began = clock.now();
          let heard = false as boolean;
          spoken.begin();
          try {
            for await (const event of impatiently(provider, spoken.rest(), voice, signal, patience)) {
              heard ||= event.type === 'audio';
              yield* spoken.add(event);
            }
            yield* spoken.wordsTo(Infinity);
            if (gone() && !heard) attempt.dropped();
            else attempt.succeeded();
            return;
          } catch (error) {
            if (gone()) return;
            failure = failureOf('TTS_FAILED', provider.name, error);
            attempt.failed(failure);
          } finally {
            if (heard) attempt.succeeded();
            else attempt.dropped();
          }
          if (tape.isSpent(spoken.end())) return; // it died when all was said
          const delay = retryDelay(failure, heard ? 0 : clock.now() - began, isLast);
          if (retries === 0 || delay === undefined) break;
          yield { type: 'trouble', trouble: troubleOf('tts', failure, 'retried') };
          await clock.sleep(delay, signal);
          attempt = provider.breaker.attempt({ force: true }) ?? attempt;
        }
        turn = rotation.next();
        if (turn) {
          const { name } = turn.provider;
          yield { type: 'trouble', trouble: troubleOf('tts', failure, 'fell-back', name) };
        }
      }
      if (failure && !gone()) throw failure;
    } finally {
      // Whoever listened may have gone before it was asked at all.
      turn?.attempt.dropped();
      tape.close();
    }
  }

  /** One provider's sound, in the format that was asked for, and with a limit for the first of it. */
  async function* impatiently(
    { name, port }: Listed<TextToSpeech>,
    text: AsyncIterable<string>,
    voice: VoiceRequest,
    signal: AbortSignal,
    patience: Patience,
  ): AsyncGenerator<TtsEvent> {
    const controller = new AbortController();
    const onAbort = (): void => {
      controller.abort();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let late: ProviderFailure | undefined;
    const arm = (): void => {
      patience.arm(() => {
        const message = `no sound within ${options.patienceMs} ms`;
        late = new ProviderFailure({ code: 'TTS_FAILED', provider: name, kind: 'timeout', message });
        controller.abort();
      });
    };
    const format = formatFor(port, voice.format);
    const own = inItsVoice(port, { ...voice, format });
    const converter = isSame(format, voice.format) ? undefined : new AudioConverter(voice.format);
    const pieces = port.takes === 'sentences' ? { firstClauseFrom: 0 } : {};
    const cut = first.takes === 'text' && port.takes !== 'text' ? inSentences(text, pieces) : text;
    const given = telling(cut, arm);
    try {
      const events = port.speak(given, own, controller.signal);
      for await (const event of untilAborted(events, controller.signal)) {
        if (event.type === 'audio') patience.rewarded();
        if (event.type !== 'audio' || !converter) yield event;
        else yield { type: 'audio', audio: audioOf(voice.format, converter.convert(event.audio)) };
      }
      if (late && !signal.aborted) throw late as Error;
      if (converter && !signal.aborted) {
        yield { type: 'audio', audio: audioOf(voice.format, converter.flush()) };
      }
    } finally {
      patience.disarm();
      signal.removeEventListener('abort', onAbort);
      controller.abort();
    }
  }

  return {
    name: providers.map(({ name }) => name).join(', '),
    voices: first.voices,
    takes: first.takes ?? 'clauses',
    formats: first.formats,
    check(voice) {
      first.check(voice);
    },
    speak,
    warm: () => {
      for (const { port } of providers) port.warm?.();
    },
    // Whoever opened them closes them.
    close: () => Promise.resolve(),
  };
}

/** How much of the text has become sound, whoever made it. */
class Spoken {
  readonly #tape: TextTape;
  /** Where in the text the present provider began, and where in the sound. */
  #from = 0;
  #base: Milliseconds = 0;
  #soundMs: Milliseconds = 0;
  #words: TimedWord[] = [];
  /** How many of them were passed on. */
  #told = 0;

  constructor(tape: TextTape) {
    this.#tape = tape;
  }

  begin(): void {
    this.#from = this.end();
    this.#base = this.#soundMs;
    this.#words = [];
    this.#told = 0;
  }

  rest(): AsyncGenerator<string> {
    return this.#tape.from(this.#from);
  }

  /** The place behind the last word that is whole. */
  end(): number {
    const ms = this.#soundMs - this.#base;
    if (ms <= 0) return this.#from;
    const said = upTo(this.#tape.text.slice(this.#from), this.#words, ms);
    return this.#from + said.length;
  }

  /** The same event, and before a sound the words that it completes: of what isn't heard, no word counts. */
  *add(event: TtsEvent): Generator<TtsEvent> {
    if (event.type === 'words') {
      this.#words.push(...event.words);
      return;
    }
    if (event.type === 'audio') {
      this.#soundMs += (sampleCount(event.audio) * 1000) / event.audio.rateHz;
      yield* this.wordsTo(this.#soundMs - this.#base);
    }
    yield event;
  }

  /** The words that are over by then and haven't been told, with their times in the whole utterance. */
  *wordsTo(ms: Milliseconds): Generator<TtsEvent> {
    const later = this.#base;
    const due = this.#words.slice(this.#told);
    const open = due.findIndex(({ endMs }) => endMs > ms);
    const words = due.slice(0, open < 0 ? due.length : open);
    this.#told += words.length;
    if (words.length === 0) return;
    yield {
      type: 'words',
      words: words.map(({ text, startMs, endMs }) => ({
        text,
        startMs: startMs + later,
        endMs: endMs + later,
      })),
    };
  }
}

/** Says when there is something to be spoken. */
async function* telling(text: AsyncIterable<string>, onFirst: () => void): AsyncGenerator<string> {
  let isFirst = true;
  for await (const piece of text) {
    if (isFirst && piece.trim() !== '') {
      isFirst = false;
      onFirst();
    }
    yield piece;
  }
}

/** Who takes somebody's place and doesn't know his voice speaks in its own: better than not at all. */
function inItsVoice(port: TextToSpeech, request: VoiceRequest): VoiceRequest {
  try {
    port.check(request);
    return request;
  } catch {
    return { ...request, voice: port.voices[0] ?? request.voice };
  }
}

function isSame(a: AudioFormat, b: AudioFormat): boolean {
  return a.encoding === b.encoding && a.rateHz === b.rateHz;
}

function audioOf({ encoding, rateHz }: AudioFormat, samples: Uint8Array | Int16Array | Float32Array): Audio {
  if (samples instanceof Int16Array) return { encoding: 'pcm_s16', rateHz, samples };
  if (samples instanceof Float32Array) return { encoding: 'pcm_f32', rateHz, samples };
  return { encoding: encoding === 'alaw' ? 'alaw' : 'ulaw', rateHz: 8000, bytes: samples };
}
