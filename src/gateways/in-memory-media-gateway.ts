import type { MediaEndpoint, MediaEvent, MediaRequest } from '../dialog/call-media.ts';
import type { MediaGateway, MediaSession, Playback } from '../dialog/ports.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { VoiceAgentError } from '../lib/errors.ts';
import { type Audio, FRAME_MS, frameBytesOf, type PlayoutFormat } from '../media/audio.ts';
import { AudioRingWriter, createAudioRing, FRAME_FILLER } from '../media/audio-ring.ts';
import { codecOf } from '../media/codec.ts';
import { AudioConverter } from '../media/convert.ts';
import { createFlushLine } from '../media/flush-line.ts';
import { decodeG711 } from '../media/g711.ts';
import { levelDbov, SILENCE_DBOV } from '../media/level.ts';
import { Attachment } from './attachment.ts';
import { Listeners } from '../lib/listeners.ts';
import { MediaGatewayFactory } from './media-gateway-factory.ts';
import { createMediaStats, MediaStatsBlock, type SessionStats, STAT } from './media-stats-block.ts';
import { PlaybackQueue } from './playout/playback-queue.ts';
import { createPlayoutAccounts } from './playout/playout-accounts.ts';
import { createPlayoutRing, playoutShapeOf } from './playout/playout-ring.ts';
import { PlayoutSource } from './playout/playout-source.ts';

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
export class InMemoryMediaGateway implements MediaGateway {
  readonly kind = 'memory';
  readonly #options: InMemoryGatewayOptions;
  readonly #sessions = new Map<string, InMemoryMediaSession>();
  #closed = false;

  constructor(options: InMemoryGatewayOptions = {}) {
    this.#options = options;
  }

  reserve(request: MediaRequest): Promise<MediaSession> {
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

class InMemoryMediaSession implements MediaSession {
  readonly id: string;
  readonly format: PlayoutFormat;
  readonly endpoint: MediaEndpoint = { transport: 'memory' };
  readonly heard;
  readonly sent;
  readonly flushLine = createFlushLine();
  readonly attached: Promise<void>;
  readonly farEnd: FarEnd;
  readonly #clock: Clock;
  readonly #onClosed: () => void;
  readonly #attachment = new Attachment();
  readonly #events = new Listeners<MediaEvent>();
  readonly #ears = new Listeners<OutgoingFrame>();
  readonly #stats = new MediaStatsBlock(createMediaStats());
  readonly #playback: PlaybackQueue;
  readonly #source: PlayoutSource;
  readonly #heardWriter: AudioRingWriter;
  readonly #sentWriter: AudioRingWriter;
  readonly #payload: Uint8Array;
  readonly #said: Int16Array[] = [];
  readonly #start: number;
  #cancelTick: () => void;
  #closed = false;

  constructor(id: string, format: PlayoutFormat, clock: Clock, onClosed: () => void) {
    this.id = id;
    this.format = format;
    this.#clock = clock;
    this.#onClosed = onClosed;
    this.attached = this.#attachment.attached;
    this.heard = createAudioRing(format.rateHz);
    this.sent = createAudioRing(format.rateHz);
    this.#heardWriter = new AudioRingWriter(this.heard);
    this.#sentWriter = new AudioRingWriter(this.sent);
    this.#payload = new Uint8Array(frameBytesOf(format));
    const handles = {
      ring: createPlayoutRing(playoutShapeOf(format)),
      flushLine: this.flushLine,
      accounts: createPlayoutAccounts(),
    };
    this.#playback = new PlaybackQueue({ handles, format, clock });
    this.#source = new PlayoutSource(handles, (report) => {
      this.#playback.report(report);
    });
    this.farEnd = this.#createFarEnd();
    this.#start = clock.now();
    this.#stats.cells[STAT.startedAt] = this.#start;
    this.#cancelTick = clock.at(this.#start, this.#tick);
    this.#attachment.succeed();
  }

  /** Nothing to do: the far end is attached from the start. */
  attach(): void {
    // the peer of RTP has no meaning here
  }

  play(): Playback {
    return this.#playback.play();
  }

  flush(): void {
    this.#playback.flush();
    this.#source.applyFlush();
  }

  on(listener: (event: MediaEvent) => void): () => void {
    return this.#events.add(listener);
  }

  stats(): SessionStats {
    return { ...this.#stats.read(), framesDropped: this.#playback.framesDropped };
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    this.#cancelTick();
    this.#playback.close();
    this.#heardWriter.close();
    this.#sentWriter.close();
    this.#events.clear();
    this.#ears.clear();
    this.#onClosed();
    return Promise.resolve();
  }

  readonly #tick = (): void => {
    const now = this.#clock.now();
    this.#speak(now);
    this.#listen(now);
    if (this.#closed) return; // by a listener
    this.#cancelTick = this.#clock.at(this.#start + this.#sentWriter.nextFrame * FRAME_MS, this.#tick);
  };

  #speak(now: number): void {
    const frame = this.#sentWriter.nextFrame;
    const spoke = this.#source.take(this.#payload, now) > 0;
    if (spoke) {
      this.#stats.add(STAT.packetsSent);
      const samples = this.#sentWriter.slot;
      this.#decode(samples);
      this.#sentWriter.commit(now, levelDbov(samples));
    } else {
      this.#sentWriter.slot.fill(0);
      this.#sentWriter.commit(now, SILENCE_DBOV, FRAME_FILLER);
    }
    this.#ears.emit({ frame, payload: spoke ? this.#payload.slice() : undefined });
  }

  #listen(now: number): void {
    const said = this.#said.shift();
    if (said) {
      this.#stats.add(STAT.packetsReceived);
      this.#stats.cells[STAT.lastReceivedAt] = now;
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
      hear: (listener) => this.#ears.add(listener),
      press: (digit) => {
        this.#events.emit({ type: 'dtmf', digit });
      },
      lose: (reason) => {
        this.#cancelTick();
        this.#playback.close();
        this.#events.emit({ type: 'lost', reason });
      },
    };
  }
}

declare module './media-gateway-factory.ts' {
  interface GatewayOptions {
    memory: InMemoryGatewayOptions;
  }
}

MediaGatewayFactory.register('memory', (options) => Promise.resolve(new InMemoryMediaGateway(options)));
