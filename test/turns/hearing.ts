import type { SpeechToText, SttStream } from '../../src/dialog/contract/ports.ts';
import type { SttRequest, Transcript } from '../../src/dialog/contract/speech.ts';
import type { Clock, Milliseconds } from '../../src/lib/clock.ts';
import { FRAME_MS } from '../../src/media/audio.ts';
import type { AudioRingHandle } from '../../src/media/audio-ring.ts';
import type { CallerSound } from './cases.ts';
import { Random } from './random.ts';

/**
 * A model of a recogniser's errors and delays. It is told what sounds, how loud and how much else there is, and draws
 * what it hears: words that were said, others, none; and words where there were none, in coughs, barks, babble and the
 * agent's echo. What it draws depends on the case and the place alone, so that two policies are judged on the same
 * errors. Its figures are assumptions; where there was an observation it stands beside them: 313 calls with the
 * embedded recogniser and an emulated cloud, November 2026.
 */

/** A stretch of sound with words in it, or what may be taken for some. Times are those of the `heard` ring. */
export interface Sounding {
  /** Names its chance. */
  readonly key: string;
  /** What was said; undefined: no word, but a noise. */
  readonly word?: string | undefined;
  readonly noise?: CallerSound['noise'];
  readonly from: Milliseconds;
  readonly to: Milliseconds;
  readonly dbov: number;
  /** Everything else that is heard meanwhile. */
  readonly noiseDbov: number;
  /** The agent's own word came back. */
  readonly echoLossDb?: number | undefined;
  readonly clipped?: boolean | undefined;
  /** No word is near it. */
  readonly alone?: boolean | undefined;
}

interface Heard {
  readonly key: string;
  readonly text: string;
  readonly from: Milliseconds;
  readonly to: Milliseconds;
  /** When a guess at it can come. */
  readonly at: Milliseconds;
  readonly confidence: number;
}

/** Words on a clear line: 9 % errors, as a good cloud recogniser has on telephone speech. */
const CLEAR = { lost: 0.03, other: 0.05, added: 0.01 };
/** A short word alone is lost more often (observed: "Stop!" went unnoticed in 2 of 4). */
const ALONE_LOST = 0.12;
/** Guesses come this long after a word's end; a final text so long after it was asked for. */
const PARTIAL_MS = 220;
const FINAL_MS = 60;
const SIGMA = 0.3;

/** How often a noise becomes words, and which. */
const TAKEN_FOR: Readonly<
  Record<NonNullable<CallerSound['noise']>, readonly [chance: number, words: readonly string[]]>
> = {
  // Observed with the emulated cloud: 7 of 9 of these stopped the agent.
  cough: [0.7, ['okay', 'what', 'huh', 'call', 'hook', 'yeah']],
  throat: [0.5, ['um', 'hmm', 'right', 'and']],
  sneeze: [0.75, ['at you', 'issue', 'see you', 'hi']],
  laugh: [0.7, ['ha ha', 'yeah', 'how', 'aha']],
  breath: [0.1, ['huh', 'hi']],
  // Observed: mostly "mhm" itself; "oh okay" was once heard as "booking".
  murmur: [0.85, ['mhm', 'mhm', 'mm', 'hmm', 'uh huh', 'm', 'yeah', 'um', 'no']],
  // Observed: one of two barks ("bye"), none of the other noises.
  bark: [0.4, ['bye', 'what', 'no', 'how']],
  door: [0.1, ['but', 'the']],
  horn: [0.1, ['oh', 'home']],
  ring: [0.1, ['three', 'really']],
  siren: [0.1, ['you', 'we']],
  keyboard: [0.05, ['to', 'it']],
  music: [0.15, ['you', 'oh', 'the', 'and you']],
  wind: [0.05, ['who', 'the']],
  hum: [0.02, ['um']],
  busy: [0.1, ['you', 'oh']],
  babble: [0.4, ['the', 'and', 'in the', 'of', 'there', 'some', 'was', 'it is']],
  television: [0.5, ['the weather', 'in the', 'and the', 'today', 'because', 'from', 'it is']],
};

/** What may come in a word's place; those that turn a sentence's sense round are among them. */
const OTHERS =
  'a and the to you for in is it of on or so that this we what no not two three four nine more day right'.split(
    ' ',
  );

