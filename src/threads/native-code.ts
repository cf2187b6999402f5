/**
 * Keeps a thread's end away from its native code. `terminate()` makes V8 refuse what an addon asks of it, and addons don't
 * bear that: the process dies with all its calls. Measured with koffi 3.3.4 and onnxruntime-node 1.30: SIGABRT while they
 * are loaded, SIGSEGV where koffi writes a result into an array (Koromix/koffi issue 190).
 */
import { workerData } from 'node:worker_threads';

const INSIDE = 1;
const BARRED = 2;

/** What a thread is given of its NativeCodeGate, among its own `workerData`. */
interface Given {
  readonly nativeCode?: SharedArrayBuffer;
}

/** The supervisor's side, one for each thread. */
export class NativeCodeGate {
  /** One Int32 for the thread's `workerData`. A thread is inside until it has loaded its modules: addons may be among them. */
  readonly nativeCode = new SharedArrayBuffer(4);
  readonly #state = new Int32Array(this.nativeCode).fill(INSIDE);

  /** Resolves when the thread is outside and won't get in any more; never if it hangs there. */
  async bar(): Promise<void> {
    const before = Atomics.or(this.#state, 0, BARRED);
    if (before & INSIDE) await Atomics.waitAsync(this.#state, 0, INSIDE | BARRED).value;
  }
}

const given = (workerData as Given | null)?.nativeCode;
/** Not a supervised thread's: nobody bars it. */
const state = new Int32Array(given ?? new SharedArrayBuffer(4));
let loading = given !== undefined;
let depth = loading ? 1 : 0;

/** The thread's side: it has loaded its modules. */
export function modulesLoaded(): void {
  if (loading) leave();
  loading = false;
}

/**
 * Whatever calls an addon goes through here: a thread isn't terminated before `work` has returned, or has been settled if
 * it's a promise. Throws if the thread is about to be terminated.
 */
export function inNativeCode<T>(work: () => T): T {
  enter();
  let result: T | undefined;
  try {
    result = work();
    return result instanceof Promise ? (result.finally(leave) as T) : result;
  } finally {
    if (!(result instanceof Promise)) leave();
  }
}

function enter(): void {
  if (depth === 0 && Atomics.compareExchange(state, 0, 0, INSIDE) !== 0) {
    throw new Error('the thread is being ended');
  }
  depth += 1;
}

function leave(): void {
  depth -= 1;
  if (depth === 0 && Atomics.and(state, 0, ~INSIDE) & BARRED) Atomics.notify(state, 0);
}
