import { once } from 'node:events';
import { KNOWN_PROVIDERS } from './app/known-providers.ts';
import { startApp } from './app.ts';
import { loadConfig } from './config.ts';
import { systemClock } from './lib/clock.ts';
import { messageOf, VoiceAgentError } from './lib/errors.ts';
import { createLogger } from './observability/logger.ts';

/** For a program that is told a second time to stop: callers go on in the dialplan, and what is open is closed. */
const CLOSE_MS = 4000;

/** Exit status of a program that was told something that it can't use (sysexits.h EX_CONFIG). */
const EX_CONFIG = 78;

async function main(): Promise<void> {
  const config = loadConfig({ env: process.env, known: KNOWN_PROVIDERS });
  const log = createLogger(config.log);

  // Nothing should come this far; if it does, it is told, and the calls that are running go on.
  process.on('unhandledRejection', (error) => {
    log.error({ err: error }, 'unhandled rejection');
  });

  // The first signal lets the calls come to their end, the second sends them on, the third waits for nothing.
  const stop = new AbortController();
  const hurry = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (hurry.signal.aborted) process.exit(1);
    const next = stop.signal.aborted ? hurry : stop;
    log.info({ signal }, next === stop ? 'stopping' : 'stopping at once');
    next.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  const run = async (): Promise<void> => {
    const app = await startApp(config, log, stop.signal);
    await aborted(stop.signal);
    await Promise.race([app.drain(), aborted(hurry.signal)]);
    await app.close();
  };
  const tooLate = aborted(hurry.signal).then(() => systemClock.sleep(CLOSE_MS));
  try {
    await Promise.race([run(), tooLate]);
  } catch (error) {
    // What was stopped while it was starting hasn't failed.
    if (error !== stop.signal.reason) {
      if (!(error instanceof VoiceAgentError)) throw error;
      log.fatal({ code: error.code }, `${error.message} (${error.code}, see docs/errors.md)`);
      process.exitCode = 1;
      return;
    }
  }
  log.info({ event: 'stopped' }, 'stopped');
  if (hurry.signal.aborted) process.exit(1);
  process.exitCode = 0;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof VoiceAgentError ? error.message : ((error as Error).stack ?? messageOf(error))}\n`,
  );
  process.exit(error instanceof VoiceAgentError && error.code === 'CONFIG_INVALID' ? EX_CONFIG : 1);
});
