import { Random } from './random.ts';
import {
  faded,
  formants,
  gained,
  highPassed,
  joined,
  lowPassed,
  made,
  mix,
  RATE_HZ,
  resonant,
  silence,
  struck,
  type Sound,
} from './sound.ts';

/**
 * Everything that is heard on a telephone and is no word, from seeded noise, pulses and resonances. `seed` makes one
 * of its kind: equal seeds sound equal.
 */
export const NOISES = {
  // Out of the caller's own throat.
  cough,
  throat,
  sneeze,
  laugh,
  breath,
  // Round about them.
  door,
  bark,
  horn,
  ring,
  siren,
  keyboard,
} satisfies Record<string, (random: Random) => Sound>;

/** What goes on for as long as it is wanted. */
export const BEDS = { music, wind, hum, busy } satisfies Record<
  string,
  (random: Random, ms: number) => Sound
>;

export type NoiseKind = keyof typeof NOISES;
export type BedKind = keyof typeof BEDS;

const TURN = (2 * Math.PI) / RATE_HZ;

function hiss(random: Random, ms: number): Sound {
  return made(ms, () => random.white());
}

/** A voice's source: a pulse each period, pitch by share of the time, with the jitter of a throat. */
function pulses(random: Random, ms: number, hz: (share: number) => number, jitter = 0.02): Sound {
  const sound = silence(ms);
  for (let at = 0; at < sound.length;) {
    sound[Math.floor(at)] = 1 + random.white() * 0.1;
    at += (RATE_HZ / hz(at / sound.length)) * (1 + random.white() * jitter);
  }
  return lowPassed(sound, 900);
}

function shaped(sound: Sound, gain: (n: number) => number): Sound {
  return sound.map((sample, n) => sample * gain(n));
}

/** A burst through an open throat, its rest, and now and then a voiced end; one to three of them. */
function cough(random: Random): Sound {
  const parts: Sound[] = [];
  const throatHz = random.between(480, 700);
  for (let count = Math.floor(random.between(1, 3.9)); count > 0; count--) {
    const burst = shaped(hiss(random, random.between(180, 320)), struck(8, random.between(45, 90)));
    const cough = formants(burst, [throatHz, 200, 1], [throatHz * 2.6, 400, 0.8], [2700, 600, 0.5]);
    if (random.next() < 0.8) {
      const tail = shaped(
        pulses(random, 160, (share) => 190 - 70 * share, 0.1),
        struck(30, 60),
      );
      mix(cough, gained(formants(tail, [throatHz, 150, 1], [1300, 200, 0.5]), 24), 60);
    }
    parts.push(cough, silence(random.between(60, 220)));
  }
  return joined(...parts);
}

/** "Ahem": a rattle of some 30 Hz on a low voice, twice. */
function throat(random: Random): Sound {
  const rattle = random.between(24, 34);
  const clear = (ms: number, hz: number): Sound => {
    const voice = mix(
      pulses(random, ms, () => hz, 0.15),
      gained(hiss(random, ms), -22),
    );
    const rough = shaped(voice, (n) => 0.55 + 0.45 * Math.sin(rattle * TURN * n));
    return faded(formants(rough, [420, 140, 1], [1200, 250, 0.4], [2500, 400, 0.2]), 40);
  };
  const hz = random.between(85, 130);
  return joined(clear(random.between(160, 260), hz), silence(70), clear(random.between(260, 420), hz * 1.15));
}

/** A breath in, then "-choo". */
function sneeze(random: Random): Sound {
  const breathIn = gained(
    shaped(highPassed(hiss(random, 350), 900), (n) => n / 2800),
    -20,
  );
  const burst = shaped(hiss(random, random.between(220, 330)), struck(12, random.between(70, 120)));
  const sneeze = formants(burst, [2300, 900, 1], [3200, 900, 0.9], [900, 300, 0.5]);
  const voice = shaped(
    pulses(random, 260, (share) => 260 - 120 * share),
    struck(40, 110),
  );
  mix(sneeze, gained(formants(voice, [350, 120, 1], [900, 160, 0.6]), 22), 30);
  return joined(breathIn, silence(60), sneeze);
}

/** "Ha" four to seven times, ever lower and softer. */
function laugh(random: Random): Sound {
  const hz = random.between(150, 300);
  const count = Math.floor(random.between(4, 8));
  const every = random.between(180, 230);
  const sound = silence(every * count + 200);
  for (let index = 0; index < count; index++) {
    const pitch = hz * (1 - 0.05 * index);
    const voice = shaped(
      pulses(random, 130, (share) => pitch * (1.1 - 0.2 * share)),
      struck(30, 70),
    );
    const breath = gained(shaped(hiss(random, 70), struck(15, 30)), -24);
    const open = formants(
      mix(joined(silence(50), voice), breath),
      [750, 130, 1],
      [1250, 160, 0.7],
      [2600, 300, 0.3],
    );
    mix(sound, gained(open, -1.5 * index), index * every);
  }
  return sound;
}

function breath(random: Random): Sound {
  const ms = random.between(500, 1100);
  const length = (ms / 1000) * RATE_HZ;
  const air = shaped(hiss(random, ms), (n) => Math.sin((Math.PI * n) / length) ** 2);
  return formants(air, [random.between(500, 900), 700, 0.6], [1700, 900, 1]);
}

/** A thump of the frame, a click of the lock, and the room. */
function door(random: Random): Sound {
  const hz = random.between(70, 130);
  const sound = silence(random.between(450, 700));
  mix(
    sound,
    made(400, (n) => Math.sin(hz * TURN * n) * struck(4, 80)(n)),
  );
  mix(sound, gained(shaped(lowPassed(hiss(random, 300), 900), struck(2, 45)), 6));
  return mix(
    sound,
    gained(shaped(highPassed(hiss(random, 40), 1500), struck(1, 6)), -8),
    random.between(30, 90),
  );
}

