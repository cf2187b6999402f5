import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AudioRingReader,
  AudioRingWriter,
  closeRing,
  createAudioRing,
  FRAME_FILLER,
} from '../../src/media/audio-ring.ts';
import { decodeG711 } from '../../src/media/g711.ts';

function write(writer: AudioRingWriter, value: number): void {
  writer.slot.fill(value);
  writer.commit(value * 20, -value, value % 2 ? FRAME_FILLER : 0);
}

describe('audio ring', () => {
  it('gives every frame with its time, level and flags, to each reader at its own pace', () => {
    const handle = createAudioRing(16000, 8);
    const writer = new AudioRingWriter(handle);
    const [early, late] = [new AudioRingReader(handle, 0), new AudioRingReader(handle, 0)];
    const samples = new Int16Array(320);
    for (let frame = 0; frame < 5; frame++) {
      write(writer, frame);
      expect(early.read(samples)).toBe(true);
      expect(samples.every((sample) => sample === frame)).toBe(true);
    }
    expect(early.read(samples)).toBe(false);
    for (let frame = 0; frame < 5; frame++) {
      late.read(samples);
      expect(late.info).toEqual({
        frame,
        time: frame * 20,
        levelDbov: -frame,
        flags: frame % 2 ? FRAME_FILLER : 0,
      });
      expect(samples[319]).toBe(frame);
    }
  });

  it.each(['ulaw', 'alaw'] as const)(
    'keeps what came as %s in little more than its bytes, and loses nothing',
    (law) => {
      const handle = createAudioRing(8000, 4, law);
      expect(handle.memory.byteLength).toBe(32 + 4 * (16 + 160));
      const writer = new AudioRingWriter(handle);
      const reader = new AudioRingReader(handle, 0);
      const samples = new Int16Array(320);
      for (const first of [0, 96]) {
        const frame = decodeG711(
          law,
          Uint8Array.from({ length: 160 }, (_, index) => first + index),
        );
        writer.slot.set(frame);
        writer.commit(20, -12);
        expect(reader.read(samples, 160)).toBe(true);
        expect(samples.subarray(160)).toEqual(frame);
      }
      expect(new AudioRingReader(handle).encoding).toBe(law);
    },
  );

  it('lets a reader that falls behind skip, and counts what it missed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 9 }),
        fc.array(fc.nat(12), { maxLength: 20 }),
        (slots, bursts) => {
          const handle = createAudioRing(8000, slots);
          const writer = new AudioRingWriter(handle);
          const reader = new AudioRingReader(handle, 0);
          const samples = new Int16Array(160);
          let read = 0;
          for (const burst of bursts) {
            for (let i = 0; i < burst; i++) write(writer, writer.nextFrame);
            while (reader.read(samples)) {
              read += 1;
              expect(samples[7]).toBe(reader.info.frame);
            }
          }
          expect(read + reader.skipped).toBe(writer.nextFrame);
        },
      ),
    );
  });

  it('writes at an offset of the reader’s memory and leaves the rest alone', () => {
    const handle = createAudioRing(8000);
    const reader = new AudioRingReader(handle);
    write(new AudioRingWriter(handle), 3);
    const samples = new Int16Array(480).fill(-1);
    reader.read(samples, 160);
    expect([samples[159], samples[160], samples[319], samples[320]]).toEqual([-1, 3, 3, -1]);
  });

  it('goes on with the next number when another writer takes over', () => {
    const handle = createAudioRing(8000);
    write(new AudioRingWriter(handle), 1);
    const second = new AudioRingWriter(handle);
    expect(second.nextFrame).toBe(1);
    write(second, 2);
    expect(new AudioRingReader(handle).written).toBe(2);
  });

  it('is closed without its writer: readers end when they have read what it had written', async () => {
    const handle = createAudioRing(8000);
    const reader = new AudioRingReader(handle);
    write(new AudioRingWriter(handle), 5);
    const late = new AudioRingReader(handle);
    const waiting = late.wait();
    closeRing(handle);
    expect(await waiting).toBe(false);
    expect(await reader.wait()).toBe(true);
    expect(reader.read(new Int16Array(160))).toBe(true);
    expect(await reader.wait()).toBe(false);
    expect([reader.closed, late.closed]).toEqual([true, true]);
  });

  it('refuses memory that is no ring', () => {
    const none = { memory: new SharedArrayBuffer(64) };
    expect(() => {
      closeRing(none);
    }).toThrow('not an audio ring');
    expect(() => new AudioRingReader(none)).toThrow('not an audio ring');
  });
});
