import { describe, expect, it } from 'vitest';
import { FRAME_CONCEALED, FRAME_FILLER } from '../../src/media/audio-ring.ts';
import { EchoGate } from '../../src/media/echo-gate.ts';
import { SpeechDetector, type SpeechDetectorEvent } from '../../src/media/speech-detector.ts';

const SPEECH_DBOV = -25;
const NOISE_DBOV = -60;
const T0 = 1000;

/** A detector fed frame by frame, each judged as soon as it is there (the model without its lag). */
function listening(options: { startMs?: number; stopMs?: number; bargeInMs?: number } = {}) {
  const events: SpeechDetectorEvent[] = [];
  /** Those of type `speech-lasts`. */
  const lasting: SpeechDetectorEvent[] = [];
  /** Those of type `level-rises`. */
  const rising: SpeechDetectorEvent[] = [];
  const detector = new SpeechDetector({
    startMs: options.startMs ?? 60,
    stopMs: options.stopMs ?? 100,
    bargeInMs: options.bargeInMs ?? 240,
    onEvent: (event) => {
      if (event.type === 'speech-lasts') lasting.push(event);
      else if (event.type === 'level-rises') rising.push(event);
      else events.push(event);
    },
  });
  const echo = new EchoGate();
  let frame = 0;
  let armed = false;
  const hear = (
    ms: number,
    chance: number,
    levelDbov: number,
    more: { flags?: number; sentDbov?: number } = {},
  ): void => {
    for (let left = ms; left > 0; left -= 20) {
      detector.addFrame(
        { frame, time: T0 + frame * 20, levelDbov, flags: more.flags ?? 0 },
        echo.gate(levelDbov, more.sentDbov ?? -127),
      );
      detector.judge(frame, chance, armed);
      frame += 1;
    }
  };
  return {
    detector,
    events,
    lasting,
    rising,
    types: () => events.map((event) => event.type),
    voice: (ms: number, levelDbov = SPEECH_DBOV) => {
      hear(ms, 0.9, levelDbov);
    },
    quiet: (ms: number) => {
      hear(ms, 0.02, NOISE_DBOV);
    },
    hear,
    arm: () => {
      armed = true;
    },
    jumpTo: (to: number) => {
      frame = to;
    },
  };
}

describe('a level that rises', () => {
  it('in a pause is told with its first frame, before the model knows of it', () => {
    const { hear, voice, quiet, rising, types } = listening();
    quiet(500);
    voice(600);
    quiet(400);
    expect(rising).toEqual([]);
    hear(20, 0.1, SPEECH_DBOV - 10);
    expect(rising).toEqual([{ type: 'level-rises', frame: 75, at: T0 + 75 * 20 }]);
    expect(types()).toEqual(['speech-start', 'speech-stop']);
  });

  it('is told once for a sound, and not before somebody has spoken, nor long after', () => {
    const { hear, voice, quiet, rising } = listening();
    hear(100, 0.1, SPEECH_DBOV);
    quiet(500);
    voice(600);
    quiet(300);
    for (let sound = 0; sound < 4; sound++) {
      hear(40, 0.1, SPEECH_DBOV);
      quiet(60);
    }
    expect(rising).toHaveLength(1);
    quiet(3000);
    hear(40, 0.1, SPEECH_DBOV);
    expect(rising).toHaveLength(1);
  });

  it('is none as far as it may be the agent’s echo, or the noise of the line', () => {
    const { hear, voice, quiet, rising } = listening();
    quiet(500);
    voice(600);
    quiet(400);
    hear(100, 0.1, NOISE_DBOV + 8);
    expect(rising).toEqual([]);
  });
});

describe('a laugh', () => {
  const laughs = (everyMs: readonly number[]): boolean[] => {
    const ear = listening();
    for (const ms of everyMs) for (let at = 0; at < ms; at += 20) ear.hear(20, 0.9, -20 - at / 5);
    return ear.lasting.filter((event) => event.laughs).map(({ at }) => at - T0 <= 820);
  };

  it('is told once, when it has lasted for 800 ms', () => {
    expect(laughs([200, 200, 200, 200, 200, 200, 200])).toEqual([true]);
  });
  it('is none if it is words, or too short to tell', () => {
    expect(laughs([120, 280, 140, 160, 300, 200])).toEqual([]);
    expect(laughs([200, 200, 200])).toEqual([]);
  });
});

