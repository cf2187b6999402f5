/** What goes wrong during a soak, and when. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import type { CloudServer, SoakCloud } from './cloud.ts';
import type { FaultKind, PlannedFault } from './plan.ts';

/** A fault that has been. Wall clock. */
export interface DoneFault {
  readonly kind: FaultKind;
  readonly from: number;
  readonly until: number;
}

export interface Faulty {
  readonly cloud: SoakCloud;
  /** Between the agent and Asterisk's ARI. */
  readonly ari: TcpProxy;
  readonly endThread: (name: string) => Promise<void>;
}

const FAULTS: Readonly<Record<FaultKind, (at: Faulty) => { begin: () => unknown; end?: () => unknown }>> = {
  'model-down': ({ cloud }) => away(cloud, 'groq'),
  'speech-down': ({ cloud }) => away(cloud, 'cartesia'),
  'ari-cut': ({ ari }) => ({
    begin: () => {
      ari.cut();
    },
  }),
  'ari-away': ({ ari }) => ({
    begin: () => {
      ari.refuse();
      ari.cut();
    },
    end: () => {
      ari.admit();
    },
  }),
  'media-thread-dies': ({ endThread }) => ({ begin: () => endThread('media') }),
};

function away(cloud: SoakCloud, server: CloudServer): { begin: () => unknown; end: () => unknown } {
  return {
    begin: () => cloud.tell({ type: 'down', server }),
    end: () => cloud.tell({ type: 'up', server }),
  };
}

/** Lets each happen at its time, until `signal` is aborted; whatever is down then comes up. */
export async function doFaults(
  faults: readonly PlannedFault[],
  at: Faulty,
  signal: AbortSignal,
): Promise<DoneFault[]> {
  const beganAt = Date.now();
  const done: DoneFault[] = [];
  const wait = (ms: number): Promise<unknown> => sleep(ms, undefined, { signal }).catch(() => undefined);
  for (const { kind, atMs, forMs } of faults) {
    await wait(Math.max(0, beganAt + atMs - Date.now()));
    if (signal.aborted) break;
    const { begin, end } = FAULTS[kind](at);
    const from = Date.now();
    await begin();
    if (end) await wait(forMs);
    await end?.();
    done.push({ kind, from, until: Date.now() });
  }
  return done;
}
