import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PROGRAM = `
  import(process.argv[1])
    .then(({ createSileroVad }) => createSileroVad())
    .then((vad) => vad.close())
    .then(() => console.log('closed'));
`;

it('the ONNX runtime collects nothing for its maker: it leaves no file where it would', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'silero-'));
  const module = new URL('../../../../../src/providers/embedded/vad/silero-vad.ts', import.meta.url);
  // What the program sets itself is what counts.
  const env = { ...process.env, TMPDIR: folder, ORT_DISABLE_TELEMETRY: undefined };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', PROGRAM, module.href], { env });
    expect(stdout.trim()).toBe('closed');
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);
