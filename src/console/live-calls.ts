import { addToRecord, beginRecord, type RecordInProgress } from '../dialog/call/call-record.ts';
import type { CallEvent, TurnGlimpse } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import { Listeners } from '../lib/listeners.ts';
import { AudioRingReader } from '../media/audio-ring.ts';
import { callId } from '../store/call-rows.ts';
import type { Levels, Packets, RunningCall, ToPage } from './protocol.ts';

interface Followed {
  readonly media: MediaSession;
  readonly heard: AudioRingReader;
  readonly sent: AudioRingReader;
  readonly frame: Int16Array;
}

/** The calls that are running, for pages that watch them. Costs next to nothing while nobody does. */
export class LiveCalls {
  readonly #startOf: (call: string) => string;
  readonly #running = new Map<string, RecordInProgress>();
  readonly #turns = new Map<string, TurnGlimpse>();
  readonly #followed = new Map<string, Followed>();
  readonly #news = new Listeners<ToPage>();

  /** `startOf`: when a call began, as its record has it (ISO 8601, UTC). */
  constructor(startOf: (call: string) => string) {
    this.#startOf = startOf;
  }

  /** Takes a call's events in their order, with such texts as may be shown. */
  observe(event: CallEvent): void {
    const before = this.#running.get(event.call);
    if (event.type === 'started') {
      const begun = beginRecord(event, this.#startOf(event.call));
      this.#running.set(event.call, begun);
      this.#news.emit({ type: 'begun', call: runningCall(begun) });
    } else if (before) {
      this.#news.emit({ type: 'event', event });
      if (event.type === 'ended') {
        this.#running.delete(event.call);
        this.#followed.delete(event.call);
        this.#turns.delete(event.call);
      } else this.#running.set(event.call, addToRecord(before, event));
    }
  }

  /** Where a call stands now. */
  turn(call: string, turn: TurnGlimpse): void {
    if (!this.#running.has(call)) return;
    this.#turns.set(call, turn);
    this.#news.emit({ type: 'turn', call, turn });
  }

  /** A call has media. */
  follow(call: string, media: MediaSession): void {
    if (!this.#running.has(call)) return;
    const heard = new AudioRingReader(media.heard);
    const sent = new AudioRingReader(media.sent);
    const frame = new Int16Array(Math.max(heard.samplesPerFrame, sent.samplesPerFrame));
    this.#followed.set(call, { media, heard, sent, frame });
  }

  /** What happens from now on. */
  watch(listener: (news: ToPage) => void): () => void {
    return this.#news.add(listener);
  }

  get running(): readonly RunningCall[] {
    return [...this.#running.values()].map((running) => {
      const turn = this.#turns.get(running.record.call);
      return { ...runningCall(running), ...(turn && { turn }) };
    });
  }

  /** The media of a running call. */
  mediaOf(call: string): MediaSession | undefined {
    return this.#followed.get(call)?.media;
  }

  /** The loudest that either side was in the frames since the last look. */
  levels(): Readonly<Record<string, Levels>> {
    const of = ({ heard, sent, frame }: Followed): Levels => ({
      caller: loudest(heard, frame),
      agent: loudest(sent, frame),
    });
    return Object.fromEntries([...this.#followed].map(([call, followed]) => [call, of(followed)]));
  }

  packets(): Readonly<Record<string, Packets>> {
    const of = ({ media }: Followed): Packets => {
      const { packetsReceived, packetsLost, jitterMs } = media.stats();
      return { received: packetsReceived, lost: packetsLost, jitterMs: Math.round(jitterMs * 10) / 10 };
    };
    return Object.fromEntries([...this.#followed].map(([call, followed]) => [call, of(followed)]));
  }
}

function runningCall({ origin, record }: RecordInProgress): RunningCall {
  return { id: callId(record), origin, record };
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
