import { catchUncaught } from '../../src/app/uncaught-failures.ts';

/** What the test runner takes for a failure of the test is the program's to deal with, as in main.ts. */
export function programCatchesUncaught(onFatal: (error: unknown) => void): () => void {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  for (const event of events) process.removeAllListeners(event);
  const withdraw = catchUncaught(onFatal);
  return () => {
    withdraw();
    for (const [index, event] of events.entries())
      for (const listener of before[index] ?? []) process.on(event, listener);
  };
}
