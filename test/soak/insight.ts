/**
 * For `node --import`, in the agent under test: counts what its threads hold, and lets one of them die. It answers
 * at the Unix socket SOAK_INSIGHT, `GET /` with an AgentState, `POST /die/NAME` when a thread whose name begins so is about to die (404: none has heard it).
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Session } from 'node:inspector';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { threadName } from '../support/thread-name.ts';

/** What one thread holds that lives. */
export interface ThreadState extends Partial<Living> {
  readonly thread: string;
  /** What keeps the event loop alive, by Node's names. */
  readonly resources: Readonly<Record<string, number>>;
  /** JavaScript heap in use, and what hangs on it outside (buffers), bytes. */
  readonly heap: number;
  readonly external: number;
}

/** Found by a garbage collection, which costs half a second of the processor: of the main thread only, where a call's state is. */
export interface Living {
  /** Timers that run, those that don't keep the program alive included. */
  readonly timers: number;
  /** Listeners at all event emitters and abort signals. */
  readonly listeners: number;
  /** Of what class of emitter, for what event: `Socket close`. */
  readonly listenersOf: Readonly<Record<string, number>>;
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
const DIES_MS = 5000;

if (isMainThread && socketPath !== undefined && socketPath !== '') {
  const server = createServer((request, response) => {
    void (async () => {
      const [, victim] = /^\/die\/([\w-]+)$/.exec(request.url ?? '') ?? [];
      if (victim !== undefined) {
        const heard = new Promise<boolean>((resolve) => {
          channel.onmessage = (message) => {
            if ('dying' in (message as { data: Told }).data) resolve(true);
          };
          setTimeout(resolve, DIES_MS, false);
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
      const main = { ...(await living()), ...state('main') };
      response.setHeader('connection', 'close');
      response.end(JSON.stringify([main, ...states.values()] satisfies AgentState));
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
    if ('ask' in told) channel.postMessage({ state: state(name) } satisfies Told);
  };
}
channel.unref();

/** As text, to be done where the objects are: `this` is all of them. */
const COUNT = `function () {
  const { EventEmitter, getEventListeners } = process.getBuiltinModule('events');
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  const Timeout = timer.constructor;
  const counts = { timers: 0, listeners: 0, listenersOf: {} };
  for (const one of this) try {
    if (one instanceof Timeout) counts.timers += one._destroyed || !(one._idleTimeout >= 0) ? 0 : 1;
    else if (one instanceof AbortSignal) counts.listeners += getEventListeners(one, 'abort').length;
    else if (one instanceof EventEmitter) for (const name of one.eventNames()) {
      const count = one.listenerCount(name);
      const kind = one.constructor.name + ' ' + String(name);
      counts.listeners += count;
      counts.listenersOf[kind] = (counts.listenersOf[kind] ?? 0) + count;
    }
  } catch { /* a prototype, or half an object */ }
  return counts;
}`;

function state(thread: string): ThreadState {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { thread, resources, heap: heapUsed, external: external + arrayBuffers };
}

/** Only the inspector can find all objects that live; it collects garbage before. */
async function living(): Promise<Living> {
  const session = new Session();
  session.connect();
  const post = (method: string, parameters: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      session.post(method, parameters, (error: Error | null, answer?: object) => {
        if (error) reject(error);
        else resolve(answer ?? {});
      });
    });
  const { result } = await post('Runtime.evaluate', { expression: 'Object.prototype' });
  const { objects } = await post('Runtime.queryObjects', { prototypeObjectId: result?.objectId });
  const counts = await post('Runtime.callFunctionOn', {
    ...{ objectId: objects?.objectId, functionDeclaration: COUNT, returnByValue: true },
  });
  session.disconnect();
  return counts.result?.value as Living;
}

interface Answer {
  readonly result?: { readonly objectId?: string; readonly value?: unknown };
  readonly objects?: { readonly objectId?: string };
}
