import { open } from 'node:fs/promises';
import { headerFor } from '../media/wav.ts';

/** Undefined: there is no such file, or nothing in it. */
export async function completeFile(
  path: string,
): Promise<{ readonly duration_ms: number; readonly bytes: number } | undefined> {
  const handle = await open(path, 'r+').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { buffer } = await handle.read(Buffer.alloc(44), 0, 44, 0);
    const { size: bytes } = await handle.stat();
    const whole = headerFor(buffer, bytes);
    if (!whole) return undefined;
    await handle.write(whole.header, 0, whole.header.length, 0);
    return { duration_ms: whole.durationMs, bytes };
  } finally {
    await handle.close();
  }
}
