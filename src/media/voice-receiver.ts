import type { Milliseconds } from '../lib/clock.ts';
import { FRAME_MS } from './audio.ts';
import type { Codec } from './codec.ts';
import { FrameAssembler, type FrameKind } from './frame-assembler.ts';
import { type BufferedPacket, JitterBuffer, type JitterBufferStats } from './jitter-buffer.ts';
import { levelDbov } from './level.ts';
import { PacketDecoder } from './packet-decoder.ts';
import { RtpClock } from './rtp-clock.ts';
import type { RtpFields } from './rtp-packet.ts';
import { timestampDistance } from './sequence.ts';
import { quietEnough, Timeline } from './timeline.ts';

/** Reordering seen on real paths is a few milliseconds; a gap of two packets is noticed when it ends. */
const HOLD_MIN_MS = 30;
const HOLD_MAX_MS = 100;
/** Timestamps ahead of the clock by more are a new time base, not a pause. */
const TIME_BASE_MS = 500;
/** Packets that stop after silence: a muted phone or DTX. Fill soon, a recogniser waits for it. */
const MUTED_MS = 60;
/** Packets that stop in the middle of speech: an outage. What was said may still come; don't cut it. */
const OUTAGE_MS = 200;
const SPEECH_DBOV = -45;

/**
 * Payload type of comfort noise (RFC 3389): the peer says that it is silent, so nothing more of what was said is under way. Its
 * level isn't played: a recogniser needs no noise.
 */
export const COMFORT_NOISE = 13;

/** Before any time. */
const NEVER = -(2 ** 30);
const NO_BYTES = new Uint8Array(0);

export interface VoiceReceiverOptions {
  /** What was agreed on: its rate is that of the frames. */
  readonly codec: Codec;
  /** Where frame 0 begins: the instant of the session's start. */
  readonly start: Milliseconds;
  /** Where each frame is put together: 20 ms of samples. */
  readonly frame: Int16Array;
  /** Bounds of the time for which a gap is held open for reordered packets. Default 30 … 100 ms. */
  readonly holdMinMs?: Milliseconds;
  readonly holdMaxMs?: Milliseconds;
}

export interface VoiceReceiverStats extends JitterBufferStats {
  framesConcealed: number;
  framesFiller: number;
  /** Frames added (concealed ones) and left out to follow the clock. */
  framesInserted: number;
  framesDropped: number;
}

/** `frame`: 20 ms of sound. `lost`: conceal a frame. `filler`: nothing was sent, a frame of silence. */
export type TakeResult = FrameKind | 'none';

/**
 * What a listening machine hears of a stream of RTP: packets go in and frames of 20 ms come out, on a timeline
 * that follows the clock, with or without packets (they may hold 5 to 200 ms). The jitter buffer puts packets in
 * order, then they are decoded, placed on the timeline and cut into frames.
 *
 * Call `insert` for a packet and then `take` until it says `none`; `take` likewise every 20 ms or so
 * when nothing comes. Nothing is allocated per packet, not even a number: inside, time is counted in ticks of
 * the RTP clock since the start, which are whole.
 */
