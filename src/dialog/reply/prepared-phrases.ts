import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { sampleCount, type Audio, type AudioFormat } from '../../media/audio.ts';
import { AudioConverter } from '../../media/convert.ts';
import type { ProviderTrouble } from '../contract/provider-failures.ts';
import type { TextToSpeech } from '../contract/ports.ts';
import type { TimedWord } from '../contract/speech.ts';
import { languageOf } from '../language/known-languages.ts';
import { plainText } from '../language/plain-speech.ts';
import type { PhraseName } from '../turn/turn-states.ts';

export type PhraseTexts = Readonly<Partial<Record<PhraseName, string>>>;

/** A phrase that could not be prepared is tried again after this, then each time after twice as long. */
const RETRY_FIRST_MS = 30_000;
const RETRY_LAST_MS = 600_000;

/** A sentence in the format of the wire, ready to be played in the same tick. */
export interface PreparedPhrase {
  readonly text: string;
  readonly audio: Audio;
  readonly durationMs: Milliseconds;
  readonly words: readonly TimedWord[];
}

export interface PhraseRequest {
  /** Whose phrases these are: an agent's id. */
  readonly owner: string;
  readonly texts: PhraseTexts;
  readonly tts: TextToSpeech;
  readonly voice: string;
  readonly language: string;
  /** Formats on the wire in which they may be wanted. */
  readonly formats: readonly AudioFormat[];
  /** The synthesiser's format that is wanted, if not the wire's own. */
  readonly source?: AudioFormat | undefined;
  /** A synthesiser failed, and another one spoke in its place. */
  readonly onProviderTrouble?: (trouble: ProviderTrouble) => void;
}

/**
 * Greetings and stock phrases, synthesised once at start and kept as they go over the wire, so that
 * they play at once and even when the synthesiser has died. They are brought into the wire's formats by
 * `convertNext`, which nobody at a start waits for, or when they are first wanted.
 */
export class PhraseCache {
  readonly #texts = new Map<string, PhraseTexts>();
  readonly #phrases = new Map<string, PreparedPhrase | Unconverted>();

  /**
   * Synthesises phrases of an owner, all or these, one after the other; formats are only conversions. What
   * fails is reported and left out: it is synthesised when it is wanted. Returns what `complete` should
   * try again: what failed, and what was spoken in another synthesiser's voice.
   */
  async prepare(
    request: PhraseRequest,
    signal: AbortSignal,
    onTrouble: (phrase: PhraseName, error: unknown) => void,
    names = Object.keys(request.texts) as readonly PhraseName[],
  ): Promise<PhraseName[]> {
    this.#texts.set(request.owner, request.texts);
    const again: PhraseName[] = [];
    for (const name of names) {
      if (signal.aborted) break;
      try {
        if (!(await this.#prepare(request, name, signal))) again.push(name);
      } catch (error) {
        again.push(name);
        onTrouble(name, error);
      }
    }
    return again;
  }

  /**
   * Tries again, later and later, until each of these phrases is spoken as it should be, and puts it in the
   * place of what there was. True: it is; false: `signal` aborted before. Never rejects.
   */
  async complete(
    request: PhraseRequest,
    phrases: readonly PhraseName[],
    clock: Clock,
    signal: AbortSignal,
  ): Promise<boolean> {
    let left = [...phrases];
    for (let delay = RETRY_FIRST_MS; left.length > 0; delay = Math.min(2 * delay, RETRY_LAST_MS)) {
      if (!(await clock.sleep(delay, signal))) return false;
      const [first = 'greeting', ...others] = left;
      // One is asked for the others: a provider that is still away is left alone.
      const isBack = (name: PhraseName): Promise<boolean> =>
        this.#prepare(request, name, signal).catch(() => false);
      if (!(await isBack(first))) continue;
      left = [];
      for (const name of others) if (!(await isBack(name))) left.push(name);
    }
    return !signal.aborted;
  }

  /** False: it is there, but in the voice of a substitute. */
  async #prepare(request: PhraseRequest, name: PhraseName, signal: AbortSignal): Promise<boolean> {
    const text = request.texts[name];
    if (text === undefined) return true;
    const spoken = new Map<AudioFormat, Spoken>();
    for (const format of request.formats) {
      const given = sourceFor(request, format);
      const source = spoken.get(given) ?? (await synthesise(text, request, given, signal));
      spoken.set(given, source);
      this.#phrases.set(keyOf(request.owner, name, format), { text, spoken: source, format });
    }
    return [...spoken.values()].every(({ substituted }) => !substituted);
  }

  get(owner: string, phrase: PhraseName, format: AudioFormat): PreparedPhrase | undefined {
    const key = keyOf(owner, phrase, format);
    const kept = this.#phrases.get(key);
    return kept && 'spoken' in kept ? this.#convert(key, kept) : kept;
  }

  /** Brings one more phrase into a format in which it may be wanted. False: all are. */
  convertNext(): boolean {
    for (const [key, kept] of this.#phrases) {
      if (!('spoken' in kept)) continue;
      this.#convert(key, kept);
      return true;
    }
    return false;
  }

  #convert(key: string, { text, spoken: { pieces, words }, format }: Unconverted): PreparedPhrase {
    const audio = joinAudio(pieces, format);
    const phrase = { text, audio, durationMs: (sampleCount(audio) * 1000) / audio.rateHz, words };
    this.#phrases.set(key, phrase);
    return phrase;
  }

