/**
 * Writes ONNX files: just enough of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto; field numbers are from there) for small
 * models that the real runtime loads.
 */

/** A dimension that is free has a name. */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  /** Default: float32. */
  readonly type?: 'float32' | 'int64';
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface Graph {
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly nodes: readonly Node[];
  /** Constants, with their shapes. */
  readonly constants?: Readonly<Record<string, { shape: readonly number[]; values: Float32Array }>>;
}

const ELEMENT = { float32: 1, int64: 7 };
const INT = 2;
const INTS = 7;

export function onnxFile({ inputs, outputs, nodes, constants = {} }: Graph): Buffer {
  const graph = message(
    ...nodes.map((node) => bytes(1, nodeProto(node))),
    text(2, 'graph'),
    ...Object.entries(constants).map(([name, { shape, values }]) =>
      bytes(
        5,
        message(
          ...shape.map((size) => whole(1, size)),
          whole(2, ELEMENT.float32),
          text(8, name),
          bytes(9, Buffer.from(values.buffer)),
        ),
      ),
    ),
    ...inputs.map((input) => bytes(11, valueInfo(input))),
    ...outputs.map((output) => bytes(12, valueInfo(output))),
  );
  const opset = message(text(1, ''), whole(2, 13));
  return message(whole(1, 8), bytes(7, graph), bytes(8, opset));
}

function nodeProto({ op, inputs, output, attributes = {} }: Node): Buffer {
  return message(
    ...inputs.map((input) => text(1, input)),
    text(2, output),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(
        5,
        typeof value === 'number'
          ? message(text(1, name), whole(3, value), whole(20, INT))
          : message(text(1, name), ...value.map((one) => whole(8, one)), whole(20, INTS)),
      ),
    ),
  );
}

function valueInfo({ name, shape, type = 'float32' }: TensorShape): Buffer {
  const dimensions = shape.map((size) =>
    bytes(1, typeof size === 'number' ? message(whole(1, size)) : message(text(2, size))),
  );
  const tensor = message(whole(1, ELEMENT[type]), bytes(2, message(...dimensions)));
  return message(text(1, name), bytes(2, message(bytes(1, tensor))));
}

/* Protocol buffers: a field is its number and kind, and its value. */

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function whole(field: number, value: number): Buffer {
  return message(varint(field * 8), varint(value));
}

function bytes(field: number, value: Buffer): Buffer {
  return message(varint(field * 8 + 2), varint(value.length), value);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function varint(value: number): Buffer {
  const list: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) list.push((rest % 128) + 128);
  return Buffer.from([...list, rest]);
}
