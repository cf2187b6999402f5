import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS, frameBytesOf } from '../../media/audio.ts';
import { AudioRingWriter, FRAME_FILLER } from '../../media/audio-ring.ts';
import { codecOf, type Codec } from '../../media/codec.ts';
import { levelDbov, SILENCE_DBOV } from '../../media/level.ts';
import { RtpPacketBuilder } from '../../media/rtp-packet-builder.ts';
import { type MediaStatsBlock, STAT } from '../media-stats-block.ts';
import { PlayoutSource } from '../playout/playout-source.ts';
import type { PlayoutReport } from '../playout/playout-source.ts';
import type { SessionSetup } from './media-protocol.ts';

/**
 * The agent's voice on its way out: at each tick one frame of what is queued, or silence, goes into
 * a packet and into the `sent` ring, which so shows what really left. Timestamps follow the ring's
 * frame number and sequence numbers the count of packets, both in shared memory: a restarted thread
 * goes on with the same stream.
 *
 * Where silence isn't sent, a talk spurt may begin between two frames of the ring: its timestamps say exactly when, and
 * its frames stand in the ring up to 10 ms sooner or 30 ms later, behind what is there already.
 */
export class OutboundStream {
  readonly #source: PlayoutSource;
  readonly #sent: AudioRingWriter;
  readonly #stats: MediaStatsBlock;
  readonly #codec: Codec;
  readonly #encode: ReturnType<Codec['createEncoder']>;
  readonly #decode: ReturnType<Codec['createDecoder']>;
  readonly #builder: RtpPacketBuilder;
  /** A frame as it was queued: samples to be encoded, or the payload itself. */
  readonly #queued: Uint8Array;
  readonly #samples: Int16Array | undefined;
  readonly #payload: Uint8Array;
  /** Reused 20 ms later; the kernel has copied it by then. */
  readonly #packet: Uint8Array;
  readonly #silenceSuppression: boolean;
  readonly #firstTimestamp: number;
  readonly #send: (packet: Uint8Array) => void;

  constructor(
    setup: SessionSetup,
    stats: MediaStatsBlock,
    send: (packet: Uint8Array) => void,
    report: (report: PlayoutReport) => void,
  ) {
    this.#source = new PlayoutSource(setup.playout, report);
    this.#sent = new AudioRingWriter(setup.sent);
    this.#stats = stats;
    this.#codec = codecOf(setup.codec);
    this.#encode = this.#codec.createEncoder();
    this.#decode = this.#codec.createDecoder();
    this.#builder = new RtpPacketBuilder(this.#codec, {
      ssrc: setup.ssrc,
      sequence: setup.firstSequence + stats.get('packetsSent'),
      timestamp: setup.firstTimestamp + this.#sent.nextFrame * this.#codec.frameTicks,
    });
    this.#queued = new Uint8Array(frameBytesOf(this.#codec.queueFormat));
    const isLinear = this.#codec.queueFormat.encoding === 'pcm_s16';
    this.#samples = isLinear ? new Int16Array(this.#queued.buffer) : undefined;
    this.#payload = isLinear ? new Uint8Array(this.#codec.frameBytes) : this.#queued;
    this.#packet = new Uint8Array(this.#builder.packetBytes);
    this.#silenceSuppression = setup.silenceSuppression;
    this.#firstTimestamp = setup.firstTimestamp;
    this.#send = send;
  }

  /** A flush was raised: drops what it voids, and says so. */
  applyFlush(): void {
    this.#source.applyFlush();
  }

  /** The first frame of the timeline that is still to come. */
  get nextFrame(): number {
    return this.#sent.nextFrame;
  }

  /** There is speech to begin with. */
  get isReady(): boolean {
    return this.#source.isReady;
  }

  /**
   * The tick at `at` on the timeline; frames before it that never came are left out. False: it was silence, and
   * nothing has been sent.
   */
  tick(at: Milliseconds, now: Milliseconds): boolean {
    const frame = Math.round(at / FRAME_MS);
    while (this.#sent.nextFrame < frame) {
      this.#sendNothing(now);
      this.#stats.add(STAT.ticksSkipped);
    }
    if (this.#source.take(this.#queued, now) > 0) {
      if (this.#silenceSuppression)
        this.#builder.moveTo(this.#firstTimestamp + (at * this.#codec.clockRateHz) / 1000);
      const { slot } = this.#sent;
      if (this.#samples === undefined) this.#decode(this.#payload, slot);
      else {
        this.#encode(this.#samples, this.#payload);
        slot.set(this.#samples);
      }
      this.#send(this.#build());
      this.#sent.commit(now, levelDbov(slot), 0);
      return true;
    }
    if (this.#silenceSuppression) {
      // A spurt that began before its frame stands in the ring has left one too many there.
      if (this.#sent.nextFrame === frame) this.#sendNothing(now);
      return false;
    }
    // An encoder with memory goes on through silence: what it knows is what the far side's decoder knows.
    if (this.#samples === undefined) this.#payload.set(this.#codec.silence);
    else this.#encode(this.#samples.fill(0), this.#payload);
    this.#send(this.#build());
    this.#fill(now);
    return true;
  }

  close(): void {
    this.#source.applyFlush();
    this.#sent.close();
  }

  #build(): Uint8Array {
    this.#builder.write(this.#payload, this.#packet);
    return this.#packet;
  }

  #sendNothing(now: Milliseconds): void {
    this.#builder.skip(this.#codec.frameSamples);
    this.#fill(now);
  }

  #fill(now: Milliseconds): void {
    this.#sent.slot.fill(0);
    this.#sent.commit(now, SILENCE_DBOV, FRAME_FILLER);
  }
}
