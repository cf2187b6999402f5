/** config/ with some texts replaced, so that the rest is what people run. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './paths.ts';

/** A text of providers.yaml or agents.yaml, wherever it stands in the first of them that has it, and what stands there instead. */
export type ConfigEdit = readonly [old: string | RegExp, replacement: string];

/** Puts the copy into `folder`, edited in this order; regular expressions are global ones. Throws where what is to be replaced stands nowhere. */
export function writeEditedConfig(folder: string, edits: readonly ConfigEdit[]): string {
  mkdirSync(folder, { recursive: true });
  cpSync(join(PROJECT, 'config'), folder, { recursive: true });
  const files = ['providers.yaml', 'agents.yaml'].map((name) => {
    const path = join(folder, name);
    return { path, text: readFileSync(path, 'utf8') };
  });
  for (const [old, replacement] of edits) {
    const file = files.find(({ text }) =>
      typeof old === 'string' ? text.includes(old) : text.search(old) >= 0,
    );
    if (!file) throw new Error(`"${String(old)}" stands nowhere in config/`);
    file.text = file.text.replaceAll(old, () => replacement);
  }
  for (const { path, text } of files) writeFileSync(path, text);
  return folder;
}
