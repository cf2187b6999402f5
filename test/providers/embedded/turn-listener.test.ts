import { beforeEach, describe, expect, it } from 'vitest';
import { AudioRingWriter, createAudioRing } from '../../../src/media/audio-ring.ts';
import { TurnListener } from '../../../src/providers/embedded/stt/turn-listener.ts';
import type { Evidence } from '../../../src/providers/embedded/stt/verdict.ts';

/** Notes what it is given; each 20 ms frame of the ring is 320 samples at 16 kHz. */
class CountingRecogniser {
  readonly turns: number[] = [];
  wideband: boolean | undefined;
  abandoned = 0;
  #samples = 0;

  start(_pauseMs: number, wideband: boolean): void {
    this.wideband = wideband;
    this.#samples = 0;
  }
  push(samples: Int16Array): void {
    this.#samples += samples.length;
  }
  partial(): string {
    return '';
  }
  finish(): Evidence {
    this.turns.push(Math.round(this.#samples / 320));
    return {
      model: 'good morning to you',
      grammar: 'good morning to you',
      posterior: 0,
      familiar: 1,
      telling: 0,
      numbers: { text: '', lead: 0 },
    };
  }
  abandon(): void {
    this.abandoned += 1;
  }
}

describe('the listener of one call', () => {
  let recogniser: CountingRecogniser;
  let listener: TurnListener;
  let writer: AudioRingWriter;

  beforeEach(() => {
    const ring = createAudioRing(8000);
    writer = new AudioRingWriter(ring);
    recogniser = new CountingRecogniser();
    listener = new TurnListener(ring, recogniser, () => undefined);
  });

  function hear(frames: number): void {
    for (let n = 0; n < frames; n++) writer.commit(n * 20, -30);
  }

  it('gives the text of what was said from a little before the beginning to a little behind the end', async () => {
    hear(70);
    listener.begin(30);
    const { text } = await listener.end(49);
    expect(text).toBe('good morning to you');
    expect(recogniser.turns[0]).toBe(15 + 20 + 12);
  });

  it.each([
    [8000, false],
    [16000, true],
    [24000, true],
  ] as const)('tells the recogniser whether a ring of %s Hz is wideband: %s', (rateHz, wideband) => {
    const other = new TurnListener(createAudioRing(rateHz), recogniser, () => undefined);
    other.begin(0);
    expect(recogniser.wideband).toBe(wideband);
    other.close();
  });

  it('hears as much of a turn when it is behind as when it isn’t, and waits for nothing', async () => {
    for (let n = 0; n < 62; n++) {
      hear(1);
      if (n === 32) listener.begin(30);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await listener.end(49);
    listener.begin(30);
    await listener.end(49);
    expect(recogniser.turns).toEqual([47, 47]);
    listener.begin(30);
    await listener.end(58);
    expect(recogniser.turns[2]).toBe(15 + 29 + 3);
  });

  it('hears a turn whole when the caller had only paused', async () => {
    hear(60);
    listener.begin(20);
    await listener.end(49);
    hear(40);
    listener.begin(20);
    await listener.end(99);
    expect(recogniser.turns[1]).toBeGreaterThanOrEqual(79);
  });

  it('resolves a pending answer without a text when the turn begins anew', async () => {
    hear(60);
    listener.begin(20);
    const owed = listener.end(80);
    listener.begin(20);
    await expect(owed).resolves.toMatchObject({ text: '', understood: false });
    expect(recogniser.abandoned).toBe(1);
    hear(30);
    await expect(listener.end(80)).resolves.toMatchObject({ text: 'good morning to you' });
  });

  it('does not hear the end of one turn again at the beginning of the next', async () => {
    hear(60);
    listener.begin(20);
    await listener.end(49);
    listener.begin(50);
    await listener.end(59);
    expect(recogniser.turns[1]).toBeLessThanOrEqual(11);
  });

  it('answers nothing where no turn had begun, and nothing after it was closed', async () => {
    await expect(listener.end(5)).resolves.toMatchObject({ text: '', understood: false });
    listener.begin(0);
    const owed = listener.end(500);
    listener.close();
    await expect(owed).resolves.toMatchObject({ text: '', understood: false });
    listener.begin(0);
    await expect(listener.end(5)).resolves.toMatchObject({ text: '', understood: false });
  });
});
