import { levelDbovG711 } from '../src/media/level.ts';
import { decodeG711 } from '../src/media/g711.ts';
import type { G711Law } from '../src/media/audio.ts';
import { lawOfPayloadType, rtpStreams } from './capture.ts';
import type { RtpSeen } from './capture.ts';

/** Quieter than this isn't speech: prompts lie at −20 to −30 dBov, a telephone line's noise below −50. */
const SPEECH_DBOV = -45;
/** Consecutive voiced packets that are speech; one alone may be a click. */
const SPEECH_PACKETS = 3;
/** Arrival may differ this much from what the timestamps say before the clock wins (a pause without packets). */
const DRIFT_SAMPLES = 480;
const SAMPLES_PER_MS = 8;

/** From when to when something was said, wall clock. */
export interface Utterance {
  readonly startedAt: number;
  readonly endedAt: number;
}

interface Placed {
  /** Samples since the Unix epoch, at 8,000 Hz. */
  readonly position: number;
  readonly law: G711Law;
  readonly payload: Uint8Array;
}

interface Wait {
  check: () => void;
}

/**
 * One direction of a call as its packets went by: where each lies on the wall clock, and when somebody
 * speaks. Pauses in which no packets come (Asterisk sends none when nothing is said) are silence.
 */
export class CallSound {
  /** Wall clock of the first packet with sound in it, and of the last. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  /** Wall clock of the last packet that was speech by its energy. */
  lastVoicedAt: number | undefined;
  /** Wall clock at which the first stretch of speech began. */
  firstSpeechAt: number | undefined;
  /** Wall clock at which the latest stretch of speech began. */
  speechStartedAt: number | undefined;
  #voicedInARow = 0;
  #rowStartedAt = 0;
  readonly #packets: RtpSeen[] = [];
  readonly #placed: Placed[] = [];
  #base: { timestamp: number; position: number; ssrc: number } | undefined;
  readonly #waits = new Set<Wait>();

  take(packet: RtpSeen): void {
    this.#packets.push(packet);
    const law = lawOfPayloadType(packet.payloadType);
    if (!law) return;
    this.firstAt ??= packet.at;
    this.lastAt = packet.at;
    this.#place(packet, law);
    if (levelDbovG711(law, packet.payload, 0, packet.payload.length) > SPEECH_DBOV) {
      this.#voicedInARow += 1;
      if (this.#voicedInARow === 1) this.#rowStartedAt = packet.at;
      if (this.#voicedInARow >= SPEECH_PACKETS) {
        if (this.lastVoicedAt === undefined || packet.at - this.lastVoicedAt > 500) {
          this.speechStartedAt = this.#rowStartedAt;
          this.firstSpeechAt ??= this.#rowStartedAt;
        }
        this.lastVoicedAt = packet.at;
      }
    } else {
      this.#voicedInARow = 0;
    }
    for (const wait of [...this.#waits]) wait.check();
  }

  /** Resolves when speech begins (or goes on) after `after`; false when it doesn't within `timeoutMs`. */
  async speech(options: { timeoutMs: number; after?: number; signal?: AbortSignal }): Promise<boolean> {
    const after = options.after ?? Date.now();
    return this.#wait(options.timeoutMs, options.signal, () => (this.lastVoicedAt ?? 0) > after);
  }

  /**
   * Resolves when nobody has spoken for `quietMs` (also when nobody ever did, counted from now);
   * false when it doesn't become quiet within `timeoutMs`.
   */
  async quiet(options: { quietMs?: number; timeoutMs: number; signal?: AbortSignal }): Promise<boolean> {
    const quietMs = options.quietMs ?? 700;
    const begun = Date.now();
    const quietAt = (): number => Math.max(this.lastVoicedAt ?? begun, 0) + quietMs;
    return this.#wait(options.timeoutMs, options.signal, () => Date.now() >= quietAt(), quietAt);
  }

  /** What is said next: waits for it to begin after `after`, and to end. Undefined: it didn't in time. */
  async utterance(options: {
    timeoutMs: number;
    quietMs?: number;
    after?: number;
    signal?: AbortSignal;
  }): Promise<Utterance | undefined> {
    const deadline = Date.now() + options.timeoutMs;
    if (!(await this.speech(options))) return undefined;
    const startedAt = this.speechStartedAt ?? 0;
    const timeoutMs = deadline - Date.now();
    if (!(await this.quiet({ ...options, timeoutMs }))) return undefined;
    return { startedAt, endedAt: this.lastVoicedAt ?? 0 };
  }

  /** The sound between two instants of the wall clock, 8,000 Hz. */
  samples(from: number, to: number): Int16Array {
    const origin = Math.round(from * SAMPLES_PER_MS);
    const sound = new Int16Array(Math.max(0, Math.round(to * SAMPLES_PER_MS) - origin));
    for (const { position, law, payload } of this.#placed) {
      const at = position - origin;
      if (at + payload.length <= 0 || at >= sound.length) continue;
      const samples = decodeG711(law, payload);
      const skip = Math.max(0, -at);
      sound.set(samples.subarray(skip, Math.min(samples.length, sound.length - at)), at + skip);
    }
    return sound;
  }

  /** All packets of this direction, as they came. */
  get packets(): readonly RtpSeen[] {
    return this.#packets;
  }

  /** Packets with sound, and sequence numbers that never came. */
  stats(): { packets: number; lost: number } {
    const streams = rtpStreams(this.#packets);
    return {
      packets: this.#placed.length,
      lost: streams.reduce((sum, stream) => sum + stream.lost, 0),
    };
  }

  /** Nothing comes any more: whoever waits, waits no longer. */
  close(): void {
    for (const wait of [...this.#waits]) wait.check();
  }

  #place(packet: RtpSeen, law: G711Law): void {
    const arrived = Math.round(packet.at * SAMPLES_PER_MS);
    const base = this.#base;
    const expected =
      base?.ssrc === packet.ssrc
        ? base.position + ((packet.timestamp - base.timestamp) | 0)
        : Number.POSITIVE_INFINITY;
    const position = Math.abs(expected - arrived) <= DRIFT_SAMPLES ? expected : arrived;
    this.#base = { timestamp: packet.timestamp, position, ssrc: packet.ssrc };
    this.#placed.push({ position, law, payload: packet.payload });
  }

  #wait(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    holds: () => boolean,
    nextLook?: () => number,
  ): Promise<boolean> {
    return new Promise((resolve) => {
      let look: NodeJS.Timeout | undefined;
      const end = (result: boolean): void => {
        clearTimeout(deadline);
        clearTimeout(look);
        signal?.removeEventListener('abort', onAbort);
        this.#waits.delete(wait);
        resolve(result);
      };
      const onAbort = (): void => {
        end(false);
      };
      const check = (): void => {
        if (holds()) end(true);
        else if (nextLook) {
          clearTimeout(look);
          look = setTimeout(check, Math.max(1, nextLook() - Date.now()));
        }
      };
      const wait: Wait = { check };
      const deadline = setTimeout(() => {
        end(false);
      }, timeoutMs);
      this.#waits.add(wait);
      if (signal?.aborted) end(false);
      else {
        signal?.addEventListener('abort', onAbort, { once: true });
        check();
      }
    });
  }
}