export class Hearing {
  readonly #seed: string;
  readonly #heard: Heard[] = [];
  /** By how much the ring's time is ahead of the caller's: on a real line, the way of a packet among it. */
  aheadMs: Milliseconds = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** In the order of their ends. */
  hear(sounding: Sounding): void {
    const random = new Random(this.#seed, 'hears', sounding.key);
    const texts = sounding.word === undefined ? noiseWords(sounding, random) : wordsFor(sounding, random);
    const at = sounding.to + random.logNormal(PARTIAL_MS, SIGMA);
    for (const [text, confidence] of texts)
      this.#heard.push({ text, key: sounding.key, from: sounding.from, to: sounding.to, at, confidence });
  }

  /** All that is made of one sound, whose soundings' keys are `key` and a colon and something. */
  textOf(key: string): string {
    return transcript(this.#heard.filter((heard) => heard.key.startsWith(`${key}:`))).text;
  }

  /** What is heard in a stretch of the call; `by`: as far as is known by then. */
  between(from: Milliseconds, to: Milliseconds, by = Infinity): readonly Heard[] {
    const ahead = this.aheadMs;
    return this.#heard
      .filter((heard) => (heard.from + heard.to) / 2 >= from - ahead && heard.from < to - ahead)
      .filter((heard) => heard.at <= by - ahead)
      .map((heard) => ({ ...heard, from: heard.from + ahead, to: heard.to + ahead, at: heard.at + ahead }));
  }
}

function wordsFor(sounding: Sounding, random: Random): [string, number][] {
  const { word = '', dbov, noiseDbov, echoLossDb } = sounding;
  const chance = random.next();
  const drawn = random.next();
  // Observed: echo of −20 dB and more made every call useless, −30 dB none.
  if (echoLossDb !== undefined && drawn > within((32 - echoLossDb) / 22, 0, 0.9)) return [];
  const masked = within((15 - (dbov - noiseDbov)) / 20, 0, 1);
  const faint = within((-45 - dbov) / 30, 0, 0.4);
  const lost = CLEAR.lost + 0.6 * masked + faint + (sounding.alone ? ALONE_LOST : 0);
  const other =
    CLEAR.other + 0.3 * masked + (sounding.clipped ? 0.2 : 0) + (echoLossDb === undefined ? 0 : 0.15);
  const certain = within(0.93 - 0.4 * masked - faint + 0.05 * random.normal(), 0.05, 0.99);
  if (chance < lost) return [];
  if (chance < lost + other) return [[random.pick(OTHERS), certain * random.between(0.5, 0.9)]];
  const added: [string, number][] = random.next() < CLEAR.added ? [[random.pick(OTHERS), 0.4]] : [];
  return [[word, certain], ...added];
}

function noiseWords(sounding: Sounding, random: Random): [string, number][] {
  const [chance, words] = TAKEN_FOR[sounding.noise ?? 'door'];
  const audible = within((sounding.dbov + 50) / 20, 0, 1);
  if (random.next() >= chance * audible) return [];
  return random
    .pick(words)
    .split(' ')
    .map((word) => [word, random.between(0.35, 0.8)]);
}

function within(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** As the embedded recogniser searches: before the detector's start, and behind its end (its turn-listener.ts). */
const PREROLL_MS = 300;
const TAIL_MS = 240;
/** How often guesses come while words do. */
const PARTIAL_EVERY_MS = 200;

/** The model behind the port. `step` is to be called for each frame of the call. */
export class ModelRecogniser implements SpeechToText {
  readonly name = 'model';
  readonly rates = [8000] as const;
  readonly findsTurns: boolean;
  readonly #clock: Clock;
  readonly #hearing: Hearing;
  readonly #random: Random;
  #stream: { step(at: Milliseconds): void } | undefined;
  #ring: AudioRingHandle | undefined;

  /** `findsTurns`: listens all the time and says by itself when a turn ends, as Cartesia's does; else it is asked. */
  constructor(clock: Clock, hearing: Hearing, seed: string, findsTurns: boolean) {
    this.#clock = clock;
    this.#hearing = hearing;
    this.#random = new Random(seed, 'recogniser');
    this.findsTurns = findsTurns;
  }

  open(request: SttRequest): Promise<SttStream> {
    const stream = this.findsTurns
      ? new TurnFinder(request, this.#hearing, this.#random)
      : new AskedStream(request, this.#clock, this.#hearing, this.#random);
    this.#stream = stream;
    this.#ring = request.heard;
    return Promise.resolve(stream);
  }

  /** `at`: milliseconds since the ring began. */
  step(at: Milliseconds): void {
    this.#stream?.step(at);
  }

  /** Of the call, once it listens. */
  get ring(): AudioRingHandle | undefined {
    return this.#ring;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class AskedStream implements SttStream {
  readonly #request: SttRequest;
  readonly #clock: Clock;
  readonly #hearing: Hearing;
  readonly #random: Random;
  #from: Milliseconds | undefined;
  #told = '';
  #nextAt = 0;

  constructor(request: SttRequest, clock: Clock, hearing: Hearing, random: Random) {
    this.#request = request;
    this.#clock = clock;
    this.#hearing = hearing;
    this.#random = random;
  }

  beginTurn(frame: number): void {
    this.#from = frame * FRAME_MS - PREROLL_MS;
    this.#told = '';
  }

  async endTurn(frame: number): Promise<Transcript> {
    const from = this.#from;
    this.#from = undefined;
    if (from === undefined) return transcript([]);
    await this.#clock.sleep(this.#random.logNormal(FINAL_MS, SIGMA));
    return transcript(this.#hearing.between(from, frame * FRAME_MS + TAIL_MS));
  }

  step(at: Milliseconds): void {
    if (this.#from === undefined || at < this.#nextAt) return;
    const { text } = transcript(this.#hearing.between(this.#from, at, at));
    if (text === '' || text === this.#told) return;
    this.#told = text;
    this.#nextAt = at + PARTIAL_EVERY_MS;
    this.#request.onEvent({ type: 'partial', text });
  }

  close(): void {
    this.#from = undefined;
  }
}

/** From the last word's end to a likely end of the turn, and to its certain end: the defaults of make bench-latency. */
const EAGER_END_MS = 160;
const TURN_END_MS = 400;
const END_SIGMA = 0.25;

class TurnFinder implements SttStream {
  readonly #request: SttRequest;
  readonly #hearing: Hearing;
  readonly #random: Random;
  #from = 0;
  #told = '';
  #eagerly = '';
  #eagerMs = EAGER_END_MS;
  #endMs = TURN_END_MS;

  constructor(request: SttRequest, hearing: Hearing, random: Random) {
    this.#request = request;
    this.#hearing = hearing;
    this.#random = random;
  }

  beginTurn(): void {
    // It listens all the time.
  }

  endTurn(): Promise<Transcript> {
    return Promise.resolve(transcript(this.#hearing.between(this.#from, Infinity)));
  }

  step(at: Milliseconds): void {
    const known = this.#hearing.between(this.#from, at, at);
    const last = known.at(-1);
    if (!last) return;
    const now = transcript(known);
    if (now.text !== this.#told) {
      if (this.#eagerly !== '') this.#request.onEvent({ type: 'turn-resume' });
      this.#told = now.text;
      this.#eagerly = '';
      this.#eagerMs = this.#random.logNormal(EAGER_END_MS, END_SIGMA);
      this.#endMs = Math.max(this.#eagerMs, this.#random.logNormal(TURN_END_MS, END_SIGMA));
      this.#request.onEvent({ type: 'partial', text: now.text });
    }
    // What is being said but isn't known yet keeps the turn open.
    const all = this.#hearing.between(this.#from, at);
    if (all.length > known.length) return;
    const quietMs = at - last.to;
    if (quietMs >= this.#endMs) {
      this.#from = last.to;
      this.#told = '';
      this.#eagerly = '';
      this.#request.onEvent({ type: 'turn-end', transcript: now });
    } else if (quietMs >= this.#eagerMs && this.#eagerly === '') {
      this.#eagerly = now.text;
      this.#request.onEvent({ type: 'turn-eager-end', transcript: now });
    }
  }

  close(): void {
    // nothing is open
  }
}

function transcript(heard: readonly Heard[]): Transcript {
  const text = heard.map((word) => word.text).join(' ');
  const confidence = heard.reduce((sum, word) => sum + word.confidence, 0) / Math.max(1, heard.length);
  return { text, understood: text !== '', confidence };
}
