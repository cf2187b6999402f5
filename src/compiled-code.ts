import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { makeFolderSync } from './lib/make-folder.ts';

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
    makeFolderSync(folder);
  } catch {
    return;
  }
  enableCompileCache(folder);
  // This is how threads learn of it.
  environment['NODE_COMPILE_CACHE'] = folder;
}
