import type { Milliseconds } from '../lib/clock.ts';
import { FRAME_MS, type G711Law } from './audio.ts';
import { FrameAssembler, type FrameKind } from './frame-assembler.ts';
import { levelDbovG711 } from './level.ts';
import { PacketSequence, type SequencedPacket, type SequenceStats } from './packet-sequence.ts';
import type { RtpFields } from './rtp-packet.ts';
import { timestampDistance } from './sequence.ts';
import { quietEnough, Timeline } from './timeline.ts';

const SAMPLES_PER_MS = 8;
/** RFC 3551 §4.2: the packetisation to be expected. */
const DEFAULT_PACKET_SAMPLES = 160;
/** Reordering seen on real paths is a few milliseconds; a gap of two packets is noticed when it ends. */
const HOLD_MIN_MS = 30;
const HOLD_MAX_MS = 100;
/** Timestamps ahead of the clock by more are a new time base, not a pause. */
const TIME_BASE = 500 * SAMPLES_PER_MS;
/** Packets that stop after silence: a muted phone or DTX. Fill soon, a recogniser waits for it. */
const MUTED = 60 * SAMPLES_PER_MS;
/** Packets that stop in the middle of speech: an outage. What was said may still come; don't cut it. */
const OUTAGE = 200 * SAMPLES_PER_MS;
const SPEECH_DBOV = -45;

/** Before any time. */
const NEVER = -(2 ** 30);
const NO_BYTES = new Uint8Array(0);

export interface JitterBufferOptions {
  readonly law: G711Law;
  /** Where frame 0 begins: the instant of the session's start. */
  readonly start: Milliseconds;
  /** Bounds of the time for which a gap is held open for reordered packets. Default 30 … 100 ms. */
  readonly holdMinMs?: Milliseconds;
  readonly holdMaxMs?: Milliseconds;
}

export interface JitterBufferStats extends SequenceStats {
  framesConcealed: number;
  framesFiller: number;
  /** Frames added (concealed ones) and left out to follow the clock. */
  framesInserted: number;
  framesDropped: number;
}

/** `frame`: 20 ms of sound. `lost`: conceal a frame. `filler`: nothing was sent, a frame of silence. */
export type TakeResult = FrameKind | 'none';

/**
 * A jitter buffer for a listening machine: sound that is next in sequence leaves at once, without
 * playout delay. A gap is held for an adaptive time, then given up. What leaves are frames of 20 ms
 * (packets may hold 5 to 200 ms) on a timeline that follows the clock, with or without packets.
 *
 * Call `insert` for a packet and then `take` until it says `none`; `take` likewise every 20 ms or so
 * when nothing comes. G.711 only: a byte is a sample. Nothing is allocated per packet, not even a
 * number: inside, time is counted in samples since the start, which are whole.
 */
