import { describe, expect, it } from 'vitest';
import { TurnsStream } from '../../../src/providers/cartesia/turns-stream.ts';
import { PREROLL_FRAMES } from '../../../src/providers/turn-recording.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A pump that is at frame 100, and notes from where it was started. */
function made() {
  const starts: number[] = [];
  const pump = { next: 100, start: (frame: number) => starts.push(frame), stop: () => undefined };
  const link = { proven: () => undefined, close: () => undefined };
  const stream = new TurnsStream(
    { pump, link, clock: new ManualClock(), endMs: 1000, onEvent: () => undefined },
    0,
  );
  return { stream, pump, starts };
}

describe('what is said while Cartesia’s socket is being replaced', () => {
  it('is heard by the next one, though nobody knew yet that it was speech', () => {
    const { stream, pump, starts } = made();
    stream.onDown();
    pump.next = 140;
    stream.onReplaced();
    expect(starts).toEqual([100 - PREROLL_FRAMES]);
    pump.next = 150;
    stream.beginTurn(120);
    expect(starts).toHaveLength(1);
  });

  it('is heard again from its beginning when that turns out to lie before', () => {
    const { stream, starts } = made();
    stream.onDown();
    stream.onReplaced();
    stream.beginTurn(90);
    expect(starts).toEqual([100 - PREROLL_FRAMES, 90 - PREROLL_FRAMES]);
  });

  it('is no part of the turn that was over', () => {
    const { stream, pump, starts } = made();
    stream.onMessage({ type: 'turn.end', transcript: 'hello', request_id: '1' });
    stream.onDown();
    pump.next = 110;
    stream.onReplaced();
    stream.beginTurn(105);
    expect(starts).toEqual([100]);
  });
});
