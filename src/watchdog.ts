/**
 * A process beside the agent's: `npm run watchdog`. When the agent is gone and nobody has come back for ten seconds, it
 * lets the agent's callers go on in the dialplan, which Asterisk doesn't do by itself. Configured as the agent is.
 */
import { KNOWN_PROVIDERS } from './app/known-providers.ts';
import { loadConfig } from './config.ts';
import { systemClock, type Milliseconds } from './lib/clock.ts';
import { messageOf, VoiceAgentError } from './lib/errors.ts';
import { createLogger } from './observability/logger.ts';
import { AriRest } from './telephony/asterisk/ari-rest.ts';
import { watchHeartbeat } from './telephony/asterisk/heartbeat.ts';
import { DEFAULT_STASIS_SETTINGS } from './telephony/asterisk/stasis-options.ts';

/** A supervisor has started the agent again by then, also on a busy machine. */
const GONE_MS: Milliseconds = 10_000;
/** Before Asterisk is tried again where it isn't there yet. */
const RETRY_MS: Milliseconds = 1000;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    stop.abort();
  });

try {
  const config = loadConfig({ env: process.env, known: KNOWN_PROVIDERS });
  const log = createLogger(config.log);
  await Promise.all(
    config.asterisk.map(async (server) => {
      let trouble = '';
      while (!stop.signal.aborted) {
        try {
          const rest = await AriRest.open(server, DEFAULT_STASIS_SETTINGS.requestMs);
          log.info(
            { event: 'watching', server: server.name, app: server.app },
            'the watchdog is at its Asterisk',
          );
          await watchHeartbeat({
            server,
            rest,
            clock: systemClock,
            log,
            goneMs: GONE_MS,
            signal: stop.signal,
          });
          rest.close();
        } catch (error) {
          if (trouble !== messageOf(error)) log.warn({ server: server.name }, (trouble = messageOf(error)));
          await systemClock.sleep(RETRY_MS, stop.signal);
        }
      }
    }),
  );
} catch (error) {
  if (!(error instanceof VoiceAgentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 78; // sysexits.h EX_CONFIG
}
