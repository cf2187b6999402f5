import { SAMPLE_RATES_HZ, type SampleRateHz } from '../../../src/media/audio.ts';
import type { AgentProfile } from '../../../src/dialog/contract/agent-profile.ts';
import type { SttStream } from '../../../src/dialog/contract/ports.ts';
import type { Transcript } from '../../../src/dialog/contract/speech.ts';
import { keyTerms } from '../../../src/providers/key-terms.ts';
import { expectedPhrases } from '../../../src/providers/embedded/receptionist/expected-phrases.ts';
import { createPocketsphinxStt } from '../../../src/providers/embedded/stt/pocketsphinx-stt.ts';
import { RingFeeder } from '../ring-feeder.ts';
import type { TurnListener, SttBehaviour, Transcribe, WordedText } from './cartesia-stt-session.ts';

interface Domain {
  readonly phrases: readonly string[];
  readonly pronunciations: Readonly<Record<string, string>>;
  readonly terms: ReadonlySet<string>;
}

const FRAME_MS = 20;
const PROBABLY = 0.5;
/**
 * From the turn's beginning to where its voice is known, 60 ms after it has begun. Measured with ten recordings of two callers:
 * with 60 to 160 ms of silence before the voice all are understood, with 320 eight.
 */
const LONGEST_LEAD_MS = 200;
/** As much of a recording as the feeder's ring holds. */
const LONGEST_S = 20;

/**
 * A recogniser that understands words, for a server's `listener` and `transcribe`: pocketsphinx, which knows
 * the agents' sentences. The key terms of a connection tell it for whom it listens.
 */
export async function openPocketsphinx(agents: readonly AgentProfile[]): Promise<{
  readonly listener: NonNullable<SttBehaviour['listener']>;
  readonly transcribe: Transcribe;
  close(): Promise<void>;
}> {
  const stt = createPocketsphinxStt();
  const domains = agents.map((agent): Domain => {
    const request = { phrases: expectedPhrases(agent), pronunciations: agent.knowledge.pronunciations };
    return { ...request, terms: new Set(keyTerms(request, { terms: 100, characters: 1200 })) };
  });
  const [first] = domains;
  if (!first) throw new RangeError('a recogniser of this kind needs an agent whose sentences it knows');
  for (const domain of domains) await stt.prepare({ language: 'en', ...domain });

  const domainOf = (terms: readonly string[]): Domain => {
    const shared = ({ terms: known }: Domain): number => terms.filter((term) => known.has(term)).length;
    return domains.toSorted((one, other) => shared(other) - shared(one))[0] ?? first;
  };
  const open = (domain: Domain, feeder: RingFeeder, onGuess?: (text: string) => void): Promise<SttStream> =>
    stt.open({
      heard: feeder.handle,
      language: 'en',
      phrases: domain.phrases,
      pronunciations: domain.pronunciations,
      onEvent: (event) => {
        if (event.type === 'partial') onGuess?.(event.text);
      },
    });

  return {
    listener: ({ rateHz, keyTerms: terms }) => {
      const feeder = new RingFeeder(knownRate(rateHz));
      let guess = '';
      const stream = open(domainOf(terms), feeder, (text) => {
        guess = text;
      });
      // What couldn't be opened hears nothing; the call goes on.
      const heard = stream.catch(() => undefined);
      return new StreamListener(feeder, rateHz / 50, heard, () => guess);
    },
    async transcribe({ samples, rateHz, keyTerms: terms = [] }) {
      const feeder = new RingFeeder(knownRate(rateHz));
      const stream = await open(domainOf(terms), feeder);
      try {
        const first = feeder.frame;
        stream.beginTurn(first);
        feeder.write(samples.subarray(0, LONGEST_S * rateHz));
        return wordedOf(await stream.endTurn(feeder.frame - 1), first);
      } finally {
        stream.close();
      }
    },
    close: () => stt.close(),
  };
}

class StreamListener implements TurnListener {
  readonly #feeder: RingFeeder;
  readonly #frameSamples: number;
  readonly #stream: Promise<SttStream | undefined>;
  readonly #guess: () => string;
  #rest = new Int16Array(0);
  #turnFrame = 0;
  /** The stream, as soon as it has answered for the turn before: a busy machine may take longer than the caller pauses. */
  #turnStream: Promise<SttStream | undefined>;
  #text: Promise<string> = Promise.resolve('');

  constructor(
    feeder: RingFeeder,
    frameSamples: number,
    stream: Promise<SttStream | undefined>,
    guess: () => string,
  ) {
    this.#feeder = feeder;
    this.#frameSamples = frameSamples;
    this.#stream = stream;
    this.#turnStream = stream;
    this.#guess = guess;
  }

  get guess(): string {
    return this.#guess();
  }

  hear(samples: Int16Array): void {
    const all = new Int16Array(this.#rest.length + samples.length);
    all.set(this.#rest);
    all.set(samples, this.#rest.length);
    const whole = all.length - (all.length % this.#frameSamples);
    this.#feeder.write(all.subarray(0, whole));
    this.#rest = all.slice(whole);
  }

  begin(agoMs: number): void {
    const ms = Math.min(agoMs, LONGEST_LEAD_MS);
    this.#turnFrame = Math.max(0, this.#feeder.frame - Math.round(ms / FRAME_MS));
    this.#turnStream = this.#text.catch(() => '').then(() => this.#stream);
    this.goOn();
  }

  goOn(): void {
    const frame = this.#turnFrame;
    void this.#turnStream.then((stream) => stream?.beginTurn(frame));
  }

  text(unchanged: boolean): Promise<string> {
    const last = this.#feeder.frame - 1;
    if (!unchanged) {
      this.#text = this.#turnStream.then(async (stream) =>
        stream ? textOf(await stream.endTurn(last)) : '',
      );
    }
    return this.#text.catch(() => '');
  }

  close(): void {
    this.#feeder.close();
    void this.#stream.then((stream) => {
      stream?.close();
    });
  }
}

/**
 * The cloud would guess on. This one knows when it doesn't know, and is surer than it needs to be here: that each word which
 * tells what a question is about was heard surely is the agent's own standard, for its embedded recogniser.
 */
function textOf({ text, understood, confidence }: Transcript): string {
  return understood || confidence >= PROBABLY ? text : '';
}

function wordedOf(transcript: Transcript, first: number): WordedText {
  const text = textOf(transcript);
  const seconds = (frame: number): number => ((frame - first) * FRAME_MS) / 1000;
  const words = text === '' ? [] : text.split(/\s+/);
  const { places = [] } = transcript;
  if (places.length !== words.length) return { text, words: [] };
  return {
    text,
    words: places.map(({ frame, toFrame }, n) => ({
      word: words[n] ?? '',
      start: seconds(frame),
      end: seconds(toFrame + 1),
    })),
  };
}

function knownRate(rateHz: number): SampleRateHz {
  const rate = SAMPLE_RATES_HZ.find((known) => known === rateHz && known <= 24_000);
  if (rate === undefined) throw new RangeError(`${rateHz} Hz: this recogniser hears no such rate`);
  return rate;
}
