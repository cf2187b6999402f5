/**
 * `make soak`: many real calls through a real Asterisk to the agent, with faults, against a pass line that stands in
 * judge.ts. Settings: CALLS=1000, AT_ONCE (default: as many as the machine bears, which is measured), FAULT_EVERY_S=30, LONGEST_S=8, SEED=1. Ctrl-C: no
 * more calls are made, and those that there were are judged. The raw data stay in .cache/soak; `make soak VERIFY=FOLDER` computes the table from them again.
 */
import { join } from 'node:path';
import { CACHE } from '../../lab/paths.ts';
import { runMain } from '../../lab/run-main.ts';
import { nonEmpty } from '../../lab/settings.ts';
import { table } from '../../lab/show.ts';
import { UserError } from '../../lab/user-error.ts';
import { judge } from './judge.ts';
import { readRaw, writeRaw, type SoakRaw } from './raw.ts';
import { runSoak } from './run.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

await runMain(async (signal) => {
  const verified = nonEmpty(process.env['VERIFY']);
  const folder = verified ?? join(CACHE, 'soak', new Date().toISOString().replace(/[:.]/g, '-'));
  const raw = verified === undefined ? await soaked(folder, signal) : readRaw(folder);
  show(raw, folder);
});

async function soaked(folder: string, signal: AbortSignal): Promise<SoakRaw> {
  const size = {
    ...{
      timed: true,
      warmUp: 60,
      calls: whole('CALLS', 1000),
      atOnce: whole('AT_ONCE', undefined),
      seed: whole('SEED', 1),
    },
    ...{ faultEveryMs: 1000 * whole('FAULT_EVERY_S', 30), longestMs: 1000 * whole('LONGEST_S', 8) },
  };
  const raw = await runSoak(size, folder, say, signal);
  writeRaw(folder, raw);
  return raw;
}

function show(raw: SoakRaw, folder: string): void {
  const { lines, failures, notes, holds } = judge(raw);
  say(
    `\n${Object.entries(raw.about)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')}\n`,
  );
  const verdict = (line: { holds: boolean | undefined }): string =>
    line.holds === undefined ? 'too few calls' : line.holds ? 'holds' : 'FAILED';
  say(
    table(
      ['line', 'limit', 'measured', ''],
      lines.map((line) => [line.name, line.limit, line.measured, verdict(line)]),
    ),
  );
  say('');
  for (const note of notes) say(note);
  for (const { call, why } of failures.slice(0, 20)) say(`call ${call}: ${why}`);
  say(`\nRaw data: ${folder} (make soak VERIFY=${folder})`);
  if (!holds) process.exitCode = 1;
}

function whole<T extends number | undefined>(name: string, otherwise: T): number | T {
  const text = nonEmpty(process.env[name]);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UserError(`${name}=${text} must be a whole number of at least 1.`);
}
