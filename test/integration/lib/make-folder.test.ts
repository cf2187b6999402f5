import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder, makeFolderSync } from '../../../src/lib/make-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'make-folder-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

const forms = [
  ['makeFolder', makeFolder],
  [
    'makeFolderSync',
    (path: string) =>
      new Promise<void>((done) => {
        makeFolderSync(path);
        done();
      }),
  ],
] as const;

describe.each(forms)('%s', (name, make) => {
  it('makes what is missing, for this user alone, and leaves what is there', async () => {
    const path = join(root, name, 'one', 'two');
    await make(path);
    await make(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('says at once where nothing can be made', async () => {
    await expect(make('/proc/nowhere/at/all')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(make('/etc/passwd/below')).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
