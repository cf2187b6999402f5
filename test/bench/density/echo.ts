/** The gateway's sockets, loop and codec alone, for the same echo as the C loop's; see echo-worker.ts. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { callers, contend, keepBusy } from './contender.ts';
import { threadsCpuMs } from '../threads-cpu.ts';

const worker = new Worker(new URL('echo-worker.ts', import.meta.url), {
  name: 'media-echo',
  workerData: callers,
});
const [port] = (await once(worker, 'message')) as [number];
keepBusy();
contend([port], () => threadsCpuMs('media-'));
