/**
 * `make test` and `make check`: lint and types, then every vitest project, and what the program costs beside a day ago. The
 * last line is "N passed, N failed" over all projects; a check or a runner that fails otherwise counts as one. Before
 * it stand the names of all that failed, and of all that needed a second try.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CACHE, PROJECT } from './paths.ts';
import { ensureRootFs } from './root-fs.ts';
import { runMain } from './run-main.ts';
import {
  failedFiles,
  failuresIn,
  NO_REPORT,
  withSecondTry,
  type Failure,
  type TestReport,
} from './test-report.ts';

/** What was found right isn't checked again until it changes. */
const KNOWN = (tool: string): string[] => ['--cache', '--cache-location', join(CACHE, 'check', tool)];

const CHECKS: readonly (readonly [string, string, ...string[]])[] = [
  ['format', 'prettier', '--check', '--log-level', 'warn', ...KNOWN('prettier'), '.'],
  ['lint', 'eslint', ...KNOWN('eslint'), '--cache-strategy', 'content', '.'],
  ['types', 'tsc', '--noEmit'],
  ["page's types", 'tsc', '--noEmit', '-p', 'web'],
  ['unused', 'knip'],
];

const PROJECTS = ['unit', 'integration', 'e2e'] as const;

/**
 * Real threads, programs and calls, several files at a time, on machines that are shared and noisy: a file in which something
 * fails is run once more when it has the machine for itself. If more of them fail than these, the machine isn't why.
 */
const TRIED_AGAIN = { projects: ['integration', 'e2e'] as readonly string[], most: 6 };

const results = join(CACHE, 'test');

await runMain(async (signal) => {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  let passed = 0;
  let failed = 0;
  const failures: Failure[] = [];
  const secondTries: Failure[] = [];
  // Side by side: each has work for one processor, and the root file system waits for the network mostly. The checks take what
  // the tests leave, which wait a good part of their time.
  const rootFs = process.argv[2] === 'check' ? undefined : ensureRootFs(console.log, signal);
  rootFs?.catch(() => undefined); // said where it is waited for
  console.log(`checking: ${CHECKS.map(([name, tool]) => `${name} (${tool})`).join(', ')} …`);
  const checks = CHECKS.map(async ([name, tool, ...args]) => {
    const since = Date.now();
    const { status, output } = await runBehind(tool, args, signal);
    const seconds = ((Date.now() - since) / 1000).toFixed(1);
    console.log(`${name}: ${status === 0 ? 'ok' : 'failed'}, ${seconds} s`);
    if (status !== 0) {
      failed += 1;
      failures.push({ what: name, why: tool });
      process.stdout.write(output);
    }
  });
  if (!rootFs) await Promise.all(checks);
  else {
    for (const project of PROJECTS) {
      // Unit tests need no Asterisk.
      if (project !== 'unit') await rootFs;
      if (project === 'e2e') await Promise.all(checks);
      if (signal.aborted) break;
      console.log(`\n── ${project} tests`);
      const count = await runProject(project, signal);
      passed += count.passed;
      failed += count.failed;
      failures.push(...count.failures);
      secondTries.push(...count.secondTries);
    }
    if (!signal.aborted) {
      console.log('\n── cost');
      const bench = start(process.execPath, ['test/bench/compare.bench.ts'], 'inherit', { SHORT: '1' });
      const status = await ended(bench, signal);
      // 2: something costs more. Else it can't be told, where the other state doesn't fit these packages any more.
      passed += status === 0 ? 1 : 0;
      failed += status === 2 ? 1 : 0;
      if (status === 2) failures.push({ what: 'cost', why: 'see the lines that say MORE' });
    }
  }
  if (signal.aborted) {
    failed += 1;
    failures.push({ what: 'make test', why: 'interrupted' });
  }
  list('Failed at first, and passed alone', secondTries);
  list('Failed', failures);
  if (process.argv[2] === 'check') {
    console.log(failed === 0 ? '\nAll checks passed.' : `\n${failed} of ${CHECKS.length} checks failed.`);
    if (failed > 0) process.exitCode = 1;
    return;
  }
  const summary = `${passed} passed, ${failed} failed`;
  writeFileSync(join(results, 'summary'), `${summary}\n`);
  console.log(`\n${summary}`);
  if (failed > 0) process.exitCode = 1;
});

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
  /** What failed at first, and not when it was run again. */
  readonly secondTries: readonly Failure[];
}

