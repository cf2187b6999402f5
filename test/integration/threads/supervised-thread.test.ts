import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ThreadPolicy } from '../../../src/threads/policies.ts';
import { SupervisedThread } from '../../../src/threads/supervised-thread.ts';
import type { ObedientCommand, ObedientData } from '../../support/obedient-thread.ts';

const PATIENCE = { timeout: 15_000, interval: 5 };

const POLICY: ThreadPolicy = {
  startMs: 10_000,
  hungMs: 1000,
  answerMs: 5000,
  stopMs: 500,
  terminateMs: 500,
  restartAfterMs: [10, 20],
  failuresAMinute: 3,
  reviveAfterMs: 60_000,
};

interface Watched {
  readonly thread: SupervisedThread<ObedientCommand, string, { readonly start: number }>;
  readonly reports: string[];
  readonly ups: number[];
  readonly downs: { readonly reason: string; readonly givenUp: boolean }[];
  readonly warnings: string[];
  readonly abandoned: string[];
  readonly starts: () => number;
  work: boolean;
}

const open: Watched[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ thread }) => thread.close()));
});

function supervised(data: Omit<ObedientData, 'starts'> = {}, policy: Partial<ThreadPolicy> = {}): Watched {
  const starts = new SharedArrayBuffer(4);
  const watched: Watched = {
    reports: [],
    ups: [],
    downs: [],
    warnings: [],
    abandoned: [],
    starts: () => Atomics.load(new Int32Array(starts), 0),
    work: false,
    thread: new SupervisedThread({
      name: 'obedient',
      entry: new URL('../../support/obedient-thread.ts', import.meta.url),
      data: () => ({ ...data, starts }),
      policy: POLICY,
      atWork: () => watched.work,
      onReport: (report: string) => watched.reports.push(report),
      onUp: ({ start }: { readonly start: number }) => watched.ups.push(start),
      onDown: (reason, givenUp) => watched.downs.push({ reason, givenUp }),
      onWarning: (message) => watched.warnings.push(message),
      supervision: {
        threadPolicy: policy,
        onAbandoned: (name) => watched.abandoned.push(name),
      },
    }),
  };
  open.push(watched);
  return watched;
}

async function started(...given: Parameters<typeof supervised>): Promise<Watched> {
  const watched = supervised(...given);
  await watched.thread.start();
  return watched;
}

async function isBack({ thread, ups, reports }: Watched, times: number): Promise<void> {
  await vi.waitFor(() => {
    expect(ups).toHaveLength(times);
  }, PATIENCE);
  expect(thread.trouble).toBeUndefined();
  thread.tell({ do: 'echo', text: 'again' });
  await vi.waitFor(() => {
    expect(reports).toContain('again');
  }, PATIENCE);
}

