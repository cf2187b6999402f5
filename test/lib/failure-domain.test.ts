import { describe, expect, it } from 'vitest';
import { FailureDomain } from '../../src/lib/failure-domain.ts';
import { Listeners } from '../../src/lib/listeners.ts';
import { ManualClock } from '../support/manual-clock.ts';

function open() {
  const clock = new ManualClock();
  const told: string[] = [];
  const domain = new FailureDomain({ clock, onFailure: (error) => told.push((error as Error).message) });
  return { clock, told, domain };
}
const bug = (text = 'bug'): never => {
  throw new Error(text);
};

describe('a failure domain', () => {
  it('is told of what is thrown in it, and whoever has called it goes on', () => {
    const { domain, told } = open();
    expect(domain.run(() => 1)).toBe(1);
    expect(domain.failed).toBe(false);
    expect(domain.run<number>(bug)).toBeUndefined();
    expect(told).toEqual(['bug']);
    expect(domain.failed).toBe(true);
  });

  it('has what was bound in it, whoever calls that', () => {
    const { domain, told } = open();
    const other = open();
    const bound = domain.run(() => FailureDomain.bind(bug));
    other.domain.run(() => {
      bound?.('one');
      expect(FailureDomain.current()).toBe(other.domain);
    });
    expect(told).toEqual(['one']);
    expect(other.told).toEqual([]);
  });

  it('has no part in what is run outside', () => {
    const { domain, told } = open();
    domain.run(() => {
      expect(FailureDomain.outside(() => FailureDomain.current())).toBeUndefined();
      expect(FailureDomain.outside(() => FailureDomain.bind(bug))).toThrow('bug');
    });
    expect(told).toEqual([]);
  });

  it('has the timers of its clock, and the listeners that are added in it', async () => {
    const { domain, told, clock } = open();
    const bell = new Listeners<string>();
    domain.run(() => {
      clock.at(clock.now() + 10, () => bug('timer'));
      bell.add(() => bug('listener'));
    });
    const heard: string[] = [];
    bell.add((event) => heard.push(event));
    bell.emit('ring');
    await clock.advance(10);
    expect(told).toEqual(['listener', 'timer']);
    expect(heard).toEqual(['ring']);
  });

  it('has the listeners of no domain when it emits', () => {
    const { domain, told } = open();
    const bell = new Listeners<string>();
    bell.add(() => bug());
    domain.run(() => {
      bell.emit('ring');
    });
    expect(told).toEqual(['bug']);
  });

  it('tries the newest remedy first, and an older one when that has nothing to offer', () => {
    const { domain } = open();
    const tried: string[] = [];
    domain.onFailure(() => {
      tried.push('old');
      return 1000;
    });
    const offers = [1000, undefined];
    domain.onFailure(() => {
      tried.push('new');
      return offers.shift();
    });
    const withdraw = domain.onFailure(() => bug('of the remedy'));
    domain.run(bug);
    withdraw();
    domain.run(bug);
    expect(tried).toEqual(['new', 'new', 'old']);
  });

  it('tries the next remedy when one has taken too long, until it is closed', async () => {
    const { domain, clock, told } = open();
    const tried: number[] = [];
    domain.onFailure(() => {
      tried.push(clock.now());
      return 100;
    });
    domain.run(bug);
    await clock.advance(250);
    expect(tried).toEqual([1000, 1100, 1200]);
    domain.close();
    await clock.advance(1000);
    expect(tried).toHaveLength(3);
    expect(clock.pending).toBe(0);
    expect(told[1]).toBe("it isn't over 100 ms after it failed (bug)");
    domain.run(() => bug('late'));
    expect(told.at(-1)).toBe('late');
    expect(tried).toHaveLength(3);
  });

  it('takes no failure for a new one that a remedy sets off, nor one that it knows', () => {
    const { domain, told } = open();
    let tried = 0;
    domain.onFailure(() => {
      tried += 1;
      FailureDomain.attempt(() => bug('again'));
      return 1000;
    });
    const error = new Error('bug');
    domain.fail(error);
    domain.fail(error);
    expect(tried).toBe(1);
    expect(told).toEqual(['bug', 'again']);
    domain.close();
  });
});
