/**
 * A softphone for tests and demonstrations: baresip makes real SIP calls, this side speaks through it
 * turn by turn, and listens to the RTP packets of its call as they pass.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SampleRateHz } from '../src/media/audio.ts';
import { codecOf, type CodecName } from '../src/media/codec.ts';
import { Baresip } from './baresip.ts';
import type { BaresipEvent } from './baresip.ts';
import { CallSound } from './call-sound.ts';
import { RtpCapture } from './capture.ts';
import type { RtpSeen } from './capture.ts';
import { labFolder } from './paths.ts';
import { freePorts, freeRtpPorts } from './ports.ts';
import { runFolder } from './run-folders.ts';
import { readSound, writeSound } from './sound-file.ts';
import { asToolSees } from './tool.ts';

export interface SoftphoneOptions {
  /** Where Asterisk is: a NativeAsterisk, or anything with these. */
  readonly server: { readonly host: string; readonly sipPort: number };
  readonly account: string;
  readonly password: string;
  /** Where the phone is, if not on the server's address: an address of its own, and the interface that has it. */
  readonly at?: { readonly address: string; readonly networkInterface: string };
  /** The only codec that it offers (default: both laws of G.711, μ-law first). G.722 makes it an HD phone. */
  readonly codec?: CodecName;
  /** How digits are sent (default RFC 4733). */
  readonly dtmf?: 'rfc4733' | 'info';
  /** Registers, so that it can be called (default: it only calls). */
  readonly register?: boolean;
  /** Sends no RTP at all until `unmute` or `say` (default: continuous silence, as most phones do). */
  readonly muted?: boolean;
}

/** A call didn't come about, or ended: `reason` is SIP's (`486 Busy Here`) or the phone's. */
export class CallEnded extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(`The call ended: ${reason}`);
    this.name = 'CallEnded';
    this.reason = reason;
  }
}

const RTP_PORTS = 16;
/** baresip ends a call when its sound file ends, so silence is longer than any call of ours, and renewed. */
const SILENCE_MS = 600_000;
const RENEW_SILENCE_MS = 480_000;
const TAIL_MS = 60_000;
/** A bridge between two sound devices with nobody at its other end: it gives and takes nothing. */
const NOTHING = 'aubridge,nobody';
const SILENCE = 'silence.wav';

const REGISTER_MS = 5000;
/** As baresip names them: with the rate of the sound where that isn't 8,000 Hz, or it isn't found, and everything is offered. */
const SDP_NAMES: Readonly<Record<CodecName, string>> = { ulaw: 'PCMU', alaw: 'PCMA', g722: 'G722/16000/1' };

