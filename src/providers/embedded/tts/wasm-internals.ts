/**
 * The packaged flite is a command-line program: its one entry is `_start`, which makes a whole WAV
 * file. The functions that a program wants (streaming synthesis, durations, word boundaries) are in
 * it all the same, with their names in the `name` section. `exposeInternals` adds them to the
 * module's export section in memory; the package on disk stays as it is.
 *
 * Format: WebAssembly Core Specification 2.0, §5.5 (modules), appendix "Custom Sections" (names).
 */
const CUSTOM_SECTION = 0;
const TABLE_SECTION = 4;
const EXPORT_SECTION = 7;
const PREAMBLE_BYTES = 8;
const FUNCTION_NAMES = 1;
const EXPORT_FUNCTION = 0;
const EXPORT_TABLE = 1;
const EXPORT_MEMORY = 2;
const FUNCTION_REFERENCES = 0x70;

/**
 * Returns `wasm` with the functions called `names` exported under these names, beside `memory` and
 * a `table` that may grow. Throws TypeError when the module isn't what it should be.
 */
export function exposeInternals(wasm: Uint8Array, names: readonly string[]): Uint8Array<ArrayBuffer> {
  const reader = new WasmReader(wasm);
  if (wasm.length < PREAMBLE_BYTES || wasm[0] !== 0 || wasm[1] !== 0x61) {
    throw new TypeError('not a WebAssembly module');
  }
  const sections: { id: number; start: number; body: number; end: number }[] = [];
  let functions: ReadonlyMap<string, number> = new Map();
  reader.at = PREAMBLE_BYTES;
  while (reader.at < wasm.length) {
    const start = reader.at;
    const id = reader.byte();
    const length = reader.unsigned();
    const body = reader.at;
    const end = body + length;
    if (end > wasm.length) throw new TypeError('WebAssembly section is cut off');
    if (id === CUSTOM_SECTION) {
      if (reader.name() === 'name') functions = functionNames(reader, end);
    } else {
      sections.push({ id, start, body, end });
    }
    reader.at = end;
  }

  const parts: Uint8Array[] = [wasm.subarray(0, PREAMBLE_BYTES)];
  for (const { id, start, body, end } of sections) {
    if (id === TABLE_SECTION) parts.push(growableTable(reader, body));
    else if (id === EXPORT_SECTION) parts.push(exportsOf(functions, names));
    else parts.push(wasm.subarray(start, end));
  }
  return concatenate(parts);
}

function functionNames(reader: WasmReader, end: number): ReadonlyMap<string, number> {
  const functions = new Map<string, number>();
  while (reader.at < end) {
    const kind = reader.byte();
    const length = reader.unsigned();
    const next = reader.at + length;
    if (kind === FUNCTION_NAMES) {
      for (let left = reader.unsigned(); left > 0; left--) {
        const index = reader.unsigned();
        functions.set(reader.name(), index);
      }
    }
    reader.at = next;
  }
  return functions;
}

/** The table as it was, without its upper limit: a callback of ours gets a place at its end. */
function growableTable(reader: WasmReader, body: number): Uint8Array {
  reader.at = body;
  if (reader.unsigned() !== 1 || reader.byte() !== FUNCTION_REFERENCES) {
    throw new TypeError('expected one table of functions');
  }
  reader.byte(); // limits flag
  return section(TABLE_SECTION, [1, FUNCTION_REFERENCES, 0, ...unsigned(reader.unsigned())]);
}

function exportsOf(functions: ReadonlyMap<string, number>, names: readonly string[]): Uint8Array {
  const entry = (name: string, kind: number, index: number): number[] => {
    const bytes = new TextEncoder().encode(name);
    return [...unsigned(bytes.length), ...bytes, kind, ...unsigned(index)];
  };
  const entries = [entry('memory', EXPORT_MEMORY, 0), entry('table', EXPORT_TABLE, 0)];
  for (const name of names) {
    const index = functions.get(name);
    if (index === undefined) throw new TypeError(`the module has no function called ${name}`);
    entries.push(entry(name, EXPORT_FUNCTION, index));
  }
  return section(EXPORT_SECTION, [...unsigned(entries.length), ...entries.flat()]);
}

function section(id: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...unsigned(body.length), ...body]);
}

/** LEB128, §5.2.2. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

class WasmReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new TypeError('WebAssembly module is cut off');
    return byte;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value >>> 0;
    }
  }

  name(): string {
    const length = this.unsigned();
    this.at += length;
    return this.#decoder.decode(this.#bytes.subarray(this.at - length, this.at));
  }
}
