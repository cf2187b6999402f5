import { once } from 'node:events';
import { KNOWN_PROVIDERS } from './app/known-providers.ts';
import { catchUncaught } from './app/uncaught-failures.ts';
import { loadConfig } from './config.ts';
import { systemClock, type Milliseconds } from './lib/clock.ts';
import { messageOf, VoiceAgentError } from './lib/errors.ts';
import { createLogger } from './observability/logger.ts';

/** For a program that is told a second time to stop: callers go on in the dialplan, and what is open is closed. */
const CLOSE_MS = 4000;

/** After a bug that belongs to no call: calls have this long to end. Then those that are left go on in the dialplan. */
const DRAIN_AFTER_BUG_MS = 60_000;

/** For what is left to end by itself, after everything was closed: a program that stays does nothing, and no supervisor knows. */
const LINGER_MS: Milliseconds = 2000;

/** Exit status after such a bug (sysexits.h EX_SOFTWARE). */
const EX_SOFTWARE = 70;

/** Exit status of a program that was told something that it can't use (sysexits.h EX_CONFIG). */
const EX_CONFIG = 78;

async function main(): Promise<void> {
  const config = loadConfig({ env: process.env, known: KNOWN_PROVIDERS });
  const log = createLogger(config.log);

  // A thread that hangs in native code keeps the process from ending by itself.
  const abandoned = new AbortController();
  const leave = (status: number): never => {
    if (abandoned.signal.aborted) process.kill(process.pid, 'SIGKILL');
    process.exit(status);
  };

  /** As soon as nothing is left that would keep it, or a moment later. */
  const leaveSoon = (status: number): void => {
    process.exitCode = status;
    setTimeout(() => leave(status), LINGER_MS).unref();
  };

  // The first signal lets the calls come to their end, the second sends them on, the third waits for nothing.
  const stop = new AbortController();
  const hurry = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (hurry.signal.aborted) leave(1);
    const next = stop.signal.aborted ? hurry : stop;
    log.info({ signal }, next === stop ? 'stopping' : 'stopping at once');
    next.abort();
  };
  // A terminal that is closed ends the program as Ctrl-C does; what rotates logs means no harm: there is nothing to open anew.
  process.on('SIGHUP', (signal) => {
    if (process.stdout.isTTY) onSignal(signal);
    else log.info({ signal }, 'the log goes to standard output: nothing is opened anew');
  });
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  // After a bug the program's state is unknown: it ends as soon as its calls have, and a supervisor starts another.
  const broken = new AbortController();
  const giveUp = (about: object, message: string): void => {
    log.fatal(about, `${message}: the program lets its calls end, and leaves`);
    broken.abort();
    stop.abort();
  };
  catchUncaught((error) => {
    giveUp({ err: error }, 'a bug that belongs to no call');
  });
  const onAbandoned = (thread: string, needed: boolean): void => {
    abandoned.abort();
    if (needed) giveUp({ thread }, `the program can't go on without its thread ${thread}`);
  };

  const run = async (): Promise<void> => {
    // A configuration that is wrong is told before all of the program is loaded.
    const { startApp } = await import('./app.ts');
    const app = await startApp(config, log, stop.signal, onAbandoned);
    await aborted(stop.signal);
    const drained = app.drain(broken.signal.aborted ? DRAIN_AFTER_BUG_MS : undefined);
    await Promise.race([drained, aborted(hurry.signal), after(broken.signal, DRAIN_AFTER_BUG_MS)]);
    await app.close();
  };
  const tooLate = Promise.race([
    after(hurry.signal, CLOSE_MS),
    after(broken.signal, DRAIN_AFTER_BUG_MS + CLOSE_MS),
  ]);
  try {
    await Promise.race([run(), tooLate]);
  } catch (error) {
    // Something couldn't be closed: what it was is told, and not waited for.
    if (error instanceof AggregateError) {
      log.error({}, messageOf(error));
      leave(broken.signal.aborted ? EX_SOFTWARE : 1);
    }
    // What was stopped while it was starting hasn't failed.
    if (error !== stop.signal.reason) {
      if (!(error instanceof VoiceAgentError)) throw error;
      log.fatal({ code: error.code }, `${error.message} (${error.code}, see docs/errors.md)`);
      if (abandoned.signal.aborted) leave(1);
      leaveSoon(1);
      return;
    }
  }
  log.info({ event: 'stopped' }, 'stopped');
  if (broken.signal.aborted) leave(EX_SOFTWARE);
  if (hurry.signal.aborted || abandoned.signal.aborted) leave(1);
  leaveSoon(0);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

async function after(signal: AbortSignal, duration: Milliseconds): Promise<void> {
  await aborted(signal);
  await systemClock.sleep(duration);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof VoiceAgentError ? error.message : ((error as Error).stack ?? messageOf(error))}\n`,
  );
  process.exit(error instanceof VoiceAgentError && error.code === 'CONFIG_INVALID' ? EX_CONFIG : 1);
});
