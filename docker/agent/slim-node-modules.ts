// Removes from the node_modules that the first argument names what never runs there: native code for other systems and
// processors than the second argument's (onnxruntime-node brings all of it), and TypeScript, declarations and source maps: Node reads none of them
// in a package.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const [, , folder = 'node_modules', processor = process.arch] = process.argv;

const binaries = join(folder, 'onnxruntime-node/bin/napi-v6');
const ours = join(binaries, process.platform, processor);
if (!existsSync(ours)) throw new Error(`onnxruntime-node has nothing for this platform: ${ours} is missing`);
for (const platform of readdirSync(binaries)) {
  for (const one of readdirSync(join(binaries, platform))) {
    const other = join(binaries, platform, one);
    if (other !== ours) rmSync(other, { recursive: true });
  }
}

for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (file.isFile() && /\.([cm]?ts|map)$/.test(file.name)) rmSync(join(file.parentPath, file.name));
}
