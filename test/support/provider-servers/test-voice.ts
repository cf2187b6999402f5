/** Speech as a synthesiser makes it: samples, and where in them each word lies. */
export interface Speech {
  readonly samples: Int16Array;
  readonly words: readonly { readonly text: string; readonly startMs: number; readonly endMs: number }[];
}

export type Synthesise = (request: {
  readonly text: string;
  readonly voice: string;
  readonly rateHz: number;
}) => Speech | Promise<Speech>;

/** Every word lasts 60 ms a letter, the pause after it 40 ms (a sentence's 120 ms). */
const LETTER_MS = 60;
const PAUSE_MS = 40;
const SENTENCE_PAUSE_MS = 120;

/** How long `testVoice` takes for a text. */
export function testVoiceMs(text: string): number {
  return timing(text).totalMs;
}

/**
 * Something like a voice: per word a buzz of harmonics that swells and fades. The same sound for the
 * same text, and of a length that can be told beforehand.
 */
export const testVoice: Synthesise = ({ text, voice, rateHz }) => {
  const { words, totalMs } = timing(text);
  const samples = new Int16Array(Math.round((totalMs * rateHz) / 1000));
  const pitchHz = 100 + ((voice.length * 7) % 80);
  for (const { startMs, endMs } of words) {
    const from = Math.round((startMs * rateHz) / 1000);
    const to = Math.round((endMs * rateHz) / 1000);
    for (let at = from; at < to; at++) {
      const envelope = Math.sin((Math.PI * (at - from)) / (to - from)) ** 0.5;
      let sum = 0;
      for (let harmonic = 1; harmonic <= 12; harmonic++) {
        sum += Math.sin((2 * Math.PI * pitchHz * harmonic * at) / rateHz) / harmonic;
      }
      samples[at] = Math.round(5000 * envelope * sum);
    }
  }
  return { samples, words };
};

function timing(text: string): { words: Speech['words']; totalMs: number } {
  const words: { text: string; startMs: number; endMs: number }[] = [];
  let at = 0;
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const endMs = at + LETTER_MS * word.length;
    words.push({ text: word, startMs: at, endMs });
    at = endMs + (/[.!?]$/.test(word) ? SENTENCE_PAUSE_MS : PAUSE_MS);
  }
  return { words, totalMs: at };
}
