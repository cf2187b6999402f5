/** Runs one target in a thread of its own: one that hangs can be ended, and says on what. */
import { parentPort, workerData } from 'node:worker_threads';
import { FuzzRun } from './fuzz-run.ts';
import type { FuzzOrder, FuzzReport } from './fuzz-thread.ts';
import { sessionFromJson, sessionToJson } from './target.ts';
import { TARGETS, type TargetName } from './targets.ts';

const {
  target: name,
  order,
  current,
} = workerData as {
  readonly target: TargetName;
  readonly order: FuzzOrder;
  readonly current: SharedArrayBuffer;
};
const place = new Uint8Array(current, 8);
const [length, count] = [new Int32Array(current, 0, 1), new Int32Array(current, 4, 1)];
const encoder = new TextEncoder();
const tell = (report: FuzzReport): void => {
  parentPort?.postMessage(report);
};

const target = await TARGETS[name]();
const run = new FuzzRun(name, target, (session) => {
  // Before it runs: a thread that hangs tells nothing any more.
  length[0] = encoder.encodeInto(sessionToJson(session), place).written;
  Atomics.add(count, 0, 1);
});
let finding =
  order.session === undefined ? await run.corpus() : await run.one(sessionFromJson(order.session));
const { seed, runs = 0, ms } = order;
const until = performance.now() + (ms ?? 0);
for (let n = 0; finding === undefined && runs > 0; n++) {
  finding = await run.mutations(seed + n, runs);
  tell({ type: 'progress', sessions: run.sessions, seed: seed + n });
  if (ms !== undefined && performance.now() >= until) break;
}
await target.close?.();
tell({ type: 'done', sessions: run.sessions, finding });
process.exit();
