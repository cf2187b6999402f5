/** `make soak` in short: the same calls and faults, with so few calls that it takes a minute or so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { judge } from '../soak/judge.ts';
import { FAULT_KINDS } from '../soak/plan.ts';
import { readRaw, writeRaw } from '../soak/raw.ts';
import { runSoak } from '../soak/run.ts';
import { report } from '../support/running-agent.ts';

/** How soon somebody is served isn't judged: other tests run beside it. */
const SIZE = {
  ...{ seed: 15, timed: false, warmUp: 12, calls: 16, atOnce: 8 },
  ...{ faultEveryMs: 2000, longestMs: 5000 },
};

it(
  'Many callers at once, while one fault follows the other: each is served or told, and nothing is left',
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'soak-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const raw = await runSoak(SIZE, folder, report);
    const verdict = judge(raw);
    for (const note of verdict.notes) report(note);
    expect(verdict.failures).toEqual([]);
    expect(verdict.lines.filter(({ holds }) => holds === false)).toEqual([]);
    expect(new Set(raw.faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
    const left = raw.calls.filter((call) => call.left === true);
    expect(left.length).toBeLessThan(raw.calls.length / 2);
    writeRaw(folder, raw);
    expect(judge(readRaw(folder))).toEqual(verdict);
  },
);
