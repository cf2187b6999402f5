/**
 * Two states of the program in turn: the working tree, and the commit REF in a working tree of its own with the same
 * packages and the same benches. Prints how much the working tree costs of what REF does, and how far rounds differ.
 *
 *     make bench-compare [REF=main] [ROUNDS=5] [SHORT=1]
 *
 * Without REF it is the newest commit that is a day older than the last one. Fails, with status 2, where something costs
 * more than LARGE times as much in every single round; before it does, there are as many rounds again. SHORT takes a minute,
 * as a rule, and is a part of `make test`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './density/measure.ts';
import { median } from './raw.ts';
import { nonEmpty } from '../../lab/settings.ts';

// make exports those that nobody has given, too.
const [REF, SHORT, ROUNDS] = ['REF', 'SHORT', 'ROUNDS'].map((name) => nonEmpty(process.env[name]));
/** Rounds on a busy machine differ by up to a quarter, short ones by half (measured). */
const LARGE = SHORT ? 1.5 : 1.3;
/** Status. */
const COSTS_MORE = 2;
const rounds = Number(ROUNDS ?? (SHORT ? 3 : 5));
const here = new URL('../..', import.meta.url).pathname;

const FULL = ['full', 'gateway.ts'] as const;
const ECHO = ['echo', 'echo.ts'] as const;

/** What each costs, by its name, in one round. */
type Costs = Map<string, number>;

async function density(root: string, costs: Costs): Promise<void> {
  for (const calls of SHORT ? [50] : [1, 50, 300]) {
    for (const [name, file] of SHORT ? [FULL] : [FULL, ECHO]) {
      // Commits without a loop of its own have nothing that could echo.
      if (file === 'echo.ts' && !existsSync(join(root, 'src/gateways/rtp/media-loop.ts'))) continue;
      const command = [process.execPath, join(root, 'test/bench/density', file)];
      const { microseconds } = await measure(command, { calls, seconds: SHORT ? 2 : 4, warmUpSeconds: 2 });
      costs.set(`${name}, ${calls} calls: CPU of the media thread a frame`, microseconds);
    }
  }
}

/** The lines of media.bench.ts: what, and how many μs. */
function micro(root: string, costs: Costs): void {
  const output = execFileSync(process.execPath, [join(root, 'test/bench/media.bench.ts')], {
    encoding: 'utf8',
    env: { ...process.env, ROUNDS: SHORT ? '5' : '41' },
  });
  for (const [, what = '', cost] of output.matchAll(/^(.*\S) +([\d.]+) μs$/gm)) costs.set(what, Number(cost));
}

async function round(root: string): Promise<Costs> {
  const costs: Costs = new Map();
  await density(root, costs);
  micro(root, costs);
  return costs;
}

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: here, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** Undefined: there is no history, or it doesn't go back so far. */
function ofADayBefore(): string | undefined {
  try {
    const last = Date.parse(git('log', '-1', '--format=%cI'));
    const before = new Date(last - 86_400_000).toISOString();
    return git('rev-list', '-1', `--before=${before}`, 'HEAD') || undefined;
  } catch {
    return undefined;
  }
}

/** What ours and theirs cost in one round. */
type Pair = readonly [Costs, Costs];

async function pairOfRound(n: number): Promise<Pair> {
  // Each begins every other round: what comes second finds another machine.
  const [first, second] = n % 2 === 0 ? [here, ref] : [ref, here];
  const costs: Pair = [await round(first), await round(second)];
  process.stdout.write(`round ${n + 1} done\n`);
  return n % 2 === 0 ? costs : [costs[1], costs[0]];
}

const ratiosOf = (what: string, pairs: readonly Pair[]): number[] =>
  pairs.map(([ours, theirs]) => (ours.get(what) ?? NaN) / (theirs.get(what) ?? NaN));

const costsMore = (ratios: readonly number[]): boolean => ratios.every((ratio) => ratio > LARGE);

async function compare(commit: string): Promise<void> {
  const pairs: Pair[] = [];
  const measureUpTo = async (count: number): Promise<void> => {
    while (pairs.length < count) pairs.push(await pairOfRound(pairs.length));
  };
  await measureUpTo(rounds);
  const names = [...(pairs[0]?.[0].keys() ?? [])];
  // A neighbour on the machine can be there for three rounds; of thirty figures one was it, once.
  const suspects = names.filter((what) => costsMore(ratiosOf(what, pairs)));
  if (suspects.length > 0) {
    process.stdout.write(`once more, as these seem to cost more: ${suspects.join('; ')}\n`);
    await measureUpTo(2 * rounds);
  }
  process.stdout.write(`the working tree to ${commit}: median ratio, least–most of ${pairs.length} rounds\n`);
  for (const what of names) {
    const ratios = ratiosOf(what, pairs);
    const isLarge = costsMore(ratios);
    if (isLarge) process.exitCode = COSTS_MORE;
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const said = ratios.some(Number.isNaN)
      ? '   not in both'
      : `${median(ratios).toFixed(2).padStart(7)}  ${spread}`;
    process.stdout.write(`${what.padEnd(62)}${said}${isLarge ? '  MORE' : ''}\n`);
  }
}

const wanted = REF ?? ofADayBefore();
if (wanted === undefined) {
  process.stdout.write('There is no commit that is a day older than the last one: REF=… names another.\n');
  process.exit();
}
const folder = mkdtempSync(join(tmpdir(), 'compare-'));
const ref = join(folder, 'ref');
try {
  const commit = git('rev-parse', '--verify', '--short', `${wanted}^{commit}`);
  git('worktree', 'add', '--detach', ref, commit);
  symlinkSync(join(here, 'node_modules'), join(ref, 'node_modules'));
  // Its own benches know its modules; a state from before them is tried with ours, if it was asked for.
  const hasBenches = existsSync(join(ref, 'test/bench/density/gateway.ts'));
  if (!hasBenches && REF === undefined) {
    process.stdout.write(`${commit} is from before these benches: REF=… names another.\n`);
  } else {
    if (!hasBenches) cpSync(join(here, 'test'), join(ref, 'test'), { recursive: true });
    await compare(commit);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  git('worktree', 'prune');
}
