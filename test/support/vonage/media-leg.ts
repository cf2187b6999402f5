/**
 * The WebSocket of a call, as Vonage opens it: it is the client. The first message is
 * `websocket:connected` with the headers of the NCCO beside it; then 20 ms of the caller's sound in a
 * binary message every 20 ms, silence included; what comes back goes through the playout buffer to the
 * caller's ear. Source: developer.vonage.com/en/voice/voice-api/concepts/websockets, and its older text in
 * nexmo-developer (_documentation/en/voice/voice-api/guides/websockets.md).
 *
 * A binary message that isn't 20 ms ends the connection without a closing handshake (1006): "unexpected
 * frame size 160, when required 320 … stop listening" is what Vonage's support read in its log
 * (github.com/vocodedev/vocode-core issue 727).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Utterance } from '../../../lab/speech-watch.ts';
import { LineSound, messageOfSamples, samplesOf } from './line-sound.ts';
import { PlayoutBuffer } from './playout.ts';

/** What this side does wrong, on request. */
export interface MediaFaults {
  /** The first message: left out, or this text in its place. */
  readonly connected?: { readonly text: string } | 'missing';
  readonly connectedAfterMs?: number;
  /** The rate that the first message names, whatever the NCCO asked for. */
  readonly connectedRateHz?: number;
  /** So many frames in each binary message (1.5: half a frame too much). */
  readonly framesPerMessage?: number;
  /** Nothing is sent while the caller is silent. */
  readonly silenceSuppressed?: boolean;
  readonly playout?: ConstructorParameters<typeof PlayoutBuffer>[0];
}

export interface MediaLegOptions {
  readonly uri: string;
  readonly rateHz: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly authorization?: string | undefined;
  readonly connectTimeoutMs?: number;
  readonly faults?: MediaFaults | undefined;
}

/** How the connection ended. `vonage`: this side closed it; `application`: ours did; `cut`: without a close. */
export interface LegEnd {
  readonly by: 'vonage' | 'application' | 'cut';
  readonly code: number;
  readonly reason: string;
}

/** A text message that came from our side, or what was made of it. Wall clock. */
export interface ControlSeen {
  readonly at: number;
  readonly text: string;
  readonly action: string | undefined;
  readonly payload: unknown;
}

/** The handshake was answered by something else than 101. */
export class HandshakeRefused extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`The WebSocket was refused with ${status}`);
    this.name = 'HandshakeRefused';
    this.status = status;
  }
}

interface Speech {
  readonly frames: readonly Int16Array[];
  next: number;
  readonly done: (utterance: Utterance | false) => void;
  startedAt: number;
}

export class MediaLeg {
  readonly rateHz: number;
  readonly heard: LineSound;
  readonly said: LineSound;
  readonly playout: PlayoutBuffer;
  /** Text messages of our side, in order. */
  readonly controls: ControlSeen[] = [];
  /** What our side did that the reference doesn't know. */
  readonly complaints: string[] = [];
  /** Binary messages that came. */
  messages = 0;
  readonly ended: Promise<LegEnd>;
  readonly #socket: WebSocket;
  readonly #frameSamples: number;
  readonly #faults: MediaFaults;
  #speech: Speech | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closedBy: LegEnd['by'] | undefined;
  #ended = false;
  readonly #waits = new Set<() => void>();

