import { expect, it } from 'vitest';
import { AgentReply } from '../../../src/dialog/reply/agent-reply.ts';
import { Scope } from '../../../src/lib/scope.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedMedia } from '../../support/scripted-media.ts';
import { ScriptedTts } from '../../support/scripted-tts.ts';

const nothing = (): void => undefined;

function reply() {
  const clock = new ManualClock();
  const media = new ScriptedMedia(clock);
  const failures: unknown[] = [];
  const speaking = new AgentReply({
    scope: new Scope('call'),
    tts: new ScriptedTts(clock),
    voice: { voice: 'slt', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } },
    media,
    clock,
    gated: false,
    stallMs: 5000,
    fillerAgainMs: 4000,
    toolRounds: 1,
    runTool: () => Promise.reject(new Error('no tools')),
    ask: async function* () {
      await Promise.resolve();
      yield { type: 'text', text: 'One two three four five.' };
    },
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
