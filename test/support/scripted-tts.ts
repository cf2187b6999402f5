import type { TextToSpeech } from '../../src/dialog/contract/ports.ts';
import { FLUSH, type TextPiece, type TtsEvent, type VoiceRequest } from '../../src/dialog/contract/speech.ts';
import type { Clock, Milliseconds } from '../../src/lib/clock.ts';
import type { Audio, AudioFormat } from '../../src/media/audio.ts';

/** A word lasts so long, the pause after it included. */
const WORD_MS = 400;
const VOICED_MS = 300;

/**
 * A synthesiser that says a word in 400 ms of audio (300 of them voiced), with exact word times, and
 * streams word by word as the text comes.
 */
export class ScriptedTts implements TextToSpeech {
  warmed = 0;
  readonly name = 'scripted';
  readonly voices = ['slt', 'rms'];
  takes: 'clauses' | 'sentences' | 'text' = 'clauses';
  readonly formats: readonly AudioFormat[] = [
    { encoding: 'ulaw', rateHz: 8000 },
    { encoding: 'alaw', rateHz: 8000 },
  ];
  firstAudioMs: Milliseconds;
  /** Says whether word times are given. */
  timed = true;
  /** Fails when it comes to this word; `hang`: stops there without a word. */
  fault: { readonly atWord: string; readonly how: Error | 'hang' } | undefined;
  /** Text pieces as they were handed over. */
  readonly pieces: TextPiece[] = [];
  open = 0;
  readonly #clock: Clock;

  constructor(clock: Clock, options: { firstAudioMs?: Milliseconds } = {}) {
    this.#clock = clock;
    this.firstAudioMs = options.firstAudioMs ?? 60;
  }

  warm(): void {
    this.warmed += 1;
  }

  check(): void {
    // speaks everything
  }

  async *speak(
    text: AsyncIterable<TextPiece>,
    voice: VoiceRequest,
    signal: AbortSignal,
  ): AsyncGenerator<TtsEvent> {
    this.open += 1;
    let word = 0;
    try {
      for await (const piece of text) {
        this.pieces.push(piece);
        if (piece === FLUSH) continue;
        if (word === 0 && this.firstAudioMs > 0) await this.#clock.sleep(this.firstAudioMs, signal);
        for (const spoken of piece.split(/\s+/).filter(Boolean)) {
          if (signal.aborted) return;
          if (this.fault && spoken.includes(this.fault.atWord)) {
            if (this.fault.how === 'hang') await new Promise(() => undefined);
            else throw this.fault.how;
          }
          const startMs = word * WORD_MS;
          if (this.timed) {
            yield { type: 'words', words: [{ text: spoken, startMs, endMs: startMs + VOICED_MS }] };
          }
          yield { type: 'audio', audio: tone(voice.format) };
          word += 1;
        }
      }
    } finally {
      this.open -= 1;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A word's worth of something that isn't silence. */
function tone(format: AudioFormat): Audio {
  const samples = (format.rateHz * WORD_MS) / 1000;
  if (format.encoding === 'ulaw' || format.encoding === 'alaw') {
    return { encoding: format.encoding, rateHz: 8000, bytes: new Uint8Array(samples).fill(0x2a) };
  }
  if (format.encoding === 'pcm_s16') {
    return { encoding: 'pcm_s16', rateHz: format.rateHz, samples: new Int16Array(samples).fill(1000) };
  }
  return { encoding: 'pcm_f32', rateHz: format.rateHz, samples: new Float32Array(samples).fill(0.03) };
}
