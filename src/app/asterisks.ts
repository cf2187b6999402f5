import type { Config } from '../config.ts';
import { systemClock, type Clock, type Milliseconds } from '../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import type { AriRest } from '../telephony/asterisk/ari-rest.ts';
import { openStasisServer, type StasisApp } from '../telephony/asterisk/stasis-app.ts';
import { DEFAULT_STASIS_SETTINGS } from '../telephony/asterisk/stasis-options.ts';
import { joined } from './at-once.ts';
import type { Monitoring } from './monitoring.ts';

type Server = Config['asterisk'][number];

/** Between two attempts at an Asterisk that wasn't there when this program was started. */
const RETRY_MS: Milliseconds = 2000;
/** What is away answers within milliseconds that it is; who hasn't answered for this long may be waited for in vain. */
const SLOW_MS: Milliseconds = 1500;

/** Each Asterisk by its name: open, or why it isn't. */
type Asterisks = ReadonlyMap<string, { readonly rest?: AriRest; readonly away?: unknown }>;

/** Whether this program is of use without one of its Asterisks: a node of a fleet with several. */
function isOneOfSeveral({ fleet, asterisk }: Config): boolean {
  return fleet.node !== undefined && asterisk.length > 1;
}

/** It isn't there, or doesn't answer: not a mistake in the configuration. */
function isAway(error: unknown): boolean {
  return (
    error instanceof VoiceAgentError && (error.code === 'ARI_UNREACHABLE' || error.code === 'ARI_TIMEOUT')
  );
}

/** Says of an Asterisk that hasn't answered for a while that it is waited for, once. */
async function patiently<T>({ name, url }: Server, log: Logger, opening: Promise<T>): Promise<T> {
  const { requestMs } = DEFAULT_STASIS_SETTINGS;
  const cancel = systemClock.at(systemClock.now() + SLOW_MS, () => {
    log.warn(
      { server: name, url, waitedMs: SLOW_MS },
      `this Asterisk hasn't answered yet: each answer is waited for up to ${requestMs} ms. Is the machine overloaded, or is it something else that listens at its address (ARI_URL)?`,
    );
  });
  try {
    return await opening;
  } finally {
    cancel();
  }
}

/**
 * Opens every Asterisk, as far as that is a matter of a moment. Rejects with what is wrong: if that is more than one thing, all
 * of it in one error. An Asterisk that is away is no matter for a node of a fleet with several.
 */
export async function openAll(config: Config, log: Logger, scope: Scope): Promise<Asterisks> {
  const opened = await Promise.allSettled(
    config.asterisk.map(async (server) => {
      const rest = await patiently(server, log, openStasisServer({ server, log, clock: systemClock }));
      scope.defer(() => {
        rest.close();
      }, `the connection to the Asterisk server ${server.name}`);
      return rest;
    }),
  );
  const failed = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const wrong = failed.filter((error) => !isOneOfSeveral(config) || !isAway(error));
  const first = joined(wrong.length === 0 && failed.length === opened.length ? failed.slice(0, 1) : wrong);
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- as it was thrown
  if (first !== undefined) throw first;
  return new Map(
    config.asterisk.map(({ name }, index) => {
      const one = opened[index];
      return [name, one?.status === 'fulfilled' ? { rest: one.value } : { away: one?.reason as unknown }];
    }),
  );
}

/**
 * Connects to every Asterisk. Rejects if one can't be used; but a node of a fleet with several waits in the background for
 * those that are away.
 */
export async function connectAll(
  config: Config,
  asterisks: Asterisks,
  connect: (server: Server, rest?: AriRest) => Promise<StasisApp>,
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
    const { rest, away: error } = asterisks.get(server.name) ?? {};
    if (rest) await connect(server, rest);
    else away.push({ server, error });
  }
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
