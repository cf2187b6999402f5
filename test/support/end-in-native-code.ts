/**
 * A program of its own, because what it guards against kills a process: it starts threads of the kind that its argument
 * names, and ends each while it is in an addon's code. Then it prints how many were ended, and how many were abandoned.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { SPEECH_POLICY } from '../../src/threads/policies.ts';
import { SupervisedThread } from '../../src/threads/supervised-thread.ts';

const ROUNDS = 8;

/** The module that works in the thread, below the project's folder, and what it is given. */
const KINDS: Readonly<Record<string, { worker: string; data: object }>> = {
  media: {
    worker: 'src/gateways/rtp/media-worker.ts',
    data: {
      address: '127.0.0.1',
      port: 0,
      receiveBufferBytes: 65_536,
      realtime: 'auto',
      unknownPeers: new SharedArrayBuffer(4),
      keptSocket: new SharedArrayBuffer(4),
    },
  },
  // It has no model, and looks for it when the runtime is loaded.
  'end-of-turn': {
    worker: 'src/providers/embedded/end-of-turn/smart-turn-worker.ts',
    data: { modelPath: '/nowhere/smart-turn.onnx' },
  },
  stt: { worker: 'src/providers/embedded/stt/stt-worker.ts', data: { maxStreams: 1 } },
  calls: { worker: 'test/support/obedient-thread.ts', data: { starts: new SharedArrayBuffer(4) } },
};

const kind = process.argv[2] ?? '';
const { worker, data } = KINDS[kind]!;
const inside = new BroadcastChannel('inside');
// The program's own worker, which says when it begins to load an addon.
const code = `
  import { BroadcastChannel } from 'node:worker_threads';
  const inside = new BroadcastChannel('inside');
  inside.unref();
  const { dlopen } = process;
  process.dlopen = (...args) => {
    inside.postMessage('now');
    return dlopen.apply(process, args);
  };
  await import(${JSON.stringify(new URL(`../../${worker}`, import.meta.url).href)});`;

let abandoned = 0;
for (let round = 0; round < ROUNDS; round++) {
  const thread = new SupervisedThread<unknown, unknown>({
    name: kind,
    entry: new URL(`data:text/javascript,${encodeURIComponent(code)}`),
    data: () => data,
    policy: { ...SPEECH_POLICY, stopMs: 50 },
    atWork: () => false,
    onReport: () => undefined,
    onDown: () => undefined,
    onWarning: () => (abandoned += 1),
  });
  const begun = new Promise((resolve) => (inside.onmessage = resolve));
  const started = thread.start().catch(() => undefined);
  if (kind === 'calls') {
    await started;
    thread.tell({ do: 'call natively', ms: 3000 });
  } else await begun;
  await thread.close();
  await started;
}
inside.close();
process.stdout.write(`${ROUNDS} ended, ${abandoned} abandoned`);
