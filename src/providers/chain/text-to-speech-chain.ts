import { upTo } from '../../dialog/reply/conversation-history.ts';
import { languageOf } from '../../dialog/language/known-languages.ts';
import type { TextToSpeech } from '../../dialog/contract/ports.ts';
import {
  FLUSH,
  type TextPiece,
  type TimedWord,
  type TtsEvent,
  type VoiceRequest,
} from '../../dialog/contract/speech.ts';
import { formatFor } from '../../dialog/reply/prepared-phrases.ts';
import { inSentences } from '../../dialog/language/sentence-splitter.ts';
import { untilAborted } from '../../lib/abort.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import { sampleCount, type Audio, type AudioFormat } from '../../media/audio.ts';
import { AudioConverter } from '../../media/convert.ts';
import { attempts, type Exchange } from './attempts.ts';
import type { ChainOptions } from './provider-list.ts';
import { TextTape } from './text-tape.ts';

/**
 * Voices as one. When one dies, even in the middle of a word, the rest of the text is spoken from that word on:
 * on a fresh connection, if that can help, else by the next one. Throws the last one's failure (TTS_FAILED).
 */
export function chainTextToSpeech({
  providers,
  clock,
  patienceMs,
}: ChainOptions<TextToSpeech>): TextToSpeech {
  const [{ port: first }] = providers;

  async function* speak(
    text: AsyncIterable<TextPiece>,
    voice: VoiceRequest,
    signal: AbortSignal,
  ): AsyncGenerator<TtsEvent> {
    const tape = new TextTape(text);
    const spoken = new Spoken(tape);

    /** The rest of the text in one provider's voice. */
    async function* ask(exchange: Exchange<TextToSpeech>): AsyncGenerator<TtsEvent> {
      spoken.begin();
      for await (const event of soundOf(exchange, spoken.rest(), voice)) yield* spoken.add(event);
      if (!exchange.signal.aborted) yield* spoken.wordsTo(Infinity);
    }

    try {
      yield* attempts(
        {
          part: 'tts',
          code: 'TTS_FAILED',
          providers,
          clock,
          deadlineMs: patienceMs,
          missing: 'no sound',
          ask,
          // It may have died when all was said.
          left: () => (tape.isSpent(spoken.end()) ? 'nothing' : 'again'),
        },
        signal,
      );
    } finally {
      tape.close();
    }
  }

  /** One provider's sound, in the format that was asked for, and with a limit for the first of it. */
  async function* soundOf(
    exchange: Exchange<TextToSpeech>,
    text: AsyncIterable<TextPiece>,
    voice: VoiceRequest,
  ): AsyncGenerator<TtsEvent> {
    const { signal, provider } = exchange;
    const { port } = provider;
    const format = formatFor(port, voice.format);
    const own = inItsVoice(port, { ...voice, format });
    const converter = isSame(format, voice.format) ? undefined : new AudioConverter(voice.format);
    const pieces = {
      language: languageOf(voice.language),
      ...(port.takes === 'sentences' && { firstClauseFrom: 0 }),
    };
    const cut = first.takes === 'text' && port.takes !== 'text' ? inSentences(text, pieces) : text;
    const given = onFirstText(cut, () => {
      exchange.startWaiting();
    });
    for await (const event of untilAborted(port.speak(given, own, signal), signal)) {
      if (event.type === 'audio') {
        exchange.stopWaiting();
        exchange.ofUse();
      }
      if (event.type !== 'audio' || !converter) yield event;
      else yield { type: 'audio', audio: audioOf(voice.format, converter.convert(event.audio)) };
    }
    if (converter && !signal.aborted) {
      yield { type: 'audio', audio: audioOf(voice.format, converter.flush()) };
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
    // The chain's owner has opened the providers, and closes them.
    close: () => Promise.resolve(),
  };
}

/** How much of the text has become sound, by any of the providers. */
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

  rest(): AsyncGenerator<TextPiece> {
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
async function* onFirstText(text: AsyncIterable<TextPiece>, onFirst: () => void): AsyncGenerator<TextPiece> {
  let isFirst = true;
  for await (const piece of text) {
    if (isFirst && piece !== FLUSH && piece.trim() !== '') {
      isFirst = false;
      onFirst();
    }
    yield piece;
  }
}

/** A provider that takes over and doesn't have the voice that is asked for speaks in one of its own: better than silence. */
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
