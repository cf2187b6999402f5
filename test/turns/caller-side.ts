import type { Milliseconds } from '../../src/lib/clock.ts';
import { FRAME_MS } from '../../src/media/audio.ts';
import type { Place } from './agent-parts.ts';
import { bed, type CallerSound, type Case, type Step } from './cases.ts';
import type { CallerSpan } from './call-log.ts';
import type { Hearing } from './hearing.ts';
import { Random } from './random.ts';
import { activeDbov, extent, lengthMs, levelled, toSound, type Sound } from './sound.ts';
import { say, SPEECH_DBOV, VOICES } from './voices.ts';

const FRAME = 160;
/** A telephone where nobody speaks isn't silent. */
const FLOOR_DBOV = -66;
/** A bed is made for so long, and then begins again. */
const BED_MS = 20_000;
/** What a machine may take for one word in a sound without any. */
const CHUNK_MS = 700;

interface Playing {
  readonly sound: Sound;
  readonly from: Milliseconds;
}

/** The wire as far as the caller can hear it. */
interface Heard {
  quietFor(at: Milliseconds): Milliseconds;
}

/**
 * The caller's telephone: what they say and when, what is round about them, and what of the agent comes back. Frame n
 * holds what the microphone heard in the 20 ms before n · 20 ms, and is in the ring at that instant.
 */
export class CallerSide {
  readonly #log: (Omit<CallerSpan, 'heard'> & { readonly key: string })[] = [];
  readonly #test: Case;
  readonly #hearing: Hearing;
  readonly #sounds: readonly CallerSound[];
  readonly #bed: Sound | undefined;
  readonly #echo: Echo | undefined;
  readonly #floor: Random;
  readonly #playing: Playing[] = [];
  #next = 0;
  #answerAt: Milliseconds | undefined;
  #heardOnce = false;
  #bedHeard = 0;
  #word: { readonly place: Place; readonly from: Milliseconds; to: Milliseconds } | undefined;
  #words = 0;

  private constructor(
    test: Case,
    hearing: Hearing,
    sounds: readonly CallerSound[],
    bedSound: Sound | undefined,
    echo: Echo | undefined,
  ) {
    this.#test = test;
    this.#hearing = hearing;
    this.#sounds = sounds;
    this.#bed = bedSound;
    this.#echo = echo;
    this.#floor = new Random(test.id, 'floor');
  }

  static async prepare(test: Case, hearing: Hearing): Promise<CallerSide> {
    const { line, half, id } = test;
    const sounds = await Promise.all(test.steps.map(({ make }) => make()));
    const random = new Random(id, 'bed');
    const bedSound = line.bed && levelled(await bed(line.bed.kind, half, random, BED_MS), line.bed.dbov);
    const echo =
      line.echo && Echo.of(id, line.echo, (await say(test.answer[0] ?? '', VOICES[half].agent)).sound);
    return new CallerSide(test, hearing, sounds, bedSound, echo);
  }

  /** What was said so far. */
  get log(): CallerSpan[] {
    return this.#log.map(({ key, ...span }) => ({ ...span, heard: this.#hearing.textOf(key) }));
  }

  /** How long ago the last of it all was said; negative while something is still to come. */
  finishedFor(at: Milliseconds): Milliseconds {
    return this.#next < this.#sounds.length ? -1 : this.#silentFor(at);
  }

