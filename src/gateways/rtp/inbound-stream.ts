import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { AudioRingWriter, FRAME_CONCEALED, FRAME_FILLER } from '../../media/audio-ring.ts';
import { type CodecName, codecOf } from '../../media/codec.ts';
import { Concealment } from '../../media/concealment.ts';
import { DtmfReceiver } from '../../media/dtmf-event.ts';
import { levelDbov, SILENCE_DBOV } from '../../media/level.ts';
import type { RtpFields } from '../../media/rtp-packet.ts';
import { COMFORT_NOISE, VoiceReceiver } from '../../media/voice-receiver.ts';
import { type MediaStatsBlock, STAT } from '../media-stats-block.ts';
import type { SessionSetup } from './media-protocol.ts';

/**
 * The caller's voice on its way in: a packet is in the `heard` ring in the very turn in which it
 * arrives, unless one before it is missing. The clock's ticks only end the wait for lost packets and
 * fill the time in which nothing comes.
 */
export class InboundStream {
  readonly #setup: SessionSetup;
  readonly #stats: MediaStatsBlock;
  readonly #heard: AudioRingWriter;
  readonly #receiver: VoiceReceiver;
  readonly #concealment: Concealment;
  readonly #dtmf = new DtmfReceiver();
  readonly #onKey: (digit: string) => void;
  readonly #onCodec: (codec: CodecName) => void;
  #codec: CodecName;
  /** Counters of the thread before this one, if it was restarted. */
  readonly #before: Float64Array;
  #oversize = 0;

  /** `onCodec`: the peer speaks another codec than before. */
  constructor(
    setup: SessionSetup,
    stats: MediaStatsBlock,
    onKey: (digit: string) => void,
    onCodec: (codec: CodecName) => void,
  ) {
    this.#setup = setup;
    this.#onKey = onKey;
    this.#onCodec = onCodec;
    this.#stats = stats;
    this.#before = stats.cells.slice();
    this.#heard = new AudioRingWriter(setup.heard);
    const codec = codecOf(setup.codec);
    this.#codec = codec.name;
    this.#concealment = new Concealment(codec.audioRateHz, codec.settleMs);
    this.#receiver = new VoiceReceiver({
      codec,
      start: stats.get('startedAt') + this.#heard.nextFrame * FRAME_MS,
      frame: this.#heard.slot,
    });
  }

  /** `data` is the whole packet. */
  receive(fields: RtpFields, data: Uint8Array, now: Milliseconds): void {
    this.#stats.add(STAT.packetsReceived);
    if (!this.#receiver.insert(fields, data, now)) {
      if (fields.payloadType === this.#setup.telephoneEventPayloadType) this.#key(fields, data);
      else if (fields.payloadType === COMFORT_NOISE) this.#stats.add(STAT.noiseReceived);
      else this.#stats.add(STAT.packetsMalformed);
    }
    this.#deliver(now);
  }

  tick(now: Milliseconds): void {
    this.#deliver(now);
    const { stats, jitterMs } = this.#receiver;
    this.#count(STAT.packetsLost, stats.packetsLost);
    this.#count(STAT.packetsLate, stats.packetsLate);
    this.#count(STAT.packetsDuplicate, stats.packetsDuplicate);
    this.#stats.add(STAT.packetsMalformed, stats.packetsOversize - this.#oversize);
    this.#oversize = stats.packetsOversize;
    this.#stats.cells[STAT.jitterMs] = jitterMs;
  }

  #count(cell: number, count: number): void {
    this.#stats.cells[cell] = (this.#before[cell] as number) + count;
  }

  close(): void {
    this.#heard.close();
  }

  #key(fields: RtpFields, data: Uint8Array): void {
    this.#stats.add(STAT.eventsReceived);
    const { malformed } = this.#dtmf;
    const digit = this.#dtmf.receive(fields, data);
    if (digit !== undefined) this.#onKey(digit);
    this.#stats.add(STAT.packetsMalformed, this.#dtmf.malformed - malformed);
  }

  #deliver(now: Milliseconds): void {
    const samples = this.#heard.slot;
    for (;;) {
      switch (this.#receiver.take(now)) {
        case 'none':
          return;
        case 'frame':
          this.#concealment.good(samples);
          this.#heard.commit(this.#receiver.arrivedAt, levelDbov(samples));
          this.#noteCodec();
          break;
        case 'lost':
          this.#concealment.conceal(samples);
          this.#stats.add(STAT.framesConcealed);
          this.#heard.commit(now, levelDbov(samples), FRAME_CONCEALED);
          break;
        case 'filler':
          samples.fill(0);
          this.#heard.commit(now, SILENCE_DBOV, FRAME_FILLER);
          break;
      }
    }
  }

  #noteCodec(): void {
    const { name } = this.#receiver.codec;
    if (name === this.#codec) return;
    this.#codec = name;
    this.#onCodec(name);
  }
}
