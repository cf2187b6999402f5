import type { TurnSound } from '../../../dialog/contract/speech.ts';
import { FRAME_MS } from '../../../media/audio.ts';
import { AudioRingReader } from '../../../media/audio-ring.ts';
import { LOG_MEL_MS, LOG_MEL_RATE_HZ } from '../../../media/log-mel.ts';
import { Resampler } from '../../../media/resampler.ts';

/** Of what is heard before speech begins, as Smart Turn has it (pipecat's SmartTurnParams: pre_speech_ms = 500). */
const PREROLL_FRAMES = 500 / FRAME_MS;

/** A turn's sound at 16 kHz, −1 … 1: of a turn of more than 8 s the last, and what the ring still has of it. */
export function turnSamples({ heard, begin, end }: TurnSound): Float32Array {
  const reader = new AudioRingReader(heard);
  const stop = Math.min(end + 1, reader.written);
  reader.seek(Math.max(begin - PREROLL_FRAMES, stop - LOG_MEL_MS / FRAME_MS));
  const length = reader.samplesPerFrame;
  const samples = new Int16Array(Math.max(0, stop - reader.next) * length);
  let filled = 0;
  while (reader.next < stop && reader.read(samples, filled) && reader.next <= stop) filled += length;
  const resampler = new Resampler(reader.rateHz, LOG_MEL_RATE_HZ);
  const most = resampler.process(samples.subarray(0, filled));
  const rest = resampler.flush();
  const all = new Float32Array(most.length + rest.length);
  all.set(most);
  all.set(rest, most.length);
  return all;
}
