import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EndOfTurnModel } from '../../../../../src/dialog/contract/ports.ts';
import { LogMel } from '../../../../../src/media/log-mel.ts';
import { createSmartTurn } from '../../../../../src/providers/embedded/end-of-turn/smart-turn.ts';
import { turnSamples } from '../../../../../src/providers/embedded/end-of-turn/turn-samples.ts';
import { MortalThreads } from '../../../../support/mortal-threads.ts';
import { onnxFile, type Graph } from '../../../../support/onnx-file.ts';
import { RingFeeder } from '../../../../support/ring-feeder.ts';
import { ModelFolder, smartTurnChance, smartTurnGraph } from '../../../../support/smart-turn-file.ts';
import { telephoneSpeech } from '../../../../support/telephone-speech.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };
const MINUTE = 60_000;
const WORKER = 'providers/embedded/end-of-turn/smart-turn-worker.ts';

let folder: ModelFolder;
/** A good one. */
let modelPath: string;
beforeAll(async () => {
  folder = await ModelFolder.make();
  modelPath = await folder.write('good.onnx', smartTurnGraph());
});
afterAll(() => folder.remove());

const closers: (() => unknown)[] = [];
const troubles: string[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  troubles.length = 0;
});
const onTrouble = (message: string): void => void troubles.push(message);

async function open(options: Partial<Parameters<typeof createSmartTurn>[0]> = {}): Promise<EndOfTurnModel> {
  const model = await createSmartTurn({ modelPath, onTrouble, ...options });
  closers.push(() => model.close());
  return model;
}

/** A question in a call, in its middle and 200 ms behind its end. */
async function askedSomething() {
  const ring = new RingFeeder();
  ring.silence(1000);
  const begin = ring.frame;
  ring.write(await telephoneSpeech('Could you tell me when you are open?'));
  const spoken = { heard: ring.handle, begin, end: begin + 40 };
  ring.silence(200);
  return { spoken, silent: { ...spoken, end: ring.frame - 1 } };
}

/** A busy machine may be late: then the question is asked again. */
async function insist(model: EndOfTurnModel, turn: Parameters<EndOfTurnModel['judge']>[0]): Promise<number> {
  return vi.waitFor(async () => {
    const chance = await model.judge(turn);
    expect(chance).toBeDefined();
    return chance!;
  }, PATIENCE);
}

describe('an end-of-turn model', () => {
  it("judges what a call's ring has of the turn, by the features that it was made for", async () => {
    const model = await open();
    const { spoken, silent } = await askedSomething();
    const logMel = new LogMel();
    for (const turn of [spoken, silent]) {
      const expected = smartTurnChance(logMel.extract(turnSamples(turn)));
      expect(await insist(model, turn)).toBeCloseTo(expected, 5);
    }
    expect(await insist(model, silent)).toBeGreaterThan((await insist(model, spoken)) + 0.2);
    expect(model.status?.()).toMatchObject({
      threads: [{ name: 'end-of-turn', alive: true, restarts: 0 }],
      requests: 0,
    });
  });

  it('answers questions of many calls at a time', async () => {
    const model = await open();
    const { spoken, silent } = await askedSomething();
    const [loud, quiet] = [await insist(model, spoken), await insist(model, silent)];
    await vi.waitFor(async () => {
      const chances = await Promise.all([spoken, silent, spoken, silent].map((turn) => model.judge(turn)));
      expect(chances).toEqual([loud, quiet, loud, quiet]);
    }, PATIENCE);
  });

  it(
    'says nothing where it would take too long, once that it does, and judges no question that is too old',
    async () => {
      const slow = await folder.write('slow.onnx', smartTurnGraph({ multiplications: 500 }));
      // Those that it answers too late are known to be open until it does.
      const threadPolicy = { answerMs: MINUTE, hungMs: MINUTE };
      const model = await open({ modelPath: slow, supervision: { threadPolicy } });
      const { silent } = await askedSomething();
      const answers = await Promise.all(Array.from({ length: 50 }, () => model.judge(silent)));
      expect(new Set(answers)).toEqual(new Set([undefined]));
      expect(troubles).toEqual([expect.stringMatching(/without the end-of-turn model.*200 ms/)]);
      expect(model.status?.().unanswered).toBe(50);
      // One was worked on: all 50 would take longer.
      await vi.waitFor(() => {
        expect(model.status?.().requests).toBe(0);
      }, PATIENCE);
      expect(model.status?.()).toMatchObject({ threads: [{ alive: true, restarts: 0 }] });
    },
    MINUTE,
  );

  it.each(['throw', 'exit', 'hang'] as const)(
    'goes on in another thread when its own comes to harm ("%s"); meanwhile it says nothing',
    async (how) => {
      const threads = new MortalThreads(WORKER);
      closers.push(() => {
        threads.close();
      });
      const supervision = { ...threads.supervision, threadPolicy: { hungMs: 2000 } };
      const model = await open({ supervision });
      const { silent } = await askedSomething();
      const chance = await insist(model, silent);
      await threads.strike(how);
      expect(await model.judge(silent)).toBeUndefined();
      await vi.waitFor(() => {
        expect(troubles).toContainEqual(expect.stringMatching(/thread ended.*started again/));
      }, PATIENCE);
      expect(await insist(model, silent)).toBe(chance);
      expect(model.status?.()).toMatchObject({ threads: [{ alive: true, restarts: 1 }] });
    },
    MINUTE,
  );

  it('says nothing when it is closed, which may be twice and in the middle of a question', async () => {
    const model = await open();
    const { silent } = await askedSomething();
    const asked = model.judge(silent);
    await Promise.all([model.close(), model.close()]);
    await asked;
    expect(await model.judge(silent)).toBeUndefined();
  });
});

