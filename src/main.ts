import { KNOWN_PROVIDERS } from './app/providers.ts';
import { startApp, type App } from './app.ts';
import { loadConfig } from './config.ts';
import { messageOf, VoiceAgentError } from './lib/errors.ts';
import { createLogger } from './observability/logger.ts';

/** Exit status of a program that was told something that it can't use (sysexits.h EX_CONFIG). */
const EX_CONFIG = 78;

async function main(): Promise<void> {
  const config = loadConfig({ env: process.env, known: KNOWN_PROVIDERS });
  const log = createLogger(config.log);

  // Nothing should come this far; if it does, it is told, and the calls that are running go on.
  process.on('unhandledRejection', (error) => {
    log.error({ err: error }, 'unhandled rejection');
  });

  const stopped = Promise.withResolvers<undefined>();
  let app: App | undefined;
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    log.info({ signal }, signals === 1 ? 'stopping' : 'stopping at once');
    if (signals > 1 || !app) process.exit(1);
    void app.drain().finally(() => {
      stopped.resolve(undefined);
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  try {
    app = await startApp(config, log);
  } catch (error) {
    if (!(error instanceof VoiceAgentError)) throw error;
    log.fatal({ code: error.code }, `${error.message} (${error.code}, see docs/errors.md)`);
    process.exitCode = 1;
    return;
  }
  await stopped.promise;
  await app.close();
  log.info({ event: 'stopped' }, 'stopped');
  process.exitCode = 0;
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof VoiceAgentError ? error.message : ((error as Error).stack ?? messageOf(error))}\n`,
  );
  process.exit(error instanceof VoiceAgentError && error.code === 'CONFIG_INVALID' ? EX_CONFIG : 1);
});
