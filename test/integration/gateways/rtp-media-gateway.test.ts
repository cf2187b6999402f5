import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { MediaEvent, MediaRequest } from '../../../src/dialog/contract/call-media.ts';
import { type RtpGatewayOptions, RtpMediaGateway } from '../../../src/gateways/rtp-media-gateway.ts';
import type { RtpMediaSession } from '../../../src/gateways/rtp/rtp-media-session.ts';
import { monotonicNow } from '../../../src/lib/clock.ts';
import { VoiceAgentError } from '../../../src/lib/errors.ts';
import { AudioRingReader, FRAME_CONCEALED, FRAME_FILLER } from '../../../src/media/audio-ring.ts';
import { codecOf } from '../../../src/media/codec.ts';
import { FlushLine } from '../../../src/media/flush-line.ts';
import { component } from '../../media/signals.ts';
import type { FlushTripperData } from '../../support/flush-tripper.ts';
import { MortalThreads } from '../../support/mortal-threads.ts';
import { compoundRtcp } from '../../support/rtcp-packets.ts';
import { encodeRtp } from '../../support/rtp-packets.ts';
import { type ReceivedPacket, RtpPeer, type RtpPeerOptions } from '../../support/rtp-peer.ts';
import {
  describeMediaGateway,
  G711_WIRES,
  type MediaGatewayHarness,
  pcm,
  readAll,
  spoken,
  until,
} from './media-gateway.contract.ts';
import { describePauses } from './pause.contract.ts';
import { tried } from './rtp-io.ts';
import { noise, throughG711, withoutSilence } from './sound.ts';

async function harness(): Promise<MediaGatewayHarness> {
  const gateway = await RtpMediaGateway.start(tried);
  const peers: RtpPeer[] = [];
  return {
    gateway,
    async call(request) {
      const { session, peer } = await callOf(gateway, request);
      peers.push(peer);
      return {
        session,
        caller: {
          say: (samples) => peer.say(samples),
          ear: () => peer.heardSamples(),
          press: (digit) => peer.press(digit),
        },
      };
    },
    async close() {
      await gateway.close();
      await Promise.all(peers.map((peer) => peer.close()));
    },
  };
}

describeMediaGateway('RTP', harness);
for (const wire of G711_WIRES) describePauses('RTP', harness, wire);
describePauses('RTP', harness, {
  name: 'g722',
  request: { codec: 'g722' },
  format: { encoding: 'pcm_s16', rateHz: 16000 },
});

async function callOf(
  gateway: RtpMediaGateway,
  request: MediaRequest,
  options: RtpPeerOptions = {},
): Promise<{ session: RtpMediaSession; peer: RtpPeer }> {
  const session = await gateway.reserve(request);
  const peer = await RtpPeer.open({ codec: request.codec ?? 'ulaw', ...options });
  peer.aim(session.endpoint);
  session.endpoint.attach(peer);
  await session.attached;
  return { session, peer };
}

const FLOODER = fileURLToPath(new URL('../../support/udp-flood.ts', import.meta.url));

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Which packets have the marker. */
function markersAt(received: readonly ReceivedPacket[]): number[] {
  return received.flatMap(({ marker }, at) => (marker ? [at] : []));
}

/** The first packet, and each that doesn't follow on the one before: behind silence that isn't sent, or behind a machine's stall. */
function beginnings(received: readonly ReceivedPacket[]): number[] {
  const followsOn = (at: number): boolean =>
    (received[at]!.timestamp - received[at - 1]!.timestamp) >>> 0 === 160;
  return [...received.keys()].filter((at) => at === 0 || !followsOn(at));
}

/** What was received stands in the ring of what was sent, 10 ms before to 30 behind where its timestamp has it. */
function expectInPlace(received: readonly ReceivedPacket[], sent: AudioRingReader): void {
  const frames = readAll(sent).flatMap(({ flags }, frame) => (flags & FRAME_FILLER ? [] : [frame]));
  expect(frames).toHaveLength(received.length);
  const early = received.map(
    ({ timestamp }, at) => (frames[at]! - frames[0]!) * 160 - ((timestamp - received[0]!.timestamp) >>> 0),
  );
  expect(Math.max(...early) - Math.min(...early)).toBeLessThanOrEqual(320);
}

