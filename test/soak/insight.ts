/**
 * For `node --import`, in the agent under test: counts what its threads hold, and lets one of them die. It answers
 * at the Unix socket SOAK_INSIGHT, `GET /` with an AgentState, `POST /die/NAME` when a thread whose name begins so is about to die (404: none has heard it).
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Session } from 'node:inspector';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { threadName } from '../support/thread-name.ts';

/** What one thread holds that lives; after a garbage collection. */
export interface ThreadState {
  readonly thread: string;
  /** Timers that run, those that don't keep the program alive included. */
  readonly timers: number;
  /** Listeners at all event emitters and abort signals. */
  readonly listeners: number;
  /** Of what class of emitter, for what event: `Socket close`. */
  readonly listenersOf: Readonly<Record<string, number>>;
  /** What keeps the event loop alive, by Node's names. */
  readonly resources: Readonly<Record<string, number>>;
  /** JavaScript heap in use, and what hangs on it outside (buffers), bytes. */
  readonly heap: number;
  readonly external: number;
}

export type AgentState = readonly ThreadState[];

type Told =
  | { readonly ask: 'state' }
  | { readonly die: string }
  | { readonly dying: string }
  | { readonly state: ThreadState };

const channel = new BroadcastChannel('soak-insight');
const socketPath = process.env['SOAK_INSIGHT'];
/** So long the threads have to answer; one in the middle of something native may take its time. */
const ANSWERS_MS = 1000;

if (isMainThread && socketPath !== undefined && socketPath !== '') {
  const server = createServer((request, response) => {
    void (async () => {
      const [, victim] = /^\/die\/([\w-]+)$/.exec(request.url ?? '') ?? [];
      if (victim !== undefined) {
        const heard = new Promise<boolean>((resolve) => {
          channel.onmessage = (message) => {
            if ('dying' in (message as { data: Told }).data) resolve(true);
          };
          setTimeout(resolve, ANSWERS_MS, false);
        });
        channel.postMessage({ die: victim } satisfies Told);
        response.statusCode = (await heard) ? 200 : 404;
        response.end();
        return;
      }
      const states = new Map<string, ThreadState>();
      channel.onmessage = (message) => {
        const told = (message as { data: Told }).data;
        if ('state' in told) states.set(told.state.thread, told.state);
      };
      channel.postMessage({ ask: 'state' } satisfies Told);
      await new Promise((resolve) => setTimeout(resolve, ANSWERS_MS));
      response.setHeader('connection', 'close');
      response.end(JSON.stringify([await state('main'), ...states.values()] satisfies AgentState));
    })();
  });
  server.listen(socketPath);
  await once(server, 'listening');
  server.unref();
} else if (!isMainThread) {
  channel.onmessage = (message) => {
    const told = (message as { data: Told }).data;
    const name = threadName();
    if ('die' in told && name.startsWith(told.die)) {
      channel.postMessage({ dying: name } satisfies Told);
      setImmediate(() => process.exit(1));
    }
    if (!('ask' in told)) return;
    void state(name).then((answer) => {
      channel.postMessage({ state: answer } satisfies Told);
    });
  };
}
channel.unref();

/** What is counted: the prototype of all objects that are looked at, and how many one of them counts for. */
const COUNTED = {
  emitters: [
    "process.getBuiltinModule('events').EventEmitter.prototype",
    `(one) => one.eventNames().reduce((sum, name) => sum + one.listenerCount(name), 0)`,
  ],
  signals: [
    'AbortSignal.prototype',
    `(one) => process.getBuiltinModule('events').getEventListeners(one, 'abort').length`,
  ],
  timers: [
    '((timer) => { clearTimeout(timer); return Object.getPrototypeOf(timer); })(setTimeout(() => {}, 0))',
    '(one) => one._destroyed || !(one._idleTimeout >= 0) ? 0 : 1',
  ],
} as const;

const KINDS = `function () {
  const kinds = {};
  for (const one of this) try {
    for (const name of one.eventNames()) {
      const kind = one.constructor.name + ' ' + String(name);
      kinds[kind] = (kinds[kind] ?? 0) + one.listenerCount(name);
    }
  } catch { /* as above */ }
  return kinds;
}`;

async function state(thread: string): Promise<ThreadState> {
  const { listenersOf, ...counts } = await living();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    ...{ thread, timers: counts.timers, listeners: counts.emitters + counts.signals, listenersOf },
    ...{ resources, heap: heapUsed, external: external + arrayBuffers },
  };
}

/** Only the inspector can find all objects that live; it collects garbage before. */
async function living(): Promise<
  Record<keyof typeof COUNTED, number> & { readonly listenersOf: Record<string, number> }
> {
  const session = new Session();
  session.connect();
  const post = (method: string, parameters: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      session.post(method, parameters, (error: Error | null, answer?: object) => {
        if (error) reject(error);
        else resolve(answer ?? {});
      });
    });
  const counts = { emitters: 0, signals: 0, timers: 0, listenersOf: {} as Record<string, number> };
  for (const key of Object.keys(COUNTED) as (keyof typeof COUNTED)[]) {
    const [prototype, count] = COUNTED[key];
    const { result } = await post('Runtime.evaluate', { expression: prototype, objectGroup: 'soak' });
    const { objects } = await post('Runtime.queryObjects', {
      prototypeObjectId: result?.objectId,
      objectGroup: 'soak',
    });
    const sum = `function () {
      const count = ${count};
      let sum = 0;
      for (const one of this) try { sum += count(one); } catch { /* a prototype, or half an object */ }
      return sum;
    }`;
    const answer = await post('Runtime.callFunctionOn', {
      ...{ objectId: objects?.objectId, functionDeclaration: sum, returnByValue: true },
    });
    counts[key] = answer.result?.value as number;
    if (key === 'emitters') {
      const kinds = await post('Runtime.callFunctionOn', {
        ...{ objectId: objects?.objectId, functionDeclaration: KINDS, returnByValue: true },
      });
      counts.listenersOf = kinds.result?.value as Record<string, number>;
    }
    await post('Runtime.releaseObjectGroup', { objectGroup: 'soak' });
  }
  session.disconnect();
  return counts;
}

interface Answer {
  readonly result?: { readonly objectId?: string; readonly value?: unknown };
  readonly objects?: { readonly objectId?: string };
}
