import { beforeAll, describe, expect, it } from 'vitest';
import {
  createFliteEngine,
  type FliteEngine,
  type FliteTiming,
} from '../../../../src/providers/embedded/tts/flite-engine.ts';
import { speaker } from '../../../support/telephone-speech.ts';

let flite: FliteEngine;
beforeAll(async () => {
  flite = await speaker();
}, 60_000);

interface Made {
  readonly timing: FliteTiming | undefined;
  readonly stretches: number[];
  readonly finished: boolean;
}

function make(text: string, stopAfter = Infinity): Made {
  let timing: FliteTiming | undefined;
  const stretches: number[] = [];
  const finished = flite.speak(text, 'slt', {
    onStart: (known) => {
      timing = known;
    },
    onSamples: (samples) => {
      stretches.push(samples.length);
      return stretches.length < stopAfter;
    },
  });
  return { timing, stretches, finished };
}

describe('the flite engine', () => {
  it('knows when each word is said before the first sample is out', () => {
    const text = 'Hello there, it is nine thirty.';
    const { timing, finished } = make(text);
    expect(finished).toBe(true);
    expect(timing?.tokens).toHaveLength(text.split(' ').length);
    let previous = timing?.soundStart ?? NaN;
    for (const { start, end } of timing?.tokens ?? []) {
      expect(start).toBeGreaterThanOrEqual(previous - 1e-4);
      expect(end).toBeGreaterThan(start);
      previous = end;
    }
    expect(previous).toBeCloseTo(timing?.soundEnd ?? NaN, 3);
  });

  it('hands out a short stretch first and long ones then', () => {
    const { stretches } = make('This takes a few seconds to say, I believe.');
    expect(stretches[0]).toBeLessThanOrEqual(320);
    expect(stretches[2]).toBeGreaterThanOrEqual(1600);
  });

  it('stops where it is told to, and can speak again', () => {
    const whole = make('This takes a few seconds to say, I believe.').stretches.length;
    const { stretches, finished } = make('This takes a few seconds to say, I believe.', 3);
    expect(finished).toBe(false);
    expect(stretches).toHaveLength(3);
    expect(whole).toBeGreaterThan(10);
    expect(make('Hello.').finished).toBe(true);
  });

  it.each(['', ' ', '...', '§ ¶ 你', 'a'.repeat(300), '<break/> & "quotes" \\ \'', '%s %n %d'])(
    'survives %j',
    (text) => {
      expect(() => make(text)).not.toThrow();
    },
  );
});

it('a WebAssembly module without flite in it is refused by name, not at the first sentence', () => {
  const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  expect(() => createFliteEngine(empty)).toThrow(/no flite/);
});
