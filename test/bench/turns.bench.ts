/**
 * How well the agent takes turns: node test/bench/turns.bench.ts, or make bench-turns. Replays the conversation corpus
 * (test/turns/README.md) on a fake clock and prints the tables; .cache/turns/report.json and .svg have the same.
 *
 * HALF=tune or held-out (default): which voices and sounds. ONLY=echo,door: cases with one of these in their names.
 * CASES=5: at most so many of each class. VARIANTS=today,…: which rows (default: all).
 * SWEEP=no: without cut-offs against dead air, which takes the longest. LISTEN=FOLDER: writes each of
 * these calls there as a stereo WAV file (left the caller, right the agent) instead, with the first row's rule.
 * ASTERISK=4: so many calls at a time through a real Asterisk, in real time, beside the same calls replayed; three of each
 * class if CASES doesn't say otherwise.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runMain } from '../../lab/run-main.ts';
import { monotonicNow } from '../../src/lib/clock.ts';
import type { Audio } from '../../src/media/audio.ts';
import { writeWav } from '../../src/media/wav.ts';
import { inForce, VARIANTS } from '../turns/agent-call.ts';
import { svg, tables, type Row } from '../turns/report.ts';
import { replay } from '../turns/replay.ts';
import { chosenCases, runAll, type Job } from '../turns/run.ts';
import type { CallLog } from '../turns/call-log.ts';
import type { Case } from '../turns/cases.ts';
import { endOfTurn, endOfTurnPoint, score } from '../turns/score.ts';

/** Unset and empty are the same: make hands on both. */
const given = (name: string): string | undefined => process.env[name]?.trim() || undefined;
const HALF = given('HALF') ?? 'held-out';
const [only, wantedCases, folder] = [given('ONLY'), given('CASES'), given('LISTEN')];
const OUT = new URL('../../.cache/turns/', import.meta.url);
/** The knob of the curve, ms. */
const PAUSES = [150, 300, 400, 450, 500, 550, 600, 900, 1300, 1800];
const SWEPT = ['complete sentence', 'hesitation', 'digits', 'correction'];

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

if (HALF !== 'tune' && HALF !== 'held-out') fail(`HALF=${HALF} is not known; it can be tune or held-out`);
const atOnce = Number(given('ASTERISK') ?? 0);
const most = wantedCases === undefined ? (atOnce > 0 ? 3 : undefined) : Number(wantedCases);
if (most !== undefined && !(most >= 1)) fail(`CASES=${wantedCases ?? ''} must be a number from 1 on`);
const names = given('VARIANTS')?.split(',');
const variants = VARIANTS.filter(({ name }) => (names ?? (atOnce > 0 ? ['today'] : [name])).includes(name));
if (variants.length < (names?.length ?? 1))
  fail(`VARIANTS: there are ${VARIANTS.map(({ name }) => `"${name}"`).join(', ')}`);
const cases = chosenCases({ half: HALF, only, most });
if (cases.length === 0) fail(`ONLY=${only ?? ''} fits no case`);

async function throughAsterisk(
  list: readonly Case[],
  variant: (typeof VARIANTS)[number],
): Promise<CallLog[]> {
  const { TurnsLab } = await import('../turns/through-asterisk.ts');
  const through: CallLog[] = [];
  await runMain(async (signal) => {
    const lab = await TurnsLab.start(signal);
    try {
      const waiting = [...list.entries()];
      const phone = async (): Promise<void> => {
        for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift())
          through[next[0]] = await lab.call(next[1], variant);
      };
      await Promise.all(Array.from({ length: atOnce }, phone));
    } finally {
      await lab.close();
    }
  });
  return through;
}

const pcm = (samples: Int16Array): Audio => ({ encoding: 'pcm_s16', rateHz: 8000, samples });
if (folder !== undefined) {
  mkdirSync(folder, { recursive: true });
  for (const test of cases) {
    await replay(test, variants[0] ?? fail('no row'), {
      listen: ({ caller, agent }) => {
        writeFileSync(join(folder, `${test.id.replaceAll('/', '-')}.wav`), writeWav(pcm(caller), pcm(agent)));
      },
    });
  }
  process.exit(0);
}

const started = monotonicNow();
const sweptCases = given('SWEEP') === 'no' ? [] : cases.filter((test) => SWEPT.includes(test.class));
const jobs: Job[] = variants.flatMap(({ name }) => [
  ...cases.map(({ id }) => ({ test: id, variant: name })),
  ...PAUSES.flatMap((pauseMs) => sweptCases.map(({ id }) => ({ test: id, variant: name, pauseMs }))),
]);
let done = 0;
const logs = await runAll(jobs, Math.min(4, availableParallelism()), () => {
  done += 1;
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${jobs.length} calls `);
});
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
const of = (variant: string, pauseMs?: number) =>
  logs.filter((_, index) => jobs[index]?.variant === variant && jobs[index].pauseMs === pauseMs);
const rows: Row[] = variants.map((variant) => ({
  inForce: inForce(variant),
  score: score(variant.name, HALF, of(variant.name)),
  endOfTurn:
    sweptCases.length === 0
      ? undefined
      : endOfTurn(PAUSES.map((pauseMs) => endOfTurnPoint(pauseMs, of(variant.name, pauseMs)))),
}));
if (atOnce > 0) {
  const [variant] = variants;
  if (!variant) fail('no row');
  const name = `${variant.name}, through Asterisk`;
  rows.push({
    inForce: inForce(variant),
    score: score(name, HALF, await throughAsterisk(cases, variant)),
    endOfTurn: undefined,
  });
}
const title = `Turn-taking, ${HALF} half, ${cases.length} calls a row`;
process.stdout.write(`${title}\n${tables(rows)}`);
mkdirSync(OUT, { recursive: true });
writeFileSync(new URL('report.json', OUT), `${JSON.stringify({ half: HALF, rows }, null, 2)}\n`);
writeFileSync(
  new URL('calls.json', OUT),
  `${JSON.stringify(logs.map((log, index) => ({ ...jobs[index], log })))}\n`,
);
writeFileSync(new URL('report.svg', OUT), svg(rows, title));
process.stdout.write(
  `\n${jobs.length} calls in ${((monotonicNow() - started) / 1000).toFixed(0)} s; .cache/turns has report.json, report.svg and calls.json\n`,
);
