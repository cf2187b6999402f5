import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, loadOnnx, type OnnxModel } from '../../../../../src/providers/embedded/onnx.ts';
import {
  createLane,
  defaultModelPath,
  loadSilero,
  SILERO_CONTEXT,
  SILERO_WINDOW,
  type SileroLane,
  type SileroModel,
  type SileroRateHz,
} from '../../../../../src/providers/embedded/vad/silero-model.ts';
import { CELLS } from '../../../../../src/providers/embedded/vad/silero-weights.ts';
import { ModelFolder, smartTurnGraph } from '../../../../support/smart-turn-file.ts';
import { telephoneSpeech } from '../../../../support/telephone-speech.ts';

const PROJECT = fileURLToPath(new URL('../../../../../', import.meta.url));
const NETWORK = join(PROJECT, 'src/providers/embedded/vad/silero-network');
/** What differs is the order in which numbers are added. Measured: 2 in a million. */
const DIFFERENCE = 1e-5;

describe("Silero's network", () => {
  let silero: SileroModel;
  let reference: Reference;
  let speech: Float32Array;

  beforeAll(async () => {
    silero = loadSilero();
    reference = new Reference(await loadOnnx(defaultModelPath()));
    speech = Float32Array.from(
      await telephoneSpeech('Could you tell me when you are open on Saturday?'),
      (sample) => sample / 32768,
    );
  });
  afterAll(() => reference.close());

  it.each([8000, 16000] as const)('judges as the ONNX runtime does at %i Hz', async (rateHz) => {
    const [ours, theirs] = [createLane(rateHz), createLane(rateHz)];
    const probabilities: number[] = [];
    for (const sound of [speech, speech.map((sample) => sample / 20), noise(speech.length, 0.5)]) {
      for (let from = 0; from < sound.length; from += SILERO_WINDOW[rateHz]) {
        for (const lane of [ours, theirs]) feed(lane, rateHz, sound.subarray(from));
        silero.run(rateHz, [ours]);
        await reference.run(rateHz, theirs);
        expectSame(ours, theirs);
        probabilities.push(ours.probability);
      }
    }
    // Otherwise it would say nothing.
    expect(Math.min(...probabilities)).toBeLessThan(0.05);
    expect(Math.max(...probabilities)).toBeGreaterThan(0.95);
  });

  it.each([8000, 16000] as const)('judges so many calls at once, each as if alone, at %i Hz', (rateHz) => {
    const create = (): SileroLane[] => Array.from({ length: 21 }, () => createLane(rateHz));
    const [together, alone] = [create(), create()];
    for (let count = 1; count <= together.length; count++) {
      for (let index = 0; index < count; index++) {
        const sound = speech.subarray((count * 7 + index * 11) * SILERO_CONTEXT[rateHz]);
        for (const lanes of [together, alone]) feed(lanes[index]!, rateHz, sound);
        silero.run(rateHz, [alone[index]!]);
      }
      silero.run(rateHz, together.slice(0, count));
      for (let index = 0; index < count; index++) expectSame(together[index]!, alone[index]!);
    }
    expect(new Set(together.map(({ probability }) => probability)).size).toBe(together.length);
  });

  it('is what its source says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'network-'));
    try {
      const outFile = join(folder, 'network.wasm');
      const asc = join(PROJECT, 'node_modules/assemblyscript/bin/asc.js');
      const args = [asc, '--config', join(NETWORK, 'asconfig.json'), '--outFile', outFile];
      await promisify(execFile)(process.execPath, args, { cwd: PROJECT });
      const [compiled, committed] = await Promise.all(
        [outFile, join(NETWORK, 'network.wasm')].map((path) => readFile(path)),
      );
      expect(compiled!.equals(committed!), '`npm run network` compiles it anew').toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("a file that isn't Silero VAD v5", () => {
  let folder: ModelFolder;

  beforeAll(async () => {
    folder = await ModelFolder.make();
  });
  afterAll(() => folder.remove());

  it.each([
    ['another model', () => smartTurnGraph()],
    ['a page', () => Buffer.from('<!DOCTYPE html><title>404 Not Found</title>')],
    ['nothing', () => Buffer.alloc(0)],
    ['half of it', async () => (await readFile(defaultModelPath())).subarray(0, 1_000_000)],
  ])('is refused: %s', async (_what, content) => {
    const path = await folder.write('silero.onnx', await content());
    expect(() => loadSilero(path)).toThrow(/isn't Silero VAD v5/);
  });
});

/** The same model as its makers run it. */
class Reference {
  readonly #model: OnnxModel;

  constructor(model: OnnxModel) {
    this.#model = model;
  }

  async run(rateHz: SileroRateHz, lane: SileroLane): Promise<void> {
    const { ort, session } = this.#model;
    const given = await session.run({
      input: new ort.Tensor('float32', lane.input, [1, lane.input.length]),
      state: new ort.Tensor('float32', lane.state, [2, 1, CELLS]),
      sr: new ort.Tensor('int64', BigInt64Array.of(BigInt(rateHz)), []),
    });
    lane.state.set(floats(given['stateN']));
    lane.probability = floats(given['output'])[0]!;
  }

  close(): Promise<void> {
    return this.#model.session.release();
  }
}

/** The next window, and before it the end of the last one. */
function feed({ input }: SileroLane, rateHz: SileroRateHz, sound: Float32Array): void {
  const context = SILERO_CONTEXT[rateHz];
  input.copyWithin(0, input.length - context);
  input.fill(0, context);
  input.set(sound.subarray(0, SILERO_WINDOW[rateHz]), context);
}

function expectSame(one: SileroLane, other: SileroLane): void {
  expect(Math.abs(one.probability - other.probability)).toBeLessThan(DIFFERENCE);
  const worst = one.state.reduce((most, value, at) => Math.max(most, Math.abs(value - other.state[at]!)), 0);
  expect(worst).toBeLessThan(10 * DIFFERENCE);
}

function noise(count: number, loudness: number): Float32Array {
  let seed = 1;
  return Float32Array.from({ length: count }, () => {
    seed = (seed * 16807) % 2147483647;
    return loudness * ((2 * seed) / 2147483647 - 1);
  });
}
