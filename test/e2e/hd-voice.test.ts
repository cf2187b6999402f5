/** HD telephones: G.722 from the caller to the agent and back, through a real Asterisk that only passes it on. */
import { describe, expect, it } from 'vitest';
import { RtpCapture, rebuildSound, rtpStreams, type RtpSeen, type RtpStream } from '../../lab/capture.ts';
import { exchange, PATIENCE, type Exchange } from '../../lab/conversation.ts';
import { recordingOf } from '../../lab/demo-calls.ts';
import { readSound } from '../../lab/sound-file.ts';
import type { CodecName } from '../../src/media/codec.ts';
import { AudioConverter } from '../../src/media/convert.ts';
import { levelDbov } from '../../src/media/level.ts';
import { readWav, type WavAudio } from '../../src/media/wav.ts';
import { component, decibels, rms } from '../media/signals.ts';
import {
  ALICE,
  greeting,
  SAME_WORDS,
  TOM,
  useRunningAgent,
  type ViewedCall,
} from '../support/agent-under-test.ts';
import { report } from '../support/running-agent.ts';
import { align, framesLeftOut, sentIn, withoutSilentEnds } from '../support/sent-sound.ts';
import { findSpeech } from '../support/sound-likeness.ts';

const WIDE_HZ = 16_000;

function narrowed(samples: Int16Array): Int16Array {
  return new AudioConverter({ encoding: 'pcm_s16', rateHz: 8000 }).convert({
    encoding: 'pcm_s16',
    rateHz: WIDE_HZ,
    samples,
  });
}

/** The left channel of a recording: what the agent heard. */
function callerIn({ channels: [left] }: WavAudio): Int16Array {
  if (left?.encoding !== 'pcm_s16') throw new Error('the recording has no channel of 16 bits');
  return left.samples;
}

/** RMS of what lies between two frequencies, of full scale, dB: every 50 Hz, in windows of 20 ms. */
function bandDbov(samples: Int16Array, fromHz: number, toHz: number): number {
  const window = WIDE_HZ / 50;
  let power = 0;
  let windows = 0;
  for (let at = 0; at + window <= samples.length; at += window, windows++) {
    const piece = Float32Array.from(samples.subarray(at, at + window));
    for (let hz = fromHz; hz <= toHz; hz += 50) power += component(piece, hz, WIDE_HZ).amplitude ** 2 / 2;
  }
  return decibels(Math.sqrt(power / windows) / 32_768);
}

