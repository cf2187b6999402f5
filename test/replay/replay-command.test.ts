import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replayCommand } from '../../src/cli/replay.ts';

it('says of JSON that is no call’s that it isn’t', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  const path = join(folder, 'some.json');
  try {
    for (const content of ['{}', '[{}]', '[]', 'null', '"text"', 'text']) {
      writeFileSync(path, content);
      const complaints: string[] = [];
      const status = await replayCommand([path], {
        print: String,
        complain: (line) => complaints.push(line),
      });
      expect(complaints, content).toEqual([`${path} is no record of a call (voice-agent calls export NAME)`]);
      expect(status).toBe(1);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
