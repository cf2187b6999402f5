import type { SpeechToText, SttStream } from '../../dialog/contract/ports.ts';
import type { SttRequest, Transcript } from '../../dialog/contract/speech.ts';
import { RequestAbort } from '../../lib/abort.ts';
import { systemClock, type Clock, type Milliseconds } from '../../lib/clock.ts';
import { VoiceAgentError } from '../../lib/errors.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { writeWav } from '../../media/wav.ts';
import { keyTerms } from '../key-terms.ts';
import { ProviderFailure } from '../provider-failure.ts';
import { TurnRecording } from '../turn-recording.ts';
import { heardWords, wordPlaces } from '../word-places.ts';
import { isPhantom } from './whisper-phantoms.ts';
import { createGroqClient, loadGroq, type GroqClient, type GroqConnection } from './groq-client.ts';

export interface GroqWhisperOptions extends GroqConnection {
  readonly name?: string;
  readonly model: string;
  /** For the whole answer. */
  readonly timeoutMs: Milliseconds;
  /** Ask where each word was heard: the answer takes a little longer (the SDK's docs). */
  readonly wordTimes?: boolean;
  readonly clock?: Clock;
}

/** Whisper's window; of a longer turn the end is heard. */
const LONGEST_TURN_MS = 30_000;
/** Frames after the last voiced one that the recogniser gets, so that no consonant is cut off. */
const POSTROLL_FRAMES = 5;
/** "up to 224 tokens": console.groq.com/docs/speech-to-text. */
const PROMPT_LIMIT = { terms: 60, characters: 600 };
/** Whisper's own rule for silence: whisper/transcribe.py, no_speech_threshold and logprob_threshold. */
const NO_SPEECH_PROB = 0.6;
const MIN_LOGPROB = -1;
const NOTHING: Transcript = { text: '', understood: false, confidence: 0 };

/** The verbose answer; the SDK's type knows only `text`. */
interface VerboseTranscription {
  readonly text?: unknown;
  readonly segments?: unknown;
  readonly words?: unknown;
}

/** As far as it is known. */
interface Segment {
  readonly avg_logprob?: unknown;
  readonly no_speech_prob?: unknown;
}

/** Whisper at Groq: our detector cuts the turns, each is sent as a whole. */
export function createGroqWhisperStt(options: GroqWhisperOptions): SpeechToText {
  const { name = 'groq-whisper' } = options;
  const client = createGroqClient(options);
  let closed = false;
  return {
    name,
    rates: [8000, 16000, 24000, 48000],
    findsTurns: false,
    open(request) {
      if (closed) {
        return Promise.reject(new VoiceAgentError('STT_UNAVAILABLE', `${name} is closed`));
      }
      client.warm();
      return Promise.resolve(openStream(client, request, { ...options, name }));
    },
    warm: () => {
      client.warm();
    },
    close() {
      closed = true;
      return client.close();
    },
  };
}

function openStream(
  client: GroqClient,
  request: SttRequest,
  options: GroqWhisperOptions & { readonly name: string },
): SttStream {
  const over = new AbortController();
  const prompt = keyTerms(request, PROMPT_LIMIT).join(', ');
  let recording: TurnRecording | undefined;
  let ended = true;
  let beganAt = 0;
  /** Of the turn that ended last, until it is understood. */
  let asked:
    | {
        readonly frame: number;
        readonly wav: Uint8Array;
        readonly voicedMs: Milliseconds;
        /** Which frame of the ring each 20 ms of it are. */
        readonly frames: readonly number[];
      }
    | undefined;
  const isOver = (): boolean => over.signal.aborted;
  const ask = async (sound: NonNullable<typeof asked>): Promise<Transcript> => {
    asked = sound;
    const { wav, voicedMs, frames } = sound;
    const hints = { language: request.language, prompt, voicedMs, frames };
    const transcript = await transcribe(client, wav, hints, over.signal, options);
    if (asked === sound) asked = undefined;
    return transcript;
  };
  return {
    beginTurn(frame) {
      if (!ended && frame === beganAt) return;
      recording?.close();
      ended = false;
      beganAt = frame;
      recording = new TurnRecording(request.heard, frame, LONGEST_TURN_MS);
    },
    async endTurn(frame) {
      const turn = recording;
      if (!turn || ended) return NOTHING;
      ended = true;
      // What follows the last voiced frame is there already: a pause is known only after it.
      const { samples, frames } = await turn.upTo(
        Math.max(frame, Math.min(frame + POSTROLL_FRAMES, turn.lastFrame)),
      );
      turn.close();
      if (samples.length === 0 || isOver()) return NOTHING;
      const wav = writeWav({ encoding: 'pcm_s16', rateHz: turn.rateHz, samples });
      return ask({ frame, wav, voicedMs: (frame - beganAt + 1) * FRAME_MS, frames });
    },
    askAgain: (frame) => (asked?.frame === frame && !isOver() ? ask(asked) : Promise.resolve(NOTHING)),
    close() {
      recording?.close();
      asked = undefined;
      over.abort();
    },
  };
}

