import type { LanguageModel, TextToSpeech } from '../../src/dialog/contract/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../src/dialog/contract/conversation.ts';
import type { TtsEvent, VoiceRequest } from '../../src/dialog/contract/speech.ts';
import type { Clock, Milliseconds } from '../../src/lib/clock.ts';
import { encodeG711 } from '../../src/media/g711.ts';
import type { Case } from './cases.ts';
import { Random } from './random.ts';
import { lengthMs, toInt16 } from './sound.ts';
import { say, VOICES, type Half, type PlacedWord } from './voices.ts';

/** The delays that make bench-latency assumes of a cloud (docs/cloud-providers.md). */
const LLM_FIRST_TOKEN_MS = 200;
const LLM_TOKENS_PER_SECOND = 300;
const TTS_FIRST_BYTE_MS = 90;
const DELAY_SIGMA = 0.25;

/** Answers the first question with the case's answer, and whatever follows with a short one. */
export class AgentModel implements LanguageModel {
  readonly name = 'scripted';
  readonly #clock: Clock;
  readonly #test: Case;
  readonly #short: readonly string[];
  readonly #instantly: boolean;
  #requests = 0;

  constructor(clock: Clock, test: Case, short: readonly string[], instantly: boolean) {
    this.#clock = clock;
    this.#test = test;
    this.#short = short;
    this.#instantly = instantly;
  }

  async *reply({ history }: ReplyRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    const random = new Random(this.#test.id, 'model', this.#requests++);
    const first = this.#test.answer[0] ?? '';
    const answered = history.some(
      ({ role, text = '' }: { role: string; text?: string }) =>
        role === 'agent' && text !== '' && first.startsWith(text.slice(0, 20)),
    );
    if (!this.#instantly) await this.#clock.sleep(random.logNormal(LLM_FIRST_TOKEN_MS, DELAY_SIGMA), signal);
    for (const sentence of answered ? this.#short : this.#test.answer) {
      const tokens = sentence.length / 4;
      if (!this.#instantly) await this.#clock.sleep((tokens * 1000) / LLM_TOKENS_PER_SECOND, signal);
      if (signal.aborted) return;
      yield { type: 'text', text: `${sentence} ` };
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Where in what the agent says a frame of 20 ms is. */
export interface Place {
  readonly text: string;
  readonly ms: Milliseconds;
  readonly word: PlacedWord | undefined;
}

/** Bytes of a frame, and of the pause behind a sentence. */
const FRAME = 160;
const PAUSE = new Uint8Array(8 * FRAME).fill(0xff);

/** Every frame that a half's agent has ever said, by its bytes; a frame of silence is nowhere. */
const PLACES = new Map<string, Place>();

/** Where `payload` is from, unless it is silence, or faded. */
export function placeOf(payload: Uint8Array): Place | undefined {
  return PLACES.get(Buffer.from(payload).toString('latin1'));
}

/** flite's voice, with exact times of its words, in whole frames, so that each is known again on the wire. */
export class AgentVoice implements TextToSpeech {
  readonly name = 'scripted';
  readonly voices: readonly string[];
  readonly takes = 'sentences';
  readonly formats = [{ encoding: 'ulaw', rateHz: 8000 }] as const;
  readonly #clock: Clock;
  readonly #test: Pick<Case, 'id' | 'half'>;
  readonly #instantly: boolean;
  #requests = 0;

  constructor(clock: Clock, test: Pick<Case, 'id' | 'half'>, instantly: boolean) {
    this.#clock = clock;
    this.#test = test;
    this.#instantly = instantly;
    this.voices = [VOICES[test.half].agent.name];
  }

  check(): void {
    // speaks everything
  }

  async *speak(
    text: AsyncIterable<string>,
    _voice: VoiceRequest,
    signal: AbortSignal,
  ): AsyncGenerator<TtsEvent> {
    const random = new Random(this.#test.id, 'voice', this.#requests++);
    let writtenMs = 0;
    for await (const piece of text) {
      const sentence = await sentenceOf(piece.trim(), this.#test.half);
      if (writtenMs === 0 && !this.#instantly) {
        await this.#clock.sleep(random.logNormal(TTS_FIRST_BYTE_MS, DELAY_SIGMA), signal);
      }
      if (signal.aborted) return;
      const words = sentence.words.map(({ text, from, to }) => ({
        text,
        startMs: writtenMs + from,
        endMs: writtenMs + to,
      }));
      yield { type: 'words', words };
      yield { type: 'audio', audio: { encoding: 'ulaw', rateHz: 8000, bytes: sentence.bytes } };
      writtenMs += sentence.bytes.length / 8;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Sentence {
  readonly bytes: Uint8Array;
  readonly words: readonly PlacedWord[];
  /** Without the pause behind it. */
  readonly soundMs: Milliseconds;
}

const sentences = new Map<string, Sentence>();

/** One sentence as the half's agent says it, with a pause behind it. */
export async function sentenceOf(text: string, half: Half): Promise<Sentence> {
  const key = `${half} ${text}`;
  const before = sentences.get(key);
  if (before) return before;
  const { sound, words } = await say(text, VOICES[half].agent);
  const frames = Math.ceil(sound.length / FRAME);
  const bytes = new Uint8Array(frames * FRAME + PAUSE.length).fill(0xff);
  bytes.set(encodeG711('ulaw', toInt16(sound)));
  for (let frame = 0; frame < frames; frame++) {
    const payload = bytes.subarray(frame * FRAME, (frame + 1) * FRAME);
    if (payload.every((byte) => byte === payload[0])) continue;
    const ms = frame * 20;
    const word = words.find(({ from, to }) => ms + 10 >= from && ms + 10 < to);
    PLACES.set(Buffer.from(payload).toString('latin1'), { text, ms, word });
  }
  const sentence = { bytes, words, soundMs: lengthMs(sound) };
  sentences.set(key, sentence);
  return sentence;
}
