import { lookup } from 'node:dns/promises';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { AudioRingWriter, createAudioRing } from '../../../src/media/audio-ring.ts';
import { readWav } from '../../../src/media/wav.ts';
import { startRecording } from '../../../src/observability/recorder.ts';
import { LoopDisk } from '../../support/loop-disk.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'recording-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** When frame 0 came. */
const ORIGIN_MS = 5000;

function rings() {
  const heard = createAudioRing(8000);
  const sent = createAudioRing(8000);
  const writers = { heard: new AudioRingWriter(heard), sent: new AudioRingWriter(sent) };
  /** Frame n of each direction is filled with n + 1, or its negative. */
  const write = (to: 'heard' | 'sent', frames: number): void => {
    for (let n = 0; n < frames; n++) {
      const value = writers[to].nextFrame + 1;
      writers[to].slot.fill(to === 'heard' ? value : -value);
      writers[to].commit(ORIGIN_MS + writers[to].nextFrame * 20, -30);
    }
  };
  return { heard, sent, write, writers };
}

async function channels(path: string): Promise<Int16Array[]> {
  const wav = readWav(new Uint8Array(await readFile(path)));
  expect(wav.rateHz).toBe(8000);
  return wav.channels.map((channel) =>
    'samples' in channel ? Int16Array.from(channel.samples) : new Int16Array(),
  );
}

async function size(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

function recording(handles: ReturnType<typeof rings>) {
  const troubles: string[] = [];
  const path = join(directory, 'call.wav');
  const onTrouble = (message: string): void => void troubles.push(message);
  return { path, troubles, ...wrap(startRecording({ path, ...handles, onTrouble })) };
}
function wrap(it: ReturnType<typeof startRecording>) {
  return { stop: () => it.stop(), it };
}

describe('a recording', () => {
  it('is whole at each moment: a player sees what there is, though the program be killed', async () => {
    const handles = rings();
    const call = recording(handles);
    handles.write('heard', 50);
    handles.write('sent', 50);
    await expect.poll(() => size(call.path), { timeout: 5000 }).toBe(44 + 50 * 160 * 2 * 2);
    // The header follows the sound.
    await expect
      .poll(async () => (await readFile(call.path)).readUInt32LE(40), { timeout: 5000 })
      .toBe(32_000);
    await call.stop();
  });

  it('has the caller left and the agent right, frame by frame on one timeline', async () => {
    const handles = rings();
    const call = recording(handles);
    for (let second = 0; second < 8; second++) {
      handles.write('heard', 50);
      handles.write('sent', 50);
      // On the disk before the next second comes: memory is bounded, and so is the ring.
      const bytes = 44 + (second + 1) * 50 * 160 * 4;
      await expect.poll(() => size(call.path), { timeout: 5000, interval: 10 }).toBe(bytes);
    }
    await call.stop();
    const [left, right] = await channels(call.path);
    expect(left).toHaveLength(400 * 160);
    for (let frame = 0; frame < 400; frame++) {
      expect(left?.[frame * 160]).toBe(frame + 1);
      expect(right?.[frame * 160 + 159]).toBe(-(frame + 1));
    }
    expect(call.it.framesMissed).toBe(0);
  });

  it('is complete up to the last frame of the longer direction', async () => {
    const handles = rings();
    handles.write('heard', 33);
    handles.write('sent', 10);
    const call = recording(handles);
    await call.stop();
    const [left, right] = await channels(call.path);
    expect(left).toHaveLength(33 * 160);
    expect([left?.[32 * 160], right?.[9 * 160], right?.[10 * 160]]).toEqual([33, -10, 0]);
  });

  it('is silent where it is told to be, on that side alone, though it is told before the disk has it', async () => {
    const handles = rings();
    const call = recording(handles);
    handles.write('heard', 100);
    handles.write('sent', 100);
    await expect.poll(() => size(call.path), { timeout: 5000, interval: 10 }).toBe(44 + 100 * 160 * 4);
    // 1.2 to 3 s: a part is on the disk already. 300 ms of margin on both sides.
    call.it.silence('caller', { since: ORIGIN_MS + 1200, until: ORIGIN_MS + 3000 });
    await expect
      .poll(async () => (await channels(call.path))[0]?.[99 * 160], { timeout: 5000, interval: 10 })
      .toBe(0);
    handles.write('heard', 100);
    handles.write('sent', 100);
    await expect.poll(() => size(call.path), { timeout: 5000, interval: 10 }).toBe(44 + 200 * 160 * 4);
    call.it.silence('agent', { since: -Infinity, until: ORIGIN_MS });
    // Words, by their frames, with 5 of margin: one of them isn't recorded yet.
    call.it.silence('agent', { frame: 100, toFrame: 109 });
    call.it.silence('agent', { frame: 198, toFrame: 260 });
    await call.stop();
    const [left, right] = await channels(call.path);
    const isWord = (frame: number): boolean => (frame >= 95 && frame < 115) || frame >= 193;
    for (let frame = 0; frame < 200; frame++) {
      const silent = frame >= 44 && frame < 165;
      expect([frame, left?.[frame * 160], left?.[frame * 160 + 159]]).toEqual(
        silent ? [frame, 0, 0] : [frame, frame + 1, frame + 1],
      );
      expect([frame, right?.[frame * 160]]).toEqual([frame, isWord(frame) || frame < 15 ? 0 : -(frame + 1)]);
    }
    expect(call.troubles).toEqual([]);
  });

  it('ends by itself when the ring does, and stopping twice is one end', async () => {
    const handles = rings();
    const call = recording(handles);
    handles.write('heard', 5);
    handles.writers.heard.close();
    await Promise.all([call.stop(), call.stop()]);
    expect((await channels(call.path))[0]).toHaveLength(5 * 160);
  });

  it('is reported when it can not be written, and the call goes on', async () => {
    const handles = rings();
    const troubles: string[] = [];
    const path = join(directory, 'missing', 'call.wav');
    await startRecording({ path, ...handles, onTrouble: (message) => void troubles.push(message) }).stop();
    expect(troubles[0]).toContain('ENOENT');
  });

  it.skipIf(!LoopDisk.possible)(
    'waits for a disk that stands still, and nothing else waits with it',
    async () => {
      const disk = LoopDisk.make();
      onTestFinished(() => {
        disk.close();
      });
      const troubles: string[] = [];
      const calls = Array.from({ length: 8 }, (_, n) => {
        const handles = rings();
        const path = join(disk.folder, `${n}.wav`);
        const it = startRecording({ path, ...handles, onTrouble: (message) => void troubles.push(message) });
        return { ...handles, path, it };
      });
      await expect.poll(() => size(calls.at(-1)?.path ?? ''), { timeout: 5000 }).toBe(44);
      disk.freeze();
      for (const { write } of calls) {
        write('heard', 100);
        write('sent', 100);
      }
      // Each has something to write by now.
      await systemClock.sleep(1500);
      const found = lookup('localhost').then(() => 'found');
      expect(await Promise.race([found, systemClock.sleep(3000)])).toBe('found');
      disk.thaw();
      for (const { it, path } of calls) {
        await it.stop();
        expect(it.framesMissed).toBe(0);
        expect(await size(path)).toBe(44 + 100 * 160 * 2 * 2);
      }
      expect(troubles).toEqual([]);
    },
  );
});
