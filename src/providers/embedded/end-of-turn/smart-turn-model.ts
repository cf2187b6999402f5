import { LOG_MEL_BANDS, LOG_MEL_STEPS } from '../../../media/log-mel.ts';
import { floats, loadOnnx, type Place, type Signature } from '../onnx.ts';

/**
 * Smart Turn v3 (pipecat-ai, BSD 2-Clause), or another model that is asked and answers like it: log-mel features in, and the
 * chance that the speaker has finished out. Its output is called `logits`, but is a probability: the sigmoid is a part of the
 * graph (smart_turn/train.py).
 */
export interface SmartTurnModel {
  /** `features` as `LogMel` makes them. Throws if what comes out isn't from 0 to 1. */
  judge(features: Float32Array): Promise<number>;
}

const INPUT = 'input_features';
const NEEDED = `one input "${INPUT}" float32 [n, ${LOG_MEL_BANDS}, ${LOG_MEL_STEPS}] and one output float32 [n, 1]`;

/** Throws if there is no such model, or it can't do this. */
export async function loadSmartTurn(path: string): Promise<SmartTurnModel> {
  const { ort, session, signature } = await loadOnnx(path);
  const { inputs, outputs } = signature;
  const [output = ''] = outputs.map(({ name }) => name);
  if (!fits(signature)) {
    throw new TypeError(`it has ${list('input', inputs)} and ${list('output', outputs)}; needed: ${NEEDED}`);
  }
  const model: SmartTurnModel = {
    async judge(features) {
      const input = new ort.Tensor('float32', features, [1, LOG_MEL_BANDS, LOG_MEL_STEPS]);
      const chances = floats((await session.run({ [INPUT]: input }))[output]);
      const [chance = NaN] = chances;
      if (chances.length === 1 && chance >= 0 && chance <= 1) return chance;
      throw new RangeError(
        `it gives ${[...chances.subarray(0, 3)].join(', ')}; needed: one number from 0 to 1`,
      );
    },
  };
  // What only shows when it is run, and what the first run makes ready, belongs to the start. This is silence:
  await model.judge(new Float32Array(LOG_MEL_BANDS * LOG_MEL_STEPS).fill(-1.5));
  return model;
}

function fits({ inputs, outputs }: Signature): boolean {
  const [input] = inputs;
  const [output] = outputs;
  return (
    inputs.length === 1 &&
    outputs.length === 1 &&
    input?.name === INPUT &&
    input.type === 'float32' &&
    output?.type === 'float32' &&
    is(input.shape, [1, LOG_MEL_BANDS, LOG_MEL_STEPS]) &&
    // Without a shape: its first run tells.
    [[1, 1], [1], []].some((wanted) => is(output.shape, wanted))
  );
}

/** A dimension that has a name instead of a number may be any number. */
function is(shape: Place['shape'], wanted: readonly number[]): boolean {
  return (
    shape.length === wanted.length &&
    shape.every((size, index) => typeof size === 'string' || size === wanted[index])
  );
}

function list(what: string, of: readonly Place[]): string {
  const each = of.map(({ name, type, shape }) => `"${name}" ${type} [${shape.join(', ')}]`);
  return `${each.length === 1 ? 'one' : each.length} ${what}${each.length === 1 ? '' : 's'} ${each.join(', ')}`;
}
