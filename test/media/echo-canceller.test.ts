import { describe, expect, it } from 'vitest';
import { EchoCanceller } from '../../src/media/echo-canceller.ts';
import { levelDbov } from '../../src/media/level.ts';
import { echoOf, heardOver, powerDb, recordedVoice } from './echo-line.ts';

const FRAME = 160;
const SECOND = 8000;
const agent = recordedVoice('ked', 5);
const caller = recordedVoice('kay', 2);

function cancelled(sent: Int16Array, heard: Int16Array, canceller = new EchoCanceller(FRAME)): Int16Array {
  const rest = heard.slice();
  for (let at = 0; at + FRAME <= heard.length; at += FRAME) {
    const frame = rest.subarray(at, at + FRAME);
    canceller.cancel(sent.subarray(at, at + FRAME), frame, levelDbov(frame));
  }
  return rest;
}

/** dB that were taken from what was heard, in the seconds from … to. */
function takenDb(heard: Int16Array, rest: Int16Array, from: number, to: number): number {
  return powerDb(heard, from * SECOND, to * SECOND) - powerDb(rest, from * SECOND, to * SECOND);
}

describe('the echo canceller', () => {
  it('is tried with as much of the agent as it needs', () => {
    expect(agent.length).toBeGreaterThan(8 * SECOND);
    expect(caller.length).toBeGreaterThan(2 * SECOND);
  });

  it.each([20, 150, 300])(
    'takes 12 dB and more of an echo after %i ms, from the fourth second on',
    (delayMs) => {
      const heard = heardOver(echoOf(agent, { delayMs, echoDb: -6 }));
      expect(takenDb(heard, cancelled(agent, heard), 4, 8)).toBeGreaterThan(12);
    },
  );

  it('leaves the caller as loud as they are while both talk, and forgets nothing meanwhile', () => {
    const late = new Float64Array(agent.length);
    late.set(caller.subarray(0, 2 * SECOND), 4 * SECOND);
    const echo = echoOf(agent, { delayMs: 150, echoDb: -12 });
    const rest = cancelled(agent, heardOver(echo, late));
    const voiceDb = powerDb(late, 4 * SECOND, 6 * SECOND);
    expect(Math.abs(powerDb(rest, 4 * SECOND, 6 * SECOND) - voiceDb)).toBeLessThan(1);
    expect(powerDb(echo, 6.5 * SECOND, 8 * SECOND) - powerDb(rest, 6.5 * SECOND, 8 * SECOND)).toBeGreaterThan(
      10,
    );
  });

  it('never makes a frame louder than it was heard, not even while it learns', () => {
    const heard = heardOver(echoOf(agent, { delayMs: 300, echoDb: -6 }));
    const rest = cancelled(agent, heard);
    for (let at = 0; at + FRAME <= heard.length; at += FRAME) {
      expect(powerDb(rest, at, at + FRAME)).toBeLessThanOrEqual(powerDb(heard, at, at + FRAME) + 0.1);
    }
  });

  it('gives a caller back untouched as long as the agent is silent', () => {
    const heard = heardOver(caller);
    expect(cancelled(new Int16Array(heard.length), heard)).toEqual(heard);
  });

  it('follows when the telephone is moved, and the echo takes another way', () => {
    const change = 4 * SECOND;
    const before = echoOf(agent, { delayMs: 150, echoDb: -6, seed: 7 });
    const after = echoOf(agent, { delayMs: 150, echoDb: -6, seed: 11 });
    const heard = heardOver(before.map((sample, at) => (at < change ? sample : (after[at] as number))));
    expect(takenDb(heard, cancelled(agent, heard), 9, 11)).toBeGreaterThan(8);
  });

  it.each([13, -7])('knows an echo that comes %i ms later than before, once it is told so', (laterMs) => {
    const moved = 8 * laterMs;
    const canceller = new EchoCanceller(FRAME);
    const known = heardOver(echoOf(agent, { delayMs: 150, echoDb: -6 }));
    const unmoved = cancelled(agent, known, canceller);
    canceller.move(moved);
    const heard = heardOver(echoOf(agent, { delayMs: 150 + laterMs, echoDb: -6 }));
    const rest = cancelled(agent, heard, canceller);
    // From the first second on, as well as at the end of what it has learnt before.
    expect(takenDb(heard, rest, 0.5, 1.5)).toBeGreaterThan(10);
    expect(takenDb(known, unmoved, 0.5, 1.5)).toBeLessThan(takenDb(heard, rest, 0.5, 1.5) - 3);
  });
});
