import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { AudioRingReader, createAudioRing } from '../../../src/media/audio-ring.ts';

it('an audio ring wakes a reader when another thread writes, and when it closes', async () => {
  const handle = createAudioRing(8000);
  const reader = new AudioRingReader(handle);
  const code = `
    const { workerData } = require('node:worker_threads');
    import(workerData.module).then(({ AudioRingWriter }) => {
      const writer = new AudioRingWriter(workerData.handle);
      writer.slot.fill(7);
      writer.commit(1, -7);
      writer.close();
    });`;
  const module = new URL('../../../src/media/audio-ring.ts', import.meta.url).href;
  new Worker(code, { eval: true, workerData: { handle, module } });
  expect(await reader.wait()).toBe(true);
  const samples = new Int16Array(160);
  expect(reader.read(samples)).toBe(true);
  expect(samples[0]).toBe(7);
  expect(await reader.wait()).toBe(false);
  expect(reader.closed).toBe(true);
});
