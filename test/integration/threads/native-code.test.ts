import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../support/end-in-native-code.ts', import.meta.url));

describe('a thread that is ended in native code', () => {
  it.each([
    ['loads koffi for its scheduling', 'media'],
    ['loads the ONNX runtime', 'end-of-turn'],
    ['loads koffi with its modules', 'stt'],
    ['makes calls', 'calls'],
  ])(
    'costs nothing but itself while it %s',
    async (_what, kind) => {
      const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, kind], { timeout: 55_000 });
      expect(stdout.trim()).toBe('8 ended, 0 abandoned');
    },
    60_000,
  );
});
