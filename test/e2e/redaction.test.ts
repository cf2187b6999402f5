/** A caller says their number: what is left of it in the record and in the recording. */
import { describe, expect, it } from 'vitest';
import { callerAudio } from '../support/caller-audio.ts';
import { ALICE, SAME_WORDS, useRunningAgent } from '../support/agent-under-test.ts';
import { report } from '../support/running-agent.ts';
import { findSpeech } from '../support/sound-likeness.ts';
import { levelDbov } from '../../src/media/level.ts';
import { readWav } from '../../src/media/wav.ts';

/** "My number is …", and ten digits. */
const NUMBER = 'm-number-my';
/** Where "is" and the first digit begin in the recording of the test caller (as its recogniser places them). */
const IS_AT = 0.86 * 8000;
const DIGITS_AT = 0.96 * 8000;
const FRAME = 160;

describe('A number that a caller says', () => {
  const agent = useRunningAgent({ edits: [['digits: false', 'digits: true']] });

  it('is neither in the record nor in the recording, where the words before it are', async () => {
    const viewed = await agent.greeted(ALICE);
    await agent.ask(viewed, NUMBER);
    await viewed.call.hangUp();
    const { said } = await agent.lab.record(viewed.view);
    const text = said.find(({ who, via }) => who === 'caller' && via === 'speech')?.text;
    expect(text).toMatch(/^my number is • • •/);

    const [caller] = readWav(await agent.lab.recording(viewed.view)).channels;
    if (caller?.encoding !== 'pcm_s16') throw new Error('no sound');
    const spoken = callerAudio('ked', NUMBER);
    const words = findSpeech(caller.samples, spoken.subarray(0, IS_AT));
    expect(words.correlation).toBeGreaterThan(SAME_WORDS);
    const voiced = voicedFrames(spoken).filter((at) => at >= DIGITS_AT);
    const left = voiced.filter((at) =>
      caller.samples.subarray(words.at + at, words.at + at + FRAME).some((sample) => sample !== 0),
    );
    report(
      `likeness of the words before: ${words.correlation.toFixed(2)}; of ${voiced.length} voiced frames of digits, ${left.length} are left`,
    );
    expect(voiced.length).toBeGreaterThan(100);
    expect(left).toEqual([]);
  });
});

/** Where frames begin that are less than 30 dB below the loudest. */
function voicedFrames(samples: Int16Array): number[] {
  const places = Array.from({ length: Math.floor(samples.length / FRAME) }, (_, n) => n * FRAME);
  const levels = places.map((at) => levelDbov(samples.subarray(at, at + FRAME)));
  const loudest = Math.max(...levels);
  return places.filter((_, n) => (levels[n] ?? -Infinity) > loudest - 30);
}
