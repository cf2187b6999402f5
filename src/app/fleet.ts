import type { Config } from '../config.ts';
import type { Message } from '../dialog/contract/conversation.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { systemClock, type Milliseconds } from '../lib/clock.ts';
import { thisRun } from '../lib/program-run.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import type { FleetState } from '../store/postgres/fleet-state.ts';
import type { Store } from '../store/store.ts';
import type { StasisApp } from '../telephony/asterisk/stasis-app.ts';
import type { FleetPart } from '../telephony/asterisk/stasis-options.ts';
import type { Monitoring } from './monitoring.ts';

/** For what another node has said with a caller, who hears nothing meanwhile. */
const SAID_MS: Milliseconds = 1500;

/** Resolves to undefined: this program is alone, and loads nothing for it. `onTaken`: a call will come that another node had. */
export async function openFleet(
  {
    config,
    log,
    scope,
    records,
    monitoring,
  }: {
    readonly config: Config;
    readonly log: Logger;
    readonly scope: Scope;
    readonly records: Store;
    readonly monitoring: Monitoring;
  },
  onTaken: (call: string, said: readonly Message[]) => void,
): Promise<Fleet | undefined> {
  const {
    fleet: { node, ...limits },
    databaseUrl,
    limits: { maxCalls },
  } = config;
  if (node === undefined) return undefined;
  const about = { part: 'fleet', node };
  const { Fleet } = await import('../fleet/fleet.ts');
  const store =
    databaseUrl === undefined
      ? undefined
      : await openState(databaseUrl, (message) => {
          log.warn(about, message);
        });
  if (!store)
    log.warn(
      about,
      'one node of a fleet without PostgreSQL (VOICE_AGENT_DATABASE): calls are shared, but when a node dies no other takes its callers over, and the fleet has no limits',
    );
  const fleet = new Fleet({
    node,
    run: thisRun(),
    maxCalls,
    limits,
    clock: systemClock,
    log,
    store,
    said: (call) => records.leftBehind(call, SAID_MS),
    onTaken,
  });
  scope.defer(() => fleet.close(), 'the fleet');
  if (store) monitoring.check('fleet', () => fleet.stats.storeTrouble, false);
  monitoring.watch({ fleet: () => fleet.stats });
  return fleet;
}

async function openState(url: string, onTrouble: (message: string) => void): Promise<FleetState> {
  const { FleetState } = await import('../store/postgres/fleet-state.ts');
  return new FleetState(url, onTrouble);
}

/** What a Stasis app of this name has to know of the fleet. */
export function fleetPart(fleet: Fleet | undefined, app: string): FleetPart | undefined {
  if (!fleet) return undefined;
  const family = app.slice(0, -fleet.stats.node.length - 1);
  return { family, consider: (info) => fleet.consider(info) };
}

export function joinFleet(fleet: Fleet | undefined, app: StasisApp): void {
  fleet?.add({
    server: app.server,
    neighbours: app.neighbours,
    mark: (channel, variables) => app.mark(channel, variables),
    isReachable: () => app.stats().stream.state === 'open' && app.stats().trouble === undefined,
  });
}
