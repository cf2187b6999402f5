/**
 * How long the agent takes until it takes calls, what that costs, and what memory it and its calls
 * hold; with embedded providers, and with an emulated cloud (embedded ones behind it, as `auto` has it).
 *
 *     make bench PART=start [ROUNDS=3] [AT_ONCE=10] [ONLY=cloud] [LOG=1]
 *
 * Cold: an empty data folder. Warm: that of an earlier run. Callers are Asterisk's own music on hold, so that recogniser
 * and detector have something to do all the time. `LOG=1` also prints the agent's log, which says when each part was there. CPU seconds are the
 * steadier figure on a machine that has other work.
 */
import { readFileSync, rmSync } from 'node:fs';
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
import { keepRaw, rawOf } from './raw.ts';
import { startText, type StartRow } from './start-table.ts';

const KINDS = { embedded: 'embedded', cloud: 'emulated' } as const;
type Kind = keyof typeof KINDS;

/** After the start, for what is done when nobody waits any more. */
const SETTLE_MS = 12_000;
/** The agent gives memory back 5 s after the last call (unused-memory.ts). */
const AFTER_CALLS_MS = 9000;
/** Each call is heard for so long. */
const CALL_MS = 8000;

interface Start {
  readonly readyMs: number;
  readonly cpuSeconds: number;
  readonly agent: LabAgent;
}

const { ROUNDS = '3', AT_ONCE = '10', ONLY, LOG } = process.env;

await runMain(async (signal) => {
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => (ONLY ?? kind) === kind);
  const asterisk = await NativeAsterisk.start({ signal });
  try {
    const all: StartRow[] = [];
    for (const kind of kinds) all.push(...(await measure(kind, asterisk, signal)));
    const raw = rawOf({ rounds: Number(ROUNDS), calls: Number(AT_ONCE) }, all);
    say(startText(raw));
    keepRaw(raw);
  } finally {
    await asterisk.stop();
  }
});

async function measure(kind: Kind, asterisk: NativeAsterisk, signal: AbortSignal): Promise<StartRow[]> {
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
    return { readyMs, cpuSeconds: (ready?.cpuMs ?? NaN) / 1000, agent };
  };
  const rows: StartRow[] = [];
  const note = async (what: string, { agent, ...took }: Start): Promise<void> => {
    await sleep(SETTLE_MS, undefined, { signal });
    const cpuSettledSeconds = cpuSeconds(agent.pid);
    rows.push({ providers: kind, what, ...took, cpuSettledSeconds, ...memory(agent.pid) });
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

/** One call, and then several at a time: with the first, providers that only follow others are loaded. */
async function withCalls(
  kind: Kind,
  asterisk: NativeAsterisk,
  agent: LabAgent,
  signal: AbortSignal,
): Promise<StartRow[]> {
  const rows: StartRow[] = [];
  const note = (what: string): void => {
    rows.push({ providers: kind, what, ...memory(agent.pid) });
  };
  for (const calls of [1, Number(AT_ONCE)]) {
    for (let call = 0; call < calls; call += 1)
      await asterisk.cli('channel originate Local/510001@phones/n application MusicOnHold');
    await sleep(CALL_MS, undefined, { signal });
    const running = (await asterisk.bridges()).length;
    const what = `${calls} call${calls === 1 ? '' : 's'}`;
    note(`${what}${running === calls ? '' : ` (${running} of them)`}`);
    await asterisk.cli('channel request hangup all');
    await sleep(AFTER_CALLS_MS, undefined, { signal });
    note(`after ${what}`);
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

function memory(pid: number): Pick<StartRow, 'rssMb' | 'pssMb'> {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1]) / 1000;
  return { rssMb: of('Rss'), pssMb: of('Pss') };
}
