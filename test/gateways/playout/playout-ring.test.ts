import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createPlayoutRing,
  PlayoutRingReader,
  PlayoutRingWriter,
  SLOT_END,
} from '../../../src/gateways/playout/playout-ring.ts';

const SILENCE = 0xff;

function makeRing(slots: number, frameBytes = 4): { writer: PlayoutRingWriter; reader: PlayoutRingReader } {
  const handle = createPlayoutRing({ frameBytes, silenceByte: SILENCE, slots });
  return { writer: new PlayoutRingWriter(handle), reader: new PlayoutRingReader(handle) };
}

function frame(value: number): Uint8Array {
  return new Uint8Array(4).fill(value);
}

function payload(reader: PlayoutRingReader): number[] {
  const bytes = new Uint8Array(reader.frameBytes);
  reader.copy(bytes);
  return [...bytes];
}

describe('playout ring', () => {
  it('hands out frames in order, with whose they are', () => {
    const { writer, reader } = makeRing(3);
    writer.push(7, 1, 0, 4, 0, frame(1), 0, 4);
    writer.push(8, 2, 0, 4, SLOT_END, frame(2), 0, 4);
    expect(reader.peek()).toBe(true);
    expect([reader.utterance, reader.epoch, reader.samples, reader.isEnd]).toEqual([7, 1, 4, false]);
    expect(payload(reader)).toEqual([1, 1, 1, 1]);
    reader.pop();
    expect(reader.peek()).toBe(true);
    expect([reader.utterance, reader.epoch, reader.samples, reader.isEnd]).toEqual([8, 2, 4, true]);
    reader.pop();
    expect(reader.peek()).toBe(false);
  });

  it('pads a short frame with the codec’s silence, over whatever lay in the slot before', () => {
    const { writer, reader } = makeRing(1);
    writer.push(1, 1, 0, 4, 0, frame(9), 0, 4);
    reader.peek();
    reader.pop();
    writer.push(1, 1, 0, 1, 0, Uint8Array.of(0, 5), 1, 1);
    reader.peek();
    expect(payload(reader)).toEqual([5, SILENCE, SILENCE, SILENCE]);
  });

  it('behaves as a bounded queue, however pushes and pops alternate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.boolean(), { maxLength: 80 }),
        (slots, steps) => {
          const { writer, reader } = makeRing(slots);
          const model: number[] = [];
          for (const [index, push] of steps.entries()) {
            if (push) {
              expect(writer.push(index, 1, 0, 4, 0, frame(index), 0, 4)).toBe(model.length < slots);
              if (model.length < slots) model.push(index);
            } else {
              expect(reader.peek()).toBe(model.length > 0);
              const expected = model.shift();
              if (expected === undefined) continue;
              expect(reader.utterance).toBe(expected);
              expect(payload(reader)).toEqual([...frame(expected)]);
              reader.pop();
            }
            expect(writer.room).toBe(slots - model.length);
          }
        },
      ),
    );
  });

  it('wakes a writer once there is as much room as it asked for', async () => {
    const { writer, reader } = makeRing(4);
    for (let i = 0; i < 4; i++) writer.push(1, 1, 0, 4, 0, frame(i), 0, 4);
    let awake = false;
    const waiting = writer.waitForRoom(3).then(() => (awake = true));
    for (let i = 0; i < 2; i++) {
      reader.peek();
      reader.pop();
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(awake).toBe(false);
    reader.peek();
    reader.pop();
    await waiting;
    expect(writer.room).toBe(3);
  });

  it('lets a waiting writer go when the session is over', async () => {
    const { writer } = makeRing(1);
    writer.push(1, 1, 0, 4, 0, frame(1), 0, 4);
    const waiting = writer.waitForRoom(1);
    writer.release();
    await waiting;
    expect(writer.room).toBe(1);
  });

  it('goes on where it was when another reader takes over', () => {
    const handle = createPlayoutRing({ frameBytes: 4, silenceByte: SILENCE, slots: 4 });
    const writer = new PlayoutRingWriter(handle);
    for (let i = 1; i <= 3; i++) writer.push(i, 1, 0, 4, 0, frame(i), 0, 4);
    const first = new PlayoutRingReader(handle);
    first.peek();
    first.pop();
    const second = new PlayoutRingReader(handle);
    expect(second.peek()).toBe(true);
    expect(second.utterance).toBe(2);
  });

  describe('what was taken', () => {
    /** Utterances of so many frames of four samples each, all of them taken. */
    function taken(counts: Record<number, number>, slots = 500) {
      const { writer, reader } = makeRing(slots);
      for (const [utterance, count] of Object.entries(counts)) {
        for (let n = 0; n < count; n++) {
          writer.push(Number(utterance), 1, n * 4, 4, 0, frame(n), 0, 4);
          reader.pop();
        }
      }
      return { writer, reader };
    }

    it('is found by the sample, and no earlier than its utterance begins', () => {
      const { writer } = taken({ 1: 5, 2: 10 });
      expect(writer.find(2, 0)).toEqual({ slot: 5, position: 0 });
      expect(writer.find(2, 13)).toEqual({ slot: 8, position: 12 });
      expect(writer.find(2, 16)).toEqual({ slot: 9, position: 16 });
      expect(writer.find(2, 1000)).toEqual({ slot: 14, position: 36 });
      expect(writer.find(1, 0)).toBeUndefined(); // another one was taken since
      expect([writer.stopOf(2), writer.stopOf(3)]).toEqual([40, 0]);
    });

    it('is kept for two seconds, also while the writer has filled all the room there is', () => {
      const { writer, reader } = taken({ 1: 300 }, 8);
      while (writer.push(1, 1, 0, 4, 0, frame(0), 0, 4));
      const found = writer.find(1, 0)!;
      expect(found).toEqual({ slot: 200, position: 800 });
      reader.goBack(found.slot, 1);
      expect(reader.peek()).toBe(true);
      expect([reader.position, payload(reader)[0], writer.room]).toEqual([800, 200, -100]);
      expect(writer.push(1, 1, 0, 4, 0, frame(0), 0, 4)).toBe(false);
    });

    it('is gone back to only where it is this utterance’s, and still there', () => {
      const { writer, reader } = taken({ 1: 5, 2: 200 });
      const before = writer.room;
      for (const [slot, utterance] of [
        [50, 2], // too long ago
        [204, 1], // another's
        [205, 2], // to come
      ] as const) {
        reader.goBack(slot, utterance);
        expect(writer.room).toBe(before);
      }
      reader.goBackTo(2, 4 * 190 + 1);
      expect([reader.peek(), reader.position]).toEqual([true, 4 * 190]);
      expect(writer.stopOf(2)).toBe(4 * 190);
    });
  });

  it('refuses memory that is no playout ring', () => {
    expect(() => new PlayoutRingReader({ memory: new SharedArrayBuffer(64) })).toThrow('not a playout ring');
  });
});
