import { describe, expect, it } from 'vitest';
import { EchoLikeness } from '../../src/media/echo-likeness.ts';
import { echoOf, heardOver, recordedVoice } from './echo-line.ts';

const FRAME = 160;
/** From where on there is a voice in it, and a delayed one, too. */
const FIRST = 50;
const agent = recordedVoice('ked', 3);
const caller = recordedVoice('kay', 3);

/** The median of what it says of each quarter of a second. */
function typicalLikeness(heard: Int16Array): number {
  const likeness = new EchoLikeness(FRAME);
  const found: number[] = [];
  for (let frame = 0; (frame + 1) * FRAME <= Math.min(agent.length, heard.length); frame++) {
    const at = frame * FRAME;
    likeness.add(agent.subarray(at, at + FRAME), heard.subarray(at, at + FRAME));
    if (frame >= FIRST && frame % 12 === 0) found.push(likeness.likeness());
  }
  expect(found.length).toBeGreaterThan(10);
  return found.sort((a, b) => a - b)[found.length >> 1] as number;
}

describe('the likeness of what is heard and what was sent', () => {
  it.each([
    [20, -6],
    [150, -12],
    [300, -20],
  ])('is high for an echo after %i ms at %i dB', (delayMs, echoDb) => {
    expect(typicalLikeness(heardOver(echoOf(agent, { delayMs, echoDb })))).toBeGreaterThan(0.3);
  });

  it.each([20, 61, 150])('finds how much later an echo comes: %i ms', (delayMs) => {
    const heard = heardOver(echoOf(agent, { delayMs, echoDb: -12 }));
    const likeness = new EchoLikeness(FRAME, 200);
    let mostAlike = 0;
    let delay = 0;
    for (let frame = 0; frame < 3 * FIRST; frame++) {
      const at = frame * FRAME;
      likeness.add(agent.subarray(at, at + FRAME), heard.subarray(at, at + FRAME));
      const alike = frame < FIRST ? 0 : likeness.likeness();
      if (alike > mostAlike) [mostAlike, delay] = [alike, likeness.delay];
    }
    expect(mostAlike).toBeGreaterThan(0.3);
    // The room has its say, too.
    expect(Math.abs(delay - delayMs * 8)).toBeLessThanOrEqual(16);
  });

  it('doesn’t mix up those of other rates and delays', () => {
    // 32 frames of 160 samples, and 16 of 320: as many samples.
    const [narrow, wide] = [new EchoLikeness(160, 400), new EchoLikeness(320, 80)];
    const sound = agent.subarray(8000, 8000 + 40 * 320);
    for (let frame = 0; frame < 40; frame++) {
      wide.add(
        sound.subarray(frame * 320, frame * 320 + 320),
        sound.subarray(frame * 320, frame * 320 + 320),
      );
      const half = sound.subarray(frame * 160, frame * 160 + 160);
      narrow.add(half, half);
    }
    for (const likeness of [wide, narrow, wide]) expect(likeness.likeness()).toBeGreaterThan(0.99);
  });

  it('is low for a caller, and for one who talks over an echo', () => {
    expect(typicalLikeness(heardOver(caller))).toBeLessThan(0.25);
    const both = heardOver(caller, echoOf(agent, { delayMs: 150, echoDb: -12 }));
    expect(typicalLikeness(both)).toBeLessThan(0.3);
  });

  it('is none at all where nothing was sent, or nothing heard', () => {
    const likeness = new EchoLikeness(FRAME);
    const silence = new Int16Array(FRAME);
    const voice = agent.subarray(4000, 4000 + FRAME);
    for (let frame = 0; frame < 40; frame++) likeness.add(silence, voice);
    expect(likeness.likeness()).toBe(0);
    for (let frame = 0; frame < 40; frame++) likeness.add(voice, silence);
    expect(likeness.likeness()).toBe(0);
  });
});