/** One to four barks: a voice that jumps up and falls, rough. */
function bark(random: Random): Sound {
  const hz = random.between(320, 620);
  const parts: Sound[] = [];
  for (let count = Math.floor(random.between(1, 4.9)); count > 0; count--) {
    const ms = random.between(110, 190);
    const voice = pulses(
      random,
      ms,
      (share) => hz * (0.8 + 0.9 * Math.sin(Math.PI * Math.min(1, share * 1.3))),
      0.08,
    );
    const rough = mix(voice, gained(hiss(random, ms), -16));
    const body = formants(rough, [hz * 1.7, 250, 1], [hz * 3.4, 400, 0.8], [2800, 600, 0.3]);
    parts.push(shaped(body, struck(12, ms * 0.4)), silence(random.between(120, 350)));
  }
  return joined(...parts);
}

/** A car's two tones. */
function horn(random: Random): Sound {
  const hz = random.between(370, 440);
  const tone = (at: number, n: number): number =>
    Math.sin(at * TURN * n) + 0.6 * Math.sin(2 * at * TURN * n) + 0.5 * Math.sin(3 * at * TURN * n);
  return faded(
    made(random.between(350, 1200), (n) => tone(hz, n) + tone(hz * 1.26, n)),
    15,
  );
}

/** Another telephone: two tones in turn. */
function ring(random: Random): Sound {
  const [low, high] = [random.between(650, 1000), random.between(1050, 1500)];
  const rate = random.between(12, 22);
  const one = faded(
    made(random.between(700, 1000), (n) => Math.sin((Math.sin(rate * TURN * n) > 0 ? low : high) * TURN * n)),
    8,
  );
  return joined(one, silence(300), one);
}

function siren(random: Random): Sound {
  const [low, high, rate] = [random.between(500, 700), random.between(1100, 1500), random.between(0.4, 2.5)];
  let phase = 0;
  return faded(
    made(random.between(2000, 3200), (n) => {
      phase += (low + (high - low) * (0.5 - 0.5 * Math.cos(rate * TURN * n))) * TURN;
      return Math.sin(phase) + 0.3 * Math.sin(3 * phase);
    }),
    300,
  );
}

function keyboard(random: Random): Sound {
  const sound = silence(random.between(1200, 2200));
  for (let at = 0; at < sound.length / 8 - 40; at += random.between(70, 220)) {
    const key = shaped(hiss(random, 25), struck(1, 5));
    mix(sound, gained(resonant(key, random.between(1500, 3000), 900), random.between(-6, 3)), at);
  }
  return sound;
}

// ── Without an end ────────────────────────────────────────────────────────────────────────────

function music(random: Random, ms: number): Sound {
  const sound = silence(ms);
  const root = random.between(110, 220);
  const chords = [
    [0, 4, 7],
    [-3, 0, 4],
    [5, 9, 12],
    [7, 11, 14],
  ];
  const beat = random.between(230, 330);
  for (let index = 0; index * beat < ms; index++) {
    const chord = chords[Math.floor(index / 8) % 4] ?? [];
    const hz = root * 2 ** ((chord[index % 3] ?? 0) / 12);
    const note = made(beat * 3, (n) => {
      const tone =
        Math.sin(hz * TURN * n) + 0.5 * Math.sin(2 * hz * TURN * n) + 0.25 * Math.sin(3 * hz * TURN * n);
      return tone * struck(10, 350)(n);
    });
    mix(sound, note, index * beat);
    if (index % 4 === 0) mix(sound, gained(door(random), -4), index * beat); // a drum
  }
  return sound;
}

/** Air on the microphone: deep noise that comes and goes. */
function wind(random: Random, ms: number): Sound {
  const [slow, fast] = [random.between(0.2, 0.5), random.between(0.9, 1.7)];
  const gusts = (n: number): number =>
    0.15 + (0.5 + 0.5 * Math.sin(slow * TURN * n)) * (0.6 + 0.4 * Math.sin(fast * TURN * n));
  return shaped(lowPassed(lowPassed(hiss(random, ms), 350), 500), gusts);
}

/** Mains, and the hiss of a bad line. */
function hum(random: Random, ms: number): Sound {
  const hz = random.pick([50, 60]);
  const tone = made(
    ms,
    (n) =>
      Math.sin(hz * 2 * TURN * n) + 0.5 * Math.sin(hz * 4 * TURN * n) + 0.3 * Math.sin(hz * 6 * TURN * n),
  );
  return mix(tone, gained(hiss(random, ms), -3));
}

/** The tone of a line whose other end has hung up: 425 Hz (Europe) or 480 + 620 Hz (America), half a second each. */
function busy(random: Random, ms: number): Sound {
  const [one, other] = random.pick([
    [425, 425],
    [480, 620],
  ] as const);
  return made(ms, (n) => (n % 8000 < 4000 ? Math.sin(one * TURN * n) + Math.sin(other * TURN * n) : 0));
}

/** What a listener says with closed lips: "mm", or "mhm" that rises. */
export function murmur(random: Random, syllables: 1 | 2, hz: number): Sound {
  const one = (ms: number, rise: number): Sound =>
    faded(
      formants(
        pulses(random, ms, (share) => hz * (1 + rise * share)),
        [260, 80, 1],
        [1050, 200, 0.12],
        [2200, 300, 0.04],
      ),
      35,
    );
  if (syllables === 1) return one(random.between(220, 420), random.between(-0.2, 0.1));
  return joined(
    one(random.between(150, 210), -0.05),
    silence(random.between(30, 60)),
    one(random.between(180, 260), 0.25),
  );
}
