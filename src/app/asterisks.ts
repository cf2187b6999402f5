import type { Config } from '../config.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import type { StasisApp } from '../telephony/asterisk/stasis-app.ts';
import type { Monitoring } from './monitoring.ts';

type Server = Config['asterisk'][number];

/** Between two attempts at an Asterisk that wasn't there when this program was started. */
const RETRY_MS: Milliseconds = 2000;

/** Whether this program is of use without one of its Asterisks: a node of a fleet with several. */
export function isOneOfSeveral({ fleet, asterisk }: Config): boolean {
  return fleet.node !== undefined && asterisk.length > 1;
}

/** It isn't there, or doesn't answer: not a mistake in the configuration. */
export function isAway(error: unknown): boolean {
  return (
    error instanceof VoiceAgentError && (error.code === 'ARI_UNREACHABLE' || error.code === 'ARI_TIMEOUT')
  );
}

/**
 * Connects to every Asterisk. Rejects if one can't be used; but a node of a fleet with several waits in the background for
 * those that are away, as long as it has one.
 */
export async function connectAll(
  config: Config,
  connect: (server: Server) => Promise<StasisApp>,
  {
    scope,
    clock,
    log,
    monitoring,
  }: {
    readonly scope: Scope;
    readonly clock: Clock;
    readonly log: Logger;
    readonly monitoring: Monitoring;
  },
): Promise<void> {
  const away: { readonly server: Server; readonly error: unknown }[] = [];
  for (const server of config.asterisk) {
    scope.signal.throwIfAborted();
    try {
      await connect(server);
    } catch (error) {
      if (!isOneOfSeveral(config) || !isAway(error)) throw error;
      away.push({ server, error });
    }
  }
  if (away.length > 0 && away.length === config.asterisk.length) throw away[0]?.error;
  for (const { server, error } of away) {
    log.warn({ server: server.name, error: messageOf(error) }, 'this Asterisk is away: it is waited for');
    monitoring.check(`asterisk:${server.name}`, () => 'it has not been there yet');
    void waitFor(server);
  }

  async function waitFor(server: Server): Promise<void> {
    while (await clock.sleep(RETRY_MS, scope.signal)) {
      try {
        await connect(server);
        return;
      } catch (error) {
        if (!isAway(error))
          log.warn({ server: server.name, error: messageOf(error) }, 'it can’t be used yet');
      }
    }
  }
}
