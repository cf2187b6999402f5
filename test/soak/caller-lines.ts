/**
 * The sound of a soak's callers, in a process of its own (fork-apart.ts): a UDP port for each line, a packet every 20 ms. A
 * caller listens until the agent has spoken, says a recorded sentence, waits for the reply, and so on, until they hang
 * up. What they heard is told when they have.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpeechWatch } from '../../lab/speech-watch.ts';
import { FRAME_MS } from '../../src/media/audio.ts';
import { codecOf } from '../../src/media/codec.ts';
import { levelDbov } from '../../src/media/level.ts';
import { RtpPacketBuilder } from '../../src/media/rtp-packet-builder.ts';
import { createRtpFields, parseRtp } from '../../src/media/rtp-packet.ts';
import { callerAudio } from '../support/caller-audio.ts';
import type { PlannedCall } from './plan.ts';

/** One sentence of a caller's. Wall clock, all of it. */
export interface Asked {
  readonly name: string;
  /** Last packet of it that was speech by its energy. */
  readonly endedAt: number;
  /** First packet of the reply; missing: there was none while they were on the line. */
  readonly repliedAt?: number;
  /** Said into the agent's words: what is heard after it may be those. */
  readonly interrupting: boolean;
}

/** What one caller heard. */
export interface Heard {
  readonly call: number;
  readonly packets: number;
  readonly lost: number;
  /** Between two packets, and before the first or after the last one, ms. */
  readonly longestGapMs: number;
  readonly longestGapAt: number;
  readonly firstPacketAt?: number;
  readonly firstSpeechAt?: number;
  readonly asked: readonly Asked[];
}

export type LinesCommand =
  | { readonly type: 'open'; readonly lines: number; readonly host: string }
  | {
      readonly type: 'talk';
      readonly line: number;
      readonly call: PlannedCall;
      readonly host: string;
      readonly port: number;
    }
  | { readonly type: 'end'; readonly line: number; readonly call: number };

export type LinesTold =
  | { readonly type: 'ports'; readonly ports: readonly number[] }
  | { readonly type: 'heard'; readonly heard: Heard };

const CODEC = codecOf('ulaw');
const SILENCE = new Uint8Array(0); // padded with the codec's
/** The agent has finished when it has been silent for so long. */
const QUIET_MS = 700;
/** Who interrupts begins so long after the agent did. */
const INTO_REPLY_MS = 900;
const FOREVER_MS = 3_600_000;
const SPEECH_DBOV = -45;

class Watch extends SpeechWatch {
  override hear(at: number, level: number): void {
    super.hear(at, level);
  }
}

class Talk {
  readonly call: PlannedCall;
  readonly watch = new Watch();
  readonly asked: Asked[] = [];
  readonly #abort = new AbortController();
  readonly #builder = new RtpPacketBuilder(CODEC);
  readonly #packet = new Uint8Array(this.#builder.packetBytes);
  readonly #startedAt = Date.now();
  readonly #fields = createRtpFields();
  readonly #decode = CODEC.createDecoder();
  #saying:
    { frames: Uint8Array; at: number; lastVoiced: number; done: (endedAt: number) => void } | undefined;
  #packets = 0;
  #lost = 0;
  #sequence = -1;
  #lastAt = this.#startedAt;
  #gap = { ms: 0, at: 0 };
  #firstPacketAt: number | undefined;
  #endedAt = 0;

  constructor(call: PlannedCall) {
    this.call = call;
    void this.#converse();
  }

