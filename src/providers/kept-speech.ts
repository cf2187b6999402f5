import type { TextToSpeech } from '../dialog/contract/ports.ts';
import { FLUSH, type TextPiece, type TimedWord, type TtsEvent } from '../dialog/contract/speech.ts';
import type { Audio, AudioFormat } from '../media/audio.ts';
import { sha256, type SpeechStore } from './speech-store.ts';

/**
 * A synthesiser for texts that are always the same: it speaks out of `store` what was spoken before, and keeps there
 * what it has to ask `tts` for. `sound` stands for all that the sound depends on besides text and request: who
 * speaks, with which settings, by which version. What another synthesiser has spoken in its place isn't kept.
 */
export function keepSpeech(tts: TextToSpeech, sound: string, store: SpeechStore): TextToSpeech {
  return {
    name: tts.name,
    voices: tts.voices,
    ...(tts.takes && { takes: tts.takes }),
    formats: tts.formats,
    check: (request) => {
      tts.check(request);
    },
    async *speak(pieces, request, signal) {
      const text = await whole(pieces);
      const key = sha256(JSON.stringify([sound, text, request.voice, request.language, request.format]));
      const kept = await store.get(key);
      if (kept) {
        if (signal.aborted) return;
        yield { type: 'words', words: kept.words };
        yield { type: 'audio', audio: audioOf(kept.format, kept.bytes) };
        return;
      }
      const heard: Audio[] = [];
      const words: TimedWord[] = [];
      const troubles: TtsEvent[] = [];
      for await (const event of tts.speak(once(text), request, signal)) {
        if (event.type === 'audio') heard.push(event.audio);
        else if (event.type === 'words') words.push(...event.words);
        else troubles.push(event);
        yield event;
      }
      const { format } = request;
      const isWhole = heard.length > 0 && heard.every((audio) => isIn(format, audio));
      if (troubles.length === 0 && isWhole && !signal.aborted)
        await store.put(key, { format, words, bytes: Buffer.concat(heard.map(bytesOf)) });
    },
    close: () => tts.close(),
  };
}

async function whole(pieces: AsyncIterable<TextPiece>): Promise<string> {
  let text = '';
  for await (const piece of pieces) if (piece !== FLUSH) text += piece;
  return text;
}

async function* once(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

function isIn({ encoding, rateHz }: AudioFormat, audio: Audio): boolean {
  return audio.encoding === encoding && audio.rateHz === rateHz;
}

function bytesOf(audio: Audio): Uint8Array {
  const data = 'bytes' in audio ? audio.bytes : audio.samples;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Of a copy: samples have to lie at an even place. */
function audioOf({ encoding, rateHz }: AudioFormat, bytes: Uint8Array): Audio {
  const { buffer } = Uint8Array.from(bytes);
  switch (encoding) {
    case 'pcm_s16':
      return { encoding, rateHz, samples: new Int16Array(buffer) };
    case 'pcm_f32':
      return { encoding, rateHz, samples: new Float32Array(buffer) };
    default:
      return { encoding, rateHz: 8000, bytes: new Uint8Array(buffer) };
  }
}
