import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { FailureDomain } from '../../src/lib/failure-domain.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const DAY_MS = 86_400_000;

it('a deadline more than 24.8 days away is kept, though setTimeout counts in 32 bits', () => {
  const done: string[] = [];
  systemClock.at(systemClock.now() + 60 * DAY_MS, () => done.push('in 60 days'));
  const cancel = systemClock.at(systemClock.now() + 60 * DAY_MS, () => done.push('cancelled'));
  systemClock.at(Infinity, () => done.push('never'));
  vi.advanceTimersByTime(59 * DAY_MS);
  expect(done).toEqual([]);
  cancel();
  vi.advanceTimersByTime(DAY_MS + 10);
  expect(done).toEqual(['in 60 days']);
  vi.advanceTimersByTime(100 * DAY_MS);
  expect(done).toEqual(['in 60 days']);
});

it('a sleep of more than 24.8 days lasts so long, and ends early when it is told to', async () => {
  const stop = new AbortController();
  const slept: boolean[] = [];
  void systemClock.sleep(30 * DAY_MS).then((whole) => slept.push(whole));
  void systemClock.sleep(90 * DAY_MS, stop.signal).then((whole) => slept.push(whole));
  await vi.advanceTimersByTimeAsync(29 * DAY_MS);
  expect(slept).toEqual([]);
  await vi.advanceTimersByTimeAsync(2 * DAY_MS);
  expect(slept).toEqual([true]);
  stop.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(slept).toEqual([true, false]);
});

it('a timer belongs to the failure domain in which it was set', () => {
  const told: unknown[] = [];
  const domain = new FailureDomain({ clock: systemClock, onFailure: (error) => told.push(error) });
  const bug = new Error('bug');
  domain.run(() => {
    systemClock.at(systemClock.now() + 5, () => {
      throw bug;
    });
  });
  vi.advanceTimersByTime(10);
  expect(told).toEqual([bug]);
});