describe('speech detector', () => {
  it('says where speech began and ended, with the arrival of those very frames', () => {
    const call = listening();
    call.quiet(400); // frames 0 … 19
    call.voice(500); // frames 20 … 44
    call.quiet(400);
    expect(call.events).toEqual([
      { type: 'speech-start', frame: 20, at: T0 + 400 },
      { type: 'speech-stop', frame: 44, at: T0 + 880 },
    ]);
  });

  it.each([
    { startMs: 60, voicedMs: 40, heard: false },
    { startMs: 60, voicedMs: 60, heard: true },
    { startMs: 200, voicedMs: 180, heard: false },
    { startMs: 200, voicedMs: 200, heard: true },
  ])('takes $voicedMs ms of voice for speech: $heard, when startMs is $startMs', ({ heard, ...options }) => {
    const call = listening(options);
    call.quiet(200);
    call.voice(options.voicedMs);
    call.quiet(400);
    expect(call.types()).toEqual(heard ? ['speech-start', 'speech-stop'] : []);
  });

  it('goes back to where the sound began, when the model notices late', () => {
    const call = listening();
    call.quiet(400);
    call.hear(80, 0.2, SPEECH_DBOV); // frames 20 … 23: the model isn't sure yet
    call.voice(200);
    expect(call.events[0]).toEqual({ type: 'speech-start', frame: 20, at: T0 + 400 });
  });

  it('ends speech with its last loud frame, when the model hangs on', () => {
    const call = listening();
    call.quiet(400);
    call.voice(400); // frames 20 … 39
    call.hear(120, 0.6, NOISE_DBOV);
    call.quiet(200);
    expect(call.events[1]).toMatchObject({ type: 'speech-stop', frame: 39 });
  });

  it('stays in speech over a pause shorter than stopMs, and while the chance is between its two thresholds', () => {
    const call = listening({ stopMs: 200 });
    call.quiet(200);
    call.voice(200);
    call.quiet(180);
    call.voice(100);
    call.hear(400, 0.4, SPEECH_DBOV);
    expect(call.types()).toEqual(['speech-start']);
  });

  it('does not begin at the lower threshold', () => {
    const call = listening();
    call.hear(1000, 0.45, SPEECH_DBOV);
    expect(call.events).toEqual([]);
  });

  it.each([
    ['concealed', FRAME_CONCEALED],
    ['filler', FRAME_FILLER],
  ])('counts %s frames as unvoiced', (_name, flags) => {
    const call = listening();
    call.quiet(200);
    call.hear(1000, 0.9, SPEECH_DBOV, { flags });
    expect(call.events).toEqual([]);
  });

  it('begins anew where the reader missed frames', () => {
    const call = listening();
    call.quiet(200);
    call.jumpTo(1000);
    call.voice(200);
    expect(call.events[0]).toMatchObject({ type: 'speech-start', frame: 1000 });
    call.jumpTo(5000);
    call.voice(20);
    expect(call.events[1]).toMatchObject({ type: 'speech-stop', frame: 1009 });
  });

  it('hears a caller who turns away from the telephone again within a second', () => {
    const call = listening();
    call.voice(5000);
    call.voice(1000, SPEECH_DBOV - 26);
    call.voice(200, SPEECH_DBOV - 26);
    expect(call.detector.speaking).toBe(true);
    expect(call.events.at(-1)?.frame).toBeLessThan(250 + 50);
  });

  it('says every 400 ms of voice that it goes on, and how loud it is', () => {
    const call = listening();
    call.quiet(400);
    call.voice(300, -20); // frames 20 … 34
    call.quiet(60);
    call.voice(300, -30); // frames 38 … 52
    expect(call.lasting).toEqual([{ type: 'speech-lasts', frame: 42, at: T0 + 840 }]);
    // The mean of their power: a soft end makes nobody weaker by much.
    expect(call.detector.speechDbov).toBeCloseTo(-22.6, 1);
    call.quiet(400);
    call.voice(1300, -33);
    expect(call.lasting.map(({ at }) => at - T0)).toEqual([840, 1840, 2240, 2640]);
    expect(call.detector.speechDbov).toBeCloseTo(-33, 5);
  });

  it('follows the noise of the line', () => {
    const call = listening();
    call.hear(10_000, 0.02, -42);
    expect(call.detector.noiseFloorDbov).toBeCloseTo(-42, 0);
    call.hear(400, 0.02, -65);
    expect(call.detector.noiseFloorDbov).toBeLessThan(-60);
  });
});

