import { workerData } from 'node:worker_threads';
import { messageOf } from '../../../lib/errors.ts';
import { inNativeCode } from '../../../threads/native-code.ts';
import { ThreadSide } from '../../../threads/thread-side.ts';
import { loadSilero, type SileroModel } from './silero-model.ts';
import { VadCall } from './vad-call.ts';
import type { OpenVad, VadReplyMessage, VadRequestMessage, VadWorkerData } from './vad-messages.ts';

/**
 * The speech thread that listens to all calls. Each call's ring wakes it; what is due by then is
 * judged in one run of the model, so that the busier it gets, the cheaper a call becomes.
 */
const main = new ThreadSide<VadRequestMessage, VadReplyMessage>();

/** How long a ring may stay silent before it is looked at again, in case that a wake-up got lost. */
const LOOK_MS = 1000;
/** From this many calls on, windows are gathered for GATHER_MS: a batch of 8 costs a third a window. */
const GATHER_CALLS = 8;
const GATHER_MS = 2;

const calls = new Map<number, VadCall>();
let due: { call: VadCall; served: () => void }[] = [];
let running = false;

try {
  serve(await inNativeCode(() => loadSilero((workerData as VadWorkerData).modelPath)));
} catch (error) {
  main.unable(error);
}

function serve(model: SileroModel): void {
  main.ready(undefined, {
    obey(request) {
      if (request.type === 'open') open(model, request);
      else calls.delete(request.stream);
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
      if (calls.get(stream) === call) main.report({ type: 'event', stream, event });
    });
    calls.set(stream, call);
    void follow(model, stream, call);
  } catch (error) {
    main.report({ type: 'failed', stream, message: messageOf(error) });
  }
}

/** Waits for the call's frames as long as it is open. */
async function follow(model: SileroModel, stream: number, call: VadCall): Promise<void> {
  while (calls.get(stream) === call) {
    if (await call.reader.wait(LOOK_MS)) {
      await new Promise<void>((served) => {
        due.push({ call, served });
        schedule(model);
      });
    } else if (call.reader.closed) {
      call.close();
      calls.delete(stream);
    }
  }
}

function schedule(model: SileroModel): void {
  if (running) return;
  running = true;
  const go = (): void => void run(model);
  if (calls.size >= GATHER_CALLS) setTimeout(go, GATHER_MS);
  else setImmediate(go);
}

/** Judges everything that is due, and what becomes due meanwhile. A failing model ends the thread. */
async function run(model: SileroModel): Promise<void> {
  while (due.length > 0) {
    const batch = due;
    due = [];
    for (let ready = batch; ready.length > 0;) {
      ready = ready.filter(({ call }) => call.fill());
      for (const rateHz of [8000, 16000] as const) {
        const same = ready.filter(({ call }) => call.rateHz === rateHz);
        if (same.length === 0) continue;
        const lanes = same.map(({ call }) => call.lane);
        await inNativeCode(() => model.run(rateHz, lanes));
        for (const { call } of same) call.judge();
      }
    }
    for (const { served } of batch) served();
  }
  running = false;
}