  #silentFor(at: Milliseconds): Milliseconds {
    const last = this.#playing.at(-1);
    return last ? at - last.from - lengthMs(last.sound) : at;
  }

  /** The next frame; `agent` is what leaves at the same instant. */
  frame(number: number, agent: Int16Array, place: Place | undefined, wire: Heard): Sound {
    const at = number * FRAME_MS;
    if (place) this.#heardOnce = true;
    if (place && this.#answerAt === undefined && place.text === this.#test.answer[0]) this.#answerAt = at;
    this.#begin(at, wire);
    const began = at - FRAME_MS;
    const out = this.#voice(began);
    const floor = 10 ** (FLOOR_DBOV / 20) * Math.sqrt(3);
    for (let n = 0; n < FRAME; n++) {
      let sample = (out[n] as number) + floor * this.#floor.white();
      if (this.#bed) sample += this.#bed[(number * FRAME + n) % this.#bed.length] as number;
      out[n] = sample;
    }
    this.#echo?.addTo(out);
    this.#echo?.hear(toSound(agent));
    this.#followWords(at, place);
    this.#hearBed(at);
    return out;
  }

  /** What the caller says in this frame, as their microphone makes it. */
  #voice(began: Milliseconds): Sound {
    const out = new Float64Array(FRAME);
    for (const { sound, from } of this.#playing) {
      const first = Math.round((began - from) * 8);
      for (let n = Math.max(0, -first); n < FRAME && first + n < sound.length; n++) {
        out[n] = (out[n] as number) + (sound[first + n] as number);
      }
    }
    const gain = 10 ** ((this.#test.line.gainDb ?? 0) / 20);
    return out.map((sample) => Math.max(-1, Math.min(1, gain * sample)));
  }

  #begin(at: Milliseconds, wire: Heard): void {
    const step = this.#test.steps[this.#next];
    const sound = this.#sounds[this.#next];
    if (!step || !sound || !this.#isDue(step, at, wire)) return;
    const key = `${this.#next++}`;
    const from = at - FRAME_MS;
    this.#playing.push({ sound: sound.sound, from });
    const audible = extent(sound.sound);
    this.#log.push({
      key,
      role: step.role,
      from: from + audible.from,
      to: from + audible.to,
      text: sound.words.map(({ text }) => text).join(' '),
      holds: sound.holds.map((hold) => ({ ...hold, from: hold.from + from, to: hold.to + from })),
    });
    this.#hearSound(key, sound, from);
  }

  #isDue({ cue }: Step, at: Milliseconds, wire: Heard): boolean {
    switch (cue.after) {
      case 'start':
        return at >= cue.ms + FRAME_MS;
      case 'quiet':
        return this.#heardOnce && wire.quietFor(at) >= cue.ms && this.#silentFor(at) >= 0;
      case 'answer':
        return this.#answerAt !== undefined && at >= this.#answerAt + cue.ms;
    }
  }

  // ── What a machine can hear of it: times of the ring, 20 ms behind the microphone ───────────────

  #hearSound(key: string, { sound, words, noise }: CallerSound, from: Milliseconds): void {
    const { gainDb = 0, bed: noisy, echo } = this.#test.line;
    const ring = from + FRAME_MS;
    const dbov = activeDbov(sound) + gainDb;
    const masks = [FLOOR_DBOV, noisy?.dbov ?? -127, echo ? SPEECH_DBOV - echo.lossDb : -127];
    const common = { dbov, noiseDbov: Math.max(...masks), clipped: dbov > -12 };
    for (const [index, word] of words.entries()) {
      this.#hearing.hear({
        ...common,
        key: `${key}:${index}`,
        word: word.text,
        from: ring + word.from,
        to: ring + word.to,
        alone: words.length === 1,
      });
    }
    if (!noise) return;
    const ms = lengthMs(sound);
    for (let at = 0; at < ms; at += CHUNK_MS) {
      this.#hearing.hear({
        ...common,
        key: `${key}:${at}`,
        noise,
        from: ring + at,
        to: ring + Math.min(ms, at + CHUNK_MS),
      });
    }
  }

  #hearBed(at: Milliseconds): void {
    const { bed: noisy } = this.#test.line;
    if (!noisy || at < this.#bedHeard + CHUNK_MS) return;
    const from = this.#bedHeard;
    this.#bedHeard += CHUNK_MS;
    this.#hearing.hear({
      key: `bed:${from}`,
      noise: noisy.kind,
      from,
      to: this.#bedHeard,
      dbov: noisy.dbov,
      noiseDbov: FLOOR_DBOV,
    });
  }

  /** The agent's words as they come back. */
  #followWords(at: Milliseconds, place: Place | undefined): void {
    const { echo } = this.#test.line;
    if (!echo) return;
    const word = this.#word;
    if (word && place?.word === word.place.word && place) {
      word.to = at + FRAME_MS;
      return;
    }
    if (word?.place.word) {
      // A cut word isn't heard.
      const whole = word.to - word.from >= 0.7 * (word.place.word.to - word.place.word.from);
      const back = echo.delayMs + FRAME_MS;
      if (whole) {
        this.#hearing.hear({
          key: `echo:${this.#words++}:${word.place.word.text}`,
          word: word.place.word.text,
          from: word.from + back,
          to: word.to + back,
          dbov: SPEECH_DBOV - echo.lossDb,
          noiseDbov: FLOOR_DBOV,
          echoLossDb: echo.lossDb,
        });
      }
    }
    this.#word = place?.word && { place, from: at, to: at + FRAME_MS };
  }
}

/** Loudspeaker to microphone: later, weaker, through a small loudspeaker and off the walls of a room. */
class Echo {
  readonly #heard: Float64Array = new Float64Array(8000);
  #taps: readonly (readonly [delay: number, gain: number])[];
  #written = 0;
  #read = 0;
  #low = 0;

  private constructor(seed: string, delayMs: Milliseconds) {
    const random = new Random(seed, 'room');
    const walls = Array.from({ length: 5 }, (): [number, number] => [
      (delayMs + random.between(3, 45)) * 8,
      10 ** (random.between(-16, -6) / 20) * (random.next() < 0.5 ? -1 : 1),
    ]);
    this.#taps = [[delayMs * 8, 1], ...walls.map(([delay, gain]) => [Math.round(delay), gain] as const)];
  }

  /** `voice` comes back weaker by `lossDb` in all. */
  static of(seed: string, { lossDb, delayMs }: NonNullable<Case['line']['echo']>, voice: Sound): Echo {
    const trial = new Echo(seed, delayMs);
    const back = new Float64Array(voice.length + 8000);
    for (let at = 0; at + FRAME <= back.length; at += FRAME) {
      const part = new Float64Array(FRAME);
      part.set(voice.subarray(at, at + FRAME));
      trial.addTo(back.subarray(at, at + FRAME));
      trial.hear(part);
    }
    const gain = 10 ** ((activeDbov(voice) - lossDb - activeDbov(back)) / 20);
    const echo = new Echo(seed, delayMs);
    echo.#taps = echo.#taps.map(([delay, share]) => [delay, share * gain]);
    return echo;
  }

  hear(agent: Sound): void {
    for (const sample of agent) {
      this.#low += LOW_SHARE * (sample - this.#low);
      this.#heard[this.#written++ % this.#heard.length] = this.#low;
    }
  }

  /** What comes back in the 20 ms before those that `hear` is told of next. */
  addTo(out: Sound): void {
    for (let n = 0; n < out.length; n++) {
      const at = this.#read++ - FRAME;
      for (const [delay, gain] of this.#taps) {
        const from = at - delay;
        if (from >= 0)
          out[n] = (out[n] as number) + gain * (this.#heard[from % this.#heard.length] as number);
      }
    }
  }
}

/** The loudspeaker's treble: 6 dB an octave from 2 kHz on. */
const LOW_SHARE = 1 - Math.exp((-2 * Math.PI * 2000) / 8000);