export class Softphone {
  readonly #baresip: Baresip;
  readonly #capture: RtpCapture;
  readonly #options: SoftphoneOptions;
  readonly #folder: string;
  readonly #ports: readonly [number, number];
  readonly #incoming: ((call: SoftphoneCall) => void)[] = [];
  #ringing: SoftphoneCall | undefined;
  #call: SoftphoneCall | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(
    baresip: Baresip,
    capture: RtpCapture,
    options: SoftphoneOptions,
    folder: string,
    ports: readonly [number, number],
  ) {
    this.#baresip = baresip;
    this.#capture = capture;
    this.#options = options;
    this.#folder = folder;
    this.#ports = ports;
    baresip.on((event) => {
      this.#onEvent(event);
    });
    capture.on((packet) => {
      this.#onPacket(packet);
    });
    capture.onOther((datagram) => {
      if (isAnswer(datagram.payload)) this.#call?.onAnswer(datagram.at);
    });
  }

  /** Resolves when it can call (and be called, if it registers). */
  static async start(options: SoftphoneOptions): Promise<Softphone> {
    const folder = runFolder(labFolder(), 'phone');
    const { server, account, password, at, codec } = options;
    writeSound(join(folder, SILENCE), new Int16Array(0), SILENCE_MS, rateOf(codec));
    const address = at?.address ?? server.host;
    const rtpPort = await freeRtpPorts(RTP_PORTS, address);
    const ports = [rtpPort, rtpPort + RTP_PORTS - 1] as const;
    // One for UDP and TCP, and the next for TLS, which baresip opens unasked.
    const sipPort = await freePorts('udp', 2, address);
    const controlPort = await freePorts('tcp', 1);
    const begun: { stop(): Promise<void> }[] = [];
    try {
      const capture = await RtpCapture.start({
        ports,
        otherPort: sipPort,
        ...(at && { interface: at.networkInterface }),
      });
      begun.push(capture);
      const baresip = await Baresip.start({
        folder,
        controlPort,
        accounts: [
          `<sip:${account}@${server.host}:${server.sipPort}>;auth_pass=${password};regint=${options.register ? 60 : 0};ptime=20` +
            `;audio_codecs=${codec ? SDP_NAMES[codec] : 'PCMU,PCMA'}` +
            `;answermode=manual${options.dtmf === 'info' ? ';dtmfmode=info' : ''}`,
        ],
        config: [
          'poll_method epoll',
          `sip_listen ${address}:${sipPort}`,
          `net_interface ${address}`,
          'call_local_timeout 120',
          'call_max_calls 4',
          'call_hold_other_calls no',
          `audio_source ${options.muted ? NOTHING : soundFile(folder, SILENCE)}`,
          'audio_player aubridge,speaker',
          'audio_buffer 20-160',
          `rtp_ports ${ports[0]}-${ports[1]}`,
          'rtcp_mux no',
          'jitter_buffer_type off',
          'ringback_disabled yes',
          'statmode_default off',
          'module_path /usr/lib/baresip/modules',
          'module g711.so',
          'module g722.so',
          'module aufile.so',
          'module aubridge.so',
          'module_tmp account.so',
          'module_app menu.so',
          'module_app ctrl_tcp.so',
          `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
        ],
      });
      begun.push(baresip);
      const phone = new Softphone(baresip, capture, options, folder, ports);
      if (options.register) await phone.#registered();
      return phone;
    } catch (error) {
      await Promise.all(begun.map((part) => part.stop()));
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Calls an extension. Resolves when it is answered; rejects with CallEnded when it isn't. */
  async dial(extension: string): Promise<SoftphoneCall> {
    const call = this.ring(extension);
    await call.answered;
    return call;
  }

  /** Calls an extension and returns at once: `call.answered` tells what becomes of it. */
  ring(extension: string): SoftphoneCall {
    const call = this.#newCall('outgoing');
    const { host, sipPort } = this.#options.server;
    this.#baresip.command('dial', `sip:${extension}@${host}:${sipPort}`).catch((error: unknown) => {
      call.end(error instanceof Error ? error.message : String(error));
    });
    return call;
  }

  /** The next incoming call, not answered yet (`call.accept()` does that). Rejects after `timeoutMs`. */
  incoming(options: { timeoutMs: number }): Promise<SoftphoneCall> {
    if (this.#ringing) return Promise.resolve(this.#ringing);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`Nobody called within ${options.timeoutMs} ms`));
      }, options.timeoutMs);
      this.#incoming.push((call) => {
        clearTimeout(timer);
        resolve(call);
      });
    });
  }

  /** Where this phone gets its RTP: first and last port. */
  get rtpPorts(): readonly [number, number] {
    return this.#ports;
  }

  /** baresip's own last lines. */
  get said(): readonly string[] {
    return this.#baresip.said;
  }

  /** Hangs up, and ends everything that it started. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await this.#baresip.stop();
      await this.#capture.stop();
      this.#call?.end('the phone was stopped');
      rmSync(this.#folder, { recursive: true, force: true });
    })();
    return this.#stopping;
  }

  /** baresip registers by itself when it starts; this waits for the outcome. */
  async #registered(): Promise<void> {
    const { host, sipPort } = this.#options.server;
    const deadline = Date.now() + REGISTER_MS;
    for (;;) {
      const information = await this.#baresip.command('reginfo');
      if (/OK /.test(information)) return;
      if (/ERR /.test(information) || Date.now() > deadline) {
        throw new Error(`${host}:${sipPort} refused the registration of ${this.#options.account}`);
      }
      await sleepUntil(Date.now() + 20);
    }
  }

  #newCall(direction: 'incoming' | 'outgoing'): SoftphoneCall {
    const control: CallControl = {
      baresip: this.#baresip,
      folder: this.#folder,
      muted: this.#options.muted ?? false,
      rateHz: rateOf(this.#options.codec),
    };
    this.#call = new SoftphoneCall(control, direction);
    return this.#call;
  }

  #onEvent(event: BaresipEvent): void {
    if (event.type === 'CALL_INCOMING') {
      const call = this.#newCall('incoming');
      this.#ringing = call;
      for (const resolve of this.#incoming.splice(0)) resolve(call);
      return;
    }
    if (event.type === 'CALL_CLOSED') this.#ringing = undefined;
    this.#call?.onEvent(event);
  }

  #onPacket(packet: RtpSeen): void {
    const [first, last] = this.#ports;
    const { port } = packet.destination;
    if (port >= first && port <= last) this.#call?.heard.take(packet);
    else this.#call?.said.take(packet);
  }
}

interface CallControl {
  readonly baresip: Baresip;
  readonly folder: string;
  readonly muted: boolean;
  readonly rateHz: SampleRateHz;
}

/** Of the sound that a phone takes and gives: baresip wants its files at the codec's rate. */
function rateOf(codec: CodecName = 'ulaw'): SampleRateHz {
  return codecOf(codec).audioRateHz;
}

/** What a call came to, for people and for JSON. Durations in milliseconds. */
export interface CallReport {
  readonly answered: boolean;
  /** From dialling to the answer. */
  readonly setUpMs: number | undefined;
  /** From the answer to the first packet, and to the first speech, that was heard. */
  readonly firstPacketMs: number | undefined;
  readonly firstSpeechMs: number | undefined;
  readonly durationMs: number | undefined;
  readonly endedBy: string | undefined;
  readonly packets: { readonly sent: number; readonly received: number; readonly lost: number };
}

/** One call of a softphone. All instants are wall clock, milliseconds since the Unix epoch. */
export class SoftphoneCall {
  readonly direction: 'incoming' | 'outgoing';
  readonly startedAt = Date.now();
  /** The instant of SIP's 200 OK on the wire. */
  answeredAt: number | undefined;
  endedAt: number | undefined;
  endReason: string | undefined;
  /** What this phone sent, and what it got. */
  readonly said: CallSound;
  readonly heard: CallSound;
  /** The rate of its sound, in both directions: 8,000 Hz, and 16,000 Hz of an HD phone. */
  readonly rateHz: SampleRateHz;
  /** Rejects with CallEnded when the call ends without an answer. */
  readonly answered: Promise<void>;
  /** Resolves with the reason when the call is over. */
  readonly ended: Promise<string>;
  readonly #control: CallControl;
  #resolveAnswered: () => void = () => undefined;
  #rejectAnswered: (error: Error) => void = () => undefined;
  #resolveEnded: (reason: string) => void = () => undefined;
  readonly #events: BaresipEvent[] = [];
  readonly #eventWaits = new Set<(event: BaresipEvent) => void>();
  #files = 0;
  #saying: AbortController | undefined;
  #renew: NodeJS.Timeout | undefined;

  constructor(control: CallControl, direction: 'incoming' | 'outgoing') {
    this.#control = control;
    this.direction = direction;
    this.rateHz = control.rateHz;
    this.said = new CallSound(this.rateHz);
    this.heard = new CallSound(this.rateHz);
    this.answered = new Promise((resolve, reject) => {
      this.#resolveAnswered = resolve;
      this.#rejectAnswered = reject;
    });
    this.answered.catch(() => undefined);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Answers an incoming call. */
  async accept(): Promise<void> {
    await this.#control.baresip.command('accept');
    await this.answered;
  }

  /**
   * Speaks a WAV file (or samples, at the call's rate) into the call; silence follows it. Resolves when the last
   * of it has left, with the instants of its first and last packet that are speech; false when the
   * call ended, or something else was said, before that.
   */
  async say(sound: string | Int16Array): Promise<{ startedAt: number; endedAt: number } | false> {
    const samples = typeof sound === 'string' ? readSound(sound, this.rateHz) : sound;
    this.#saying?.abort();
    const saying = new AbortController();
    this.#saying = saying;
    this.#files += 1;
    const name = `say-${this.#files}.wav`;
    const path = join(this.#control.folder, name);
    writeSound(path, samples, TAIL_MS, this.rateHz);
    const switched = Date.now();
    await this.#source(soundFile(this.#control.folder, name));
    rmSync(path, { force: true });
    const durationMs = (samples.length * 1000) / this.rateHz;
    const finished = await Promise.race([
      sleepUntil(Math.max(switched, Date.now()) + durationMs + 20, saying.signal),
      this.ended.then(() => false),
    ]);
    if (!finished || this.#saying !== saying) return false;
    await this.#silence();
    const endedAt = this.said.lastVoicedAt ?? Date.now();
    return { startedAt: Math.max(switched, this.said.speechStartedAt ?? switched), endedAt };
  }

  /** Stops speaking: silence from now on. */
  async stopTalking(): Promise<void> {
    this.#saying?.abort();
    await this.#silence();
  }

  /** Sends no RTP at all any more, as some phones do when muted. */
  async mute(): Promise<void> {
    this.#saying?.abort();
    clearTimeout(this.#renew);
    await this.#source(NOTHING);
  }

  /** Silence instead of nothing. */
  async unmute(): Promise<void> {
    await this.#silence();
  }

  /** Presses keys: 0–9, *, #. */
  async dtmf(digits: string): Promise<void> {
    for (const digit of digits) {
      await this.#control.baresip.command('sndcode', digit);
      await sleepUntil(Date.now() + 180);
    }
  }

  async hold(): Promise<void> {
    await this.#control.baresip.command('hold');
  }

  async unhold(): Promise<void> {
    // baresip 1.1 resumes, and yet reports a failure: that there is no other call to be held meanwhile.
    await this.#control.baresip.command('resume').catch(() => undefined);
  }

  /** Blind transfer (REFER): the other side calls `uri` instead. */
  async transfer(uri: string): Promise<void> {
    await this.#control.baresip.command('transfer', uri);
  }

  /** Idempotent. */
  async hangUp(): Promise<void> {
    if (this.endReason !== undefined) return;
    await this.#control.baresip.command('hangup');
    await this.ended;
  }

  /** Waits for one of baresip's events of this call, past ones included. */
  event(type: string, timeoutMs: number): Promise<BaresipEvent> {
    const past = this.#events.find((event) => event.type === type);
    if (past) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#eventWaits.delete(look);
        reject(new Error(`No ${type} within ${timeoutMs} ms`));
      }, timeoutMs);
      const look = (event: BaresipEvent): void => {
        if (event.type !== type) return;
        clearTimeout(timer);
        this.#eventWaits.delete(look);
        resolve(event);
      };
      this.#eventWaits.add(look);
    });
  }

  /** Both directions from the answer to the end (or to now), on one clock. */
  recording(): { said: Int16Array; heard: Int16Array } {
    const from = this.answeredAt ?? this.startedAt;
    const to = this.endedAt ?? Date.now();
    return { said: this.said.samples(from, to), heard: this.heard.samples(from, to) };
  }

  report(): CallReport {
    const { answeredAt } = this;
    const since = (at: number | undefined): number | undefined =>
      answeredAt === undefined || at === undefined ? undefined : round(at - answeredAt);
    const heard = this.heard.stats();
    return {
      answered: answeredAt !== undefined,
      setUpMs: answeredAt === undefined ? undefined : round(answeredAt - this.startedAt),
      firstPacketMs: since(this.heard.firstAt),
      firstSpeechMs: since(this.heard.firstSpeechAt),
      durationMs: since(this.endedAt),
      endedBy: this.endReason,
      packets: { sent: this.said.stats().packets, received: heard.packets, lost: heard.lost },
    };
  }

  onAnswer(at: number): void {
    this.answeredAt ??= at;
  }

  onEvent(event: BaresipEvent): void {
    this.#events.push(event);
    if (event.type === 'CALL_ESTABLISHED') {
      this.answeredAt ??= Date.now();
      this.#resolveAnswered();
      if (!this.#control.muted) this.#renewLater();
    } else if (event.type === 'CALL_CLOSED') {
      this.end(endReason(event.param));
    }
    for (const look of [...this.#eventWaits]) look(event);
  }

  /** It is over. Idempotent. */
  end(reason: string): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    this.endedAt = Date.now();
    clearTimeout(this.#renew);
    this.#saying?.abort();
    this.#rejectAnswered(new CallEnded(reason));
    this.#resolveEnded(reason);
    this.said.close();
    this.heard.close();
  }

  async #silence(): Promise<void> {
    if (this.endReason !== undefined) return;
    await this.#source(soundFile(this.#control.folder, SILENCE));
    this.#renewLater();
  }

  #renewLater(): void {
    clearTimeout(this.#renew);
    this.#renew = setTimeout(() => void this.#silence().catch(() => undefined), RENEW_SILENCE_MS);
    this.#renew.unref();
  }

  async #source(source: string): Promise<void> {
    if (this.endReason !== undefined) return;
    await this.#control.baresip.command('ausrc', source);
  }
}

/** A file of the phone's folder as one of baresip's sources of sound. */
function soundFile(folder: string, name: string): string {
  return `aufile,${join(asToolSees(folder), name)}`;
}

/** Why a call has ended, in words: baresip gives a hang-up the text of an error of the socket. */
function endReason(text: string | undefined): string {
  if (text === 'Connection reset by user') return 'caller hung up';
  if (text === undefined || text === '' || text === 'Connection reset by peer') return 'other side hung up';
  return text;
}

/** SIP's 200 OK to an INVITE. */
function isAnswer(payload: Uint8Array): boolean {
  const text = Buffer.from(payload.subarray(0, 1500)).toString('latin1');
  return text.startsWith('SIP/2.0 200') && /^CSeq:\s*\d+ INVITE/im.test(text);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** True when the time has come, false when `signal` was first. */
function sleepUntil(at: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => {
        resolve(true);
      },
      Math.max(0, at - Date.now()),
    );
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve(false);
      },
      { once: true },
    );
  });
}
