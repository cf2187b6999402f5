import type { MediaRequest, RtpEndpoint } from '../../src/dialog/contract/call-media.ts';
import type { MediaGateway } from '../../src/dialog/contract/ports.ts';
import { MediaStatsBlock, STAT } from '../../src/gateways/media-stats-block.ts';
import { PlayoutSource } from '../../src/gateways/playout/playout-source.ts';
import { createSessionMemory, RingMediaSession } from '../../src/gateways/ring-media-session.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { VoiceAgentError } from '../../src/lib/errors.ts';
import { Listeners } from '../../src/lib/listeners.ts';
import { type Audio, FRAME_MS, frameBytesOf, type PlayoutFormat } from '../../src/media/audio.ts';
import { AudioRingWriter, FRAME_FILLER } from '../../src/media/audio-ring.ts';
import { AudioConverter } from '../../src/media/convert.ts';
import { codecOf } from '../../src/media/codec.ts';
import { decodeG711 } from '../../src/media/g711.ts';
import { levelDbov, SILENCE_DBOV } from '../../src/media/level.ts';

export interface InMemoryGatewayOptions {
  /** Paces the frames: a clock that a test turns, or real time (default). */
  readonly clock?: Clock;
  /** What sessions that ask for no codec queue and give out. Default: ulaw, 8,000 Hz. */
  readonly format?: PlayoutFormat;
}

/** A frame as the caller's ear gets it. */
interface OutgoingFrame {
  /** Place on the session's timeline. */
  readonly frame: number;
  /** Bytes as on the wire; undefined: nothing was queued, silence. */
  readonly payload: Uint8Array | undefined;
}

/** The other end of an in-memory session: the caller. */
export interface FarEnd {
  /** Speaks: queued behind what was said before, one frame of 20 ms a tick, the last one padded. */
  say(audio: Audio): void;
  /** Calls `listener` for each frame, right when it is played. Returns how to withdraw it. */
  hear(listener: (frame: OutgoingFrame) => void): () => void;
  press(digit: string): void;
  /** Breaks the media path. */
  lose(reason: string): void;
}

/** Media without a network: the whole contract within one thread, by whatever clock it is given. */
export class InMemoryMediaGateway implements MediaGateway<RtpEndpoint> {
  readonly kind = 'memory';
  readonly #options: InMemoryGatewayOptions;
  readonly #sessions = new Map<string, InMemoryMediaSession>();
  #closed = false;

  constructor(options: InMemoryGatewayOptions = {}) {
    this.#options = options;
  }

  reserve(request: MediaRequest): Promise<InMemoryMediaSession> {
    if (this.#closed) {
      return Promise.reject(new VoiceAgentError('MEDIA_WORKER_DIED', 'the in-memory gateway is closed'));
    }
    const { clock = systemClock, format = { encoding: 'ulaw', rateHz: 8000 } } = this.#options;
    const session = new InMemoryMediaSession(
      request.id,
      request.codec ? codecOf(request.codec).queueFormat : format,
      clock,
      () => this.#sessions.delete(request.id),
    );
    this.#sessions.set(request.id, session);
    return Promise.resolve(session);
  }

  /** The caller of the session with that id. */
  farEnd(id: string): FarEnd {
    const session = this.#sessions.get(id);
    if (!session) throw new RangeError(`no session "${id}"`);
    return session.farEnd;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }
}

/** Where nobody is: the far end is attached from the start, and `attach` has nothing to do. */
const NOWHERE: RtpEndpoint = {
  transport: 'rtp',
  address: '192.0.2.1',
  port: 9,
  codec: 'ulaw',
  attach: () => undefined,
};

class InMemoryMediaSession extends RingMediaSession<RtpEndpoint> {
  readonly endpoint = NOWHERE;
  readonly farEnd: FarEnd;
  readonly #clock: Clock;
  readonly #frameListeners = new Listeners<OutgoingFrame>();
  readonly #counters: MediaStatsBlock;
  readonly #source: PlayoutSource;
  readonly #heardWriter: AudioRingWriter;
  readonly #sentWriter: AudioRingWriter;
  readonly #payload: Uint8Array;
  readonly #said: Int16Array[] = [];
  readonly #start: number;
  #cancelTick: () => void;

  constructor(id: string, format: PlayoutFormat, clock: Clock, onClosed: () => void) {
    const memory = createSessionMemory(format);
    super({ id, format, memory, clock, onClosed });
    this.#clock = clock;
    this.#counters = new MediaStatsBlock(memory.stats);
    this.#heardWriter = new AudioRingWriter(memory.heard);
    this.#sentWriter = new AudioRingWriter(memory.sent);
    this.#payload = new Uint8Array(frameBytesOf(format));
    this.#source = new PlayoutSource(memory.playout, (report) => {
      this.onReport({ type: 'playout', report });
    });
    this.farEnd = this.#createFarEnd();
    this.#start = clock.now();
    this.#counters.cells[STAT.startedAt] = this.#start;
    this.#cancelTick = clock.at(this.#start, this.#tick);
    this.onReport({ type: 'attached' });
  }

  protected override tellOfFlush(): void {
    this.#source.applyFlush();
  }

  protected override release(): Promise<void> {
    this.#cancelTick();
    this.#frameListeners.clear();
    return Promise.resolve();
  }

  readonly #tick = (): void => {
    const now = this.#clock.now();
    this.#speak(now);
    this.#listen(now);
    if (this.closing) return; // by a listener
    this.#cancelTick = this.#clock.at(this.#start + this.#sentWriter.nextFrame * FRAME_MS, this.#tick);
  };

  #speak(now: number): void {
    const frame = this.#sentWriter.nextFrame;
    const spoke = this.#source.take(this.#payload, now) > 0;
    if (spoke) {
      this.#counters.add(STAT.packetsSent);
      const samples = this.#sentWriter.slot;
      this.#decode(samples);
      this.#sentWriter.commit(now, levelDbov(samples));
    } else {
      this.#sentWriter.slot.fill(0);
      this.#sentWriter.commit(now, SILENCE_DBOV, FRAME_FILLER);
    }
    this.#frameListeners.emit({ frame, payload: spoke ? this.#payload.slice() : undefined });
  }

  #listen(now: number): void {
    const said = this.#said.shift();
    if (said) {
      this.#counters.add(STAT.packetsReceived);
      this.#counters.cells[STAT.lastReceivedAt] = now;
      this.#heardWriter.slot.set(said);
      this.#heardWriter.commit(now, levelDbov(said));
    } else {
      this.#heardWriter.slot.fill(0);
      this.#heardWriter.commit(now, SILENCE_DBOV, FRAME_FILLER);
    }
  }

  #decode(into: Int16Array): void {
    if (this.format.encoding === 'pcm_s16') into.set(new Int16Array(this.#payload.buffer));
    else decodeG711(this.format.encoding, this.#payload, into);
  }

  #createFarEnd(): FarEnd {
    return {
      say: (audio) => {
        const converter = new AudioConverter({ encoding: 'pcm_s16', rateHz: this.format.rateHz });
        const samples = [converter.convert(audio), converter.flush()].flatMap((part) => [...part]);
        const length = this.#heardWriter.samplesPerFrame;
        for (let offset = 0; offset < samples.length; offset += length) {
          const frame = new Int16Array(length);
          frame.set(samples.slice(offset, offset + length));
          this.#said.push(frame);
        }
      },
      hear: (listener) => this.#frameListeners.add(listener),
      press: (digit) => {
        this.onReport({ type: 'dtmf', digit });
      },
      lose: (reason) => {
        this.#cancelTick();
        this.onLost(reason);
      },
    };
  }
}
