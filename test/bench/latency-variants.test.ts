import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeEditedConfig } from '../../lab/edited-config.ts';
import { VARIANTS } from './latency-variants.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latency-variants-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('what make bench-latency compares', () => {
  // It takes minutes until the second one is begun.
  it.each(Object.entries(VARIANTS))('%s: what it replaces stands in config/', (_name, { edits }) => {
    expect(writeEditedConfig(folder, edits)).toBe(folder);
  });
});
