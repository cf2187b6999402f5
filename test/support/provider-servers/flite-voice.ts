import type { TimedWord } from '../../../src/dialog/contract/speech.ts';
import type { SampleRateHz } from '../../../src/media/audio.ts';
import { AudioConverter } from '../../../src/media/convert.ts';
import { createFliteTts } from '../../../src/providers/embedded/tts/flite-tts.ts';
import type { Synthesise } from './test-voice.ts';

/** A voice that says words, for a server's `synthesise`: flite. `voices`: its names to the cloud's identifiers. */
export async function openFliteVoice(
  voices: Readonly<Record<string, string>>,
): Promise<{ readonly synthesise: Synthesise; close(): Promise<void> }> {
  const tts = createFliteTts();
  await tts.load();
  const names = new Map(Object.entries(voices).map(([name, id]) => [id, name]));
  const synthesise: Synthesise = async ({ text, voice, rateHz }) => {
    const format = { encoding: 'pcm_s16', rateHz: rateHz === 8000 ? 8000 : 16000 } as const;
    const converter = new AudioConverter({ encoding: 'pcm_s16', rateHz: rateHz as SampleRateHz });
    const request = { voice: names.get(voice) ?? 'slt', language: 'en', format };
    const pieces: Int16Array[] = [];
    const words: TimedWord[] = [];
    for await (const event of tts.speak(once(text), request, new AbortController().signal)) {
      if (event.type === 'words') words.push(...event.words);
      else if (event.type === 'audio') pieces.push(converter.convert(event.audio));
    }
    pieces.push(converter.flush());
    return { samples: joined(pieces), words };
  };
  return { synthesise, close: () => tts.close() };
}

function joined(pieces: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

async function* once(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}
