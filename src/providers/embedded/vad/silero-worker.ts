import { setTimeout } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { messageOf } from '../../../lib/errors.ts';
import { collectAfterCalls } from '../../../threads/collect-garbage.ts';
import { ThreadSide } from '../../../threads/thread-side.ts';
import { loadSilero, type SileroModel } from './silero-model.ts';
import { VadCall } from './vad-call.ts';
import type { OpenVad, VadReplyMessage, VadRequestMessage, VadWorkerData } from './vad-messages.ts';

/**
 * The speech thread that listens to all calls. With few of them, each one's ring wakes it; with many, it looks at all in
 * turn, for a wake costs more than a look.
 */
const main = new ThreadSide<VadRequestMessage, VadReplyMessage>();

/** From this many calls on all are looked at every LOOK_MS: as many wakes as eight calls have frames. */
const MANY_CALLS = 8;
const LOOK_MS = 3;

interface OpenCall {
  readonly call: VadCall;
  /** Its ring will wake the thread. */
  followed: boolean;
}

const calls = new Map<number, OpenCall>();
const afterCall = collectAfterCalls(16);
let looking = false;

try {
  serve(loadSilero((workerData as VadWorkerData).modelPath));
} catch (error) {
  main.unable(error);
}

function serve(model: SileroModel): void {
  main.ready(undefined, {
    obey(request) {
      if (request.type === 'open') open(model, request);
      else forget(request.stream);
    },
    stop() {
      calls.clear();
    },
  });
}

function open(model: SileroModel, request: OpenVad): void {
  const { stream } = request;
  try {
    const call = new VadCall(request, (event) => {
      if (calls.get(stream)?.call === call) main.report({ type: 'event', stream, event });
    });
    calls.set(stream, { call, followed: false });
    void wait(model);
  } catch (error) {
    main.report({ type: 'failed', stream, message: messageOf(error) });
  }
}

/** Sees to it that every call's frames are noticed, one way or the other. */
async function wait(model: SileroModel): Promise<void> {
  if (looking) return;
  looking = true;
  while (calls.size >= MANY_CALLS) {
    await setTimeout(LOOK_MS);
    judgeDue(model);
    for (const stream of calls.keys()) endIfOver(stream);
  }
  looking = false;
  for (const [stream, each] of calls) if (!each.followed) void follow(model, stream, each);
}

async function follow(model: SileroModel, stream: number, followed: OpenCall): Promise<void> {
  followed.followed = true;
  while (!looking && calls.get(stream) === followed) {
    if (await followed.call.reader.wait()) judgeDue(model);
    endIfOver(stream);
  }
  followed.followed = false;
}

function endIfOver(stream: number): void {
  const over = calls.get(stream)?.call;
  if (!over?.reader.closed || over.reader.available > 0) return;
  over.close();
  forget(stream);
}

function forget(stream: number): void {
  if (calls.delete(stream)) afterCall();
}

/** Judges everything that is due, and what becomes due meanwhile: every call's window in one run. A failing model ends the thread. */
function judgeDue(model: SileroModel): void {
  for (let ready = due(); ready.length > 0; ready = due()) {
    for (const rateHz of [8000, 16000] as const) {
      const same = ready.filter((call) => call.rateHz === rateHz);
      const lanes = same.map(({ lane }) => lane);
      model.run(rateHz, lanes);
      for (const call of same) call.judge();
    }
  }
}

/** The calls that have a window for the model. */
function due(): VadCall[] {
  const found: VadCall[] = [];
  for (const { call } of calls.values()) if (call.fill()) found.push(call);
  return found;
}
