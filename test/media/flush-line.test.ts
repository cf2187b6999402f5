import { describe, expect, it } from 'vitest';
import { createFlushLine, FlushLine } from '../../src/media/flush-line.ts';

function lines(): [FlushLine, FlushLine] {
  const handle = createFlushLine();
  return [new FlushLine(handle), new FlushLine(handle)];
}

describe('a pause on the flush line', () => {
  it('holds from its utterance on, on both sides, until it is resumed', () => {
    const [ours, theirs] = lines();
    ours.pause(undefined, 3);
    expect([2, 3, 4].map((utterance) => theirs.isPausedAt(utterance))).toEqual([false, true, true]);
    theirs.resume();
    expect([ours.paused, ours.isPausedAt(3)]).toEqual([false, false]);
  });

  it('on top of another pause holds from the earlier of the two', () => {
    const [line] = lines();
    line.pause(undefined, 5);
    line.pause(undefined, 3);
    line.pause(undefined, 4);
    expect([2, 3].map((utterance) => line.isPausedAt(utterance))).toEqual([false, true]);
  });

  it('ends with a flush of its epoch, and can’t hold up what is queued after it', () => {
    const [line] = lines();
    const before = line.epoch;
    line.pause();
    line.flush();
    expect(line.paused).toBe(false);
    line.pause(before);
    expect(line.paused).toBe(false);
    line.pause();
    expect(line.paused).toBe(true);
  });

  it('tells the pacer where to go on, slot 0 included, until it has gone on or is paused anew', () => {
    const [line] = lines();
    line.resume(7);
    expect(line.goOnAt).toBeUndefined(); // nothing was paused
    for (const slot of [0, 7]) {
      line.pause();
      line.resume(slot);
      expect(line.goOnAt).toBe(slot);
    }
    line.wentOn();
    expect(line.goOnAt).toBeUndefined();
    line.pause();
    line.resume(7);
    line.pause();
    expect(line.goOnAt).toBeUndefined();
    line.resume();
    expect(line.goOnAt).toBeUndefined();
  });

  it('is what a detector does that is armed for it, once, and to the armed epoch alone', () => {
    const [ours, detector] = lines();
    const armed = ours.epoch;
    ours.arm('pause');
    expect(detector.trip()).toBe(armed);
    expect([ours.paused, ours.isVoid(armed), ours.armed, detector.trip()]).toEqual([true, false, false, 0]);
    ours.resume();
    ours.arm('pause');
    ours.flush();
    expect([detector.trip(), ours.paused]).toEqual([0, false]);
    ours.arm();
    expect(detector.trip()).toBe(armed + 1);
    expect(ours.isVoid(armed + 1)).toBe(true);
  });
});
