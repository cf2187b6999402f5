/**
 * What the media path costs, on this machine: `node test/bench/media.bench.ts`. Prints the median of
 * many rounds, so that other work on the machine hardly counts. Nothing is asserted.
 */
import { SAMPLE_RATES_HZ, type PcmF32 } from '../../src/media/audio.ts';
import { CODEC_NAMES, codecOf } from '../../src/media/codec.ts';
import { Concealment } from '../../src/media/concealment.ts';
import { encodeG711 } from '../../src/media/g711.ts';
import { levelDbov } from '../../src/media/level.ts';
import { floatToInt16 } from '../../src/media/pcm.ts';
import { Resampler } from '../../src/media/resampler.ts';
import { createRtpFields, parseRtp } from '../../src/media/rtp-packet.ts';
import { VoiceReceiver } from '../../src/media/voice-receiver.ts';
import { convertForRtp } from '../support/convert-for-rtp.ts';
import { RtpPacketizer } from '../support/rtp-packets.ts';

/** Median CPU time of one call of `action`, μs. */
function measure(action: () => unknown, calls: number, rounds = Number(process.env.ROUNDS ?? 41)): number {
  const times: number[] = [];
  for (let round = 0; round < rounds + 10; round++) {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call++) action();
    const { user, system } = process.cpuUsage(before);
    if (round >= 10) times.push((user + system) / calls);
  }
  return times.sort((a, b) => a - b)[rounds >> 1] ?? NaN;
}

function report(what: string, microseconds: number): void {
  process.stdout.write(`${what.padEnd(58)}${microseconds.toFixed(3).padStart(12)} μs\n`);
}

function speechLike(rateHz: number, seconds: number): Float32Array {
  return Float32Array.from({ length: rateHz * seconds }, (_, i) => {
    const time = i / rateHz;
    return 0.3 * Math.sin(2 * Math.PI * 140 * time) * Math.sin(2 * Math.PI * 3 * time) + 0.05 * Math.random();
  });
}

const frame = floatToInt16(speechLike(8000, 1)).subarray(4000, 4160);
const bytes = encodeG711('ulaw', frame);
const into = { bytes: new Uint8Array(160), samples: new Int16Array(160), packet: new Uint8Array(172) };

process.stdout.write('A sentence of 5 s\n');
const sentence = encodeG711('ulaw', floatToInt16(speechLike(8000, 5)));
const builder = new RtpPacketizer('ulaw');
report(
  'packetise μ-law, 250 packets in memory of their own',
  measure(() => builder.packetize(sentence), 20),
);
report(
  'packetise μ-law into one reused buffer, as the worker does',
  measure(() => {
    for (let at = 0; at < sentence.length; at += 160) builder.write(into.bytes, into.packet);
  }, 20),
);
for (const rateHz of [22050, 24000] as const) {
  const audio: PcmF32 = { encoding: 'pcm_f32', rateHz, samples: speechLike(rateHz, 5) };
  report(
    `float32 at ${rateHz} Hz to μ-law (convertForRtp)`,
    measure(() => convertForRtp(audio, 'ulaw'), 2, 21),
  );
}

process.stdout.write('\nA frame or packet of 20 ms\n');
for (const codec of CODEC_NAMES.map(codecOf)) {
  const { name, audioRateHz, frameSamples } = codec;
  const sound = floatToInt16(speechLike(audioRateHz, 1));
  const frames = Array.from({ length: 50 }, (_, i) =>
    sound.subarray(frameSamples * i, frameSamples * (i + 1)),
  );
  const packets = frames.map((samples) => codec.createEncoder()(samples));
  const [encode, decode, room] = [codec.createEncoder(), codec.createDecoder(), new Int16Array(frameSamples)];
  let at = 0;
  report(
    `encode ${name}`,
    measure(() => encode(frames[at++ % 50] as Int16Array, into.bytes), 500),
  );
  report(
    `decode ${name}`,
    measure(() => decode(packets[at++ % 50] as Uint8Array, room), 500),
  );
}
report(
  'level',
  measure(() => levelDbov(frame), 2000),
);
const fields = createRtpFields();
const packet = builder.build(bytes);
report(
  'parse a packet',
  measure(() => parseRtp(packet, packet.length, fields), 10_000),
);
report(
  'write a packet',
  measure(() => builder.write(bytes, into.packet), 5000),
);

for (const name of CODEC_NAMES) {
  const codec = codecOf(name);
  const samples = new Int16Array(codec.frameSamples);
  const payload = codec.createEncoder()(
    floatToInt16(speechLike(codec.audioRateHz, 1)).slice(0, samples.length),
  );
  const sender = new RtpPacketizer(codec);
  const receiver = new VoiceReceiver({ codec, start: 0, frame: samples });
  let now = 0;
  report(
    `receive ${name}: a packet in, a decoded frame out`,
    measure(() => {
      sender.write(payload, into.packet);
      parseRtp(into.packet, 172, fields);
      now += 20;
      receiver.insert(fields, into.packet, now);
      while (receiver.take(now) !== 'none');
    }, 2000),
  );
}

const concealment = new Concealment(8000);
report(
  'concealment: a good frame',
  measure(() => {
    concealment.good(into.samples);
  }, 2000),
);
report(
  'concealment: a lost frame after a good one',
  measure(() => {
    concealment.good(into.samples);
    concealment.conceal(into.samples);
  }, 200),
);

process.stdout.write('\nResampling 20 ms\n');
for (const rateHz of SAMPLE_RATES_HZ.filter((rate) => rate !== 8000)) {
  for (const [from, to] of [
    [rateHz, 8000],
    [8000, rateHz],
  ] as const) {
    const resampler = new Resampler(from, to);
    const piece = speechLike(from, 1).subarray(0, from / 50);
    report(
      `${from} Hz to ${to} Hz`,
      measure(() => resampler.process(piece), 200),
    );
  }
}
