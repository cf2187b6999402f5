import type { Admission } from '../dialog/contract/ports.ts';
import type { Clock } from '../lib/clock.ts';
import { FailureDomain } from '../lib/failure-domain.ts';
import type { TelephonyLog } from './log.ts';

/** The failure domain of one call, from the moment in which it is known until nothing of it is held any more. */
export function callDomain(options: {
  readonly clock: Clock;
  readonly log: TelephonyLog;
  readonly server: string;
  readonly channel: string;
}): FailureDomain {
  const { clock, log, server, channel } = options;
  const domain: FailureDomain = new FailureDomain({
    clock,
    onFailure: (error) => {
      const what = domain.closed ? 'a bug, in a call that has ended' : 'a bug: it ends this call';
      log.error({ call: `${server}/${channel}`, server, channel, err: error }, what);
    },
  });
  return domain;
}

export type Acceptance = Extract<Admission, { readonly kind: 'accept' }>;

/** For each thing that is tried until the call is gone. */
const REMEDY_MS = 10_000;

/** What is done, one after the other, about a bug that the call's session doesn't see to. */
export function tryInTurn(domain: FailureDomain, remedies: readonly (() => void)[]): void {
  const left = remedies.values();
  domain.onFailure(() => {
    const { done, value: remedy } = left.next();
    if (done === true) return undefined;
    remedy();
    return REMEDY_MS;
  });
}