  /** The words of a phrase, prepared or not. */
  text(owner: string, phrase: PhraseName): string | undefined {
    return this.#texts.get(owner)?.[phrase];
  }
}

/**
 * The format that a synthesiser is asked for: the one that is wanted (of `gateways.rtp`: for G.711 alone), the
 * wire's own, for a wire that is wider than the telephone the nearest that loses nothing, or its best.
 */
export function formatFor(tts: TextToSpeech, wire: AudioFormat, wanted?: AudioFormat): AudioFormat {
  const offered = (format: AudioFormat | undefined): AudioFormat | undefined =>
    tts.formats.find(({ encoding, rateHz }) => encoding === format?.encoding && rateHz === format.rateHz);
  const forWire = wire.encoding === 'ulaw' || wire.encoding === 'alaw' ? wanted : undefined;
  return offered(forWire) ?? offered(wire) ?? wideEnough(tts.formats, wire) ?? tts.formats[0] ?? wire;
}

/**
 * What a phrase is synthesised in. For one format, that is what every reply is asked for in; for several, linear
 * samples that are good enough for the widest, from which all are converted: a cloud is paid for one of them.
 */
function sourceFor({ tts, formats, source }: PhraseRequest, format: AudioFormat): AudioFormat {
  const given = formatFor(tts, format, source);
  const isWanted = given.encoding === source?.encoding && given.rateHz === source.rateHz;
  if (formats.length === 1 || isWanted) return given;
  const widest = formats.reduce((a, b) => (b.rateHz > a.rateHz ? b : a), format);
  const linear = formatFor(tts, { encoding: 'pcm_s16', rateHz: widest.rateHz });
  // A law isn't made of the other one, nor wide sound of narrow.
  return linear.encoding.startsWith('pcm') && linear.rateHz >= widest.rateHz ? linear : given;
}

/** For a wire beyond 8,000 Hz: the lowest rate that is no lower than the wire's, or else the highest. */
function wideEnough(formats: readonly AudioFormat[], wire: AudioFormat): AudioFormat | undefined {
  if (wire.rateHz <= 8000) return undefined;
  const enough = formats.filter(({ rateHz }) => rateHz >= wire.rateHz);
  const [lowest] = enough.toSorted((one, other) => one.rateHz - other.rateHz);
  return lowest ?? formats.toSorted((one, other) => other.rateHz - one.rateHz)[0];
}

/** One stretch of audio in `format` of the pieces of a stream. */
function joinAudio(pieces: readonly Audio[], format: AudioFormat): Audio {
  const converter = new AudioConverter(format);
  const parts = [...pieces.map((piece) => converter.convert(piece)), converter.flush()];
  const { encoding, rateHz } = format;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  let at = 0;
  const into = <T extends Uint8Array | Int16Array | Float32Array>(whole: T): T => {
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  switch (encoding) {
    case 'pcm_s16':
      return { encoding, rateHz, samples: into(new Int16Array(length)) };
    case 'pcm_f32':
      return { encoding, rateHz, samples: into(new Float32Array(length)) };
    default:
      return { encoding, rateHz: 8000, bytes: into(new Uint8Array(length)) };
  }
}

interface Spoken {
  readonly pieces: readonly Audio[];
  readonly words: readonly TimedWord[];
  /** Another synthesiser has spoken at least some of it. */
  readonly substituted: boolean;
}

/** A phrase that nobody has wanted in that format yet. */
interface Unconverted {
  readonly text: string;
  readonly spoken: Spoken;
  readonly format: AudioFormat;
}

async function synthesise(
  text: string,
  request: PhraseRequest,
  format: AudioFormat,
  signal: AbortSignal,
): Promise<Spoken> {
  const { tts, voice, language } = request;
  const pieces: Audio[] = [];
  const words: TimedWord[] = [];
  let substituted = false;
  for await (const event of tts.speak(
    once(plainText(text, languageOf(language))),
    { voice, language, format },
    signal,
  )) {
    if (event.type === 'audio') pieces.push(event.audio);
    else if (event.type === 'words') words.push(...event.words);
    else {
      substituted ||= event.trouble.next !== undefined;
      request.onProviderTrouble?.(event.trouble);
    }
  }
  if (pieces.length === 0) throw new Error('no audio came');
  return { pieces, words, substituted };
}

async function* once(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

function keyOf(owner: string, phrase: PhraseName, format: AudioFormat): string {
  return `${owner}\n${phrase}\n${format.encoding}\n${format.rateHz}`;
}
