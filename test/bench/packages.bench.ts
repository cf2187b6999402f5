/**
 * What the media path's own parts cost beside the npm packages that one would take for them, with the quality of both.
 *
 *     make bench PART=packages [ROUNDS=21]
 *
 * The packages are installed into .cache/bench by the versions in packages/package.json; nothing else needs them. Each
 * line is what 20 ms of one call cost, processor time, without what the other does not do; nothing was found on npm that is a jitter
 * buffer for telephony, so that there is only ours.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { codecOf } from '../../src/media/codec.ts';
import { Resampler } from '../../src/media/resampler.ts';
import { RtpPacketBuilder } from '../../src/media/rtp-packet-builder.ts';
import { createRtpFields, parseRtp } from '../../src/media/rtp-packet.ts';
import { VoiceReceiver } from '../../src/media/voice-receiver.ts';
import { markdown } from './report.ts';
import { packagesTable, type PackagesRow } from './tables.ts';
import { keepRaw, rawOf } from './raw.ts';

const rounds = Number(process.env.ROUNDS ?? 21);
const folder = new URL('../../.cache/bench/', import.meta.url);
mkdirSync(folder, { recursive: true });
copyFileSync(new URL('packages/package.json', import.meta.url), new URL('package.json', folder));
execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--silent'], { cwd: folder });
const require = createRequire(new URL('package.json', folder));

interface Packages {
  readonly alawmulaw: {
    readonly mulaw: {
      readonly encode: (samples: Int16Array) => Uint8Array;
      readonly decode: (bytes: Uint8Array) => Int16Array;
    };
  };
  readonly 'wave-resampler': {
    readonly resample: (
      samples: ArrayLike<number>,
      from: number,
      to: number,
      options?: { method: string },
    ) => Float64Array;
  };
  readonly '@alexanderolsen/libsamplerate-js': {
    readonly ConverterType: Readonly<Record<string, number>>;
    readonly create: (
      channels: number,
      from: number,
      to: number,
      options: { converterType: number | undefined },
    ) => Promise<{ full(samples: Float32Array): Float32Array }>;
  };
  readonly 'rtp.js': { readonly packets: { readonly RtpPacket: new (view?: DataView) => RtpJsPacket } };
}

interface RtpJsPacket {
  getPayload(): DataView;
  setPayload(view: DataView): void;
  setPayloadType(type: number): void;
  setSequenceNumber(number: number): void;
  setTimestamp(timestamp: number): void;
  getView(): DataView;
}

function load<Name extends keyof Packages>(name: Name): Packages[Name] {
  return require(name) as Packages[Name];
}

const rows: PackagesRow[] = [];

/** Nanoseconds of processor time that one `action` takes, in each round. */
function measure(what: string, of: string, quality: string, calls: number, action: () => unknown): void {
  const nanoseconds: number[] = [];
  for (let round = 0; round < rounds + 5; round++) {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call++) action();
    const { user, system } = process.cpuUsage(before);
    if (round >= 5) nanoseconds.push(((user + system) * 1000) / calls);
  }
  rows.push({ what, of, quality, nanoseconds });
}

function tone(hz: number, rateHz: number, seconds: number): Float32Array {
  return Float32Array.from(
    { length: rateHz * seconds },
    (_, at) => 0.25 * Math.sin((2 * Math.PI * hz * at) / rateHz),
  );
}

/** dB between a tone and all else in `samples`, of which the first and last fifth aren't looked at. */
function toneOverRest(samples: ArrayLike<number>, hz: number, rateHz: number): number {
  const [from, to] = [Math.floor(samples.length / 5), Math.floor((samples.length * 4) / 5)];
  const period = rateHz / hz;
  const length = Math.floor((to - from) / period) * period;
  let [re, im, power] = [0, 0, 0];
  for (let at = from; at < from + length; at++) {
    const sample = samples[at] ?? 0;
    re += sample * Math.cos((2 * Math.PI * hz * at) / rateHz);
    im += sample * Math.sin((2 * Math.PI * hz * at) / rateHz);
    power += sample * sample;
  }
  const ofTone = (2 * (re * re + im * im)) / length;
  return 10 * Math.log10(ofTone / Math.max(1e-20, power - ofTone));
}

function level(samples: ArrayLike<number>): number {
  let power = 0;
  for (let at = 0; at < samples.length; at++) power += (samples[at] ?? 0) ** 2;
  return 10 * Math.log10(Math.max(1e-20, power / samples.length));
}

const piecesOf = (samples: Float32Array, length: number): Float32Array[] =>
  Array.from({ length: Math.floor(samples.length / length) }, (_, index) =>
    samples.subarray(index * length, (index + 1) * length),
  );

