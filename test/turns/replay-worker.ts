/** A thread of the bench: replays what it is told, one case after the other. */
import { parentPort } from 'node:worker_threads';
import { VARIANTS } from './agent-call.ts';
import { allCases } from './cases.ts';
import { replay } from './replay.ts';
import { swept, type Job } from './run.ts';

const cases = new Map(allCases().map((test) => [test.id, test]));

parentPort?.on('message', ({ test, variant, pauseMs }: Job) => {
  const found = cases.get(test);
  const row = VARIANTS.find(({ name }) => name === variant);
  if (!found || !row) throw new RangeError(`there is no case "${test}" or no row "${variant}"`);
  void replay(found, pauseMs === undefined ? row : swept(row, pauseMs)).then((log) =>
    parentPort?.postMessage(log),
  );
});
