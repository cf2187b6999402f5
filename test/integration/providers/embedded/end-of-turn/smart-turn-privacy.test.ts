import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ModelFolder, smartTurnGraph } from '../../../../support/smart-turn-file.ts';

const PROGRAM = `
  import(process.argv[1])
    .then(({ createSmartTurn }) => createSmartTurn({ modelPath: process.argv[2] }))
    .then((model) => model.close())
    .then(() => console.log('closed'));
`;

it('the ONNX runtime collects nothing for its maker: it leaves no file where it would', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'smart-turn-'));
  const models = await ModelFolder.make();
  const module = new URL('../../../../../src/providers/embedded/end-of-turn/smart-turn.ts', import.meta.url);
  // What the program sets itself is what counts.
  const env = { ...process.env, TMPDIR: folder, ORT_DISABLE_TELEMETRY: undefined };
  try {
    const model = await models.write('smart-turn.onnx', smartTurnGraph());
    const args = ['-e', PROGRAM, module.href, model];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(stdout.trim()).toBe('closed');
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await models.remove();
    await rm(folder, { recursive: true });
  }
}, 60_000);
