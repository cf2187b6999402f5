/**
 * What the thread is called in which this runs. `threadName` of node:worker_threads came with Node 22.20 and 24.6, and the
 * program is for 22.18, too: a ThreadRun gives its thread the name as the last argument as well.
 */
export function threadName(): string {
  return process.argv.at(-1) ?? '';
}
