import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../../src/dialog/contract/provider-failures.ts';
import { CircuitBreaker, type BreakerState } from '../../../src/providers/chain/circuit-breaker.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function breaker() {
  const clock = new ManualClock();
  const changes: BreakerState[] = [];
  const made = new CircuitBreaker({ clock, onChange: (state) => changes.push(state) });
  const fails = (kind: FailureKind, retryAfterMs?: number): void => {
    made.attempt({ force: true })?.failed({ kind, retryAfterMs });
  };
  const succeeds = (): void => {
    made.attempt({ force: true })?.succeeded();
  };
  return { clock, made, fails, succeeds, changes };
}

describe('a circuit breaker', () => {
  it('admits every request while the provider works', () => {
    const { made, succeeds } = breaker();
    succeeds();
    expect([made.attempt(), made.attempt()]).not.toContain(undefined);
    expect(made.state).toBe('closed');
  });

  it.each<FailureKind>(['refused', 'dns', 'tls', 'unauthorized', 'rate-limited'])(
    'opens at once for what will last: %s',
    (kind) => {
      const { made, fails, succeeds } = breaker();
      succeeds();
      fails(kind);
      expect(made.state).toBe('open');
      expect(made.attempt()).toBeUndefined();
    },
  );

  it.each<FailureKind>(['cut', 'server', 'malformed', 'empty', 'rejected'])(
    'opens at the second time in a row for what may pass: %s',
    (kind) => {
      const { made, fails, succeeds } = breaker();
      fails(kind);
      succeeds();
      fails(kind);
      expect(made.state).toBe('closed');
      fails(kind);
      expect(made.state).toBe('open');
    },
  );

  it('forgets a failure that is long ago', async () => {
    const { made, fails, clock } = breaker();
    fails('cut');
    await clock.advance(61_000);
    fails('cut');
    expect(made.state).toBe('closed');
  });

  it.each<FailureKind>(['timeout', 'stalled'])(
    'opens at once for what has cost a caller a wait (%s), unless others were answered just now',
    async (kind) => {
      const { made, fails, succeeds, clock } = breaker();
      succeeds();
      fails(kind);
      expect(made.state).toBe('closed');
      succeeds();
      await clock.advance(11_000);
      fails(kind);
      expect(made.state).toBe('open');
    },
  );

  it('opens for as long as the provider says', async () => {
    const { made, fails, clock } = breaker();
    fails('rate-limited', 3000);
    await clock.advance(2999);
    expect(made.state).toBe('open');
    await clock.advance(1);
    expect(made.state).toBe('half-open');
  });

  it('lets one through to try, and all when that goes well', async () => {
    const { made, fails, clock, changes } = breaker();
    fails('refused');
    await clock.advance(20_000);
    const trial = made.attempt();
    expect(trial).toBeDefined();
    expect(made.attempt()).toBeUndefined();
    trial?.succeeded();
    expect(made.state).toBe('closed');
    expect(changes).toEqual(['open', 'closed']);
  });

  it('lets another one try when the first has learned nothing', async () => {
    const { made, fails, clock } = breaker();
    fails('refused');
    await clock.advance(20_000);
    made.attempt()?.dropped();
    expect(made.attempt()).toBeDefined();
  });

  it('stays open twice as long after each trial that fails, up to two minutes', async () => {
    const { made, fails, clock } = breaker();
    fails('refused');
    for (const openMs of [20_000, 40_000, 80_000, 120_000, 120_000]) {
      await clock.advance(openMs - 1);
      expect(made.state).toBe('open');
      await clock.advance(1);
      made.attempt()?.failed({ kind: 'cut' });
      expect(made.state).toBe('open');
    }
  });

  it('counts the first word about an attempt only', () => {
    const { made } = breaker();
    const attempt = made.attempt();
    attempt?.succeeded();
    attempt?.failed({ kind: 'unauthorized' });
    expect(made.state).toBe('closed');
  });

  it('takes results of requests from before it opened, which don’t keep it open for longer', async () => {
    const { made, clock } = breaker();
    const attempts = [made.attempt(), made.attempt(), made.attempt()];
    for (const attempt of attempts) attempt?.failed({ kind: 'refused' });
    await clock.advance(20_000);
    expect(made.state).toBe('half-open');
  });
});
