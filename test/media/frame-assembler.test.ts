import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameAssembler } from '../../src/media/frame-assembler.ts';

const sound = (...samples: number[]): Int16Array => Int16Array.from(samples);

describe('a frame made of sound and gaps', () => {
  it('takes what there is room for, and says how much', () => {
    const frame = new FrameAssembler(new Int16Array(4));
    expect(frame.addSound(sound(1, 2, 3), 1, 2)).toBe(2);
    expect(frame.room).toBe(2);
    expect(frame.addSound(sound(4, 5, 6), 0, 3)).toBe(2);
    expect(frame.finish()).toBe('frame');
    expect([...frame.samples]).toEqual([2, 3, 4, 5]);
    expect(frame.filled).toBe(0);
  });

  it('has a hole at its end patched with the sound before it, mirrored', () => {
    const frame = new FrameAssembler(new Int16Array(6));
    frame.addSound(sound(1, 2, 3), 0, 3);
    frame.addGap('lost', 3);
    expect(frame.finish()).toBe('frame');
    expect([...frame.samples]).toEqual([1, 2, 3, 3, 2, 1]);
  });

  it('has a hole at its beginning patched with the sound behind it, mirrored', () => {
    const frame = new FrameAssembler(new Int16Array(6));
    frame.addGap('filler', 2);
    frame.addSound(sound(1, 2, 3, 4), 0, 4);
    expect(frame.finish()).toBe('frame');
    expect([...frame.samples]).toEqual([2, 1, 1, 2, 3, 4]);
  });

  it('has a hole at its beginning patched with no more than the sound up to the next hole', () => {
    const frame = new FrameAssembler(new Int16Array(8));
    frame.addGap('lost', 3);
    frame.addSound(sound(1, 2), 0, 2);
    frame.addGap('lost', 1);
    frame.addSound(sound(3, 4), 0, 2);
    expect(frame.finish()).toBe('frame');
    expect([...frame.samples]).toEqual([1, 2, 1, 1, 2, 2, 3, 4]);
  });

  it('has a hole in its middle patched, however short the sound before it is', () => {
    const frame = new FrameAssembler(new Int16Array(8));
    frame.addSound(sound(7), 0, 1);
    frame.addGap('lost', 3);
    frame.addSound(sound(1, 2, 3, 4), 0, 4);
    expect(frame.finish()).toBe('frame');
    expect([...frame.samples]).toEqual([7, 7, 7, 7, 1, 2, 3, 4]);
  });

  it('is lost, or filler, when it is mostly that', () => {
    const frame = new FrameAssembler(new Int16Array(4));
    frame.addSound(sound(1), 0, 1);
    frame.addGap('lost', 9);
    expect(frame.finish()).toBe('lost');
    frame.addGap('lost', 1);
    frame.addGap('filler', 3);
    expect(frame.finish()).toBe('filler');
  });

  it('never plays what an earlier frame left behind', () => {
    const part = fc.record({
      kind: fc.constantFrom('sound', 'lost', 'filler'),
      count: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const frame = new FrameAssembler(new Int16Array(16));
        frame.addSound(new Int16Array(16).fill(99), 0, 16);
        frame.finish();
        for (const { kind, count } of parts) {
          if (kind === 'sound') frame.addSound(new Int16Array(count).fill(5), 0, count);
          else frame.addGap(kind, count);
          if (frame.room === 0 && frame.finish() === 'frame')
            expect(new Set(frame.samples)).toEqual(new Set([5]));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
