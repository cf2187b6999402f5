/**
 * `make bench PART=start`: how long the agent takes until it takes calls, what that costs, and what memory it and its calls
 * hold; with embedded providers, and with an emulated cloud (embedded ones behind it, as `auto` has it).
 *
 *     make bench PART=start [ROUNDS=3] [CALLS=10] [ONLY=cloud] [LOG=1]
 *
 * Cold: an empty data folder. Warm: that of an earlier run. Callers are Asterisk's own music on hold, so that recogniser
 * and detector have something to do all the time. `LOG=1` also prints the agent's log, which says when each part was there. CPU seconds are the
 * steadier figure on a machine that has other work.
 */
import { readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabAgent } from '../../lab/agent.ts';
import { parseLogLine } from '../../lab/agent-events.ts';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { labFolder } from '../../lab/paths.ts';
import { openProviders } from '../../lab/providers.ts';
import { runFolder } from '../../lab/run-folders.ts';
import { runMain } from '../../lab/run-main.ts';
import { cpuSeconds } from '../support/processes.ts';

const KINDS = { embedded: 'embedded', cloud: 'emulated' } as const;
type Kind = keyof typeof KINDS;

/** After the start, for what is done when nobody waits any more. */
const SETTLE_MS = 8000;
/** Each call is heard for so long. */
const CALL_MS = 12_000;

interface Start {
  readonly readyMs: number;
  readonly cpuSeconds: number;
  readonly agent: LabAgent;
}

const { ROUNDS = '3', CALLS = '10', ONLY, LOG } = process.env;

await runMain(async (signal) => {
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => (ONLY ?? kind) === kind);
  say(`${cpus().length} processors, Node.js ${process.version}, load ${loadavg()[0]?.toFixed(1) ?? '?'}`);
  const asterisk = await NativeAsterisk.start({ signal });
  try {
    const rows: (readonly string[])[] = [];
    for (const kind of kinds) rows.push(...(await measure(kind, asterisk, signal)));
    table(
      [
        'providers',
        'what',
        'takes calls after',
        'CPU until then',
        'CPU, settled',
        'memory (RSS)',
        'own (PSS)',
      ],
      rows,
    );
  } finally {
    await asterisk.stop();
  }
});

async function measure(kind: Kind, asterisk: NativeAsterisk, signal: AbortSignal): Promise<string[][]> {
  process.env['PROVIDERS'] = KINDS[kind];
  const providers = await openProviders(() => undefined);
  const folder = runFolder(labFolder(), 'start');
  const begin = async (): Promise<Start> => {
    const at = Date.now();
    const agent = await LabAgent.start({
      asterisk,
      dataFolder: join(folder, 'data'),
      logFile: join(folder, 'agent.log'),
      environment: {
        ...providers.environment,
        NODE_COMPILE_CACHE: join(folder, 'data', 'compiled'),
        LOG_LEVEL: LOG === undefined ? 'info' : 'debug',
        ...consoleSettings(),
      },
      signal,
    });
    const ready = agent.lines.map(parseLogLine).find((line) => line?.event === 'ready');
    const readyMs = (ready?.time ?? NaN) - at;
    if (LOG !== undefined) say(agent.lines.join('\n'));
    return { readyMs, cpuSeconds: cpuSeconds(agent.pid), agent };
  };
  const rows: string[][] = [];
  const note = async (name: string, start: Start): Promise<void> => {
    await sleep(SETTLE_MS, undefined, { signal });
    const { rss, pss } = memory(start.agent.pid);
    rows.push([
      kind,
      name,
      `${start.readyMs.toFixed(0)} ms`,
      `${start.cpuSeconds.toFixed(2)} s`,
      `${cpuSeconds(start.agent.pid).toFixed(2)} s`,
      `${rss.toFixed(0)} MB`,
      `${pss.toFixed(0)} MB`,
    ]);
  };
  try {
    for (let round = 0; round <= Number(ROUNDS); round += 1) {
      const start = await begin();
      try {
        await note(round === 0 ? 'cold' : 'warm', start);
        if (round === Number(ROUNDS)) rows.push(...(await withCalls(kind, asterisk, start.agent, signal)));
      } finally {
        await start.agent.stop();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await providers.stop();
  }
  return rows;
}

/** Calls at a time, twice: what the first ones leave behind is no growth. */
async function withCalls(
  kind: Kind,
  asterisk: NativeAsterisk,
  agent: LabAgent,
  signal: AbortSignal,
): Promise<string[][]> {
  const rows: string[][] = [];
  const note = (name: string): void => {
    const { rss, pss } = memory(agent.pid);
    rows.push([kind, name, '', '', '', `${rss.toFixed(0)} MB`, `${pss.toFixed(0)} MB`]);
  };
  for (const calls of [1, Number(CALLS), Number(CALLS)]) {
    for (let call = 0; call < calls; call += 1)
      await asterisk.cli('channel originate Local/510001@phones/n application MusicOnHold');
    await sleep(CALL_MS, undefined, { signal });
    const running = (await asterisk.bridges()).length;
    note(`${calls} calls${running === calls ? '' : ` (${running} of them)`}`);
    await asterisk.cli('channel request hangup all');
    await sleep(SETTLE_MS, undefined, { signal });
    note('after them');
  }
  return rows;
}

function consoleSettings(): Record<string, string> {
  return {
    CONSOLE_ENABLED: 'true',
    CONSOLE_LISTEN_PORT: '0',
    CONSOLE_OPERATE_TOKEN: 'start-bench-token-0123456789',
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function memory(pid: number): { rss: number; pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1]) / 1000;
  return { rss: of('Rss'), pss: of('Pss') };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  say(line(head));
  say(`| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  for (const row of rows) say(line(row));
}