  /** The packet that is due. */
  next(): Uint8Array {
    const saying = this.#saying;
    if (!saying) this.#builder.write(SILENCE, this.#packet);
    else {
      const frame = saying.frames.subarray(saying.at, saying.at + CODEC.frameBytes);
      this.#builder.write(frame, this.#packet);
      if (saying.at === saying.lastVoiced) this.#endedAt = Date.now();
      saying.at += CODEC.frameBytes;
      if (saying.at >= saying.frames.length) {
        this.#saying = undefined;
        saying.done(this.#endedAt);
      }
    }
    return this.#packet;
  }

  receive(bytes: Uint8Array): void {
    if (parseRtp(bytes, bytes.length, this.#fields)) return;
    const at = Date.now();
    const { sequence, payloadOffset, payloadLength } = this.#fields;
    const step = this.#sequence < 0 ? 1 : (sequence - this.#sequence) & 0xffff;
    if (step > 0x8000) return; // late: it has been counted as lost
    this.#lost += Math.min(step - 1, 3000);
    this.#sequence = sequence;
    this.#packets += 1;
    this.#firstPacketAt ??= at;
    this.#noteGap(at);
    this.#lastAt = at;
    this.watch.hear(
      at,
      levelDbov(this.#decode(bytes.subarray(payloadOffset, payloadOffset + payloadLength))),
    );
  }

  /** The call is over. */
  end(): Heard {
    this.#noteGap(Date.now());
    this.#abort.abort();
    const { firstSpeechAt } = this.watch;
    return {
      ...{ call: this.call.call, packets: this.#packets, lost: this.#lost, asked: this.asked },
      ...{ longestGapMs: this.#gap.ms, longestGapAt: this.#gap.at },
      ...(this.#firstPacketAt !== undefined && { firstPacketAt: this.#firstPacketAt }),
      ...(firstSpeechAt !== undefined && { firstSpeechAt }),
    };
  }

  #noteGap(at: number): void {
    const ms = at - this.#lastAt;
    if (ms > this.#gap.ms) this.#gap = { ms, at: this.#lastAt };
  }

  async #converse(): Promise<void> {
    const { signal } = this.#abort;
    const { watch, call } = this;
    const forever = { timeoutMs: FOREVER_MS, signal };
    if (!(await watch.speech({ ...forever, after: this.#startedAt }))) return;
    for (const name of call.says) {
      const interrupting = call.interrupts;
      if (interrupting) await sleep(INTO_REPLY_MS, undefined, { signal }).catch(() => undefined);
      else await watch.quiet({ ...forever, quietMs: QUIET_MS });
      if (signal.aborted) return;
      const endedAt = await this.#say(name);
      const index = this.asked.push({ name, endedAt, interrupting }) - 1;
      // What comes within a packet's time is the rest of what was interrupted.
      const heard = await watch.speech({ ...forever, after: endedAt + (interrupting ? 300 : 0) });
      if (!heard) return;
      this.asked[index] = { ...this.asked[index], repliedAt: watch.speechStartedAt ?? endedAt } as Asked;
    }
  }

  /** Resolves with the instant of the last voiced packet. */
  #say(name: string): Promise<number> {
    const { frames, lastVoiced } = sentence(this.call.voice, name);
    return new Promise((done) => {
      this.#endedAt = Date.now();
      this.#saying = { frames, at: 0, lastVoiced, done };
    });
  }
}

const sentences = new Map<string, { frames: Uint8Array; lastVoiced: number }>();

function sentence(voice: string, name: string): { frames: Uint8Array; lastVoiced: number } {
  const key = `${voice}/${name}`;
  const known = sentences.get(key);
  if (known) return known;
  const samples = callerAudio(voice, name);
  const { frameSamples, frameBytes } = CODEC;
  let lastVoiced = 0;
  for (let at = 0; at + frameSamples <= samples.length; at += frameSamples) {
    if (levelDbov(samples.subarray(at, at + frameSamples)) > SPEECH_DBOV)
      lastVoiced = (at / frameSamples) * frameBytes;
  }
  const made = { frames: CODEC.createEncoder()(samples), lastVoiced };
  sentences.set(key, made);
  return made;
}

interface Line {
  readonly socket: Socket;
  talk: Talk | undefined;
  to: { readonly host: string; readonly port: number };
}

const lines: Line[] = [];
const tell = (told: LinesTold): void => {
  process.send?.(told);
};

async function open(count: number, host: string): Promise<number[]> {
  for (let index = 0; index < count; index += 1) {
    const socket = createSocket({
      type: 'udp4',
      lookup: (name, _options, callback) => {
        callback(null, name, 4);
      },
    });
    const listening = once(socket, 'listening');
    socket.bind(0, host);
    await listening;
    const line: Line = { socket, talk: undefined, to: { host, port: 0 } };
    socket.on('message', (bytes) => {
      line.talk?.receive(bytes);
    });
    lines.push(line);
  }
  return lines.map(({ socket }) => socket.address().port);
}

/** One line in twenty sends at each millisecond. */
let step = Math.floor(performance.now());
setInterval(() => {
  for (const now = performance.now(); step <= now; step += 1) {
    for (let index = step % FRAME_MS; index < lines.length; index += FRAME_MS) {
      const { talk, socket, to } = lines[index] as Line;
      if (talk) socket.send(talk.next(), to.port, to.host);
    }
  }
}, 1);

process.on('message', (command: LinesCommand) => {
  if (command.type === 'open') {
    void open(command.lines, command.host).then((ports) => {
      tell({ type: 'ports', ports });
    });
    return;
  }
  const line = lines[command.line];
  if (!line) return;
  if (command.type === 'talk') {
    line.to = { host: command.host, port: command.port };
    line.talk = new Talk(command.call);
  } else if (line.talk?.call.call === command.call) {
    tell({ type: 'heard', heard: line.talk.end() });
    line.talk = undefined;
  }
});
process.on('disconnect', () => process.exit(0));
