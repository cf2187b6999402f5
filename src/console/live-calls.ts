import { addToRecord, beginRecord, type RecordInProgress } from '../dialog/call/call-record.ts';
import type { CallEvent, TurnGlimpse } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { AudioRingReader } from '../media/audio-ring.ts';
import { callId } from '../store/call-rows.ts';
import type { Levels, OutOfUse, Packets, RunningCall, ToPage } from './protocol.ts';

export interface LiveCallsOptions {
  readonly clock: Clock;
  /** When a call began, as its record has it (ISO 8601, UTC). */
  readonly startOf: (call: string) => string;
  /** Where a call stands now; undefined: it isn't known. */
  readonly glimpseOf: (call: string) => TurnGlimpse | undefined;
  /** A glimpse with such texts as may be shown. */
  readonly shown: (call: string, glimpse: TurnGlimpse) => TurnGlimpse;
  /** Providers that nobody is asking at present, because they have failed. */
  readonly outOfUse: () => readonly OutOfUse[];
}

interface Followed {
  readonly media: MediaSession;
  readonly heard: AudioRingReader;
  readonly sent: AudioRingReader;
  readonly frame: Int16Array;
}

const LOOK_MS: Milliseconds = 100;
/** Packets, and providers, every second. */
const SLOWLY = 10;

/**
 * The calls that are running, for pages that watch them. What happens is told; where each call stands, and how loud it is, is
 * looked at ten times a second, once for all pages, and not at all while there is none.
 */
export class LiveCalls {
  readonly #options: LiveCallsOptions;
  readonly #running = new Map<string, RecordInProgress>();
  readonly #followed = new Map<string, Followed>();
  readonly #pages = new Set<(json: string) => void>();
  /** As the pages know it: the glimpse as it was, to see whether it has changed, and as it was shown. */
  readonly #turns = new Map<string, { readonly seen: string; readonly shown: TurnGlimpse }>();
  #outOfUse = '[]';
  #looks = 0;
  #cancel = (): void => undefined;

  constructor(options: LiveCallsOptions) {
    this.#options = options;
  }

  /** Takes a call's events in their order, with such texts as may be shown. */
  observe(event: CallEvent): void {
    const before = this.#running.get(event.call);
    if (event.type === 'started') {
      const begun = beginRecord(event, this.#options.startOf(event.call));
      this.#running.set(event.call, begun);
      this.#tell({ type: 'begun', call: runningCall(begun) });
    } else if (before) {
      if (event.type === 'ended') {
        this.#running.delete(event.call);
        this.#followed.delete(event.call);
        this.#turns.delete(event.call);
      } else this.#running.set(event.call, addToRecord(before, event));
      this.#tell({ type: 'event', event });
    }
  }

  /** A call has media. */
  follow(call: string, media: MediaSession): void {
    if (!this.#running.has(call)) return;
    const heard = new AudioRingReader(media.heard);
    const sent = new AudioRingReader(media.sent);
    const frame = new Int16Array(Math.max(heard.samplesPerFrame, sent.samplesPerFrame));
    this.#followed.set(call, { media, heard, sent, frame });
  }

  /** What runs now, and what happens from now on, as JSON of `ToPage`. Returns how to end it. */
  watch(page: (json: string) => void): () => void {
    const isFirst = this.#pages.size === 0;
    if (isFirst) {
      this.#turns.clear();
      this.#looks = 0;
    }
    page(JSON.stringify(this.#all()));
    this.#pages.add(page);
    if (isFirst) this.#look();
    return () => {
      this.#pages.delete(page);
      if (this.#pages.size === 0) this.#cancel();
    };
  }

  /** The media of a running call. */
  mediaOf(call: string): MediaSession | undefined {
    return this.#followed.get(call)?.media;
  }

  #all(): ToPage {
    const calls = [...this.#running.values()].map((running) => {
      const turn = this.#turns.get(running.record.call)?.shown;
      return { ...runningCall(running), ...(turn && { turn }) };
    });
    return { type: 'running', now: this.#options.clock.now(), calls, outOfUse: this.#options.outOfUse() };
  }

  #look(): void {
    const { clock } = this.#options;
    this.#lookAtTurns();
    if (this.#followed.size > 0) this.#tell({ type: 'levels', levels: this.#of(levelsOf) });
    if (this.#looks % SLOWLY === 0) {
      if (this.#followed.size > 0) this.#tell({ type: 'packets', packets: this.#of(packetsOf) });
      this.#lookAtProviders();
    }
    this.#looks += 1;
    this.#cancel = clock.at(clock.now() + LOOK_MS, () => {
      this.#look();
    });
  }

  #lookAtTurns(): void {
    const { glimpseOf, shown } = this.#options;
    const turns: Record<string, TurnGlimpse> = {};
    for (const call of this.#running.keys()) {
      const glimpse = glimpseOf(call);
      const seen = JSON.stringify(glimpse);
      if (!glimpse || seen === this.#turns.get(call)?.seen) continue;
      const turn = shown(call, glimpse);
      this.#turns.set(call, { seen, shown: turn });
      turns[call] = turn;
    }
    if (Object.keys(turns).length > 0) this.#tell({ type: 'turns', turns });
  }

  #lookAtProviders(): void {
    const outOfUse = this.#options.outOfUse();
    const seen = JSON.stringify(outOfUse);
    if (seen === this.#outOfUse) return;
    this.#outOfUse = seen;
    this.#tell({ type: 'providers', outOfUse });
  }

  #of<T>(what: (followed: Followed) => T): Readonly<Record<string, T>> {
    return Object.fromEntries([...this.#followed].map(([call, followed]) => [call, what(followed)]));
  }

  #tell(news: ToPage): void {
    if (this.#pages.size === 0) return;
    const json = JSON.stringify(news);
    for (const page of this.#pages) page(json);
  }
}

function runningCall({ origin, record }: RecordInProgress): RunningCall {
  return { id: callId(record), origin, record };
}

/** The loudest that either side was since the last look. */
function levelsOf({ heard, sent, frame }: Followed): Levels {
  return { caller: loudest(heard, frame), agent: loudest(sent, frame) };
}

function packetsOf({ media }: Followed): Packets {
  const { packetsReceived, packetsLost, jitterMs } = media.stats();
  return { received: packetsReceived, lost: packetsLost, jitterMs: Math.round(jitterMs * 10) / 10 };
}

/** No more than this of what came since the last look counts. */
const FRAMES_LOOKED_AT = 5;
const SILENCE_DBOV = -127;

function loudest(reader: AudioRingReader, frame: Int16Array): number {
  let level = SILENCE_DBOV;
  reader.seek(Math.max(reader.next, reader.written - FRAMES_LOOKED_AT));
  while (reader.read(frame)) level = Math.max(level, reader.info.levelDbov);
  return Math.round(level);
}
