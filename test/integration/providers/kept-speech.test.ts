import { chmod, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TtsEvent } from '../../../src/dialog/contract/speech.ts';
import type { AudioFormat } from '../../../src/media/audio.ts';
import { keepSpeech } from '../../../src/providers/kept-speech.ts';
import { SpeechStore } from '../../../src/providers/speech-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedTts } from '../../support/scripted-tts.ts';

const ULAW: AudioFormat = { encoding: 'ulaw', rateHz: 8000 };
const WIDE: AudioFormat = { encoding: 'pcm_s16', rateHz: 16000 };

let folder = '';
let troubles: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kept-speech-'));
  troubles = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** What a run of the program hears of its synthesiser for a text, and how often that was asked. */
async function run({
  text = 'Hello there',
  voice = 'slt',
  format = WIDE,
  sound = 'one',
  into = folder,
  fails = false,
} = {}) {
  const tts = new ScriptedTts(new ManualClock(), { firstAudioMs: 0 });
  if (fails) tts.fault = { atWord: 'there', how: new Error('no voice') };
  const store = new SpeechStore(into, (message) => troubles.push(message));
  const kept = keepSpeech(tts, sound, store);
  const heard: TtsEvent[] = [];
  const spoken = kept.speak(textOf(text), { voice, language: 'en', format }, new AbortController().signal);
  try {
    for await (const event of spoken) heard.push(event);
  } catch (error) {
    expect(fails).toBe(true);
    expect(String(error)).toContain('no voice');
  }
  return { asked: tts.pieces.length, store, ...soundOf(heard) };
}

async function* textOf(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

function soundOf(events: readonly TtsEvent[]) {
  const samples = events.flatMap((event) =>
    event.type === 'audio' ? [...('bytes' in event.audio ? event.audio.bytes : event.audio.samples)] : [],
  );
  return { samples, words: events.flatMap((event) => (event.type === 'words' ? event.words : [])) };
}

it('Speech that was made once is read from the disk by the next run, sample by sample and word by word', async () => {
  for (const format of [WIDE, ULAW, { encoding: 'pcm_f32', rateHz: 24000 } as const]) {
    const first = await run({ format });
    const second = await run({ format });
    expect([first.asked, second.asked]).toEqual([1, 0]);
    expect(first.samples.length).toBeGreaterThan(0);
    expect(second.samples).toEqual(first.samples);
    expect(second.words).toEqual(first.words);
  }
});

it('Another text, voice, format or other settings are other speech', async () => {
  await run();
  for (const other of [{ text: 'Hello here' }, { voice: 'rms' }, { format: ULAW }, { sound: 'two' }])
    expect((await run(other)).asked).toBe(1);
  expect((await run()).asked).toBe(0);
});

it('A file that is torn or was changed counts as missing, and is made anew', async () => {
  const { samples } = await run();
  const [name = ''] = await readdir(folder);
  const path = join(folder, name);
  const whole = await readFile(path);
  const changed = Buffer.from(whole);
  changed[whole.length - 1] = (whole.at(-1) ?? 0) ^ 1;
  for (const damaged of [
    whole.subarray(0, whole.length / 2),
    whole.subarray(0, 10),
    Buffer.alloc(0),
    changed,
  ]) {
    await writeFile(path, damaged);
    expect(await run()).toMatchObject({ asked: 1, samples });
    expect(await readFile(path)).toEqual(whole);
  }
});

it('What broke off isn’t kept', async () => {
  expect((await run({ fails: true })).samples.length).toBeGreaterThan(0);
  expect(await readdir(folder)).toEqual([]);
});

it('Where nothing can be written speech comes all the same, and that is said once', async () => {
  const file = join(folder, 'a file');
  await writeFile(file, '');
  const { store, samples } = await run({ into: join(file, 'phrases') });
  await store.put('0'.repeat(64), { format: ULAW, bytes: new Uint8Array(8), words: [] });
  expect(samples.length).toBeGreaterThan(0);
  expect(troubles).toEqual([expect.stringContaining('made anew at each start')]);
});

it('A folder that can only be read is used as it is', async () => {
  await run();
  await chmod(folder, 0o500);
  expect((await run()).asked).toBe(0);
  expect((await run({ voice: 'rms' })).samples.length).toBeGreaterThan(0);
  await chmod(folder, 0o700);
});

it('What was used longest ago goes when there is too much, and what was never finished', async () => {
  const { store } = await run({ text: 'old' });
  const [old = ''] = await readdir(folder);
  const size = (await readFile(join(folder, old))).length;
  await utimes(join(folder, old), 1, 1);
  await run({ text: 'new' });
  const kept = (await readdir(folder)).filter((name) => name !== old);
  await writeFile(join(folder, `${old}.unfinished`), 'x');
  await store.tidy(2 * size);
  expect((await readdir(folder)).toSorted()).toEqual([old, ...kept].toSorted());
  await utimes(join(folder, old), 1, 1);
  await run({ text: 'old' }); // used again: now the other one is older
  await utimes(join(folder, kept[0] ?? ''), 2, 2);
  await store.tidy(size);
  expect(await readdir(folder)).toEqual([old]);
});
