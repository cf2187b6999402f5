import { describe, expect, it, vi } from 'vitest';
import { systemClock, type Clock } from '../../../../src/lib/clock.ts';
import { createPocketsphinxStt } from '../../../../src/providers/embedded/stt/pocketsphinx-stt.ts';
import {
  superviseWorker,
  type SupervisedWorker,
} from '../../../../src/providers/embedded/supervised-worker.ts';

const PATIENCE = { timeout: 10_000, interval: 5 };
const entry = new URL('../../../support/obedient-worker.ts', import.meta.url);

interface Watched {
  readonly worker: SupervisedWorker<string>;
  readonly replies: unknown[];
  readonly downs: string[];
  readonly ups: () => number;
  /** When the next start is due, in milliseconds from the death; undefined: none is planned. */
  readonly restartIn: () => number | undefined;
}

async function supervised(data: object = {}): Promise<Watched> {
  const replies: unknown[] = [];
  const downs: string[] = [];
  let ups = 0;
  let restartIn: number | undefined;
  const clock: Clock = {
    ...systemClock,
    at(at, action) {
      restartIn = at - systemClock.now();
      const cancel = systemClock.at(at, () => {
        restartIn = undefined;
        action();
      });
      return () => {
        restartIn = undefined;
        cancel();
      };
    },
  };
  const worker = await superviseWorker<string, unknown>({
    name: 'obedient',
    entry,
    data,
    clock,
    onMessage: (reply) => replies.push(reply),
    onUp: () => (ups += 1),
    onDown: (error) => downs.push(error.message),
  });
  return { worker, replies, downs, ups: () => ups, restartIn: () => restartIn };
}

it("the recogniser's thread is terminated, too, when it does not leave by itself", async () => {
  const stt = createPocketsphinxStt({ workerEntry: entry });
  const asked = stt.prepare({ language: 'en', phrases: [] });
  const closed = stt.close();
  await expect(asked).rejects.toMatchObject({ code: 'STT_FAILED' });
  await closed;
  expect(stt.status?.().threads).toMatchObject([{ alive: false }]);
}, 10_000);

describe('a supervised worker', () => {
  it('takes messages and gives replies', async () => {
    const { worker, replies, ups } = await supervised();
    worker.post('hello');
    await vi.waitFor(() => {
      expect(replies).toEqual([{ type: 'echo', message: 'hello' }]);
    }, PATIENCE);
    expect(ups()).toBe(1);
    await worker.close();
  });

  it.each([
    ['die', /status 9/],
    ['throw', /as you wish/],
  ])('is started again after "%s", and says so', async (word, message) => {
    const { worker, replies, downs, ups } = await supervised();
    worker.post(word);
    await vi.waitFor(() => {
      expect(ups()).toBe(2);
    }, PATIENCE);
    expect(downs).toEqual([expect.stringMatching(message)]);
    worker.post('again');
    await vi.waitFor(() => {
      expect(replies).toEqual([{ type: 'echo', message: 'again' }]);
    }, PATIENCE);
    await worker.close();
  });

  it('is not started again once it is closed', async () => {
    const { worker, downs, ups, restartIn } = await supervised();
    worker.post('die');
    await vi.waitFor(() => {
      expect(downs).toHaveLength(1);
    }, PATIENCE);
    expect(worker.alive).toBe(false);
    expect(restartIn()).toBeLessThan(100);
    await worker.close();
    expect(restartIn()).toBeUndefined();
    expect(ups()).toBe(1);
  });

  it('fails to start with the reason that the thread gives', async () => {
    await expect(supervised({ refuses: 'no model here' })).rejects.toThrow('no model here');
  });

  it('is terminated when it does not leave by itself', async () => {
    const { worker } = await supervised({ stays: true });
    await Promise.all([worker.close(), worker.close()]);
    expect(worker.alive).toBe(false);
  }, 10_000);
});
