/** A disk of its own, in memory, that can be filled to its last byte. Root. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SmallDisk {
  /** Where it is mounted. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static make(kilobytes: number): SmallDisk {
    const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
    const { status, stderr } = spawnSync(
      'mount',
      ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`mount: ${stderr}`);
    return new SmallDisk(folder);
  }

  /** Somebody else's file takes all that is left. */
  fill(): void {
    const file = openSync(this.#filler, 'w');
    try {
      for (const bytes of [Buffer.alloc(65_536), Buffer.alloc(4096)]) while (writes(file, bytes)) continue;
    } finally {
      closeSync(file);
    }
  }

  clear(): void {
    rmSync(this.#filler, { force: true });
  }

  close(): void {
    spawnSync('umount', ['--lazy', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }
}

/** False: there is no room for it. */
function writes(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch {
    return false;
  }
}
