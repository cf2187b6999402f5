import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_MEL_BANDS, LOG_MEL_STEPS } from '../../src/media/log-mel.ts';
import { onnxFile, type Graph } from './onnx-file.ts';

/** The last so many steps of 10 ms decide. */
const STEPS = 20;
const GAIN = 4;

/**
 * A model with Smart Turn v3's signature that is quickly understood: the quieter the last 200 ms are, the likelier is the end.
 * `multiplications`: so many matrices of 800 × 800 are multiplied with the features first, each of which changes nothing and
 * costs 51.2 million multiplications.
 */
export function smartTurnGraph({ multiplications = 0 } = {}): Graph {
  const last = new Float32Array(LOG_MEL_STEPS).fill(-GAIN / STEPS, LOG_MEL_STEPS - STEPS);
  const unity = new Float32Array(LOG_MEL_STEPS ** 2);
  for (let at = 0; at < LOG_MEL_STEPS; at++) unity[at * (LOG_MEL_STEPS + 1)] = 1;
  const features = (times: number): string => (times === 0 ? 'input_features' : `features ${times}`);
  return {
    inputs: [{ name: 'input_features', shape: ['batch', LOG_MEL_BANDS, LOG_MEL_STEPS] }],
    outputs: [{ name: 'logits', shape: ['batch', 1] }],
    nodes: [
      ...Array.from({ length: multiplications }, (_, times) => ({
        op: 'MatMul',
        inputs: [features(times), 'unity'],
        output: features(times + 1),
      })),
      {
        op: 'ReduceMean',
        inputs: [features(multiplications)],
        output: 'steps',
        attributes: { axes: [1], keepdims: 0 },
      },
      { op: 'MatMul', inputs: ['steps', 'last'], output: 'loudness' },
      { op: 'Sigmoid', inputs: ['loudness'], output: 'logits' },
    ],
    constants: {
      last: { shape: [LOG_MEL_STEPS, 1], values: last },
      ...(multiplications > 0 && { unity: { shape: [LOG_MEL_STEPS, LOG_MEL_STEPS], values: unity } }),
    },
  };
}

/** What that model gives. */
export function smartTurnChance(features: Float32Array): number {
  let sum = 0;
  for (let band = 0; band < LOG_MEL_BANDS; band++) {
    const end = (band + 1) * LOG_MEL_STEPS;
    sum += features.subarray(end - STEPS, end).reduce((total, value) => total + value, 0);
  }
  return 1 / (1 + Math.exp((GAIN * sum) / STEPS / LOG_MEL_BANDS));
}

/** A folder for models. */
export class ModelFolder {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static async make(): Promise<ModelFolder> {
    return new ModelFolder(await mkdtemp(join(tmpdir(), 'models-')));
  }

  /** Returns the file's path. */
  async write(name: string, content: Graph | Buffer): Promise<string> {
    const path = join(this.#path, name);
    await writeFile(path, Buffer.isBuffer(content) ? content : onnxFile(content));
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.#path, { recursive: true });
  }
}
