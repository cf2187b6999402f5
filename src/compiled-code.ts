import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';

/**
 * From now on Node keeps what it has compiled, types stripped, in the data folder, for this thread and those that it
 * starts. Loading takes half the time then, and 60 MB less memory: the stripper is a WebAssembly module in each thread.
 * An entry is used for the very text of its file only. Where the folder can't be written it is as without. Whoever sets
 * NODE_COMPILE_CACHE has their own folder.
 */
export function keepCompiledCode(environment: NodeJS.ProcessEnv): void {
  if (environment['NODE_COMPILE_CACHE'] !== undefined) return;
  const folder = resolve(environment['VOICE_AGENT_DATA_DIR'] || 'var', 'compiled');
  try {
    // Node itself tries for ever where no folder can be made (24.21, below /proc).
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    return;
  }
  enableCompileCache(folder);
  // This is how threads learn of it.
  environment['NODE_COMPILE_CACHE'] = folder;
}
