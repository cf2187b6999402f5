import { describe, expect, it, vi } from 'vitest';
import type { VadEvent } from '../../../../../src/dialog/contract/speech.ts';
import { createAudioRing } from '../../../../../src/media/audio-ring.ts';
import { createFlushLine } from '../../../../../src/media/flush-line.ts';
import { createSileroVad } from '../../../../../src/providers/embedded/vad/silero-vad.ts';
import { RingFeeder } from '../../../../support/ring-feeder.ts';
import { telephoneSpeech } from '../../../../support/telephone-speech.ts';
import { MortalThreads } from '../../../../support/mortal-threads.ts';

const PATIENCE = { timeout: 10_000, interval: 5 };

/** Threads and ports that keep this process alive. */
function threadHandles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /MessagePort|Worker/.test(name));
}

describe('the life of the voice detector', () => {
  it('leaves no thread behind when it is closed, however often', async () => {
    const before = threadHandles();
    const vad = await createSileroVad();
    const ring = new RingFeeder();
    await vad.open({ heard: ring.handle, flushLine: createFlushLine(), onEvent: () => undefined });
    expect(threadHandles().length).toBeGreaterThan(before.length);
    await Promise.all([vad.close(), vad.close()]);
    await vi.waitFor(() => {
      expect(threadHandles()).toEqual(before);
    }, PATIENCE);
    await expect(
      vad.open({ heard: ring.handle, flushLine: createFlushLine(), onEvent: () => undefined }),
    ).rejects.toMatchObject({ code: 'VAD_UNAVAILABLE' });
  }, 30_000);

  it('says which file is missing when there is no model', async () => {
    await expect(createSileroVad({ modelPath: '/nowhere/silero.onnx' })).rejects.toMatchObject({
      code: 'VAD_UNAVAILABLE',
      message: expect.stringContaining('/nowhere/silero.onnx') as string,
    });
  }, 30_000);

  it('refuses a call whose rate it cannot hear', async () => {
    const vad = await createSileroVad();
    try {
      await expect(
        vad.open({ heard: createAudioRing(44100), flushLine: createFlushLine(), onEvent: () => undefined }),
      ).rejects.toMatchObject({
        code: 'VAD_UNAVAILABLE',
        message: expect.stringContaining('44100') as string,
      });
    } finally {
      await vad.close();
    }
  }, 30_000);

  it('tells a call that it cannot serve, once', async () => {
    const workerEntry = new URL('../../../../support/refusing-vad-worker.ts', import.meta.url);
    const vad = await createSileroVad({ supervision: { workerEntry } });
    try {
      const failed = await new Promise<Error>((resolve) => {
        const request = { heard: new RingFeeder().handle, flushLine: createFlushLine() };
        void vad.open({ ...request, onEvent: () => undefined, onFailed: resolve });
      });
      expect(failed).toMatchObject({
        code: 'VAD_UNAVAILABLE',
        message: expect.stringContaining('out of memory') as string,
      });
      expect(vad.status?.().requests).toBe(0);
    } finally {
      await vad.close();
    }
  }, 30_000);

  it('starts its thread again when it dies, ends the speech it was in, and goes on listening', async () => {
    const troubles: string[] = [];
    const threads = new MortalThreads('providers/embedded/vad/silero-worker.ts');
    const { supervision } = threads;
    const vad = await createSileroVad({ supervision, onTrouble: (message) => troubles.push(message) });
    try {
      const sentence = await telephoneSpeech('Could you tell me when you are open?');
      const ring = new RingFeeder();
      const events: VadEvent[] = [];
      await vad.open({
        heard: ring.handle,
        flushLine: createFlushLine(),
        onEvent: (event) => events.push(event),
      });
      // How long it lasts is told as well, sooner or later.
      const told = (): string[] => events.map(({ type }) => type).filter((type) => type !== 'speech-lasts');
      ring.silence(400);
      ring.write(sentence.subarray(0, 8000));
      await vi.waitFor(() => {
        expect(told()).toEqual(['speech-start']);
      }, PATIENCE);
      const thread = { name: 'vad', alive: true, restarts: 0 };
      expect(vad.status?.()).toEqual({ threads: [thread], requests: 1 });

      threads.end('exit');
      await vi.waitFor(() => {
        expect(troubles).toEqual([expect.stringContaining('started again')]);
        expect(told()).toEqual(['speech-start', 'speech-stop']);
      }, PATIENCE);
      expect(vad.status?.()).toMatchObject({
        trouble: expect.stringContaining('died') as string,
        threads: [{ name: 'vad', alive: false, restarts: 1 }],
      });

      // Nobody says when the thread is back: a caller who goes on talking is heard again.
      await vi.waitFor(
        () => {
          ring.silence(300);
          ring.write(sentence);
          expect(told().slice(2)).toContain('speech-start');
        },
        { timeout: 15_000, interval: 100 },
      );
      expect(vad.status?.()).toEqual({ threads: [{ ...thread, restarts: 1 }], requests: 1 });
    } finally {
      threads.close();
      await vad.close();
    }
  }, 60_000);
});