interface Hints {
  readonly language: string;
  readonly voicedMs: Milliseconds;
  readonly frames: readonly number[];
}

async function transcribe(
  client: GroqClient,
  wav: Uint8Array,
  hints: Hints & { readonly prompt: string },
  signal: AbortSignal,
  options: GroqWhisperOptions & { readonly name: string },
): Promise<Transcript> {
  const { name, model, timeoutMs, clock = systemClock } = options;
  const [sdk, { toFile }] = await Promise.all([client.client(), loadGroq()]);
  const request = new RequestAbort(signal, clock);
  const message = `no transcript within ${timeoutMs} ms`;
  const late = (): ProviderFailure =>
    new ProviderFailure({ code: 'STT_FAILED', provider: name, kind: 'timeout', message });
  request.deadline(clock.now() + timeoutMs, late);
  try {
    const answer = await sdk.audio.transcriptions.create(
      {
        model,
        file: await toFile(wav, 'turn.wav', { type: 'audio/wav' }),
        language: hints.language.slice(0, 2),
        response_format: 'verbose_json',
        ...(options.wordTimes === true && { timestamp_granularities: ['word', 'segment'] as const }),
        temperature: 0,
        ...(hints.prompt === '' ? {} : { prompt: hints.prompt }),
      },
      { signal: request.signal },
    );
    return judged(answer, { name, ...hints });
  } catch (error) {
    if (signal.aborted) return NOTHING;
    throw request.missed ?? client.failure(error, { code: 'STT_FAILED', provider: name });
  } finally {
    request.release();
  }
}

/** Whisper makes words out of silence and noise; in part it says itself how likely that is. */
function judged(
  answer: VerboseTranscription,
  { name: provider, language, voicedMs, frames }: Hints & { readonly name: string },
): Transcript {
  if (typeof answer.text !== 'string') {
    const message = 'the answer holds no text';
    throw new ProviderFailure({ code: 'STT_FAILED', provider, kind: 'malformed', message });
  }
  const text = answer.text.trim();
  if (isPhantom(text, voicedMs, language)) return NOTHING;
  const segments = Array.isArray(answer.segments) ? (answer.segments as readonly (Segment | null)[]) : [];
  const logprob =
    segments.reduce((sum, segment) => sum + numberOf(segment?.avg_logprob), 0) / Math.max(1, segments.length);
  const silent =
    segments.length > 0 && segments.every((segment) => numberOf(segment?.no_speech_prob) > NO_SPEECH_PROB);
  const understood = !(silent && logprob < MIN_LOGPROB);
  const places = wordPlaces(text, heardWords(answer.words), (seconds) => frameAt(seconds, frames));
  return {
    text,
    understood,
    confidence: understood ? Math.min(1, Math.exp(logprob)) : 0,
    ...(places && { places }),
  };
}

/** The frame of the ring that is heard there. */
function frameAt(seconds: number, frames: readonly number[]): number {
  const at = Math.floor((seconds * 1000) / FRAME_MS);
  return frames[Math.min(at, frames.length - 1)] ?? 0;
}

/** 0 for what is no number. */
function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