describe('a supervised thread', () => {
  it('says of itself what it is when it is up, does what it is told, and reports', async () => {
    const { thread, reports, ups } = await started();
    expect(thread.about).toEqual({ start: 1 });
    expect(ups).toEqual([1]);
    expect(thread.tell({ do: 'echo', text: 'hello' })).toBe(true);
    await vi.waitFor(() => {
      expect(reports).toEqual(['hello']);
    }, PATIENCE);
    await thread.start();
    expect(ups).toEqual([1]);
  });

  it('is told nothing before it is started, and after it is closed', async () => {
    const { thread } = supervised();
    expect(thread.tell({ do: 'echo', text: 'lost' })).toBe(false);
    await expect(thread.ask({ do: 'answer', text: 'lost' })).rejects.toThrow('not started');
    await thread.close();
    expect(thread.tell({ do: 'echo', text: 'lost' })).toBe(false);
    await expect(thread.start()).rejects.toThrow('closed');
  });

  describe('asked something', () => {
    it('answers each request with what belongs to it', async () => {
      const { thread } = await started();
      const texts = ['one', 'two', 'three'];
      expect(await Promise.all(texts.map((text) => thread.ask({ do: 'answer', text })))).toEqual(texts);
      expect(thread.requests).toBe(0);
    });

    it('refuses with the code that its error has', async () => {
      const { thread } = await started();
      await expect(thread.ask({ do: 'refuse' })).rejects.toMatchObject({
        message: 'not today',
        said: { code: 'STT_UNAVAILABLE' },
      });
    });

    it('fails the request in time when it does not answer, and goes on', async () => {
      const { thread, downs } = await started({}, { answerMs: 100 });
      await expect(thread.ask({ do: 'say nothing' })).rejects.toThrow('did not answer within 100 ms');
      expect(thread.requests).toBe(0);
      expect(await thread.ask({ do: 'answer', text: 'here' })).toBe('here');
      expect(downs).toEqual([]);
    });

    it('fails every request when it dies', async () => {
      const { thread } = await started();
      const asked = [thread.ask({ do: 'say nothing' }), thread.ask({ do: 'exit' })];
      for (const request of asked) await expect(request).rejects.toThrow(/died: .*status 9/);
    });

    it('fails every request when it is closed', async () => {
      const { thread } = await started();
      const asked = thread.ask({ do: 'say nothing' });
      await Promise.all([expect(asked).rejects.toThrow('closed'), thread.close()]);
    });
  });

  it.each([
    ['exit', /status 9/],
    ['throw', /as you wish/],
    ['reject', /as you wish/],
  ] as const)('is started again after "%s", and says so', async (death, reason) => {
    const watched = await started();
    watched.thread.tell({ do: death });
    await isBack(watched, 2);
    expect(watched.downs).toEqual([{ reason: expect.stringMatching(reason) as string, givenUp: false }]);
    expect(watched.thread.restarts).toBe(1);
  });

  it('is replaced when it hangs in JavaScript while it has work', async () => {
    const watched = await started();
    watched.work = true;
    watched.thread.tell({ do: 'hang' });
    await isBack(watched, 2);
    expect(watched.downs).toEqual([
      { reason: expect.stringContaining('no heartbeat for 1000 ms') as string, givenUp: false },
    ]);
    expect(watched.abandoned).toEqual([]);
  });

  it('is replaced when it hangs in what it was asked, though it has no other work', async () => {
    const watched = await started();
    await expect(watched.thread.ask({ do: 'hang' })).rejects.toThrow('no heartbeat');
    await isBack(watched, 2);
  });

  it('is abandoned and replaced when it hangs in native code, where nothing ends it', async () => {
    const watched = await started();
    await expect(watched.thread.ask({ do: 'native', seconds: 8 })).rejects.toThrow('no heartbeat');
    expect(watched.abandoned).toEqual(['obedient']);
    expect(watched.warnings).toEqual([expect.stringMatching(/obedient is abandoned: .* native code/)]);
    await isBack(watched, 2);
  }, 20_000);

  it('may be silent for longer than its policy says while it has no work', async () => {
    const { thread, reports, downs } = await started();
    thread.tell({ do: 'native', seconds: 4 });
    thread.tell({ do: 'echo', text: 'awake' });
    await vi.waitFor(() => {
      expect(reports).toEqual(['awake']);
    }, PATIENCE);
    expect(downs).toEqual([]);
  });

  describe('that can not start', () => {
    it('gives the reason that it tells', async () => {
      await expect(started({ start: 'refuse' })).rejects.toMatchObject({
        message: 'no model here',
        said: { code: 'ENOENT' },
      });
    });

    it('is not waited for longer than its policy says when it says nothing', async () => {
      await expect(started({ start: 'mute' }, { startMs: 500 })).rejects.toThrow(
        'it said nothing within 500 ms',
      );
    });

    it('is abandoned when it hangs in native code', async () => {
      const watched = supervised({ start: 'native' }, { startMs: 3000 });
      await expect(watched.thread.start()).rejects.toThrow('it said nothing within 3000 ms');
      expect(watched.abandoned).toEqual(['obedient']);
    }, 20_000);

    it('can be started once more', async () => {
      const { thread } = supervised({ start: 'die' });
      await expect(thread.start()).rejects.toThrow('status 9');
      await expect(thread.start()).rejects.toThrow('status 9');
      expect(thread.trouble).toBeUndefined();
    });
  });

  describe('that dies at each start', () => {
    const dying = { start: 'die', from: 2 } as const;

    it('is given up after as many failures as its policy allows', async () => {
      const { thread, downs, starts, ups } = await started(dying);
      thread.tell({ do: 'exit' });
      await vi.waitFor(() => {
        expect(downs).toHaveLength(2);
      }, PATIENCE);
      expect(downs).toEqual([
        { reason: 'it ended with status 9', givenUp: false },
        { reason: expect.stringContaining("couldn't be restarted") as string, givenUp: true },
      ]);
      expect([starts(), ups]).toEqual([4, [1]]);
      expect(thread.trouble).toMatch(/^given up for now: /);
    });

    it('fails those who wait for it when it is given up', async () => {
      const { thread, downs } = await started(dying);
      thread.tell({ do: 'exit' });
      await vi.waitFor(() => {
        expect(downs).not.toEqual([]);
      }, PATIENCE);
      await expect(thread.start()).rejects.toThrow('status 9');
      expect(thread.trouble).toMatch(/^given up/);
    });
  });

  describe('that was given up', () => {
    async function givenUp(policy: Partial<ThreadPolicy> = {}): Promise<Watched> {
      const watched = await started({}, { failuresAMinute: 0, ...policy });
      watched.thread.tell({ do: 'exit' });
      await vi.waitFor(() => {
        expect(watched.downs).toMatchObject([{ givenUp: true }]);
      }, PATIENCE);
      return watched;
    }

    it('is started again by itself after a while', async () => {
      await isBack(await givenUp({ reviveAfterMs: 100 }), 2);
    });

    it('is started again at once for who needs it', async () => {
      const watched = await givenUp();
      expect(watched.thread.trouble).toBe(
        'given up for now: it died 1 times within a minute, at last: it ended with status 9',
      );
      await watched.thread.start();
      await isBack(watched, 2);
    });
  });

  describe('when it is closed', () => {
    it('is not started again', async () => {
      const { thread, downs, starts } = await started({}, { restartAfterMs: [200] });
      thread.tell({ do: 'exit' });
      await vi.waitFor(() => {
        expect(downs).toHaveLength(1);
      }, PATIENCE);
      const waiting = expect(thread.start()).rejects.toThrow('closed');
      await thread.close();
      await waiting;
      expect(starts()).toBe(1);
    });

    it('is terminated when it does not leave by itself, however often it is closed', async () => {
      const { thread } = await started({ stays: true });
      await Promise.all([thread.close(), thread.close()]);
      expect(thread.up).toBe(false);
    });

    it('is left behind when it hangs in native code', async () => {
      const { thread, abandoned } = await started();
      thread.tell({ do: 'native', seconds: 4 });
      const before = performance.now();
      await thread.close();
      expect(performance.now() - before).toBeLessThan(3500);
      expect(abandoned).toEqual(['obedient']);
    });

    it('is ended while it is starting', async () => {
      const { thread } = supervised({ start: 'mute' });
      const starting = expect(thread.start()).rejects.toThrow();
      await new Promise((resolve) => setImmediate(resolve));
      await thread.close();
      await starting;
    });
  });
});