  private constructor(socket: WebSocket, options: MediaLegOptions) {
    this.rateHz = options.rateHz;
    this.#frameSamples = options.rateHz / 50;
    this.#faults = options.faults ?? {};
    this.#socket = socket;
    this.playout = new PlayoutBuffer(this.#faults.playout);
    this.heard = new LineSound(options.rateHz);
    this.said = new LineSound(options.rateHz);
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#onSound(data);
      else this.#onText(data.toString('utf8'));
    });
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#onEnd();
        const by = this.#closedBy ?? (code === 1006 ? 'cut' : 'application');
        resolve({ by, code, reason: reason.toString('utf8') });
      });
    });
  }

  /** Opens the connection and says `websocket:connected`. Throws HandshakeRefused, or the socket's error. */
  static async open(options: MediaLegOptions): Promise<MediaLeg> {
    const { faults = {} } = options;
    const socket = new WebSocket(options.uri, {
      handshakeTimeout: options.connectTimeoutMs ?? 5000,
      perMessageDeflate: false,
      ...(options.authorization === undefined ? {} : { headers: { Authorization: options.authorization } }),
    });
    // It listens from the start: our side may speak first.
    const leg = new MediaLeg(socket, options);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (request, response) => {
        request.destroy();
        reject(new HandshakeRefused(response.statusCode ?? 0));
      });
    });
    if (faults.connectedAfterMs !== undefined) await delay(faults.connectedAfterMs);
    const contentType =
      faults.connectedRateHz === undefined ? options.contentType : `audio/l16;rate=${faults.connectedRateHz}`;
    const first = { event: 'websocket:connected', 'content-type': contentType, ...options.headers };
    const { connected } = faults;
    if (connected !== 'missing') socket.send(connected?.text ?? JSON.stringify(first));
    leg.#run();
    return leg;
  }

  get open(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Speaks in real time. Resolves when the last of it has left; false when something came between. */
  say(samples: Int16Array): Promise<Utterance | false> {
    this.stopTalking();
    const frames: Int16Array[] = [];
    for (let from = 0; from < samples.length; from += this.#frameSamples) {
      const frame = new Int16Array(this.#frameSamples);
      frame.set(samples.subarray(from, from + this.#frameSamples));
      frames.push(frame);
    }
    if (this.#ended || frames.length === 0) return Promise.resolve(false);
    return new Promise((done) => {
      this.#speech = { frames, next: 0, done, startedAt: 0 };
    });
  }

  /** Silence from now on. */
  stopTalking(): void {
    this.#speech?.done(false);
    this.#speech = undefined;
  }

  /** A key of the caller's telephone. */
  press(digit: string, durationMs = 260): void {
    this.sendText(JSON.stringify({ event: 'websocket:dtmf', digit, duration: durationMs }));
  }

  sendText(text: string): void {
    if (this.open) this.#socket.send(text);
  }

  sendBinary(bytes: Uint8Array): void {
    if (this.open) this.#socket.send(bytes, { binary: true });
  }

  /** Ends it as Vonage does when the caller hangs up. */
  hangUp(): void {
    this.#closedBy ??= 'vonage';
    this.#socket.close(1000);
  }

  /** The connection is gone, and nobody said so. */
  drop(): void {
    this.#closedBy ??= 'vonage';
    this.#socket.terminate();
  }

  /** Waits until `holds`, looked at every 20 ms and at each message. Throws after `timeoutMs`. */
  until(holds: () => boolean, timeoutMs = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waits.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waits.delete(look);
        reject(new Error(`waited ${timeoutMs} ms for ${holds.toString()}`));
      }, timeoutMs);
      this.#waits.add(look);
      look();
    });
  }

  #run(): void {
    const begun = performance.now();
    let tick = 0;
    const run = (): void => {
      if (this.#ended) return;
      // Late ticks are made up for, as a jittery network does.
      for (const due = Math.floor((performance.now() - begun) / 20); tick <= due; tick += 1) this.#tick();
      // When this process was late, what has arrived meanwhile is read first: else it would be heard as a gap.
      const inTime = (): unknown => setImmediate(run);
      this.#timer = setTimeout(inTime, Math.max(0, begun + tick * 20 - performance.now()));
    };
    run();
  }

  #tick(): void {
    const { frame, notified } = this.playout.tick();
    for (const payload of notified) this.#sendEvent('websocket:notify', { payload });
    this.heard.add(frame && samplesOf(frame));
    const spoken = this.#nextSpoken();
    this.said.add(spoken);
    if (spoken || !this.#faults.silenceSuppressed) this.#sendSound(spoken);
    this.#look();
  }

  #nextSpoken(): Int16Array | undefined {
    const speech = this.#speech;
    if (!speech) return undefined;
    const now = this.said.startedAt + this.said.durationMs;
    if (speech.next === 0) speech.startedAt = now;
    const frame = speech.frames[speech.next];
    speech.next += 1;
    if (frame) return frame;
    this.#speech = undefined;
    const { speechStartedAt = 0, lastVoicedAt } = this.said;
    speech.done({ startedAt: Math.max(speech.startedAt, speechStartedAt), endedAt: lastVoicedAt ?? now });
    return undefined;
  }

  #sendSound(frame: Int16Array = new Int16Array(this.#frameSamples)): void {
    if (!this.open) return;
    const { framesPerMessage = 1 } = this.#faults;
    const message = messageOfSamples(frame);
    if (framesPerMessage === 1) this.#socket.send(message);
    else this.#socket.send(Buffer.alloc(Math.round(message.length * framesPerMessage), message));
  }

  #onSound(data: Buffer): void {
    this.messages += 1;
    const required = this.#frameSamples * 2;
    if (data.length !== required) {
      this.complaints.push(`unexpected frame size ${data.length}, when required ${required}`);
      this.#closedBy = 'cut';
      this.#socket.terminate();
      return;
    }
    this.playout.push(Uint8Array.from(data));
    this.#look();
  }

  #onText(text: string): void {
    let message: Record<string, unknown> = {};
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === 'object' && parsed !== null) message = parsed as Record<string, unknown>;
    } catch {
      // It has no action, then.
    }
    const { action, payload } = message;
    this.controls.push({
      at: Date.now(),
      text,
      action: typeof action === 'string' ? action : undefined,
      payload,
    });
    if (action === 'clear') {
      const answered = this.playout.clear();
      this.#sendEvent('websocket:cleared', {});
      for (const one of answered) this.#sendEvent('websocket:notify', { payload: one });
    } else if (action === 'notify' && typeof payload === 'object' && payload !== null) {
      this.playout.notify(payload);
    } else {
      this.complaints.push(`a text message that the reference doesn’t know: ${text.slice(0, 200)}`);
    }
    this.#look();
  }

  #sendEvent(event: string, more: Record<string, unknown>): void {
    this.sendText(JSON.stringify({ event, ...more }));
  }

  #look(): void {
    for (const look of [...this.#waits]) look();
  }

  #onEnd(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.stopTalking();
    this.heard.close();
    this.said.close();
    this.#look();
  }
}
