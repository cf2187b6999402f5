import { describe, expect, it } from 'vitest';
import { PlayoutWheel, type WheelMember } from '../../../src/gateways/playout/playout-wheel.ts';

class Member implements WheelMember {
  readonly deadlines: number[] = [];
  tick(deadline: number): void {
    this.deadlines.push(deadline);
  }
}

function makeWheel(start: number): {
  wheel: PlayoutWheel;
  go: (to: number) => void;
  jump: (to: number) => void;
} {
  let now = start;
  const wheel = new PlayoutWheel(() => now);
  return {
    wheel,
    /** Advances as a good loop does, every half a millisecond. */
    go(to) {
      for (; now < to; now += 0.5) wheel.advance();
    },
    /** The loop was held up until `to`. */
    jump(to) {
      now = to;
      wheel.advance();
    },
  };
}

describe('playout wheel', () => {
  it('ticks every 20 ms at exact deadlines, however unevenly it is turned', () => {
    const { wheel, jump } = makeWheel(1000.4);
    const member = new Member();
    const first = wheel.add(member);
    for (const at of [1001.9, 1019.3, 1021.7, 1040, 1055.2, 1083.9, 1101.5]) jump(at);
    expect(first).toBe(1001);
    expect(member.deadlines).toEqual([1001, 1021, 1041, 1061, 1081, 1101]);
  });

  it('spreads members over the 20 phases', () => {
    const { wheel, go } = makeWheel(500);
    const members = Array.from({ length: 40 }, () => new Member());
    for (const member of members) wheel.add(member);
    go(521);
    const perStep = new Map<number, number>();
    for (const { deadlines } of members) {
      for (const deadline of deadlines) perStep.set(deadline, (perStep.get(deadline) ?? 0) + 1);
    }
    expect([...perStep.values()]).toEqual(Array.from({ length: 20 }, () => 2));
  });

  it('uses a few phases, evenly apart, while there are few members, and says when the next one ticks', () => {
    let now = 1002.5;
    const wheel = new PlayoutWheel(() => now, 2);
    const add = (count: number): number[] => {
      const firsts = Array.from({ length: count }, () => wheel.add(new Member()) % 20);
      return [...new Set(firsts)].sort((a, b) => a - b);
    };
    expect(add(1)).toEqual([3]);
    expect(wheel.advance()).toBe(1003);
    now = 1003;
    expect(wheel.advance()).toBe(1023);
    expect(add(9)).toEqual([3, 7, 11, 15, 19]);
    expect(wheel.advance()).toBe(1007);
    expect(add(5)).toEqual([1, 5, 9, 13, 17]);
    expect(add(25)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, ...[1, 5, 9, 13, 17]].sort((a, b) => a - b));
  });

  it('asks who rests at each step, and ticks them at once, and every 20 ms from then on, when they are ready', () => {
    const { wheel, go } = makeWheel(1000.2);
    const [resting, other] = [Object.assign(new Member(), { isReady: false }), new Member()];
    wheel.add(resting);
    wheel.add(other);
    wheel.rest(resting);
    go(1047);
    expect(wheel.advance()).toBe(1048);
    expect(resting.deadlines).toEqual([1001, 1021, 1041]);
    resting.isReady = true;
    go(1090);
    expect(resting.deadlines).toEqual([1001, 1021, 1041, 1047, 1067, 1087]);
    const [first = 0] = other.deadlines;
    expect(other.deadlines).toEqual([0, 20, 40, 60, 80].map((ms) => first + ms).filter((at) => at < 1090));
    // Nobody rests: it needn't be turned before somebody ticks.
    expect(wheel.advance()).toBeGreaterThan(1091);
  });

  it('forgets who rests with who is removed', () => {
    const { wheel, go } = makeWheel(1000.2);
    const [gone, member] = [Object.assign(new Member(), { isReady: true }), new Member()];
    wheel.add(gone);
    wheel.add(member);
    wheel.rest(gone);
    wheel.remove(gone);
    go(1050);
    expect(gone.deadlines).toEqual([]);
    expect(wheel.size).toBe(1);
  });

  it('gives the first member the next step: a greeting needn’t wait', () => {
    const { wheel } = makeWheel(777.2);
    expect(wheel.add(new Member())).toBe(778);
  });

  it('puts a member into the phase that it had before', () => {
    const { wheel, go } = makeWheel(1000.2);
    const member = new Member();
    expect(wheel.add(member, 13)).toBe(1013);
    go(1060);
    expect(member.deadlines).toEqual([1013, 1033, 1053]);
  });

  it('catches up what a short stall delayed', () => {
    const { wheel, go, jump } = makeWheel(0);
    const member = new Member();
    wheel.add(member, 10);
    go(31);
    jump(70);
    expect(member.deadlines).toEqual([10, 30, 50, 70]);
    expect(wheel.stalls).toBe(0);
  });

  it('leaves out what a long stall delayed, but for the last tick', () => {
    const { wheel, go, jump } = makeWheel(0);
    const member = new Member();
    wheel.add(member, 10);
    go(31);
    jump(1000);
    expect(member.deadlines).toEqual([10, 30, 990]);
    expect(wheel.stalls).toBe(1);
    go(1035);
    expect(member.deadlines).toEqual([10, 30, 990, 1010, 1030]);
  });

  it('starts afresh after having been empty, without ticks for the time between', () => {
    const { wheel, go } = makeWheel(0);
    const gone = new Member();
    wheel.add(gone);
    go(10);
    wheel.remove(gone);
    wheel.remove(gone);
    expect(wheel.size).toBe(0);
    go(5000);
    const member = new Member();
    wheel.add(member);
    go(5005);
    expect(gone.deadlines).toHaveLength(1);
    expect(member.deadlines).toHaveLength(1);
    expect(wheel.stalls).toBe(0);
  });
});
