import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import type { VonageRateHz } from '../../../../src/gateways/vonage/wire.ts';

export interface FarSideOptions {
  readonly rateHz?: VonageRateHz;
  /** The first message, if not the one that belongs to the rate. */
  readonly greeting?: string | undefined;
  /** The session's id, which the NCCO's headers name (default `call`). */
  readonly call?: string;
  readonly greets?: boolean;
  readonly client?: ClientOptions;
}

/**
 * The least of a Vonage that a media session needs: a WebSocket client with a playout buffer that plays a
 * message every 20 ms by its own clock, answers `notify` when it has come there, and `clear` at once.
 */
export class FarSide {
  readonly socket: WebSocket;
  readonly ear: number[] = [];
  /** Text messages that came, parsed. */
  readonly commands: { action?: string; payload?: unknown }[] = [];
  /** When each binary message came. */
  readonly arrivals: number[] = [];
  readonly frameBytes: number;
  readonly #queue: (Buffer | { readonly notify: unknown })[] = [];
  readonly #closed: Promise<unknown>;
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  /** Nothing is played, nor answered: the network or the far side stands still. */
  stalled = false;
  /** Messages of audio that waited to be played, at most. */
  peakQueue = 0;

  private constructor(url: string, rateHz: VonageRateHz, client: ClientOptions) {
    this.frameBytes = (rateHz / 50) * 2;
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...client });
    this.#closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data, isBinary) => {
      this.#receive(data as Buffer, isBinary);
    });
  }

  /** Rejects with the HTTP status when the connection is refused. */
  static async connect(url: string, options: FarSideOptions = {}): Promise<FarSide> {
    const { rateHz = 16000, greets = true, greeting, call = 'call', client = {} } = options;
    const far = new FarSide(url, rateHz, client);
    const refused = once(far.socket, 'unexpected-response').then(([, response]) => {
      far.socket.terminate();
      throw new Error(`HTTP ${(response as { statusCode: number }).statusCode}`);
    });
    await Promise.race([once(far.socket, 'open'), refused]);
    if (greets) {
      const contentType = `audio/l16;rate=${rateHz}`;
      far.socket.send(
        greeting ??
          JSON.stringify({ event: 'websocket:connected', 'content-type': contentType, call_uuid: call }),
      );
    }
    return far;
  }

  /** Everything that was played, without the time in which nothing was. */
  heard(): Int16Array {
    return Int16Array.from(this.ear);
  }

  /** Speaks in real time. */
  async say(samples: Int16Array): Promise<void> {
    const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    const start = performance.now();
    for (let offset = 0, n = 0; offset < bytes.length; offset += this.frameBytes, n++) {
      const frame = Buffer.alloc(this.frameBytes);
      bytes.copy(frame, 0, offset, offset + this.frameBytes);
      this.socket.send(frame);
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(0, start + (n + 1) * 20 - performance.now())),
      );
    }
  }

  press(digit: string): void {
    this.socket.send(JSON.stringify({ event: 'websocket:dtmf', digit, duration: 260 }));
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.socket.terminate();
    await this.#closed;
  }

  get closed(): Promise<unknown> {
    return this.#closed;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.arrivals.push(performance.now());
      this.#queue.push(data);
      this.peakQueue = Math.max(this.peakQueue, this.#queue.filter((one) => Buffer.isBuffer(one)).length);
      this.#keepPlaying();
      return;
    }
    const command = JSON.parse(data.toString()) as { action?: string; payload?: unknown };
    this.commands.push(command);
    if (command.action === 'notify') {
      this.#queue.push({ notify: command.payload });
      this.#keepPlaying();
    } else if (command.action === 'clear') {
      this.#queue.length = 0;
      this.socket.send('{"event":"websocket:cleared"}');
    }
  }

  #keepPlaying(): void {
    if (this.#timer !== undefined) return;
    this.#next = performance.now();
    this.#tick();
  }

  /** Plays one message; answers what lies before the next one when that one is over. */
  #tick(): void {
    this.#timer = undefined;
    if (!this.stalled) {
      for (let head = this.#queue[0]; head && 'notify' in head; head = this.#queue[0]) {
        this.#queue.shift();
        this.socket.send(JSON.stringify({ event: 'websocket:notify', payload: head.notify }));
      }
      const frame = this.#queue.shift() as Buffer | undefined;
      if (frame === undefined) return;
      this.ear.push(...new Int16Array(frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.length)));
    }
    this.#next += 20;
    this.#timer = setTimeout(
      () => {
        this.#tick();
      },
      Math.max(0, this.#next - performance.now()),
    );
  }
}
