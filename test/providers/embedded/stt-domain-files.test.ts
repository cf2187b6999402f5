import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { thisRun } from '../../../src/lib/program-run.ts';
import { sweepDomains } from '../../../src/providers/embedded/stt/domain-files.ts';

describe("the recogniser's files", () => {
  const before = process.env.TMPDIR;
  beforeEach(() => {
    process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'sweep-'));
  });
  afterEach(() => {
    rmSync(tmpdir(), { recursive: true });
    process.env.TMPDIR = before;
    if (before === undefined) delete process.env.TMPDIR;
  });

  it('are removed when the run that wrote them is over; those of other runs and unknown files stay', () => {
    const kept = [`ari-voice-agent-stt-${thisRun()}-abcdef`, 'ari-voice-agent-stt-notes', 'x-1:1-abcdef'];
    const [pid = ''] = thisRun().split(':');
    // The same number as ours, which was another program's before.
    const swept = ['ari-voice-agent-stt-999999999:1-abcdef', `ari-voice-agent-stt-${pid}:1-abcdef`];
    for (const name of [...kept, ...swept]) mkdirSync(join(tmpdir(), name, 'within'), { recursive: true });
    sweepDomains();
    expect(readdirSync(tmpdir()).sort()).toEqual(kept.sort());
  });
});
