import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../lib/errors.ts';
import type { ConfigDocument } from './document.ts';
import { found, type Path, type Problem } from './problems.ts';
import { problemAt, textAt } from './validate.ts';

/** That the end-of-turn model is a file that can be read. What is in it shows when it is loaded. */
export function modelFile(providers: ConfigDocument, cwd: string): Problem[] {
  const path: Path = ['providers', 'endOfTurn', 'model'];
  const model = textAt(providers, path);
  const trouble = model === undefined ? undefined : troubleWith(resolve(cwd, model));
  if (trouble === undefined) return [];
  return [problemAt(providers, path, `${found(model, path)}, needed: a file that can be read (${trouble})`)];
}

function troubleWith(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return `${file} is none`;
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
