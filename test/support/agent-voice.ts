/** What the agent's sentences should sound like: the embedded voice, synthesised anew. */
import { sampleCount, type G711Law } from '../../src/media/audio.ts';
import { decodeG711 } from '../../src/media/g711.ts';
import { createFliteTts } from '../../src/providers/embedded/tts/flite-tts.ts';

export interface AgentVoice {
  /** A text as linear samples, 8,000 Hz, after G.711 of `law`. */
  speak(text: string, voice: string, law: G711Law): Promise<Int16Array>;
  close(): Promise<void>;
}

export async function openAgentVoice(): Promise<AgentVoice> {
  const tts = createFliteTts({ threads: 1 });
  await tts.load();
  return {
    async speak(text, voice, law) {
      const request = { voice, language: 'en', format: { encoding: law, rateHz: 8000 } } as const;
      const pieces: Uint8Array[] = [];
      for await (const event of tts.speak(once(text), request, new AbortController().signal)) {
        if (event.type !== 'audio') continue;
        if (!('bytes' in event.audio) || sampleCount(event.audio) === 0) continue;
        pieces.push(event.audio.bytes);
      }
      return decodeG711(law, Buffer.concat(pieces));
    },
    close: () => tts.close(),
  };
}

async function* once(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

/** A text's sentences, without those too short to be told from others by their sound. */
export function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.split(/\s+/).length >= 3);
}
