import type { Milliseconds } from '../../lib/clock.ts';
import { AudioRingWriter, FRAME_FILLER, type AudioRingHandle } from '../../media/audio-ring.ts';
import { levelDbov, SILENCE_DBOV } from '../../media/level.ts';
import { type MediaStatsBlock, STAT } from '../media-stats-block.ts';

/** What comes may be so much later than its time before its place is filled: 60 ms. */
const LATE_FRAMES = 3;
/** After a pause of the network all of it comes at once. So far ahead of the clock only what isn't silent is kept … */
const AHEAD_FRAMES = 5;
/** … and so far ahead nothing at all (1 s). */
const AHEAD_MAX_FRAMES = 50;
/** Pauses between words are below this on a telephone line. */
const QUIET_DBOV = -45;

/**
 * The caller's voice on its way in over a connection that loses nothing and keeps the order, but may
 * pause: a frame is in the `heard` ring in the very turn in which it arrives. Time in which nothing comes
 * is filled with silence, so that both directions keep one timeline; what then comes too much is made up
 * for in the caller's pauses.
 */
export class InboundVoice {
  readonly #heard: AudioRingWriter;
  readonly #stats: MediaStatsBlock;
  readonly #slotBytes: Uint8Array;
  #clockFrame = 0;

  constructor(heard: AudioRingHandle, stats: MediaStatsBlock) {
    this.#heard = new AudioRingWriter(heard);
    this.#stats = stats;
    const { buffer, byteOffset, byteLength } = this.#heard.slot;
    // Little-endian like the wire, as are all machines that this runs on.
    this.#slotBytes = new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** One message of 20 ms. */
  receive(data: Uint8Array, now: Milliseconds): void {
    if (data.length !== this.#slotBytes.length) {
      this.#stats.add(STAT.packetsMalformed);
      return;
    }
    this.#stats.add(STAT.packetsReceived);
    this.#stats.cells[STAT.lastReceivedAt] = now;
    this.#slotBytes.set(data);
    const level = levelDbov(this.#heard.slot);
    const ahead = this.#heard.nextFrame - this.#clockFrame;
    if (ahead >= AHEAD_MAX_FRAMES || (ahead >= AHEAD_FRAMES && level < QUIET_DBOV)) {
      this.#stats.add(STAT.packetsLate);
      return;
    }
    this.#heard.commit(now, level);
  }

  /** The clock is at frame `frame` of the timeline. */
  tick(frame: number, now: Milliseconds): void {
    this.#clockFrame = frame;
    while (this.#heard.nextFrame < frame - LATE_FRAMES) {
      this.#heard.slot.fill(0);
      this.#heard.commit(now, SILENCE_DBOV, FRAME_FILLER);
    }
  }

  close(): void {
    this.#heard.close();
  }
}
