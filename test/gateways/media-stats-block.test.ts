import { describe, expect, it } from 'vitest';
import { createMediaStats, MediaStatsBlock } from '../../src/gateways/media-stats-block.ts';

describe('the lateness of packets', () => {
  it('keeps its worst, and what is usual: a stall is soon forgotten, a thread that is always late is seen', () => {
    const stats = new MediaStatsBlock(createMediaStats());
    const packets = (count: number, lateMs: number): number => {
      for (let packet = 0; packet < count; packet += 1) stats.countLateness(lateMs);
      return stats.stats().sendLatenessMs;
    };
    expect(packets(500, 1)).toBeCloseTo(1, 1);
    expect(packets(1, 1000)).toBeLessThan(20);
    expect(packets(150, 1)).toBeLessThan(3);
    expect(packets(150, 60)).toBeGreaterThan(50);
    expect(stats.stats().sendLatenessMaxMs).toBe(1000);
  });
});
