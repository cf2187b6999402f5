import { FailureDomain } from '../lib/failure-domain.ts';

/**
 * Takes charge of everything that is thrown, or rejected, and not caught: it is the failure of the call
 * whose code it was, or else comes to `onFatal`. Returns how to withdraw that.
 */
export function catchUncaught(onFatal: (error: unknown) => void): () => void {
  const route = (error: unknown): void => {
    const domain = FailureDomain.current();
    if (domain) domain.fail(error);
    else onFatal(error);
  };
  process.on('uncaughtException', route);
  process.on('unhandledRejection', route);
  // Node 22 has left the store already when a microtask's error comes here; with Node 24 it is there still (seen
  // with 22.18 and 24.21).
  const { queueMicrotask: original } = globalThis;
  globalThis.queueMicrotask = (callback) => {
    original(FailureDomain.bind(callback));
  };
  return () => {
    process.off('uncaughtException', route);
    process.off('unhandledRejection', route);
    globalThis.queueMicrotask = original;
  };
}
