/** What every demonstration does with its calls, whatever carried them: judges them, keeps them, shows how fast they were. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { transcriptOf, turnsOf } from './agent-events.ts';
import type { AgentCall } from './agent-events.ts';
import type { Exchange } from './conversation.ts';
import { recordingOf } from './demo-calls.ts';
import type { DemoCall } from './demo-calls.ts';
import { DATA } from './paths.ts';
import { runFolder, sweepRunFolders } from './run-folders.ts';
import { LATENCY_HEAD, clock, latencyCells, table } from './show.ts';
import { UserError } from './user-error.ts';

/** One call of a demonstration, when it is over. */
export interface DemoResult {
  readonly plan: DemoCall;
  readonly exchanges: readonly Exchange[];
  readonly agentCall: AgentCall | undefined;
  readonly faults: readonly string[];
}

interface Demonstration<Result extends DemoResult> {
  /** The end of the folder's name. */
  readonly suffix?: string;
  /** Makes the calls; the agent's own files go into `folder`. Tells `over` of them while the agent still runs. */
  readonly run: (folder: string, over: (results: readonly Result[]) => void) => Promise<void>;
  /** Writes what was said and heard, as sound, if there is any. */
  readonly keep: (result: Result, folder: string) => void;
  /** Prints what else is known of the calls, behind the table. `heard` explains its last column. */
  readonly show: (results: readonly Result[]) => void;
  readonly heard: string;
}

/** Throws UserError unless all calls were as they should be. */
export async function demonstrate<Result extends DemoResult>(
  demo: Demonstration<Result>,
  signal: AbortSignal,
): Promise<void> {
  const demos = join(DATA, 'demo');
  sweepRunFolders(demos);
  // It gets its name when it is complete; what an interrupted run leaves is swept by the next one.
  const unfinished = runFolder(demos, 'unfinished');
  let results: readonly Result[] | undefined;
  try {
    await demo.run(unfinished, (calls) => {
      if (signal.aborted) return;
      results = calls;
      for (const result of results) {
        demo.keep(result, unfinished);
        const { plan, agentCall } = result;
        if (agentCall) writeFileSync(join(unfinished, `${plan.extension}.txt`), transcript(agentCall));
      }
      console.log(`\n${latencyTable(results)}\n${demo.heard}\n`);
      demo.show(results);
    });
  } finally {
    if (!results && signal.aborted) rmSync(unfinished, { recursive: true, force: true });
  }
  if (!results) return;
  const name = new Date().toISOString().slice(0, 19).replace(/:/g, '-');
  const folder = join(demos, `${name}${demo.suffix ?? ''}`);
  renameSync(unfinished, folder);
  console.log(
    `\nRecordings (caller left, agent right), transcripts and the agent's log: ${relative(process.cwd(), folder)}/`,
  );
  const faults = results.flatMap((result) => result.faults);
  if (faults.length > 0) throw new UserError(`Not as it should be:\n  ${faults.join('\n  ')}`);
  console.log('\nBoth calls were answered, understood and replied to.');
}

function transcript(call: AgentCall): string {
  return transcriptOf(call)
    .map((line) => `${clock(line.at)}  ${line.who.padEnd(6)}  ${line.text}\n`)
    .join('');
}

function latencyTable(results: readonly DemoResult[]): string {
  const rows = results.flatMap(({ plan, exchanges, agentCall }) => {
    const latencies = agentCall ? turnsOf(agentCall) : [];
    return exchanges.map((one) => {
      const { text } = recordingOf(plan.voice, one.name);
      const latency = latencies.find(({ at }) => at >= (one.said?.startedAt ?? Infinity))?.latency;
      const said = one.tries > 1 ? `${text} (${one.tries} times)` : text;
      return [plan.extension, said, ...latencyCells(latency), one.responseMs];
    });
  });
  return table(['call', 'caller said', ...LATENCY_HEAD, 'heard after ms'], rows);
}