async function runProject(project: string, signal: AbortSignal): Promise<Count> {
  const first = await runVitest(project, [], signal);
  const again = failedFiles(first.report);
  const isTriedAgain =
    TRIED_AGAIN.projects.includes(project) && again.length > 0 && again.length <= TRIED_AGAIN.most;
  if (!isTriedAgain || signal.aborted) return counted(project, first);
  console.log(`\n── ${project} tests, once more, alone: ${again.map(fromHere).join(', ')}`);
  const second = await runVitest(project, ['--maxWorkers=1', ...again.map(fromHere)], signal);
  const report = withSecondTry(first.report, second.report);
  const count = counted(project, { status: second.status, report });
  const still = new Set(count.failures.map(({ what }) => what));
  return { ...count, secondTries: failuresIn(first.report, PROJECT).filter(({ what }) => !still.has(what)) };
}

interface Run {
  readonly status: number;
  readonly report: TestReport;
}

async function runVitest(project: string, args: readonly string[], signal: AbortSignal): Promise<Run> {
  const file = join(results, args.length === 0 ? `${project}.json` : `${project}-again.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const status = await run('vitest', ['run', '--project', project, ...reporters, ...args], signal);
  try {
    return { status, report: JSON.parse(readFileSync(file, 'utf8')) as TestReport };
  } catch {
    // It didn't get as far as that.
    return { status, report: NO_REPORT };
  }
}

function counted(project: string, { status, report }: Run): Count {
  const { numPassedTests: passed, numFailedTests } = report;
  // A file that can't be loaded, an error outside of any test, or no test at all.
  const other = numFailedTests === 0 && (status !== 0 || passed === 0) ? 1 : 0;
  const failures = failuresIn(report, PROJECT);
  if (other > 0 && failures.length === 0)
    failures.push({ what: `${project} tests`, why: 'see their own last lines' });
  return { passed, failed: numFailedTests + other, failures, secondTries: [] };
}

function fromHere(path: string): string {
  return relative(PROJECT, path);
}

function list(title: string, failures: readonly Failure[]): void {
  if (failures.length === 0) return;
  console.log(`\n${title}:\n  ${failures.map(({ what, why }) => `${what}: ${why}`).join('\n  ')}`);
}

/** Runs a tool of node_modules/.bin with its output shown. Returns its exit status. */
async function run(tool: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  return await ended(start(toolPath(tool), args, 'inherit'), signal);
}

/** The same, but behind all else that has to do, and its output is kept. */
async function runBehind(
  tool: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ status: number; output: string }> {
  const child = start('nice', ['-n', '19', toolPath(tool), ...args], 'pipe');
  const pieces: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece: Buffer) => pieces.push(piece));
  const status = await ended(child, signal);
  return { status, output: Buffer.concat(pieces).toString() };
}

function toolPath(tool: string): string {
  return join(PROJECT, 'node_modules/.bin', tool);
}

function start(
  program: string,
  args: readonly string[],
  output: 'inherit' | 'pipe',
  environment: NodeJS.ProcessEnv = {},
): ChildProcess {
  return spawn(program, args, {
    cwd: PROJECT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', output, output],
  });
}

/** Its exit status, once its output has ended, too. */
function ended(child: ChildProcess, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const abort = (): void => {
      child.kill('SIGTERM');
    };
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', () => {
      resolve(127);
    });
    child.once('close', (code) => {
      signal.removeEventListener('abort', abort);
      resolve(code ?? 1);
    });
  });
}
