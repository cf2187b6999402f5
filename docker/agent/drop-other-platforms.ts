// Removes native code for other systems and processors from the node_modules that the first argument names:
// onnxruntime-node brings them all.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const binaries = join(process.argv[2] ?? 'node_modules', 'onnxruntime-node/bin/napi-v6');
const ours = join(binaries, process.platform, process.arch);
if (!existsSync(ours)) throw new Error(`onnxruntime-node has nothing for this platform: ${ours} is missing`);
for (const platform of readdirSync(binaries)) {
  for (const processor of readdirSync(join(binaries, platform))) {
    const folder = join(binaries, platform, processor);
    if (folder !== ours) rmSync(folder, { recursive: true });
  }
}
