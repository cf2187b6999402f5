/** A disk of its own (ext4 in a file), that can be made as bad as disks are. Root, and a machine with loop devices. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const SIZE_MB = 24;

export class LoopDisk {
  /** Where it is mounted. */
  readonly folder: string;
  readonly #place: string;
  readonly #device: string;
  #frozen = false;

  private constructor(place: string, folder: string, device: string) {
    this.#place = place;
    this.folder = folder;
    this.#device = device;
  }

  static get possible(): boolean {
    return process.getuid?.() === 0 && existsSync('/dev/loop-control') && output('losetup', '-f') !== '';
  }

  static make(): LoopDisk {
    const place = mkdtempSync(join(tmpdir(), 'loop-disk-'));
    const [image, folder] = [join(place, 'image'), join(place, 'disk')];
    writeFileSync(image, Buffer.alloc(SIZE_MB * 1024 * 1024));
    mkdirSync(folder);
    run('mkfs.ext4', '-q', image);
    run('mount', '-o', 'loop,errors=remount-ro', image, folder);
    return new LoopDisk(place, folder, output('findmnt', '-no', 'SOURCE', folder));
  }

  /** Whatever is written waits, until `thaw`: no disk is slower. */
  freeze(): void {
    run('fsfreeze', '--freeze', this.folder);
    this.#frozen = true;
  }

  thaw(): void {
    if (!this.#frozen) return;
    run('fsfreeze', '--unfreeze', this.folder);
    this.#frozen = false;
  }

  /** It has found an error in itself: from now on it can only be read (as Linux does it with most disks). */
  fail(): void {
    writeFileSync(`/sys/fs/ext4/${basename(this.#device)}/trigger_fs_error`, 'a test');
  }

  close(): void {
    this.thaw();
    run('umount', '--lazy', this.folder);
    rmSync(this.#place, { recursive: true, force: true });
  }
}

function run(program: string, ...args: string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** Empty if there is no such program, or it fails. */
function output(program: string, ...args: string[]): string {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}