export class VoiceReceiver {
  /** Totals since the start. */
  readonly stats: Readonly<VoiceReceiverStats>;
  readonly #stats: VoiceReceiverStats;
  readonly #start: Milliseconds;
  readonly #ticksPerMs: number;
  readonly #samplesPerTick: number;
  readonly #frameTicks: number;
  readonly #timeline: Timeline;
  readonly #clock: RtpClock;
  readonly #jitterBuffer: JitterBuffer;
  readonly #decoder: PacketDecoder;
  readonly #frame: FrameAssembler;
  readonly #packet: BufferedPacket = {
    sequence: 0,
    timestamp: 0,
    payloadType: 0,
    arrival: 0,
    length: 0,
    lost: 0,
    newStream: false,
  };
  /** Of the packet in hand: what is to be filled in before it, its length, and what hasn't been used of it. */
  #lostTicks = 0;
  #fillerTicks = 0;
  #ticks = 0;
  #samples = 0;
  #unread = 0;

  /** Told of packets since the last sound. */
  #lostPackets = 0;
  #newStream = false;
  /** The last packet said that silence begins. */
  #silenceAnnounced = false;
  #expectedTimestamp = 0;
  /** Of the last packet; before the first one what RFC 3551 §4.2 lets expect. */
  #packetTicks: number;
  #heardAt = NEVER;
  #fillerSinceSound = 0;
  #lastKind: FrameKind = 'filler';
  #insertNext = false;
  #arrivedAt = 0;

  constructor(options: VoiceReceiverOptions) {
    const { codec, start, frame, holdMinMs = HOLD_MIN_MS, holdMaxMs = HOLD_MAX_MS } = options;
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
    this.#start = start;
    const ticksPerMs = codec.clockRateHz / 1000;
    this.#ticksPerMs = ticksPerMs;
    this.#samplesPerTick = codec.audioRateHz / codec.clockRateHz;
    this.#frameTicks = FRAME_MS * ticksPerMs;
    this.#packetTicks = this.#frameTicks;
    this.#timeline = new Timeline(this.#frameTicks);
    this.#clock = new RtpClock(this.#samplesPerTick);
    this.#decoder = new PacketDecoder(codec);
    this.#frame = new FrameAssembler(frame);
    this.#jitterBuffer = new JitterBuffer(
      { ticksPerMs, holdMinTicks: holdMinMs * ticksPerMs, holdMaxTicks: holdMaxMs * ticksPerMs },
      this.#stats,
    );
  }

  /** Frames given out so far: the number of the next one. */
  get frames(): number {
    return this.#timeline.frames;
  }

  /** When the sound of the last frame arrived (`frame`), or when it was given up or filled. Never runs back. */
  get arrivedAt(): Milliseconds {
    return this.#start + this.#arrivedAt / this.#ticksPerMs;
  }

  /** Interarrival jitter, RFC 3550 §6.4.1. */
  get jitterMs(): Milliseconds {
    return this.#jitterBuffer.jitterTicks / this.#ticksPerMs;
  }

  /** How long a gap is held open at present. */
  get holdMs(): Milliseconds {
    return this.#jitterBuffer.holdTicks / this.#ticksPerMs;
  }

  /** Of the packet that was heard last. */
  get codec(): Codec {
    return this.#decoder.codec;
  }

  /** How often the peer has changed its codec. */
  get codecChanges(): number {
    return this.#decoder.codecChanges;
  }

  /**
   * Copies in a packet; `fields` say where its payload lies in `data`, the whole datagram. False: it is no sound
   * (telephone-event, comfort noise), or of no codec that fits; its number isn't missed then. The timestamp in
   * `fields` is corrected where the peer counts samples.
   */
  insert(fields: RtpFields, data: Uint8Array, now: Milliseconds): boolean {
    const at = this.#ticksAt(now);
    const ticks = this.#decoder.ticksOf(fields.payloadType, fields.payloadLength);
    if (ticks === undefined) {
      this.#jitterBuffer.insert(fields, NO_BYTES, 0, at);
      return false;
    }
    this.#clock.correct(fields, ticks, at);
    this.#jitterBuffer.insert(fields, data, fields.payloadLength, at);
    return true;
  }

  /** Gives the next frame of the timeline, if its time has come; a `frame` lies where the options said. */
  take(now: Milliseconds): TakeResult {
    const frame = this.#frame;
    const at = this.#ticksAt(now);
    for (;;) {
      if (this.#insertNext) return this.#insertFrame();
      if (frame.room === 0) {
        if (this.#finishFrame(at)) return this.#lastKind;
      } else if (this.#lostTicks > 0) {
        this.#lostTicks -= this.#addGap('lost', this.#lostTicks);
      } else if (this.#fillerTicks > 0) {
        this.#fillerTicks -= this.#addGap('filler', this.#fillerTicks);
      } else if (this.#unread > 0) {
        this.#readPacket();
      } else if (this.#jitterBuffer.take(at, this.#packet)) {
        this.#lostPackets += this.#packet.lost;
        this.#newStream ||= this.#packet.newStream;
        if (this.#packet.length > 0) this.#openPacket();
        else if (this.#packet.payloadType === COMFORT_NOISE) this.#silenceAnnounced = true;
      } else if (!this.#fillIdleTime(at)) {
        return 'none';
      }
    }
  }

  #openPacket(): void {
    const packet = this.#packet;
    this.#ticks = this.#decoder.ticksOf(packet.payloadType, packet.length) ?? 0;
    this.#jitterBuffer.copyPayload(packet, this.#decoder.payload(packet.length));
    this.#samples = this.#decoder.decode(packet.payloadType);
    this.#unread = this.#samples;
    this.#placePacket();
  }

  /** Decides what has to be filled in between the sound so far and the packet in hand. */
  #placePacket(): void {
    const { timestamp, arrival } = this.#packet;
    const timeline = this.#timeline;
    const room = timeline.room(arrival, this.#filledTicks + this.#ticks);
    const lostTicks = this.#lostPackets * this.#packetTicks;
    const gap = timestampDistance(this.#expectedTimestamp, timestamp);
    const newTimeBase = gap < 0 || gap > arrival - this.#heardAt + TIME_BASE_MS * this.#ticksPerMs;
    if (this.#newStream || newTimeBase) {
      // The timestamps can't be relied on here, only the clock.
      if (!this.#newStream) this.#stats.streams += 1;
      this.#lostTicks = this.#newStream ? 0 : Math.min(lostTicks, room);
      this.#fillerTicks = room - this.#lostTicks;
      timeline.rebase();
    } else {
      const missing = Math.max(0, gap - this.#fillerSinceSound);
      // Once silence has been filled in, there is nothing left that an estimate could continue.
      this.#lostTicks = this.#fillerSinceSound > 0 ? 0 : Math.min(missing, lostTicks);
      this.#fillerTicks = Math.min(missing, Math.max(room, this.#lostTicks)) - this.#lostTicks;
    }
    this.#lostPackets = 0;
    this.#newStream = false;
    this.#align();
  }

  /** Makes packets that fill whole frames begin with one: a frame never waits for the next packet. */
  #align(): void {
    const grain = greatestCommonDivisor(this.#frameTicks, this.#ticks);
    const excess = (this.#filledTicks + this.#lostTicks + this.#fillerTicks) % grain;
    if (excess === 0) return;
    if (excess * 2 < grain && this.#fillerTicks >= excess) this.#fillerTicks -= excess;
    else if (excess * 2 < grain && this.#lostTicks >= excess) this.#lostTicks -= excess;
    else if (this.#lostTicks > 0) this.#lostTicks += grain - excess;
    else this.#fillerTicks += grain - excess;
  }

  #readPacket(): void {
    const packet = this.#packet;
    const frame = this.#frame;
    this.#unread -= frame.addSound(this.#decoder.samples, this.#samples - this.#unread, this.#unread);
    if (this.#unread > 0) return;
    this.#expectedTimestamp = (packet.timestamp + this.#ticks) >>> 0;
    this.#packetTicks = this.#ticks;
    this.#heardAt = Math.max(this.#heardAt, packet.arrival);
    this.#fillerSinceSound = 0;
    this.#silenceAnnounced = false;
    this.#timeline.observe(this.#timeline.behind(packet.arrival, this.#filledTicks));
  }

  /** False: the frame was left out, to follow the clock. */
  #finishFrame(now: number): boolean {
    const timeline = this.#timeline;
    const kind = this.#frame.finish();
    if (kind === 'filler') {
      this.#stats.framesFiller += 1;
      this.#arrivedAt = Math.max(this.#arrivedAt, now);
    } else {
      const unread = this.#unread / this.#samplesPerTick;
      const pending = this.#frameTicks + this.#lostTicks + this.#fillerTicks + unread;
      const surplus = timeline.surplus(timeline.behind(this.#packet.arrival, pending));
      if (surplus > 0 && this.#levelOf(kind) < quietEnough(surplus)) {
        this.#stats.framesDropped += 1;
        return false;
      }
      this.#arrivedAt = Math.max(this.#arrivedAt, this.#packet.arrival);
      if (kind === 'lost') this.#stats.framesConcealed += 1;
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
    if (quiet < MUTED_MS * this.#ticksPerMs || this.#jitterBuffer.waiting) return false;
    if (quiet < this.#idleAfter()) return false;
    // Room is left for the packet that would end the silence now.
    const keepFree = this.#frameTicks + Math.max(this.#frameTicks, this.#packetTicks);
    if (this.#timeline.behind(now, 0) < keepFree) return false;
    this.#fillerTicks = this.#frameTicks - this.#filledTicks;
    this.#fillerSinceSound += this.#fillerTicks;
    return true;
  }

  #idleAfter(): number {
    const outage = OUTAGE_MS * this.#ticksPerMs;
    const isSpeaking = this.#lastKind === 'frame' && this.#levelOf('frame') >= SPEECH_DBOV;
    if (isSpeaking && !this.#silenceAnnounced) return outage;
    const expected = this.#packetTicks + this.#frameTicks + 4 * this.#jitterBuffer.jitterTicks;
    return Math.min(outage, Math.max(MUTED_MS * this.#ticksPerMs, expected));
  }

  /** Of the frame that isn't full yet. */
  get #filledTicks(): number {
    return this.#frame.filled / this.#samplesPerTick;
  }

  #addGap(kind: 'lost' | 'filler', ticks: number): number {
    return this.#frame.addGap(kind, ticks * this.#samplesPerTick) / this.#samplesPerTick;
  }

  #ticksAt(now: Milliseconds): number {
    return Math.floor((now - this.#start) * this.#ticksPerMs);
  }

  /** Level of the last frame; an estimate for one that is lost isn't worth much. */
  #levelOf(kind: FrameKind): number {
    return kind === 'frame' ? levelDbov(this.#frame.samples) : SPEECH_DBOV;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
