import { describe, expect, it } from 'vitest';
import { HealthChecks } from '../../src/observability/health-checks.ts';
import { watchEventLoop } from '../../src/observability/health-event-loop.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('the checks of readiness', () => {
  it('are well together only when each of them is, and say which isn’t and why', () => {
    const checks = new HealthChecks();
    let connected = true;
    checks.add('media', () => undefined);
    checks.add('asterisk:local', () => (connected ? undefined : 'no ARI connection'));
    expect(checks.report()).toEqual({
      ready: true,
      checks: [
        { name: 'media', ok: true },
        { name: 'asterisk:local', ok: true },
      ],
    });
    connected = false;
    expect(checks.report()).toEqual({
      ready: false,
      checks: [
        { name: 'media', ok: true },
        { name: 'asterisk:local', ok: false, reason: 'no ARI connection' },
      ],
    });
  });

  it('that aren’t needed for calls are told, and keep none away', () => {
    const checks = new HealthChecks();
    checks.add('records', () => 'the database is away', false);
    expect(checks.report()).toEqual({
      ready: true,
      checks: [{ name: 'records', ok: false, reason: 'the database is away' }],
    });
  });

  it('count one that throws as not well, without its words', () => {
    const checks = new HealthChecks();
    checks.add('odd', () => {
      throw new Error('password=secret');
    });
    expect(checks.report()).toEqual({
      ready: false,
      checks: [{ name: 'odd', ok: false, reason: 'it could not be checked' }],
    });
  });

  it('can be replaced and withdrawn', () => {
    const checks = new HealthChecks();
    const withdrawOld = checks.add('media', () => 'old');
    const withdraw = checks.add('media', () => 'new');
    withdrawOld();
    expect(checks.report().checks).toEqual([{ name: 'media', ok: false, reason: 'new' }]);
    withdraw();
    expect(checks.report()).toEqual({ ready: true, checks: [] });
  });
});

describe('the watch over the main thread', () => {
  /** A clock whose timers come late, as on a busy main thread. */
  class LateClock extends ManualClock {
    lateMs = 0;
    override at(at: number, action: () => void): () => void {
      return super.at(at + this.lateMs, action);
    }
  }

  it('lets one long stall pass, and finds a thread that is always late', async () => {
    const clock = new LateClock();
    const watch = watchEventLoop(clock);
    await clock.advance(10_000);
    expect(watch.trouble()).toBeUndefined();
    expect(watch.delayMs()).toBe(0);

    clock.lateMs = 3000;
    await clock.advance(4000);
    clock.lateMs = 0;
    await clock.advance(4000);
    expect(watch.trouble()).toBeUndefined();

    clock.lateMs = 1500;
    await clock.advance(60_000);
    expect(watch.trouble()).toBe('the main thread comes 1500 ms late to its work');

    clock.lateMs = 0;
    await clock.advance(15_000);
    expect(watch.trouble()).toBeUndefined();
    watch.close();
    expect(clock.pending).toBe(0);
  });

  it('is patient at the start, when models are loaded', async () => {
    const clock = new LateClock();
    clock.lateMs = 2000;
    const watch = watchEventLoop(clock);
    await clock.advance(10_000);
    expect(watch.trouble()).toBeUndefined();
    expect(watch.delayMs()).toBe(0);
    watch.close();
  });
});