// ── G.711 ──
{
  const sound = Int16Array.from(tone(1010, 8000, 1), (sample) => sample * 32767);
  const frame = sound.subarray(0, 160);
  const [bytes, into] = [new Uint8Array(160), new Int16Array(160)];
  const { mulaw } = load('alawmulaw');
  const quality = (decoded: Int16Array): string =>
    `${toneOverRest(decoded, 1010, 8000).toFixed(1)} dB over its noise`;
  const ours = quality(decodeG711('ulaw', encodeG711('ulaw', sound)));
  const theirs = quality(mulaw.decode(mulaw.encode(sound)));
  measure('μ-law, encode', 'ours', ours, 5000, () => encodeG711('ulaw', frame, bytes));
  measure('μ-law, encode', 'alawmulaw', theirs, 2000, () => mulaw.encode(frame));
  measure('μ-law, decode', 'ours', ours, 5000, () => decodeG711('ulaw', bytes, into));
  measure('μ-law, decode', 'alawmulaw', theirs, 2000, () => mulaw.decode(bytes));
}

// ── Resampling, a frame after another as in a call ──
{
  const { ConverterType, create } = load('@alexanderolsen/libsamplerate-js');
  const { resample } = load('wave-resampler');
  const wanted = [
    ['ours', () => Promise.resolve(streaming())],
    ['libsamplerate-js, sinc fastest', () => samplerate('SRC_SINC_FASTEST')],
    ['libsamplerate-js, linear', () => samplerate('SRC_LINEAR')],
    // It keeps nothing from one frame to the next.
    [
      'wave-resampler, cubic',
      () => Promise.resolve((piece: Float32Array) => resample(piece, 24000, 8000, { method: 'cubic' })),
    ],
  ] as const;
  function streaming(): (piece: Float32Array) => ArrayLike<number> {
    const resampler = new Resampler(24000, 8000);
    return (piece) => resampler.process(piece);
  }
  async function samplerate(type: string): Promise<(piece: Float32Array) => ArrayLike<number>> {
    const converter = await create(1, 24000, 8000, { converterType: ConverterType[type] });
    return (piece) => converter.full(piece);
  }
  for (const [of, make] of wanted) {
    const through = async (hz: number): Promise<number[]> => {
      const convert = await make();
      return piecesOf(tone(hz, 24000, 1), 480).flatMap((piece) => Array.from(convert(piece)));
    };
    const clean = toneOverRest(await through(1000), 1000, 8000);
    const alias = level((await through(5000)).slice(1000, -1000)) - level(tone(5000, 24000, 1));
    const convert = await make();
    const [piece = new Float32Array(480)] = piecesOf(tone(1000, 24000, 1), 480);
    measure(
      '24 to 8 kHz',
      of,
      `${clean.toFixed(0)} dB over its noise; 5 kHz comes back at ${alias.toFixed(0)} dB`,
      500,
      () => convert(piece),
    );
  }
}

// ── Packets ──
{
  const payload = new Uint8Array(160).map((_, at) => at);
  const builder = new RtpPacketBuilder('ulaw');
  const packet = new Uint8Array(172);
  builder.write(payload, packet);
  const fields = createRtpFields();
  const { RtpPacket } = load('rtp.js').packets;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const isRight = (got: Uint8Array): string =>
    payload.every((byte, at) => got[at] === byte) ? 'payload right' : 'payload wrong';
  parseRtp(packet, packet.length, fields);
  const { buffer, byteOffset, byteLength } = new RtpPacket(view).getPayload();
  measure('a packet, read', 'ours', isRight(packet.subarray(fields.payloadOffset)), 20_000, () =>
    parseRtp(packet, packet.length, fields),
  );
  measure('a packet, read', 'rtp.js', isRight(new Uint8Array(buffer, byteOffset, byteLength)), 3000, () =>
    new RtpPacket(view).getPayload(),
  );
  const into = new Uint8Array(172);
  measure('a packet, written', 'ours', '172 bytes', 10_000, () => builder.write(payload, into));
  let sequence = 0;
  const payloadView = new DataView(payload.buffer);
  const write = (): DataView => {
    const made = new RtpPacket();
    made.setPayloadType(0);
    made.setSequenceNumber((sequence = (sequence + 1) & 0xffff));
    made.setTimestamp(sequence * 160);
    made.setPayload(payloadView);
    return made.getView();
  };
  measure('a packet, written', 'rtp.js', `${write().byteLength} bytes`, 3000, write);
}

// ── Jitter buffer ──
{
  const codec = codecOf('ulaw');
  const samples = new Int16Array(160);
  const receiver = new VoiceReceiver({ codec, start: 0, frame: samples });
  const builder = new RtpPacketBuilder('ulaw');
  const [payload, packet, fields] = [new Uint8Array(160).fill(0x7f), new Uint8Array(172), createRtpFields()];
  let now = 0;
  measure('jitter buffer: a packet in, a decoded frame out', 'ours', 'in order, none lost', 3000, () => {
    builder.write(payload, packet);
    parseRtp(packet, 172, fields);
    now += 20;
    receiver.insert(fields, packet, now);
    while (receiver.take(now) !== 'none');
  });
}

const raw = rawOf({ rounds }, rows);
process.stdout.write(`${markdown(packagesTable(raw))}\n`);
keepRaw(raw);