export class JitterBuffer {
  /** Totals since the start. */
  readonly stats: Readonly<JitterBufferStats>;
  readonly #stats: JitterBufferStats;
  readonly #law: G711Law;
  readonly #start: Milliseconds;
  readonly #timeline = new Timeline(FRAME_MS * SAMPLES_PER_MS);
  readonly #sequence: PacketSequence;
  readonly #frame = new FrameAssembler(FRAME_MS * SAMPLES_PER_MS);
  readonly #packet: SequencedPacket = {
    sequence: 0,
    timestamp: 0,
    arrival: 0,
    length: 0,
    lost: 0,
    newStream: false,
  };
  /** Of the packet in hand: what is to be filled in before it, and what hasn't been used of it. */
  #lostSamples = 0;
  #fillerSamples = 0;
  #unread = 0;

  /** Told of packets since the last sound. */
  #lostPackets = 0;
  #newStream = false;
  #expectedTimestamp = 0;
  #packetSamples = DEFAULT_PACKET_SAMPLES;
  #heardAt = NEVER;
  #fillerSinceSound = 0;
  #lastKind: FrameKind = 'filler';
  #insertNext = false;
  #arrivedAt = 0;

  constructor(options: JitterBufferOptions) {
    const { law, start, holdMinMs = HOLD_MIN_MS, holdMaxMs = HOLD_MAX_MS } = options;
    this.#stats = {
      packetsReceived: 0,
      packetsLost: 0,
      packetsLate: 0,
      packetsDuplicate: 0,
      packetsReordered: 0,
      packetsStray: 0,
      packetsOversize: 0,
      streams: 0,
      framesConcealed: 0,
      framesFiller: 0,
      framesInserted: 0,
      framesDropped: 0,
    };
    this.stats = this.#stats;
    this.#law = law;
    this.#start = start;
    this.#sequence = new PacketSequence(
      {
        ticksPerMs: SAMPLES_PER_MS,
        holdMinTicks: holdMinMs * SAMPLES_PER_MS,
        holdMaxTicks: holdMaxMs * SAMPLES_PER_MS,
      },
      this.#stats,
    );
  }

  /** Frames given out so far: the number of the next one. */
  get frames(): number {
    return this.#timeline.frames;
  }

  /** When the sound of the last frame arrived (`frame`), or when it was given up or filled. Never runs back. */
  get arrivedAt(): Milliseconds {
    return this.#start + this.#arrivedAt / SAMPLES_PER_MS;
  }

  /** Interarrival jitter, RFC 3550 §6.4.1. */
  get jitterMs(): Milliseconds {
    return this.#sequence.jitterTicks / SAMPLES_PER_MS;
  }

  /** How long a gap is held open at present. */
  get holdMs(): Milliseconds {
    return this.#sequence.holdTicks / SAMPLES_PER_MS;
  }

  /** Copies in a packet of sound; `fields` say where its payload lies in `data`, the whole datagram. */
  insert(fields: RtpFields, data: Uint8Array, now: Milliseconds): void {
    this.#sequence.insert(fields, data, fields.payloadLength, this.#samplesAt(now));
  }

  /** A packet of the same stream without sound (telephone-event, comfort noise): its number isn't lost. */
  insertOther(fields: RtpFields, now: Milliseconds): void {
    this.#sequence.insert(fields, NO_BYTES, 0, this.#samplesAt(now));
  }

  /** Gives the next frame of the timeline, if its time has come; a `frame` is copied to `into`. */
  take(now: Milliseconds, into: Uint8Array): TakeResult {
    const frame = this.#frame;
    const at = this.#samplesAt(now);
    for (;;) {
      if (this.#insertNext) return this.#insertFrame();
      if (frame.room === 0) {
        if (this.#finishFrame(at, into)) return this.#lastKind;
      } else if (this.#lostSamples > 0) {
        this.#lostSamples -= frame.addGap('lost', this.#lostSamples);
      } else if (this.#fillerSamples > 0) {
        this.#fillerSamples -= frame.addGap('filler', this.#fillerSamples);
      } else if (this.#unread > 0) {
        this.#readPacket();
      } else if (this.#sequence.take(at, this.#packet)) {
        this.#lostPackets += this.#packet.lost;
        this.#newStream ||= this.#packet.newStream;
        if (this.#packet.length > 0) this.#placePacket();
      } else if (!this.#fillIdleTime(at)) {
        return 'none';
      }
    }
  }

  /** Decides what has to be filled in between the sound so far and the packet in hand. */
  #placePacket(): void {
    const { timestamp, arrival, length } = this.#packet;
    const timeline = this.#timeline;
    const room = timeline.room(arrival, this.#frame.filled + length);
    const lostSamples = this.#lostPackets * this.#packetSamples;
    const gap = timestampDistance(this.#expectedTimestamp, timestamp);
    const newTimeBase = gap < 0 || gap > arrival - this.#heardAt + TIME_BASE;
    if (this.#newStream || newTimeBase) {
      // The timestamps say nothing: the clock alone does.
      if (!this.#newStream) this.#stats.streams += 1;
      this.#lostSamples = this.#newStream ? 0 : Math.min(lostSamples, room);
      this.#fillerSamples = room - this.#lostSamples;
      timeline.rebase();
    } else {
      const missing = Math.max(0, gap - this.#fillerSinceSound);
      // Once silence has been filled in, there is nothing left that an estimate could continue.
      this.#lostSamples = this.#fillerSinceSound > 0 ? 0 : Math.min(missing, lostSamples);
      this.#fillerSamples = Math.min(missing, Math.max(room, this.#lostSamples)) - this.#lostSamples;
    }
    this.#unread = length;
    this.#lostPackets = 0;
    this.#newStream = false;
    this.#align(length);
  }

  /** Makes packets that fill whole frames begin with one: a frame never waits for the next packet. */
  #align(length: number): void {
    const grain = greatestCommonDivisor(this.#frame.bytes.length, length);
    const excess = (this.#frame.filled + this.#lostSamples + this.#fillerSamples) % grain;
    if (excess === 0) return;
    if (excess * 2 < grain && this.#fillerSamples >= excess) this.#fillerSamples -= excess;
    else if (excess * 2 < grain && this.#lostSamples >= excess) this.#lostSamples -= excess;
    else if (this.#lostSamples > 0) this.#lostSamples += grain - excess;
    else this.#fillerSamples += grain - excess;
  }

  #readPacket(): void {
    const packet = this.#packet;
    const sequence = this.#sequence;
    const offset = sequence.offsetOf(packet) + packet.length - this.#unread;
    this.#unread -= this.#frame.addSound(sequence.bytes, offset, this.#unread);
    if (this.#unread > 0) return;
    this.#expectedTimestamp = (packet.timestamp + packet.length) >>> 0;
    this.#packetSamples = packet.length;
    this.#heardAt = Math.max(this.#heardAt, packet.arrival);
    this.#fillerSinceSound = 0;
    this.#timeline.observe(this.#timeline.behind(packet.arrival, this.#frame.filled));
  }

  /** False: the frame was left out, to follow the clock. */
  #finishFrame(now: number, into: Uint8Array): boolean {
    const frame = this.#frame;
    const timeline = this.#timeline;
    const kind = frame.finish();
    if (kind === 'filler') {
      this.#stats.framesFiller += 1;
      this.#arrivedAt = Math.max(this.#arrivedAt, now);
    } else {
      const pending = frame.bytes.length + this.#lostSamples + this.#fillerSamples + this.#unread;
      const surplus = timeline.surplus(timeline.behind(this.#packet.arrival, pending));
      if (surplus > 0 && this.#levelOf(kind) < quietEnough(surplus)) {
        this.#stats.framesDropped += 1;
        return false;
      }
      this.#arrivedAt = Math.max(this.#arrivedAt, this.#packet.arrival);
      if (kind === 'lost') this.#stats.framesConcealed += 1;
      else into.set(frame.bytes);
      const { deficit } = timeline;
      this.#insertNext = kind === 'frame' && deficit > 0 && this.#levelOf(kind) < quietEnough(deficit);
    }
    this.#lastKind = kind;
    timeline.addFrame();
    return true;
  }

  #insertFrame(): TakeResult {
    this.#insertNext = false;
    this.#stats.framesInserted += 1;
    this.#stats.framesConcealed += 1;
    this.#timeline.settleDeficit();
    this.#timeline.addFrame();
    return 'lost';
  }

  /** Nothing has come: keeps the timeline a frame or two behind the clock. False: it isn't time yet. */
  #fillIdleTime(now: number): boolean {
    const quiet = now - this.#heardAt;
    if (quiet < MUTED || this.#sequence.waiting || quiet < this.#idleAfter()) return false;
    const frame = this.#frame;
    // Room is left for the packet that would end the silence now.
    const keepFree = frame.bytes.length + Math.max(frame.bytes.length, this.#packetSamples);
    if (this.#timeline.behind(now, 0) < keepFree) return false;
    this.#fillerSinceSound += frame.room;
    this.#fillerSamples = frame.room;
    return true;
  }

  #idleAfter(): number {
    if (this.#lastKind === 'frame' && this.#levelOf('frame') >= SPEECH_DBOV) return OUTAGE;
    const expected = this.#packetSamples + 20 * SAMPLES_PER_MS + 4 * this.#sequence.jitterTicks;
    return Math.min(OUTAGE, Math.max(MUTED, expected));
  }

  #samplesAt(now: Milliseconds): number {
    return Math.floor((now - this.#start) * SAMPLES_PER_MS);
  }

  /** Level of the last frame; an estimate for one that is lost isn't worth much. */
  #levelOf(kind: FrameKind): number {
    if (kind !== 'frame') return SPEECH_DBOV;
    return levelDbovG711(this.#law, this.#frame.bytes, 0, this.#frame.bytes.length);
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
