import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../lab/paths.ts';
import { VARIANTS } from './latency-variants.ts';

const folder = join(PROJECT, 'config');
const config = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

describe('what make bench-latency compares', () => {
  // It takes minutes until the second one is begun.
  it.each(Object.entries(VARIANTS))('%s: what it replaces stands in config/', (_name, { edits }) => {
    expect(edits.filter(([old]) => !config.includes(old))).toEqual([]);
  });
});