function blockMainThread(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

describe('RTP media gateway on the wire', () => {
  const closers: (() => Promise<void>)[] = [];
  const warnings: string[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    warnings.length = 0;
  });

  async function start(options: RtpGatewayOptions = {}): Promise<RtpMediaGateway> {
    const gateway = await RtpMediaGateway.start({
      ...tried,
      onWarning: (message) => warnings.push(message),
      ...options,
    });
    closers.push(() => gateway.close());
    return gateway;
  }

  async function call(gateway: RtpMediaGateway, request: MediaRequest, options: RtpPeerOptions = {}) {
    const made = await callOf(gateway, request, options);
    closers.push(() => made.peer.close());
    return made;
  }

  async function openPeer(options: RtpPeerOptions = {}): Promise<RtpPeer> {
    const peer = await RtpPeer.open(options);
    closers.push(() => peer.close());
    return peer;
  }

  describe('what it sends', () => {
    it('begins at once, before anything was received, with the marker on the first packet only', async () => {
      const { peer } = await call(await start(), { id: 'first' });
      await peer.until((received) => received.length >= 5);
      expect(markersAt(peer.received)).toEqual(beginnings(peer.received));
    });

    it.each([
      ['ulaw', 0, 0xff],
      ['alaw', 8, 0xd5],
    ] as const)(
      'is one stream of 20 ms packets of %s, silence included',
      async (law, payloadType, silence) => {
        const { session, peer } = await call(await start(), { id: 'stream', codec: law });
        const playback = session.play();
        await playback.write(pcm(noise(1000)));
        playback.end();
        await playback.finished;
        const { length } = peer.received;
        await peer.until((received) => received.length >= length + 5);
        const first = peer.received[0]!;
        // A machine that stalls, once or often, has packets left out, and the timestamps show how many.
        const mayBeOut = Math.floor(session.stats().sendLatenessMaxMs / 20);
        let out = 0;
        for (const [index, packet] of peer.received.entries()) {
          const owed = (first.timestamp + (index + out) * 160) >>> 0;
          out += ((packet.timestamp - owed) >>> 0) / 160;
          expect(packet).toMatchObject({
            payloadType,
            ssrc: first.ssrc,
            sequence: (first.sequence + index) & 0xffff,
            timestamp: (first.timestamp + (index + out) * 160) >>> 0,
          });
          expect(packet.payload).toHaveLength(160);
        }
        expect(Number.isInteger(out)).toBe(true);
        expect(out).toBeLessThanOrEqual(mayBeOut < 2 ? 0 : session.stats().ticksSkipped);
        expect(peer.received.at(-1)!.payload.every((byte) => byte === silence)).toBe(true);
        expect(withoutSilence(peer.heardSamples())).toHaveLength(1120);
      },
    );

    it('is G.722 encoded without a break, over utterances and the silence between them', async () => {
      const { session, peer } = await call(await start(), { id: 'wide', codec: 'g722' });
      expect(session.format).toEqual({ encoding: 'pcm_s16', rateHz: 16_000 });
      expect(session.endpoint).toMatchObject({ transport: 'rtp', codec: 'g722' });
      for (const seed of [1, 2]) {
        const playback = session.play();
        await playback.write({ encoding: 'pcm_s16', rateHz: 16_000, samples: noise(2000, seed) });
        playback.end();
        await playback.finished;
        const { length } = peer.received;
        await peer.until((received) => received.length >= length + 5);
      }
      await session.close();
      const [first] = peer.received;
      const sent = readAll(new AudioRingReader(session.sent, 0));
      const encode = codecOf('g722').createEncoder();
      expect(sent[0]!.samples).toHaveLength(320);
      expect(peer.received.length).toBeGreaterThan(20);
      for (const packet of peer.received) {
        expect(packet).toMatchObject({ payloadType: 9, ssrc: first!.ssrc });
        const frame = ((packet.timestamp - first!.timestamp) >>> 0) / 160;
        // What a stall has left out was never encoded.
        expect(packet.payload).toEqual(encode(sent[frame]!.samples));
      }
      const spoken = sent.filter(({ flags }) => flags === 0).flatMap(({ samples }) => [...samples]);
      expect(spoken.slice(0, 2000)).toEqual([...noise(2000, 1)]);
      expect(spoken.slice(2240, 4240)).toEqual([...noise(2000, 2)]);
      expect(peer.heardSamples().length % 320).toBe(0);
    });

    it('leaves silence out if told to, and the timestamp shows how long it was', async () => {
      const { session, peer } = await call(await start({ silenceSuppression: true }), { id: 'suppressed' });
      const sent = new AudioRingReader(session.sent, 0);
      for (const seed of [1, 2]) {
        const playback = session.play();
        await playback.write(pcm(noise(480, seed)));
        playback.end();
        await playback.finished;
        const then = sent.written;
        await until(() => sent.written >= then + 4);
      }
      await peer.until((received) => received.length === 6);
      const { received } = peer;
      expect(markersAt(received)).toEqual(beginnings(received));
      expect(markersAt(received)).toEqual(expect.arrayContaining([0, 3]));
      expect(received.map(({ sequence }) => (sequence - received[0]!.sequence) & 0xffff)).toEqual([
        0, 1, 2, 3, 4, 5,
      ]);
      expectInPlace(received, sent);
    });

    it('begins a talk spurt in the next millisecond if silence is left out, not a frame after the last', async () => {
      const { session, peer } = await call(await start({ silenceSuppression: true }), { id: 'spurts' });
      const sent = new AudioRingReader(session.sent, 0);
      const spurts = 12;
      for (let spurt = 0; spurt < spurts; spurt++) {
        const playback = session.play();
        await playback.write(pcm(noise(320, spurt)));
        playback.end();
        await playback.finished;
        // Seen in some moment between two ticks, with which the next spurt begins.
        const then = sent.written;
        await until(() => sent.written >= then + 4);
      }
      await peer.until((received) => received.length === 2 * spurts);
      const { received } = peer;
      const begun = beginnings(received).map((at) => received[at]!.timestamp - received[0]!.timestamp);
      expect(begun.length).toBeGreaterThanOrEqual(spurts);
      // By the milliseconds of a frame in which they began: all in one, if it had to be a frame's beginning.
      expect(new Set(begun.map((ticks) => (ticks >>> 0) % 160)).size).toBeGreaterThan(3);
      expectInPlace(received, sent);
    });

    it('leaves a pause out, too, and begins a new talk spurt behind it', async () => {
      const { session, peer } = await call(await start({ silenceSuppression: true }), { id: 'paused' });
      const sent = new AudioRingReader(session.sent, 0);
      const playback = session.play();
      await playback.write(pcm(noise(1600)));
      playback.end();
      await until(() => playback.playedMs() >= 60);
      playback.pause();
      const then = sent.written;
      await until(() => sent.written >= then + 6);
      const before = playback.playedMs() / 20 + 1; // the frame that fades, too
      expect(peer.received).toHaveLength(before);
      playback.resume();
      await playback.finished;
      await peer.until((received) => received.length === 11);
      const { received } = peer;
      expect(markersAt(received)).toEqual(beginnings(received));
      expect(markersAt(received)).toEqual(expect.arrayContaining([0, before]));
      expect(received.map(({ sequence }) => (sequence - received[0]!.sequence) & 0xffff)).toEqual([
        ...received.keys(),
      ]);
      expectInPlace(received, sent);
    });

    it('is in the sent ring as it left', async () => {
      const { session, peer } = await call(await start(), { id: 'tap', codec: 'alaw' });
      const playback = session.play();
      await playback.write(pcm(noise(800, 3)));
      playback.end();
      await playback.finished;
      await until(() => withoutSilence(peer.heardSamples()).length >= 800);
      expect(spoken(session.sent)).toEqual(withoutSilence(peer.heardSamples()));
    });
  });

  describe('what it hears', () => {
    it('puts reordered packets in order and drops duplicates', async () => {
      const { session, peer } = await call(await start(), { id: 'reorder' });
      const sound = noise(20 * 160, 4);
      await peer.say(sound, {
        impair: (index) => (index % 6 === 2 ? { later: 1 } : index % 6 === 5 ? { copies: 2 } : undefined),
      });
      await until(() => spoken(session.heard).length >= sound.length);
      expect(spoken(session.heard)).toEqual(throughG711('ulaw', sound));
      await until(() => session.stats().packetsDuplicate === 3);
      expect(session.stats()).toMatchObject({ packetsReceived: 23, packetsLost: 0, framesConcealed: 0 });
    });

    it('is at 16,000 Hz in G.722, and whatever else the peer goes over to, which is said once', async () => {
      const { session, peer } = await call(await start(), { id: 'wide', codec: 'g722' });
      const tone = (rateHz: number): Int16Array =>
        Int16Array.from({ length: rateHz / 2 }, (_, i) =>
          Math.round(8000 * Math.sin((2 * Math.PI * 1000 * i) / rateHz)),
        );
      await peer.say(tone(16_000));
      for (const codec of ['ulaw', 'g722', 'alaw'] as const)
        await peer.say(tone(codecOf(codec).audioRateHz), { codec });
      await until(() => spoken(session.heard).length >= 4 * 8000);
      const heard = Float32Array.from(spoken(session.heard));
      for (const from of [0, 8000, 16_000, 24_000]) {
        const { amplitude, residue } = component(heard.subarray(from + 2000, from + 6000), 1000, 16_000);
        expect(amplitude / 8000).toBeCloseTo(1, 1);
        expect(residue / amplitude).toBeLessThan(0.06);
      }
      expect(session.stats()).toMatchObject({ packetsLost: 0, packetsMalformed: 0, framesConcealed: 0 });
      expect(warnings).toEqual([
        expect.stringMatching(/^wide: the peer sends ulaw where g722 was agreed on/),
      ]);
    });

    it('conceals what was lost, in its place', async () => {
      const { session, peer } = await call(await start(), { id: 'loss' });
      const sound = noise(20 * 160, 5);
      await peer.say(sound, { impair: (index) => (index === 7 || index === 13 ? 'lose' : undefined) });
      await until(() => spoken(session.heard).length >= sound.length);
      const frames = readAll(new AudioRingReader(session.heard, 0)).filter(
        ({ flags }) => !(flags & FRAME_FILLER),
      );
      const concealed = frames.flatMap(({ flags }, index) => (flags & FRAME_CONCEALED ? [index] : []));
      expect(concealed).toEqual([7, 13]);
      await until(() => session.stats().packetsLost === 2);
      expect(session.stats()).toMatchObject({ packetsLost: 2, framesConcealed: 2, packetsDuplicate: 0 });
      expect(frames[12]!.samples).toEqual(throughG711('ulaw', sound.subarray(12 * 160, 13 * 160)));
    });

    it('delivers a packet in the turn in which it comes, not at the next tick', async () => {
      const { session, peer } = await call(await start(), { id: 'at-once' });
      const reader = new AudioRingReader(session.heard);
      const delays: number[] = [];
      for (let i = 0; i < 10; i++) {
        const at = monotonicNow();
        await peer.say(noise(160, i + 1));
        const samples = new Int16Array(160);
        do await reader.wait();
        while (!reader.read(samples) || reader.info.flags !== 0);
        delays.push(reader.info.time - at);
        await new Promise((resolve) => setTimeout(resolve, 17));
      }
      delays.sort((a, b) => a - b);
      expect(delays[4]).toBeLessThan(5);
    });

    it('counts the peer’s RTCP and comfort noise, and what it reports of our stream', async () => {
      const { session, peer } = await call(await start(), { id: 'control' });
      await peer.until((received) => received.length > 0);
      const about = peer.received[0]!.ssrc;
      const hears = { about, lost: 40, jitterTicks: 96 };
      await peer.sendRaw(compoundRtcp({ ssrc: 9, hears, sends: true }));
      await peer.sendRaw(compoundRtcp({ ssrc: 9, leaves: true }));
      await peer.sendRaw(Uint8Array.of(0x80, 201, 0, 9));
      const noise = { payloadType: 13, marker: false, sequence: 1, timestamp: 160, ssrc: 9 };
      await peer.sendRaw(encodeRtp({ ...noise, payload: Uint8Array.of(60) }));
      await until(() => session.stats().noiseReceived === 1);
      expect(session.stats()).toMatchObject({
        rtcpReceived: 2,
        goodbyesReceived: 1,
        reportedLost: 40,
        reportedJitterMs: 12,
        packetsMalformed: 1,
        packetsReceived: 1,
      });
    });

    it('counts telephone-events where they are due, and hears each key once', async () => {
      const { session, peer } = await call(await start(), { id: 'keys' });
      const keys: string[] = [];
      session.on((event) => {
        if (event.type === 'dtmf') keys.push(event.digit);
      });
      for (const digit of '12#') await peer.press(digit);
      // The count is in shared memory, before the thread's messages have come.
      await until(() => session.stats().eventsReceived === 15 && keys.length >= 3);
      expect(keys.join('')).toBe('12#');
    });

    it('survives anything that a peer may send, counts it, and goes on hearing', async () => {
      const gateway = await start();
      const { session, peer } = await call(gateway, { id: 'hostile' });
      const valid = {
        payloadType: 0,
        marker: false,
        sequence: 1,
        timestamp: 1,
        ssrc: 1,
        payload: new Uint8Array(160),
      };
      const datagrams = fc.sample(
        fc.oneof(
          fc.uint8Array({ maxLength: 1500 }),
          fc.tuple(fc.nat(171), fc.nat(255)).map(([at, value]) => encodeRtp(valid).with(at, value)),
          fc
            .tuple(fc.constantFrom(0, 8, 13, 101, 96), fc.uint8Array({ maxLength: 1400 }))
            .map(([payloadType, payload]) => encodeRtp({ ...valid, payloadType, payload })),
        ),
        { numRuns: 400, seed: 7 },
      );
      for (const datagram of datagrams) await peer.sendRaw(datagram);
      await until(() => session.stats().packetsMalformed > 50);
      const reader = new AudioRingReader(session.heard);
      const sound = noise(50 * 160, 6);
      await peer.say(sound);
      const last = throughG711('ulaw', sound).slice(-160);
      await until(() =>
        readAll(reader).some(({ samples }) => samples.every((sample, i) => sample === last[i])),
      );
      expect(gateway.report.threads[0]!.restarts).toBe(0);
    });
  });

  describe('its peers', () => {
    it('are told apart on one port by address and port', async () => {
      const gateway = await start();
      const calls = await Promise.all(['a', 'b', 'c'].map((id) => call(gateway, { id })));
      const ports = calls.map(({ session }) => session.endpoint.port);
      expect(new Set(ports).size).toBe(1);
      const sounds = calls.map((_, index) => noise(480, 30 + index));
      await Promise.all(calls.map(({ peer }, index) => peer.say(sounds[index]!)));
      await until(() => calls.every(({ session }) => spoken(session.heard).length >= 480));
      for (const [index, { session }] of calls.entries()) {
        expect(spoken(session.heard)).toEqual(throughG711('ulaw', sounds[index]!));
      }
    });

    it('press no keys where none are due, however many events are forged', async () => {
      const gateway = await start({ telephoneEventPayloadType: 'none' });
      const { session, peer } = await call(gateway, { id: 'forged' });
      const events: MediaEvent[] = [];
      session.on((event) => events.push(event));
      for (const digit of '123') await peer.press(digit);
      await until(() => session.stats().packetsMalformed >= 9);
      expect(events).toEqual([]);
    });

    it('are exactly those that were named: anybody else is counted, dropped, and told of once', async () => {
      const gateway = await start();
      const { session, peer } = await call(gateway, { id: 'strict' });
      const unknownPeer = await openPeer();
      const elsewhere = await openPeer({ address: '127.0.0.2', port: peer.port });
      for (const other of [unknownPeer, elsewhere]) {
        other.aim(session.endpoint);
        await other.say(noise(480), { paced: false });
      }
      await until(() => gateway.report.threads[0]?.unknownPeers === 6 && warnings.length > 0);
      expect(session.stats()).toMatchObject({ packetsReceived: 0, packetsMalformed: 0 });
      expect(spoken(session.heard)).toHaveLength(0);
      expect(unknownPeer.received).toHaveLength(0);
      expect(warnings.filter((warning) => warning.includes('are dropped'))).toHaveLength(1);
      expect(warnings[0]).toContain(`127.0.0.1:${unknownPeer.port}`);
    });

    it('are let in by a new call without what the old call still sends', async () => {
      const gateway = await start();
      const { session, peer } = await call(gateway, { id: 'old' });
      await peer.say(noise(480, 7));
      await until(() => session.stats().packetsReceived === 3);
      await session.close();
      const next = await gateway.reserve({ id: 'new' });
      next.endpoint.attach(peer);
      await next.attached;
      await peer.say(noise(480, 8)); // the stream of the old call
      peer.builder.reset();
      const fresh = noise(480, 9);
      await peer.say(fresh);
      await until(() => spoken(next.heard).length >= 480);
      expect(spoken(next.heard)).toEqual(throughG711('ulaw', fresh));
    });

    it('cost a call nothing, however much somebody else sends', async () => {
      const gateway = await start();
      const { session, peer } = await call(gateway, { id: 'flooded' });
      const flooder = spawn(process.execPath, [FLOODER, String(session.endpoint.port), '5000']);
      await until(() => gateway.report.threads[0]!.unknownPeers > 1000);
      const sound = noise(50 * 160, 11);
      await peer.say(sound);
      await until(() => spoken(session.heard).length >= sound.length);
      flooder.kill();
      await once(flooder, 'exit');
      expect(spoken(session.heard)).toEqual(throughG711('ulaw', sound));
      expect(session.stats()).toMatchObject({ packetsLost: 0, packetsMalformed: 0 });
    });

    it('belong to one call: the one that attaches last has it, the other is told', async () => {
      const gateway = await start();
      const { session: old, peer } = await call(gateway, { id: 'old' });
      const events: MediaEvent[] = [];
      old.on((event) => events.push(event));
      const playback = old.play();
      const taker = await gateway.reserve({ id: 'taker' });
      taker.endpoint.attach(peer);
      await taker.attached;
      await until(() => events.length > 0);
      expect(events).toEqual([{ type: 'lost', reason: 'another call attached to the same peer' }]);
      expect((await playback.finished).outcome).toBe('closed');
    });

    it('must be IP addresses', async () => {
      const session = await (await start()).reserve({ id: 'name' });
      expect(() => {
        session.endpoint.attach({ address: 'asterisk.local', port: 4000 });
      }).toThrow(expect.objectContaining({ code: 'MEDIA_NOT_ATTACHED' }) as Error);
    });

    it.skipIf(!hasIPv6)('may write its address in another way than the socket tells it', async () => {
      const session = await (await start({ listenAddress: '::' })).reserve({ id: 'v6' });
      const peers = [await openPeer(), await openPeer({ address: '0:0:0:0:0:0:0:1' })];
      for (const peer of peers) {
        session.endpoint.attach({
          address: peer.address === '::1' ? '0:0::0:1' : '127.0.0.1',
          port: peer.port,
        });
        await peer.until((received) => received.length >= 3);
        peer.aim({ address: peer.address, port: session.endpoint.port });
        const before = session.stats().packetsReceived;
        await peer.say(noise(480));
        await until(() => session.stats().packetsReceived === before + 3);
      }
    });

    it('may be fixed: then each call has a port of its own and talks at once', async () => {
      const remote = await openPeer();
      const gateway = await start({ remote });
      const [a, b] = await Promise.all([gateway.reserve({ id: 'a' }), gateway.reserve({ id: 'b' })]);
      const [portA, portB] = [a, b].map(({ endpoint }) => endpoint.port);
      expect(portA).toBeGreaterThan(0);
      expect(portB).toBeGreaterThan(0);
      expect(portA).not.toBe(portB);
      await Promise.all([a.attached, b.attached]);
      await remote.until((received) => new Set(received.map(({ ssrc }) => ssrc)).size === 2);
      remote.aim({ address: '127.0.0.1', port: portB! });
      const sound = noise(480, 10);
      await remote.say(sound);
      await until(() => spoken(b.heard).length >= 480);
      expect(spoken(b.heard)).toEqual(throughG711('ulaw', sound));
      expect(a.stats().packetsReceived).toBe(0);
    });
  });

  describe('its fixed peer', () => {
    it('stays, whatever peer telephony names afterwards', async () => {
      const [remote, other] = [await openPeer(), await openPeer()];
      const session = await (await start({ remote })).reserve({ id: 'fixed' });
      session.endpoint.attach(other);
      await session.attached;
      await remote.until((received) => received.length >= 10);
      expect(other.received).toEqual([]);
      remote.aim(session.endpoint);
      await remote.say(noise(480, 12));
      await until(() => session.stats().packetsReceived === 3);
    });

    it('fails the reservation if its address can’t be used, and nothing stays open', async () => {
      const gateway = await start({ remote: { address: '::1', port: 4000 } });
      await expect(gateway.reserve({ id: 'wrong' })).rejects.toMatchObject({ code: 'MEDIA_NOT_ATTACHED' });
      expect(gateway.report.threads[0]!.sessions).toBe(0);
    });
  });

  describe('barge-in', () => {
    /** Speech that the peer has got when five more frames have left. */
    async function heardMs(session: RtpMediaSession, peer: RtpPeer): Promise<number> {
      const sent = session.stats().packetsSent;
      await until(() => session.stats().packetsSent >= sent + 5);
      await peer.until((received) => received.length >= sent + 5);
      return withoutSilence(peer.heardSamples()).length / 8;
    }

    it('stops within one packet when the main thread is blocked right after the decision', async () => {
      const { session, peer } = await call(await start(), { id: 'blocked' });
      const playback = session.play();
      await playback.write(pcm(noise(16_000, 11)));
      await until(() => playback.playedMs() >= 60);
      const before = playback.playedMs();
      session.flush();
      blockMainThread(100);
      const account = await playback.finished;
      expect(account.outcome).toBe('flushed');
      expect(account.playedMs - before).toBeLessThanOrEqual(20);
      expect(await heardMs(session, peer)).toBe(account.playedMs);
    });

    it('stops within one packet when another thread decides while the main thread is blocked', async () => {
      const { session, peer } = await call(await start(), { id: 'tripped' });
      const playback = session.play();
      await playback.write(pcm(noise(16_000, 12)));
      new FlushLine(session.flushLine).arm();
      const data: FlushTripperData = {
        flushLine: session.flushLine,
        afterMs: 60,
        running: new SharedArrayBuffer(4),
        decidedAt: new SharedArrayBuffer(8),
      };
      const thread = new Worker(new URL('../../support/flush-tripper.ts', import.meta.url), {
        workerData: data,
      });
      const exited = once(thread, 'exit');
      await until(() => new Int32Array(data.running)[0] === 1 && playback.playedMs() >= 20);
      blockMainThread(150);
      const released = monotonicNow();
      await exited;
      const account = await playback.finished;
      const decidedAt = new Float64Array(data.decidedAt)[0]!;
      expect(decidedAt).toBeGreaterThan(0);
      expect(decidedAt).toBeLessThan(released);
      expect(account.outcome).toBe('flushed');
      // A packet that was on its way out in the moment of the decision is allowed, a later one isn't.
      expect(account.at - decidedAt).toBeLessThan(20);
      expect(await heardMs(session, peer)).toBe(account.playedMs);
    });
  });

  describe('when its thread dies', () => {
    const threads = new MortalThreads('gateways/rtp/media-worker.ts');
    const { supervision } = threads;
    afterAll(() => {
      threads.close();
    });

    it('goes on with the same calls on the same port, and nothing that was queued is lost', async () => {
      const gateway = await start({ supervision });
      const { session, peer } = await call(gateway, { id: 'survivor' });
      const sound = noise(6400, 13);
      const playback = session.play();
      await playback.write(pcm(sound));
      playback.end();
      expect(session.stats().queuedMs).toBeGreaterThan(500);
      // Its end mark may stand in a slot of its own.
      expect(session.stats().queuedMs).toBeLessThanOrEqual(820);
      await peer.say(noise(480, 14));
      await until(() => session.stats().packetsReceived === 3);
      threads.end('throw');
      await until(() => gateway.report.threads[0]!.restarts === 1 && warnings.length > 0);
      expect(warnings[0]).toMatch(/media thread died .*restarted, 1 calls go on/);
      expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 800 });
      expect(session.stats().queuedMs).toBe(0);

      await until(() => withoutSilence(peer.heardSamples()).length >= 6400);
      expect(withoutSilence(peer.heardSamples())).toEqual(throughG711('ulaw', sound));
      const [first] = peer.received;
      for (const [index, packet] of peer.received.entries()) {
        expect(packet.ssrc).toBe(first!.ssrc);
        expect(packet.sequence).toBe((first!.sequence + index) & 0xffff);
      }
      // The outage shows as a gap in the timestamps and on the timeline, not as a burst.
      const elapsed = (peer.received.at(-1)!.timestamp - first!.timestamp) >>> 0;
      expect(elapsed / 160).toBe(peer.received.length - 1 + session.stats().ticksSkipped);

      const more = noise(480, 15);
      const reader = new AudioRingReader(session.heard);
      await peer.say(more);
      await until(() => session.stats().packetsReceived === 6);
      await until(() => reader.available >= 3);
      const heard = readAll(reader).filter(({ flags }) => flags === 0);
      expect(Int16Array.from(heard.flatMap(({ samples }) => [...samples]))).toEqual(
        throughG711('ulaw', more),
      );
    });

    it('comes back paused, and goes on where it was', async () => {
      const gateway = await start({ supervision });
      const { session, peer } = await call(gateway, { id: 'paused' });
      const sound = noise(6400, 40);
      const playback = session.play();
      await playback.write(pcm(sound));
      playback.end();
      await until(() => playback.playedMs() >= 100);
      playback.pause();
      const sent = new AudioRingReader(session.sent);
      const then = sent.written;
      await until(() => sent.written >= then + 4);
      const played = playback.playedMs();
      threads.end('throw');
      await until(() => gateway.report.threads[0]!.restarts === 1 && warnings.length > 0);
      const restarted = sent.written;
      await until(() => sent.written >= restarted + 10);
      expect([playback.paused, playback.playedMs()]).toEqual([true, played]);
      expect(playback.resume()).toBe(played);
      expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 800, pauses: 1 });
      // All of it, and the frame that faded out; what faded in differs in its first half.
      await until(() => withoutSilence(peer.heardSamples()).length >= 6400 + 160);
      const heard = withoutSilence(peer.heardSamples());
      const stop = played * 8;
      const carried = throughG711('ulaw', sound);
      expect(heard.subarray(0, stop)).toEqual(carried.subarray(0, stop));
      expect(heard.subarray(stop + 160 + 80)).toEqual(carried.subarray(stop + 80));
    });

    it('can be flushed and closed all the same', async () => {
      const gateway = await start({ supervision });
      const { session } = await call(gateway, { id: 'flushed' });
      const playback = session.play();
      await playback.write(pcm(noise(16_000, 16)));
      threads.end('throw');
      session.flush();
      expect((await playback.finished).outcome).toBe('flushed');
      threads.end('throw');
      await session.close();
      expect(gateway.report.threads[0]!.sessions).toBe(0);
    });

    it('is given up after many deaths in a row, tells its calls, and is started again for the next one', async () => {
      const gateway = await start({ supervision });
      const { session } = await call(gateway, { id: 'unlucky' });
      const events: MediaEvent[] = [];
      session.on((event) => events.push(event));
      const playback = session.play();
      for (let deaths = 1; deaths <= 6; deaths++) {
        threads.end('throw');
        await until(() => gateway.report.threads[0]!.restarts === deaths && warnings.length === deaths);
        if (deaths < 6) await until(() => gateway.report.threads[0]!.trouble === undefined);
      }
      await until(() => events.length > 0);
      expect(events[0]).toMatchObject({ type: 'lost' });
      expect((await playback.finished).outcome).toBe('closed');
      await session.close();
      expect(gateway.report.threads[0]!.trouble).toMatch(/^given up for now: it died 6 times/);

      const { session: next, peer } = await call(gateway, { id: 'lucky' });
      expect(gateway.report.threads[0]!.trouble).toBeUndefined();
      await peer.until((received) => received.length >= 3);
      expect(next.stats().packetsSent).toBeGreaterThanOrEqual(3);
    }, 60_000);

    it('is started again without a call, too, after a while', async () => {
      const gateway = await start({ supervision: { ...supervision, threadPolicy: { reviveAfterMs: 200 } } });
      const trouble = (): string | undefined => gateway.report.threads[0]!.trouble;
      for (let deaths = 1; deaths <= 6; deaths++) {
        threads.end('throw');
        await until(() => gateway.report.threads[0]!.restarts === deaths && warnings.length === deaths);
        if (deaths < 6) await until(() => gateway.report.threads[0]!.trouble === undefined);
      }
      expect(trouble()).toMatch(/^given up for now/);
      await until(() => trouble() === undefined);
    }, 60_000);

    it('leaves the port free when the gateway is closed before another thread lives', async () => {
      const gateway = await start({ supervision: { ...supervision, threadPolicy: { failuresAMinute: 0 } } });
      const { port } = gateway.report.threads[0]!;
      threads.end('throw');
      await until(() => gateway.report.threads[0]!.trouble?.startsWith('given up') === true);
      await gateway.close();
      expect((await start({ port })).report.threads[0]!.port).toBe(port);
    });

    it('is ended and restarted when it hangs', async () => {
      const gateway = await start({ supervision });
      const { session, peer } = await call(gateway, { id: 'hung' });
      await peer.until((received) => received.length >= 3);
      threads.end('hang');
      await until(() => gateway.report.threads[0]!.restarts === 1);
      const { length } = peer.received;
      await peer.until((received) => received.length >= length + 3);
      // The packets that were left out meanwhile are late, and that is told.
      expect(session.stats().sendLatenessMaxMs).toBeGreaterThan(500);
      expect(session.stats().sendLatenessMs).toBeGreaterThan(5);
    }, 60_000);
  });

  describe('its port', () => {
    it('is an error with a remedy if it is in use', async () => {
      const holder = createSocket('udp4');
      holder.bind(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address();
      try {
        await expect(start({ port })).rejects.toMatchObject({
          code: 'MEDIA_PORT_UNAVAILABLE',
          message: expect.stringMatching(
            new RegExp(`127.0.0.1 port ${port}: another program .* choose another port.*EADDRINUSE`),
          ) as string,
        });
      } finally {
        holder.close();
        await once(holder, 'close');
      }
    });

    it('is an error on an address that this machine doesn’t have', async () => {
      await expect(start({ listenAddress: '192.0.2.1' })).rejects.toMatchObject({
        code: 'MEDIA_PORT_UNAVAILABLE',
      });
      await expect(start({ listenAddress: 'localhost' })).rejects.toMatchObject({
        code: 'MEDIA_PORT_UNAVAILABLE',
      });
    });

    it('is counted on from the first for each further thread', async () => {
      for (let attempt = 1; ; attempt++) {
        const port = await freePort();
        try {
          const gateway = await start({ port, threads: 3 });
          expect(gateway.report.threads.map((thread) => thread.port)).toEqual([port, port + 1, port + 2]);
          return;
        } catch (error) {
          // One of the three belongs to another program: elsewhere then.
          const taken = error instanceof VoiceAgentError && error.code === 'MEDIA_PORT_UNAVAILABLE';
          if (!taken || attempt === 10) throw error;
        }
      }
    });

    it('is told to the far side with the advertised address', async () => {
      const gateway = await start({ advertisedAddress: '198.51.100.7', threads: 2 });
      const sessions = await Promise.all(['a', 'b'].map((id) => gateway.reserve({ id })));
      const ports = gateway.report.threads.map(({ port }) => port);
      expect(sessions.map(({ endpoint }) => endpoint)).toMatchObject(
        ports.map((port) => ({ transport: 'rtp', address: '198.51.100.7', port, codec: 'ulaw' })),
      );
    });

    it('warns of a receive buffer that the kernel has cut', async () => {
      const gateway = await start({ receiveBufferBytes: 1024 * 1024 * 1024 });
      expect(gateway.report.threads[0]!.receiveBufferBytes).toBeGreaterThan(0);
      expect(warnings[0]).toMatch(/receive buffer of \d+ KiB instead of 1048576.*net\.core\.rmem_max/);
    });
  });

  it('says how its threads are scheduled, and leaves them alone when told to', async () => {
    const auto = (await start()).report.threads[0]!.scheduling;
    expect(['fifo', 'normal']).toContain(auto.policy);
    expect(auto.reason).not.toBe('');
    const off = (await start({ realtime: 'off' })).report.threads[0]!.scheduling;
    expect(off).toEqual({ policy: 'normal', reason: 'switched off' });
  });

  it('says how its packets go, and why', async () => {
    const { io } = (await start()).report.threads[0]!;
    const batches = tried.io === 'auto' && process.platform === 'linux' && /^(x|arm)64$/.test(process.arch);
    expect(io).toEqual(
      batches
        ? { by: 'batches', reason: 'recvmmsg and sendmmsg' }
        : { by: 'dgram', reason: expect.stringMatching(/off$|^no batches here: /) as string },
    );
  });

  it('rejects `attached` of a session that closes before it has a peer', async () => {
    const session = await (await start()).reserve({ id: 'never' });
    await session.close();
    await expect(session.attached).rejects.toMatchObject({ code: 'MEDIA_NOT_ATTACHED' });
    session.endpoint.attach({ address: '127.0.0.1', port: 4000 });
  });

  it('leaves no socket, thread or timer behind: a program that closes it ends by itself', async () => {
    const program = `
      import { RtpMediaGateway } from './src/gateways/rtp-media-gateway.ts';
      import { RtpPeer } from './test/support/rtp-peer.ts';
      const gateway = await RtpMediaGateway.start({ threads: 2 });
      const peer = await RtpPeer.open();
      const session = await gateway.reserve({ id: 'x' });
      session.endpoint.attach(peer);
      await session.attached;
      session.play().write({ encoding: 'pcm_s16', rateHz: 8000, samples: new Int16Array(160000) });
      await peer.until((received) => received.length >= 3);
      await peer.close();
      await gateway.close();
      console.log('closed');
    `;
    const child = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '-e', program],
      {
        cwd: new URL('../../..', import.meta.url),
        timeout: 30_000,
      },
    );
    expect(child.stdout.trim()).toBe('closed');
  }, 40_000);
});
