import { afterAll, expect, test } from 'vitest';
import { createPocketsphinxStt } from '../../../src/providers/embedded/stt/pocketsphinx-stt.ts';
import { callerAudio, createRingFeeder } from '../../support/caller-audio.ts';

const PHRASES = ['what are your opening hours', 'are you open on saturday', 'how much is a check up'];
const stt = createPocketsphinxStt();
afterAll(() => stt.close());

test('a sentence of the agent, spoken over the telephone, is understood word for word', async () => {
  const feeder = createRingFeeder();
  const stream = await stt.open({
    heard: feeder.heard,
    language: 'en',
    phrases: PHRASES,
    onEvent: () => undefined,
  });
  stream.beginTurn(20);
  const { last } = await feeder.play(callerAudio('ked', 'd-hours'));
  expect(await stream.endTurn(last)).toMatchObject({ text: 'what are your opening hours', understood: true });
  stream.close();
});