describe('a file that is no end-of-turn model', () => {
  const good = smartTurnGraph();
  const [input, output] = [good.inputs[0]!, good.outputs[0]!];
  const NEEDED = 'needed: one input "input_features" float32 [n, 80, 800] and one output float32 [n, 1]';
  const ofFeatures = good.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((name) => (name === 'input_features' ? 'features' : name)),
  }));
  it.each<[string, Graph, string]>([
    [
      'whose input has another name',
      {
        ...good,
        inputs: [{ ...input, name: 'features' }],
        nodes: ofFeatures,
      },
      `it has one input "features" float32 [batch, 80, 800] and one output "logits" float32 [batch, 1]; ${NEEDED}`,
    ],
    [
      'that hears 30 s, as Whisper itself',
      {
        ...good,
        inputs: [{ ...input, shape: ['batch', 80, 3000] }],
        constants: { last: { shape: [3000, 1], values: new Float32Array(3000) } },
      },
      `it has one input "input_features" float32 [batch, 80, 3000] and one output "logits" float32 [batch, 1]; ${NEEDED}`,
    ],
    [
      'that takes something else beside',
      { ...good, inputs: [input, { name: 'state', shape: [2, 128] }] },
      `it has 2 inputs "input_features" float32 [batch, 80, 800], "state" float32 [2, 128] and one output`,
    ],
    [
      'that takes whole numbers',
      {
        ...good,
        inputs: [{ ...input, type: 'int64' }],
        nodes: [
          { op: 'Cast', inputs: ['input_features'], output: 'features', attributes: { to: 1 } },
          ...ofFeatures,
        ],
      },
      `it has one input "input_features" int64 [batch, 80, 800] and one output`,
    ],
    [
      'that gives something else beside',
      { ...good, outputs: [output, { name: 'loudness', shape: ['batch', 1] }] },
      `and 2 outputs "logits" float32 [batch, 1], "loudness" float32 [batch, 1]; ${NEEDED}`,
    ],
    [
      'that gives two numbers',
      {
        ...good,
        outputs: [{ ...output, shape: ['batch', 2] }],
        constants: { last: { shape: [800, 2], values: new Float32Array(1600) } },
      },
      `and one output "logits" float32 [batch, 2]; ${NEEDED}`,
    ],
    [
      'that gives no probability',
      {
        ...good,
        nodes: good.nodes.map((node) => (node.op === 'Sigmoid' ? { ...node, op: 'Exp' } : node)),
      },
      'needed: one number from 0 to 1',
    ],
    [
      'that gives a sum',
      {
        ...good,
        outputs: [{ name: 'sum', shape: [] }],
        nodes: [{ op: 'ReduceSum', inputs: ['input_features'], output: 'sum', attributes: { keepdims: 0 } }],
      },
      'it gives -96000; needed: one number from 0 to 1',
    ],
  ])('%s is refused, and it is said what is needed', async (_, graph, said) => {
    const path = await folder.write('other.onnx', graph);
    await expect(open({ modelPath: path })).rejects.toMatchObject({
      code: 'END_OF_TURN_UNAVAILABLE',
      message: expect.stringContaining(said) as string,
    });
    await expect(open({ modelPath: path })).rejects.toThrow(path);
  });

  it.each<[string, Buffer]>([
    ['damaged', onnxFile(good).subarray(0, -200)],
    ['of another kind', Buffer.from('version https://git-lfs.github.com/spec/v1\n')],
    ['empty', Buffer.alloc(0)],
  ])('because it is %s is refused by name', async (_, content) => {
    const path = await folder.write('broken.onnx', content);
    await expect(open({ modelPath: path })).rejects.toMatchObject({
      code: 'END_OF_TURN_UNAVAILABLE',
      message: expect.stringContaining(path) as string,
    });
  });

  it('because it is missing is refused by name', async () => {
    await expect(open({ modelPath: '/nowhere/smart-turn.onnx' })).rejects.toMatchObject({
      code: 'END_OF_TURN_UNAVAILABLE',
      message: expect.stringContaining('/nowhere/smart-turn.onnx') as string,
    });
  });
});
