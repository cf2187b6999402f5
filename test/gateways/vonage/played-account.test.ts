import { describe, expect, it } from 'vitest';
import type { PlayoutReport } from '../../../src/gateways/playout/playout-source.ts';
import { PlayedAccount } from '../../../src/gateways/vonage/played-account.ts';

function account() {
  const reports: PlayoutReport[] = [];
  const played = new PlayedAccount((report) => reports.push(report));
  const completed = (utterance: number, samples: number): PlayoutReport => ({
    type: 'completed',
    utterance,
    account: { samples, startedAt: 0, lastAt: 0, completed: true, pauses: 0, pausedMs: 0 },
  });
  return { reports, played, completed };
}

describe('the account of what was played', () => {
  it('knows a marker that never was from one that is late', () => {
    const { played } = account();
    const id = played.mark({ utterance: 1, frame: 5, samples: 100 }, 0);
    played.reached(5, 1000);
    played.tick(2600); // given up: nothing was ever answered
    expect(played.unconfirmed).toBe(false);
    expect(played.notified(id, 3000)).toBe(0);
    for (const never of [0, -1, 1.5, id + 1, NaN]) expect(played.notified(never, 3000)).toBeUndefined();
  });

  it('keeps every marker of a far side that has answered one', () => {
    const { played } = account();
    const [first, second] = [5, 10].map((frame) =>
      played.mark({ utterance: 1, frame, samples: frame * 20 }, 0),
    );
    played.reached(10, 1000);
    expect(played.notified(first!, 1050)).toBe(0);
    played.tick(9000);
    expect(played.unconfirmed).toBe(true);
    expect(played.notified(second!, 9000)).toBe(7950);
    expect(played.unconfirmed).toBe(false);
  });

  it('makes up for a delay once, whatever number of markers it has made late', () => {
    const { played } = account();
    const ids = [5, 10, 15].map((frame) => played.mark({ utterance: 1, frame, samples: frame * 20 }, 0));
    played.reached(5, 1000);
    expect(played.notified(ids[0]!, 1050)).toBe(0);
    played.reached(10, 1100);
    played.reached(15, 1200);
    expect(played.notified(ids[1]!, 1450)).toBe(300);
    expect(played.notified(ids[2]!, 1550)).toBe(0);
  });

  it('waits from the second tick at which a marker is late', () => {
    const { played } = account();
    const ids = [5, 10].map((frame) => played.mark({ utterance: 1, frame, samples: frame * 20 }, 0));
    played.reached(5, 1000);
    played.notified(ids[0]!, 1050);
    played.reached(10, 1100);
    expect([1240, 1260, 1280, 1300].map((now) => played.waits(now))).toEqual([false, false, true, true]);
    expect(played.waitedMs(1300)).toBe(60);
    played.notified(ids[1]!, 1310);
    expect(played.waits(1320)).toBe(false);
    expect(played.waitedMs(1320)).toBe(0);
  });

  it('tells an utterance complete when its last marker has come back', () => {
    const { played, reports, completed } = account();
    const id = played.mark({ utterance: 1, frame: 5, samples: 100 }, 0);
    played.reached(5, 1000);
    played.pass(completed(1, 100), 1000);
    expect(reports).toEqual([]);
    played.notified(id, 1050);
    expect(reports).toEqual([completed(1, 100)]);
  });

  it('settles a flush when the far side says nothing of it', () => {
    const { played, reports } = account();
    played.notified(played.mark({ utterance: 1, frame: 5, samples: 100 }, 0), 900);
    played.mark({ utterance: 1, frame: 10, samples: 200 }, 0);
    const current = {
      utterance: 1,
      account: { samples: 260, startedAt: 0, lastAt: 0, completed: false, pauses: 0, pausedMs: 0 },
    };
    played.pass({ type: 'flushed', epoch: 1, current }, 1000);
    played.tick(1499);
    expect(reports).toEqual([]);
    played.tick(1500);
    expect(reports).toMatchObject([{ type: 'flushed', current: { account: { samples: 200 } } }]);
  });
});