describe('barge-in', () => {
  const bargesIn = (call: ReturnType<typeof listening>): boolean => call.types().includes('barge-in');

  it.each([
    { what: 'an interjection of 240 ms', bursts: [[240, 0]], interrupts: true },
    { what: '"mhm" of 200 ms', bursts: [[200, 0]], interrupts: false },
    {
      what: 'words with short gaps between them',
      bursts: [
        [120, 60],
        [120, 40],
        [100, 0],
      ],
      interrupts: true,
    },
    {
      what: 'two coughs with a breath between them',
      bursts: [
        [140, 200],
        [140, 0],
      ],
      interrupts: false,
    },
    {
      what: '"mhm" every half a second',
      bursts: [
        [200, 500],
        [200, 500],
        [200, 500],
        [200, 500],
      ],
      interrupts: false,
    },
  ])('$what interrupts: $interrupts', ({ bursts, interrupts }) => {
    const call = listening();
    call.quiet(400);
    call.arm();
    for (const [voicedMs = 0, gapMs = 0] of bursts) {
      call.voice(voicedMs);
      call.quiet(gapMs);
    }
    expect(bargesIn(call)).toBe(interrupts);
  });

  it('is decided with the frame that completes bargeInMs', () => {
    const call = listening({ bargeInMs: 400 });
    call.quiet(400);
    call.arm();
    call.voice(1000);
    expect(call.events.find((event) => event.type === 'barge-in')).toEqual({
      type: 'barge-in',
      frame: 39,
      at: T0 + 780,
    });
  });

  it('never comes for a click behind what was said, of which nobody is told that it begins or ends', () => {
    const call = listening({ bargeInMs: 80 });
    call.arm();
    call.quiet(200);
    call.voice(600);
    call.quiet(140);
    const before = call.events.length;
    call.voice(40);
    call.quiet(400);
    expect(call.events.slice(before)).toEqual([]);
  });

  it('never comes while nothing is armed', () => {
    const call = listening();
    call.quiet(200);
    call.voice(3000);
    expect(bargesIn(call)).toBe(false);
  });

  it('comes at once when the agent begins to talk over a caller who is still talking', () => {
    const call = listening();
    call.quiet(200);
    call.voice(600);
    call.arm();
    call.voice(20);
    expect(bargesIn(call)).toBe(true);
  });

  it('forgets what the caller said before the agent began', () => {
    const call = listening();
    call.quiet(200);
    call.voice(600);
    call.quiet(200);
    call.arm();
    call.voice(200);
    expect(bargesIn(call)).toBe(false);
  });
});

describe("the agent's own echo", () => {
  const talk = (call: ReturnType<typeof listening>, heardDbov: number, ms = 3000): void => {
    call.hear(ms, 0.9, heardDbov, { sentDbov: -20 });
  };

  it.each([-25, -30, -35])('at %i dB is neither speech nor an interruption', (echoDb) => {
    const call = listening();
    call.quiet(400);
    call.arm();
    talk(call, -20 + echoDb);
    expect(call.events).toEqual([]);
  });

  it('leaves a caller who talks over it audible', () => {
    const call = listening();
    call.quiet(400);
    call.arm();
    talk(call, -50);
    talk(call, -28, 400);
    expect(call.types()).toEqual(['speech-start', 'barge-in', ...Array<string>(8).fill('barge-in')]);
  });

  it('on a line without echo lets even a quiet caller interrupt, after two seconds of talking', () => {
    const call = listening();
    call.arm();
    call.hear(2000, 0.02, -70, { sentDbov: -20 });
    talk(call, -44, 300);
    expect(call.types()).toContain('barge-in');
  });

  it('still counts for half a second after the agent fell silent', () => {
    const call = listening();
    call.arm();
    talk(call, -48);
    call.hear(400, 0.9, -48, { sentDbov: -127 });
    expect(call.events).toEqual([]);
  });
});
