import { PbfReader } from 'pbf';
import type { SileroRateHz } from './silero-model.ts';

/** Outputs that silero-network's `multiply` makes at once: their weights lie together. */
const BLOCK = 8;
/** Of the LSTM. */
export const CELLS = 128;

/** A layer in which every output hears every input. */
interface Layer {
  readonly outputs: number;
  readonly bias?: (output: number) => number;
  /** What it hears, one behind the other. */
  readonly parts: readonly Part[];
}

/** Inputs whose weights stand in the file at even distances. */
interface Part {
  readonly weights: Float32Array;
  readonly inputs: number;
  readonly first: number;
  readonly fromInputToInput: number;
  readonly fromOutputToOutput: number;
}

/** The weights of that name. Throws unless there are so many. */
type Named = (name: string, count: number) => Float32Array;

/** Reads what silero-network needs for a rate, and its windows of so many samples, out of the model's ONNX file. Throws, also when it's called, if that is something else. */
export function sileroWeights(file: Uint8Array): (rateHz: SileroRateHz, window: number) => Float32Array {
  const constants: Constants = new Map<string, Uint8Array>();
  new PbfReader(file).readFields(readModel, constants);
  return (rateHz, window) => {
    // The graph's only question: are there 16,000 samples a second?
    const branch = `If_0_${rateHz === 16000 ? 'then' : 'else'}_branch__Inline_0__`;
    return weightsOf(window / 2, (name, count) => {
      const bytes = constants.get(branch + name);
      if (bytes?.byteLength !== count * Float32Array.BYTES_PER_ELEMENT) {
        throw new Error(`it has no ${count} weights ${name} for ${rateHz} Hz`);
      }
      // A copy, for in the file they needn't lie at a multiple of four.
      return new Float32Array(new Uint8Array(bytes).buffer);
    });
  };
}

/** In the order in which silero-network reads them. `filter`: samples of which a frame's spectrum is made. */
function weightsOf(filter: number, named: Named): Float32Array {
  const bins = filter / 2 + 1;
  const layers = [
    ...spectrum(named, filter, bins),
    convolution(named, 'encoder.0', bins, CELLS, [0, 1, 2]),
    convolution(named, 'encoder.1', CELLS, 64, [0, 1, 2]),
    // Two frames are left, and then one. What a convolution sees before and after them is nothing.
    convolution(named, 'encoder.2', 64, 64, [1, 2]),
    convolution(named, 'encoder.3', 64, CELLS, [1]),
    cells(named),
  ];
  const sum = [...named('decoder.decoder.2.bias', 1), ...named('decoder.decoder.2.weight', CELLS)];
  const all = new Float32Array(layers.reduce((count, layer) => count + sizeOf(layer), sum.length));
  let at = 0;
  for (const layer of layers) at = pack(layer, all, at);
  all.set(sum, at);
  return all;
}

/** The real parts, and the imaginary ones. */
function spectrum(named: Named, filter: number, bins: number): Layer[] {
  const weights = named('stft.forward_basis_buffer', 2 * bins * filter);
  return [0, bins * filter].map((first) => ({
    outputs: bins,
    parts: [{ weights, inputs: filter, first, fromInputToInput: 1, fromOutputToOutput: filter }],
  }));
}

/** Of the three frames that a convolution sees only `frames`. */
function convolution(
  named: Named,
  name: string,
  channels: number,
  outputs: number,
  frames: readonly number[],
): Layer {
  const weights = named(`${name}.reparam_conv.weight`, outputs * channels * 3);
  const biases = named(`${name}.reparam_conv.bias`, outputs);
  return {
    outputs,
    bias: (output) => biases[output] as number,
    parts: frames.map((frame) => ({
      weights,
      inputs: channels,
      first: frame,
      fromInputToInput: 3,
      fromOutputToOutput: channels * 3,
    })),
  };
}

/** The gates of an LSTM's cells, which hear what is made of the window, and what the cells said last. */
function cells(named: Named): Layer {
  const outputs = 4 * CELLS;
  const biases = ['ih', 'hh'].map((of) => named(`decoder.rnn.bias_${of}`, outputs));
  return {
    outputs,
    bias: (output) => biases.reduce((sum, bias) => sum + (bias[output] as number), 0),
    parts: ['ih', 'hh'].map((of) => ({
      weights: named(`decoder.rnn.weight_${of}`, outputs * CELLS),
      inputs: CELLS,
      first: 0,
      fromInputToInput: 1,
      fromOutputToOutput: CELLS,
    })),
  };
}

function sizeOf({ outputs, parts }: Layer): number {
  return Math.ceil(outputs / BLOCK) * BLOCK * parts.reduce((count, { inputs }) => count + inputs, 1);
}

/**
 * Puts a layer's weights where `into` has room from `at` on, in blocks of outputs: their biases, then for each input the weights it has in
 * them. The last block is filled up with nothing. Returns where the next layer begins.
 */
function pack({ outputs, bias, parts }: Layer, into: Float32Array, at: number): number {
  for (let block = 0; block < outputs; block += BLOCK) {
    const width = Math.min(BLOCK, outputs - block);
    if (bias) for (let index = 0; index < width; index++) into[at + index] = bias(block + index);
    at += BLOCK;
    for (const { weights, inputs, first, fromInputToInput, fromOutputToOutput } of parts) {
      for (let input = 0; input < inputs; input++) {
        let from = first + block * fromOutputToOutput + input * fromInputToInput;
        for (let index = 0; index < width; index++) {
          into[at + index] = weights[from] as number;
          from += fromOutputToOutput;
        }
        at += BLOCK;
      }
    }
  }
  return at;
}

/* An ONNX file: field numbers are those of onnx.proto. A model has a graph, a graph has nodes, and of a node's attributes one is the
   constant that it gives, or a graph that a question chooses. */

/** Constants by name: their bytes. */
type Constants = Map<string, Uint8Array>;

interface Node {
  /** What it gives. */
  name: string;
  readonly constants: Constants;
}

function readModel(field: number, constants: Constants, pbf: PbfReader): void {
  if (field === 7) pbf.readMessage(readGraph, constants);
}

function readGraph(field: number, constants: Constants, pbf: PbfReader): void {
  if (field === 1) pbf.readMessage(readNode, { name: '', constants });
}

function readNode(field: number, node: Node, pbf: PbfReader): void {
  if (field === 2) node.name = pbf.readString();
  if (field === 5) pbf.readMessage(readAttribute, node);
}

function readAttribute(field: number, node: Node, pbf: PbfReader): void {
  if (field === 5) pbf.readMessage(readTensor, node);
  if (field === 6) pbf.readMessage(readGraph, node.constants);
}

function readTensor(field: number, { name, constants }: Node, pbf: PbfReader): void {
  if (field === 9) constants.set(name, pbf.readBytes());
}
