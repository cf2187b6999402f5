import type { InferenceSession, Tensor } from 'onnxruntime-node';

type Runtime = typeof import('onnxruntime-node');

/** A model, and the runtime's own classes, which its inputs are made with. */
export interface OnnxModel {
  readonly ort: Runtime;
  readonly session: InferenceSession;
  readonly signature: Signature;
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly Place[];
  readonly outputs: readonly Place[];
}

export interface Place {
  readonly name: string;
  /** Such as `float32`. */
  readonly type: string;
  /** A dimension that is free has a name, or none. */
  readonly shape: readonly (number | string)[];
}

/**
 * To be called before a thread is started that runs models. Since 1.30 the ONNX runtime tells its maker of every session, and
 * leaves files in the system's temporary folder. A telephone agent must report nothing to third parties. A thread can't
 * set this by itself.
 */
export function forbidTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
}

/** Only a thread that runs a model loads the runtime (46 MB of machine code): on its CPU provider, one thread. */
export async function loadOnnx(path: string): Promise<OnnxModel> {
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(path, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  });
  const { inputMetadata, outputMetadata } = session;
  return {
    ort,
    session,
    signature: { inputs: inputMetadata.map(place), outputs: outputMetadata.map(place) },
  };
}

function place(of: InferenceSession.ValueMetadata): Place {
  return of.isTensor ? of : { name: of.name, type: 'no tensor', shape: [] };
}

export function floats(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('the model gives no such output');
  return tensor.data;
}
