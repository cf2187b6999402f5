import { describe, expect, it } from 'vitest';
import { SimulatedFarSide } from './simulated-far-side.ts';

describe('the paced player', () => {
  it('plays in step with a far side that keeps up, and completes when that says so', () => {
    const far = new SimulatedFarSide();
    far.write(1, 50);
    far.run(500);
    expect(Math.abs(far.booked(1) - far.heard)).toBeLessThanOrEqual(1);
    far.run(500);
    expect(far.booked(1)).toBe(50);
    expect(far.outcome(1)).toBeUndefined();
    far.run(200);
    expect([far.heard, far.outcome(1)]).toEqual([50, ['completed', 50]]);
    expect(far.player.waitedMs).toBe(0);
  });

  it.each([2000, 4000])(
    'waits for a far side that stands still for %i ms, and counts right again',
    (stallMs) => {
      const far = new SimulatedFarSide();
      far.write(1, 500);
      far.run(1000);
      const { heard } = far;
      far.stalled = true;
      far.run(stallMs);
      // It was as far as a marker (5 frames) and the wait for it (60 + 30 + 40 ms) lead beyond what was heard.
      expect(far.booked(1) - heard).toBeLessThanOrEqual(12);
      expect(far.player.waitedMs).toBeGreaterThan(stallMs - 400);
      far.stalled = false;
      far.run(1000);
      expect(Math.abs(far.booked(1) - far.heard)).toBeLessThanOrEqual(2);
      expect(far.player.waitedMs).toBe(0);
      far.run(9000);
      expect([far.heard, far.outcome(1)]).toEqual([500, ['completed', 500]]);
    },
  );

  it.each([2000, 4000])(
    'completes nothing while a far side that is %i ms behind still plays it',
    (stallMs) => {
      const far = new SimulatedFarSide();
      far.write(1, 50);
      far.run(900);
      far.stalled = true;
      far.run(stallMs);
      expect(far.outcome(1)).toBeUndefined();
      far.stalled = false;
      far.run(300);
      expect([far.heard, far.outcome(1)]).toEqual([50, ['completed', 50]]);
    },
  );

  it.each([2000, 4000])('counts what was heard when it is interrupted %i ms into a stall', (stallMs) => {
    const far = new SimulatedFarSide();
    far.write(1, 500);
    far.run(1000);
    far.stalled = true;
    far.run(stallMs);
    far.flush();
    far.run(100);
    const [outcome, frames] = far.outcome(1) ?? [];
    expect(outcome).toBe('flushed');
    expect(Math.abs((frames ?? 0) - far.heard)).toBeLessThanOrEqual(5);
  });

  it('takes back that an utterance was complete when its end is cleared', () => {
    const far = new SimulatedFarSide();
    far.write(1, 14);
    far.run(260);
    far.stalled = true;
    far.run(200); // our clock comes to its end before it waits
    expect([far.booked(1), far.heard]).toEqual([14, 12]);
    far.flush();
    far.run(100);
    expect(far.commands.filter((text) => text.includes('clear'))).toHaveLength(1);
    expect(far.outcome(1)).toEqual(['cut', 10]); // the last marker that came back
    expect(far.reports.at(-1)?.type).toBe('flushed');
  });

  it('leaves an utterance complete whose last answer was on its way when the next one was interrupted', () => {
    const far = new SimulatedFarSide();
    far.write(1, 10);
    far.run(260);
    expect(far.outcome(1)).toBeUndefined();
    far.flush();
    far.run(200);
    expect(far.outcome(1)).toEqual(['completed', 10]);
  });

  it('doesn’t count as played what a connection that dropped never confirmed', () => {
    const far = new SimulatedFarSide();
    far.write(1, 14);
    far.run(260);
    far.stalled = true;
    far.run(200);
    far.player.detach();
    expect(far.outcome(1)).toEqual(['cut', 10]);
  });

  it('believes its own clock where the far side never answers', () => {
    const far = new SimulatedFarSide();
    far.mute = true;
    far.write(1, 50);
    far.run(2400);
    expect(far.outcome(1)).toBeUndefined();
    far.run(200);
    expect(far.outcome(1)).toEqual(['completed', 50]);
    far.write(2, 200);
    far.run(2500);
    far.flush();
    far.run(600);
    expect(far.outcome(2)).toEqual(['flushed', far.booked(2)]);
    expect(far.player.waitedMs).toBe(0);
  });

  it('asks again, as one answer may be lost', () => {
    const far = new SimulatedFarSide();
    far.write(1, 50);
    far.run(500);
    const asked = far.commands.length;
    far.loseAnswer = true;
    far.run(3000);
    expect(far.outcome(1)).toEqual(['completed', 50]);
    far.write(2, 10);
    far.run(140);
    far.loseAnswer = true; // the last one, behind which no other follows
    far.run(3000);
    expect(far.outcome(2)).toEqual(['completed', 10]);
    expect(far.commands.length - asked).toBeLessThan(12);
  });

  it('makes nobody wait because an utterance was ended late, behind its last frame', () => {
    const far = new SimulatedFarSide();
    far.writeSome(1, 12);
    far.run(1500);
    expect([far.heard, far.outcome(1)]).toEqual([12, undefined]);
    far.end(1);
    far.write(2, 50);
    far.run(400);
    expect(far.outcome(1)).toEqual(['completed', 12]);
    expect(far.booked(2)).toBeGreaterThanOrEqual(19);
  });

  it.each([
    [80, 0],
    [160, 200],
  ])(
    'makes no gaps of answers that come up to %i ms later than others, but %i ms at most',
    (jitterMs, gapMs) => {
      const far = new SimulatedFarSide();
      far.write(1, 900);
      far.run(500);
      const { heard } = far;
      for (let n = 0; n < 400; n += 1) {
        far.lagMs = 60 + ((n * 7919) % 13 < 3 ? jitterMs : 0);
        far.run(20);
      }
      expect(8000 - (far.heard - heard) * 20).toBeLessThanOrEqual(gapMs);
    },
  );

  it('says for how long it has been waiting, so that somebody may give up', () => {
    const far = new SimulatedFarSide();
    far.write(1, 500);
    far.run(500);
    far.stalled = true;
    far.run(12_000);
    expect(far.player.waitedMs).toBeGreaterThan(11_000);
    expect(far.commands.length).toBeLessThan(25);
  });

  it('doesn’t take its own lateness for the far side’s', () => {
    const far = new SimulatedFarSide();
    far.write(1, 500);
    far.run(500);
    far.oversleep(400);
    far.run(100);
    expect(far.player.waitedMs).toBe(0);
    far.run(1000);
    expect(Math.abs(far.booked(1) - far.heard)).toBeLessThanOrEqual(10);
  });

  describe.each([0, 100, 240, 2000])('paused while the far side is %i ms behind', (behindMs) => {
    function paused(): SimulatedFarSide {
      const far = new SimulatedFarSide();
      far.write(1, 100);
      far.run(1000);
      far.stalled = true;
      far.run(behindMs);
      far.pause();
      far.run(20);
      far.stalled = false;
      far.run(400);
      return far;
    }

    it('books what was heard, and no more', () => {
      const far = paused();
      const spoken = Math.max(...far.ear);
      expect(far.booked(1)).toBeLessThanOrEqual(spoken + 1);
      expect(far.booked(1)).toBeGreaterThanOrEqual(spoken - 5);
      expect(far.ear.at(-1)).toBe(0);
      const { heard } = far;
      far.run(1000);
      expect(far.heard).toBe(heard);
    });

    it('sends again what was not played: no more is lost than lies between two markers', () => {
      const far = paused();
      far.resume();
      far.run(4000);
      const ear = far.ear.filter((frame) => frame > 0);
      const joint = far.ear.indexOf(0);
      for (const [at, frame] of ear.entries()) {
        const before = ear[at - 1] ?? 0;
        if (at !== joint) expect(frame).toBe(before + 1);
        else expect(Math.abs(frame - before - 1)).toBeLessThanOrEqual(5);
      }
      expect([ear.at(-1), far.outcome(1)]).toEqual([100, ['completed', 100]]);
    });

    it('knows what was heard when it is flushed', () => {
      const far = paused();
      const booked = far.booked(1);
      far.flush();
      far.run(600);
      expect(far.outcome(1)).toEqual(['flushed', booked]);
    });
  });
});
