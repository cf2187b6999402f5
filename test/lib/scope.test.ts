import { describe, expect, it } from 'vitest';
import { Scope } from '../../src/lib/scope.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

describe('a scope', () => {
  it('runs what was deferred when it closes, newest first, and once', async () => {
    const scope = new Scope('process');
    const order: string[] = [];
    scope.defer(() => order.push('first'));
    scope.defer(() => order.push('second'));
    await Promise.all([scope.close(), scope.close()]);
    expect(order).toEqual(['second', 'first']);
  });

  it('aborts its signal before anything is closed', async () => {
    const scope = new Scope('process');
    let aborted = false;
    scope.defer(() => (aborted = scope.signal.aborted));
    await scope.close();
    expect(aborted).toBe(true);
  });

  it('closes its children with itself', async () => {
    const scope = new Scope('process');
    const call = scope.child('call');
    let closed = false;
    call.defer(() => (closed = true));
    await scope.close();
    expect(closed).toBe(true);
    expect(call.closed).toBe(true);
  });

  it('forgets a child that has closed earlier', async () => {
    const scope = new Scope('process');
    let times = 0;
    const call = scope.child('call');
    call.defer(() => (times += 1));
    await call.close();
    await scope.close();
    expect(times).toBe(1);
  });

  it('runs at once what is deferred after it was closed', async () => {
    const scope = new Scope('process');
    await scope.close();
    const ran = new Promise<string>((resolve) =>
      scope.defer(() => {
        resolve('ran');
      }),
    );
    await expect(ran).resolves.toBe('ran');
  });

  it('joins every error into one, and still closes the rest', async () => {
    const scope = new Scope('process');
    let closed = false;
    scope.defer(() => (closed = true));
    scope.defer(() => {
      throw new Error('one');
    });
    scope.defer(() => Promise.reject(new Error('two')));
    await expect(scope.close()).rejects.toMatchObject({
      errors: [new Error('two'), new Error('one')],
    });
    expect(closed).toBe(true);
  });

  it('names what hangs when its limit is over, and still closes the rest', async () => {
    const clock = new ManualClock();
    const scope = new Scope('process', { clock, actionMs: 100 });
    const closed: string[] = [];
    scope.defer(() => closed.push('first'));
    scope.defer(() => new Promise(() => undefined), 'the gateway');
    const call = scope.child('call');
    call.defer(() => closed.push('stream'));
    call.defer(() => new Promise(() => undefined));
    const error = scope.close().catch((reason: unknown) => reason);
    for (const limit of ['of the child', 'of its own']) {
      await settle();
      expect(closed, limit).not.toContain('first');
      await clock.advance(100);
    }
    expect(await error).toMatchObject({
      errors: [
        { errors: [new Error("process/call: something without a name wasn't closed within 100 ms")] },
        new Error("process: the gateway wasn't closed within 100 ms"),
      ],
    });
    expect(closed).toEqual(['stream', 'first']);
  });

  it('waits for what takes less than its limit', async () => {
    const clock = new ManualClock();
    const scope = new Scope('process', { clock, actionMs: 100 });
    let closed = false;
    scope.defer(() => clock.sleep(99).then(() => (closed = true)));
    const closing = scope.close();
    await settle();
    await clock.advance(99);
    await closing;
    expect(closed).toBe(true);
  });

  it('runs nothing that was withdrawn', async () => {
    const scope = new Scope('process');
    let ran = false;
    const withdraw = scope.defer(() => (ran = true));
    withdraw();
    await scope.close();
    expect(ran).toBe(false);
  });
});
