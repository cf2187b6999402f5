import { describe, expect, it, vi } from 'vitest';
import { AudioRingWriter, createAudioRing } from '../../src/media/audio-ring.ts';
import { HeardPump } from '../../src/providers/heard-pump.ts';

const [SPEECH, SILENCE] = [-30, -70];
const FRAME_BYTES = 160;

class Line {
  /** Frames in each message that was sent. */
  readonly sent: number[] = [];
  readonly #writer: AudioRingWriter;
  readonly pump: HeardPump;

  constructor(messageMs = 20) {
    const heard = createAudioRing(8000, 500);
    this.#writer = new AudioRingWriter(heard);
    this.pump = new HeardPump(heard, messageMs, (audio) => {
      this.sent.push(audio.length / FRAME_BYTES);
    });
    this.pump.start(0);
  }

  /** Frames as they come on a call, one at a time. */
  async hear(frames: number, levelDbov: number): Promise<void> {
    for (let frame = 0; frame < frames; frame++) {
      this.#writer.commit(this.#writer.nextFrame * 20, levelDbov);
      const next = this.#writer.nextFrame;
      await vi.waitUntil(() => this.pump.next === next, { interval: 0 });
    }
  }
}

describe('heard sound on its way to a recogniser', () => {
  it('goes frame by frame while somebody speaks, and for a second after', async () => {
    const line = new Line();
    await line.hear(20, SPEECH);
    await line.hear(50, SILENCE);
    expect(line.sent).toEqual(Array.from({ length: 70 }, () => 1));
  });

  it('goes 100 ms at a time when nobody has spoken for a second', async () => {
    const line = new Line();
    await line.hear(75, SILENCE);
    expect(line.sent.slice(50)).toEqual([5, 5, 5, 5, 5]);
    expect(line.pump.sent).toBe(75);
  });

  it('goes at once when somebody begins to speak, with what has been collected', async () => {
    const line = new Line();
    await line.hear(57, SILENCE);
    await line.hear(3, SPEECH);
    expect(line.sent.slice(50)).toEqual([5, 3, 1, 1]);
  });

  it('loses nothing of what has been collected when it is to end there', async () => {
    const line = new Line();
    await line.hear(53, SILENCE);
    await expect(line.pump.finish(52)).resolves.toBe(true);
    expect(line.sent.slice(50)).toEqual([3]);
  });

  it('keeps to longer messages where they are configured', async () => {
    const line = new Line(200);
    await line.hear(20, SPEECH);
    await line.hear(60, SILENCE);
    expect(line.sent).toEqual([10, 10, 10, 10, 10, 10, 10, 10]);
  });
});
