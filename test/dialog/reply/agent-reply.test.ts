import { expect, it } from 'vitest';
import { AgentReply } from '../../../src/dialog/reply/agent-reply.ts';
import { Scope } from '../../../src/lib/scope.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedMedia } from '../../support/scripted-media.ts';
import { ScriptedTts } from '../../support/scripted-tts.ts';

const nothing = (): void => undefined;

function reply(fault?: ScriptedTts['fault']) {
  const clock = new ManualClock();
  const media = new ScriptedMedia(clock);
  const failures: unknown[] = [];
  const tts = new ScriptedTts(clock);
  tts.fault = fault;
  const speaking = new AgentReply({
    scope: new Scope('call'),
    tts,
    voice: { voice: 'slt', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } },
    media,
    clock,
    gated: false,
    stallMs: 5000,
    fillerAgainMs: 4000,
    tools: { run: () => Promise.reject(new Error('no tools')) },
    source: { is: 'written', text: 'One two three four five.' },
    events: {
      mark: nothing,
      audible: nothing,
      commit: nothing,
      acted: nothing,
      resumed: nothing,
      usage: nothing,
      trouble: nothing,
      failed: (...failure) => failures.push(failure),
    },
  });
  return { clock, media, speaking, failures };
}

it('rests for as long as it is paused, and repeats the word that was cut', async () => {
  const { clock, media, speaking, failures } = reply();
  await clock.advance(60 + 540);
  speaking.pause();
  await clock.advance(30_000);
  expect(speaking.cutWord).toMatchObject({ text: 'two', startMs: 400 });
  expect(media.playbacks[0]?.written).toBe(2000);
  expect(speaking.resume(speaking.cutWord?.startMs)).toBe(400);
  await clock.advance(3000);
  const { heard, failed } = await speaking.settled;
  expect(heard).toMatchObject({ text: 'One two three four five.', interrupted: false });
  expect(heard?.account).toMatchObject({ playedMs: 2000, writtenMs: 2000, pauses: 1 });
  expect([failed, failures]).toEqual([false, []]);
});

it('is known by what was heard of it when it is flushed while it is paused', async () => {
  const { clock, media, speaking } = reply();
  await clock.advance(60 + 940);
  speaking.pause();
  await clock.advance(10_000);
  media.flush();
  speaking.stop();
  await clock.advance(100);
  const { heard } = await speaking.settled;
  expect(heard).toMatchObject({ text: 'One two', interrupted: true });
});

it('neither fills the silence of a pause nor takes it for a stall while its synthesiser owes the rest', async () => {
  const { clock, media, speaking, failures } = reply({ atWord: 'three', how: 'hang' });
  await clock.advance(60 + 540);
  speaking.pause();
  await clock.advance(30_000);
  expect([media.playbacks[0]?.written, failures]).toEqual([800, []]);
  // From where it goes on both count anew: the filler from the end of the sound, 260 ms later.
  speaking.resume();
  await clock.advance(260 + 3900);
  expect([media.playbacks[0]?.written, failures]).toEqual([800, []]);
  await clock.advance(200);
  expect(media.playbacks[0]?.written).toBeGreaterThan(800);
  expect(failures).toEqual([]);
  await clock.advance(1000);
  expect(failures).toMatchObject([['tts', { message: 'nothing came for 5000 ms' }]]);
  await speaking.settled;
});

it('does not begin while it is held back, which is no stall', async () => {
  const { clock, media, speaking, failures } = reply();
  speaking.holdBack();
  await clock.advance(6000);
  expect([media.playbacks.length, failures]).toEqual([0, []]);
  speaking.letBegin();
  await clock.advance(3000);
  const { heard } = await speaking.settled;
  expect(heard).toMatchObject({ text: 'One two three four five.', interrupted: false });
});

it('is not held back once it has begun', async () => {
  const { clock, media, speaking } = reply();
  await clock.advance(60 + 540);
  speaking.holdBack();
  await clock.advance(3000);
  expect((await speaking.settled).heard?.account).toMatchObject({ playedMs: 2000, pauses: 0 });
  expect(media.playbacks).toHaveLength(1);
});

it('leaves nothing behind when it is stopped while it is held back', async () => {
  const { clock, media, speaking } = reply();
  speaking.holdBack();
  await clock.advance(500);
  speaking.stop();
  await clock.advance(100);
  expect(await speaking.settled).toMatchObject({ heard: undefined, failed: false });
  expect(media.playbacks).toEqual([]);
});