describe('An HD telephone', () => {
  const agent = useRunningAgent();

  async function ask({ call, view }: ViewedCall, voice: string, name: string): Promise<Exchange> {
    const question = { name, sound: readSound(recordingOf(voice, name).path, call.rateHz) };
    return exchange(call, question, PATIENCE, { events: agent.lab.agent.events, find: view.find });
  }

  /** Of every channel that is there: its native formats, and whether Asterisk transcodes what it reads or writes. */
  async function transcoding(): Promise<{ name: string; formats: string; transcodes: boolean }[]> {
    const { asterisk } = agent.lab;
    return Promise.all(
      (await asterisk.channels()).map(async ({ name }) => {
        const told = await asterisk.cli(`core show channel ${name}`);
        const formats = /NativeFormats: \((.*)\)/.exec(told)?.[1] ?? '';
        return { name, formats, transcodes: /(?:Read|Write)Transcode: (?!No)/.test(told) };
      }),
    );
  }

  function streamTo(packets: readonly RtpSeen[], [first, last]: readonly [number, number]): RtpStream {
    const streams = rtpStreams(packets).filter(
      ({ destination, packets: [one] }) =>
        destination.port >= first && destination.port <= last && (one?.payloadType ?? 127) < 96,
    );
    expect(streams).toHaveLength(1);
    return streams[0] as RtpStream;
  }

  it('hears in wideband what the agent sent, passed on by Asterisk byte by byte', async () => {
    const { lab } = agent;
    const phone = await lab.phone('softphone1', { codec: 'g722' });
    const [atPhone, atAgent] = await Promise.all([
      RtpCapture.start({ ports: phone.rtpPorts }),
      RtpCapture.start({ ports: [lab.rtpPort, lab.rtpPort] }),
    ]);
    const call = await phone.dial(ALICE.extension);
    const view = lab.view(call, ALICE.extension, 'softphone1');
    const told = await greeting(call);
    // It offers nothing else: the call couldn't be had otherwise.
    const [caller] = (await lab.asterisk.channels()).filter(({ name }) => name.startsWith('PJSIP'));
    expect(await lab.asterisk.cli(`core show channel ${caller?.name ?? ''}`)).toMatch(
      /Formats: \(g722\)\s*$/m,
    );
    expect(await transcoding()).toEqual([
      { name: expect.stringMatching(/^(PJSIP|UnicastRTP)/) as string, formats: 'g722', transcodes: false },
      { name: expect.stringMatching(/^(PJSIP|UnicastRTP)/) as string, formats: 'g722', transcodes: false },
    ]);
    await call.hangUp();
    const recording = await lab.recording(view);
    await Promise.all([atPhone.stop(), atAgent.stop()]);

    // What came to the phone is what left the agent: the same payloads, in the same order, none missing.
    const heard = streamTo(atPhone.packets, phone.rtpPorts);
    expect(heard).toMatchObject({ lost: 0, duplicates: 0 });
    const sentPayloads = atAgent.packets
      .filter(({ source }) => source.port === lab.rtpPort)
      .map(({ payload }) => Buffer.from(payload));
    const heardPayloads = heard.packets.map(({ payload }) => Buffer.from(payload));
    expect(Buffer.concat(sentPayloads).includes(Buffer.concat(heardPayloads.slice(0, -5)))).toBe(true);
    const rebuilt = rebuildSound(heard);
    if (!rebuilt) throw new Error('no sound in the stream');
    expect(rebuilt.codec).toMatchObject({ name: 'g722', payloadType: 9 });
    const talking = heard.packets.filter(({ at }) => at >= told.startedAt && at <= told.endedAt);
    // Throws where there is a hole that isn't a stall of the machine's.
    framesLeftOut(talking, await lab.record(view));

    // Against what the voice said: G.722's own noise, its level, and nothing else (a gap, a click).
    const sent = withoutSilentEnds(sentIn(recording));
    const place = align(rebuilt.samples, sent);
    const decoded = rebuilt.samples.subarray(place, place + sent.length);
    expect(decoded.length).toBe(sent.length);
    const noiseDb = decibels(rms(decoded.map((sample, i) => sample - sent[i]!)) / rms(sent));
    const gainDb = levelDbov(decoded) - levelDbov(sent);
    expect(noiseDb).toBeLessThan(-15);
    expect(Math.abs(gainDb)).toBeLessThan(0.5);
    const fresh = withoutSilentEnds(await agent.speak(ALICE.greeting, ALICE.speaker, ALICE.law));
    const { correlation } = findSpeech(narrowed(rebuilt.samples), fresh);
    expect(correlation).toBeGreaterThan(SAME_WORDS);

    // Sound that a telephone of old can't carry.
    const highDb = bandDbov(decoded, 4200, 7000);
    expect(highDb).toBeGreaterThan(-60);
    report(
      `G.722: ${sent.length} samples, noise ${noiseDb.toFixed(1)} dB, level ${gainDb.toFixed(2)} dB against what was sent, ` +
        `likeness ${correlation.toFixed(3)}, ${highDb.toFixed(1)} dBov from 4.2 to 7 kHz`,
    );
  });

  it('is understood and answered, and so is one of old at the same time, each in its own codec', async () => {
    const callers = [
      { codec: 'g722', account: 'softphone1', voice: 'kay-wideband', name: 'd-price-checkup' },
      { codec: 'ulaw', account: 'softphone2', voice: 'kay', name: 'd-hours' },
    ] as const;
    const calls = await Promise.all(
      callers.map(({ codec, account }) => agent.greeted(ALICE, { codec, account })),
    );
    const channels = await transcoding();
    expect(channels.map(({ formats }) => formats).sort()).toEqual(['g722', 'g722', 'ulaw', 'ulaw']);
    expect(channels.filter(({ transcodes }) => transcodes)).toEqual([]);
    const answers = await Promise.all(
      callers.map(({ voice, name }, i) => ask(calls[i] as ViewedCall, voice, name)),
    );
    expect(answers.map(({ understood }) => understood)).toEqual([true, true]);
    expect(answers.map(({ replyText }) => replyText)).toEqual([
      expect.stringMatching(/forty five dollars/),
      expect.stringMatching(/from eight to/),
    ]);
    const heard = calls.map(({ call }) => new Set(call.heard.packets.map(({ payloadType }) => payloadType)));
    expect(heard).toEqual([new Set([9]), new Set([0])]);
    await Promise.all(calls.map(({ call }) => call.hangUp()));

    // What each caller's recogniser and the agent's records have: the telephone's own band.
    const records = await Promise.all(calls.map(({ view }) => agent.lab.recording(view)));
    const sounds = records.map((record) => readWav(record));
    expect(sounds.map(({ rateHz }) => rateHz)).toEqual([16_000, 8000]);
    const highDb = bandDbov(callerIn(sounds[0] as WavAudio), 4200, 7000);
    expect(highDb).toBeGreaterThan(-60);
    report(`The HD caller as the agent recorded it: ${highDb.toFixed(1)} dBov from 4.2 to 7 kHz`);
  });

  it('hears an agent that speaks A-law only, converted by Asterisk', async () => {
    const { call } = await agent.greeted(TOM, { codec: 'g722' satisfies CodecName });
    const channels = await transcoding();
    expect(channels.map(({ formats }) => formats).sort()).toEqual(['alaw', 'g722']);
    expect(channels.some(({ transcodes }) => transcodes)).toBe(true);
    const fresh = withoutSilentEnds(await agent.speak(TOM.greeting, TOM.speaker, TOM.law));
    expect(findSpeech(narrowed(call.recording().heard), fresh).correlation).toBeGreaterThan(SAME_WORDS);
    await call.hangUp();
  });
});
