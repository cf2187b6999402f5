import { workerData, type Transferable } from 'node:worker_threads';
import { AudioConverter } from '../../../media/convert.ts';
import { ThreadSide } from '../../../threads/thread-side.ts';
import {
  createFliteEngine,
  FLITE_RATE_HZ,
  FLITE_VOICES,
  type FliteEngine,
  type FliteTiming,
  type FliteVoice,
} from './flite-engine.ts';
import type { FliteAnswer, SpeakJob } from './flite-messages.ts';
import { SoundShaper } from './sound-shaper.ts';
import { speakable, type SpokenUnit } from './speakable.ts';
import type { TimedWord } from '../../../dialog/contract/speech.ts';

/**
 * A speech thread: makes sound of pieces of text, one at a time, first pieces of replies first. The
 * sound leaves while flite is still at it, and a cancelled reply stops within 100 ms of sound.
 */

/**
 * What brings each voice to −20 dBov active speech level (ITU-T P.56; measured over 20 sentences of an
 * agent: slt −13.6, rms −19.1; one in twenty is more than 2 dB from that).
 */
const GAIN: Readonly<Record<FliteVoice, number>> = { slt: 0.479, rms: 0.902 };

export interface FliteWorkerData {
  module: WebAssembly.Module;
}

const main = new ThreadSide<SpeakJob, FliteAnswer>();
const queue: SpeakJob[] = [];
let busy = false;

try {
  const engine = createFliteEngine((workerData as FliteWorkerData).module);
  // The first sentence pays for V8's compilation (measured: 20–35 ms instead of 6): not a caller's.
  for (const voice of FLITE_VOICES) {
    engine.speak('Good morning, how can I help?', voice, { onStart: noop, onSamples: () => true });
  }
  main.ready(undefined, {
    obey(job) {
      queue.push(job);
      if (!busy) next(engine);
    },
    stop() {
      queue.length = 0;
    },
  });
} catch (error) {
  main.unable(error);
}

function noop(): void {
  // nothing to prepare for
}

/** Takes the job with the lowest piece number, the oldest among equals. */
function next(engine: FliteEngine): void {
  let best = 0;
  for (let index = 1; index < queue.length; index++) {
    if ((queue[index] as SpeakJob).piece < (queue[best] as SpeakJob).piece) best = index;
  }
  const [job] = queue.splice(best, 1);
  busy = job !== undefined;
  if (!job) return;
  speak(engine, job);
  setImmediate(next, engine); // requests that came meanwhile are read first
}

function speak(flite: FliteEngine, job: SpeakJob): void {
  const cancelled = new Int32Array(job.cancelled);
  const isCancelled = (): boolean => Atomics.load(cancelled, 0) !== 0;
  const { reply, piece } = job;
  const send = (message: FliteAnswer, transfer: readonly Transferable[] = []): void => {
    main.report(message, transfer);
  };
  const converter = new AudioConverter({ ...job.format, encoding: encodingOf(job) });
  const sendAudio = (made: Int16Array | Uint8Array): void => {
    if (made.length === 0) return;
    // Its own buffer for the journey: a view into a larger one would take that along.
    const data = made.slice();
    send({ reply, piece, type: 'audio', data }, [data.buffer]);
  };
  const units = speakable(job.text);
  const say = units
    .map((unit) => unit.say)
    .filter((words) => words !== '')
    .join(' ');
  if (isCancelled() || say === '') {
    send({ reply, piece, type: 'done' });
    return;
  }
  let shaper: SoundShaper | undefined;
  flite.speak(say, job.voice, {
    onStart(timing) {
      const { soundStart, soundEnd } = timing;
      const gain = GAIN[job.voice];
      shaper = new SoundShaper({
        rateHz: FLITE_RATE_HZ,
        soundStart,
        soundEnd,
        gain,
        pauseMs: job.pauseMs,
      });
      send({ reply, piece, type: 'words', words: timedWords(units, timing, shaper) });
    },
    onSamples(samples) {
      if (isCancelled()) return false;
      const shaped = shaper?.shape(samples);
      if (!shaped || shaped.length === 0) return true;
      sendAudio(converter.convert({ encoding: 'pcm_s16', rateHz: FLITE_RATE_HZ, samples: shaped }));
      return true;
    },
  });
  if (!isCancelled()) sendAudio(converter.flush());
  send({ reply, piece, type: 'done' });
}

function encodingOf(job: SpeakJob): 'ulaw' | 'alaw' | 'pcm_s16' {
  const { encoding } = job.format;
  if (encoding === 'pcm_f32') throw new RangeError('flite gives 16-bit samples or G.711');
  return encoding;
}

/** Gives every unit of the written text the time of its spoken words. */
function timedWords(units: readonly SpokenUnit[], timing: FliteTiming, shaper: SoundShaper): TimedWord[] {
  const counts = units.map((unit) => (unit.say === '' ? 0 : unit.say.split(' ').length));
  const spoken = counts.reduce((sum, count) => sum + count, 0);
  const { tokens } = timing;
  // flite cuts its text at blanks as well; should it ever see it differently, times go by share.
  const place = (word: number): number =>
    tokens.length === spoken ? word : Math.floor((word * tokens.length) / spoken);
  let word = 0;
  return units.map((unit, index) => {
    const count = counts[index] as number;
    const first = tokens[place(word)];
    word += count;
    const last = tokens[place(word - 1)] ?? first;
    const startMs = shaper.placeMs(count === 0 ? (last?.end ?? 0) : (first?.start ?? 0), FLITE_RATE_HZ);
    return {
      text: unit.text,
      startMs,
      endMs: Math.max(startMs, shaper.placeMs(last?.end ?? 0, FLITE_RATE_HZ)),
    };
  });
}
