import { once } from 'node:events';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { RtpEndpoint } from '../dialog/contract/call-media.ts';
import { systemClock, type Milliseconds } from '../lib/clock.ts';
import { RtpMediaGateway } from '../gateways/rtp-media-gateway.ts';
import { AudioRingReader, type AudioRingHandle } from '../media/audio-ring.ts';
import type { CodecName } from '../media/codec.ts';
import { rate, type Rating } from '../media/e-model.ts';
import { AriRest } from '../telephony/asterisk/ari-rest.ts';
import { parseAriMessage } from '../telephony/asterisk/ari-model.ts';
import { openEventSocket } from '../telephony/asterisk/event-socket.ts';
import { externalMediaOf, peerOf } from '../telephony/asterisk/external-media.ts';
import type { Config } from '../config.ts';

/** What a call through Asterisk and back was like. */
export interface LoopCall {
  readonly codec: CodecName;
  /** Until both legs were in one bridge. */
  readonly setUpMs: Milliseconds;
  /** Where Asterisk sends from, and where it sends to. */
  readonly asterisk: string;
  readonly gateway: string;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** Of the packets, 0 … 1. */
  readonly lost: number;
  readonly jitterMs: Milliseconds;
  /** From one leg to the other and back. Undefined: nothing of what was played came out. */
  readonly roundTripMs: Milliseconds | undefined;
  readonly rating: Rating | undefined;
  /** It was asked for a function that it should refuse, and has run it. */
  readonly dangerous: boolean;
}

const ARI_MS: Milliseconds = 5000;
const BURSTS = 5;
const BURST_MS: Milliseconds = 100;
const EVERY_MS: Milliseconds = 300;
const TONE_HZ = 1000;
/** Louder than what a codec makes of silence. */
const AUDIBLE_DBOV = -40;
/** What is still on its way. */
const TAIL_MS: Milliseconds = 500;
/** A packet is as long as what it was waited for. */
const PACKET_MS: Milliseconds = 20;

/** The codecs in which calls to these agents may be. */
export function codecsOf({ agents, gateways }: Pick<Config, 'agents' | 'gateways'>): readonly CodecName[] {
  const { codec } = gateways.rtp;
  const codecs = new Set(agents.map((agent) => (agent.codec === 'auto' ? codec : agent.codec)));
  if (agents.some((agent) => agent.codec === 'auto')) codecs.add('g722');
  return [...codecs];
}

/**
 * Two legs of ours in one bridge of Asterisk's, which play to each other for some seconds. `app`: the name of a Stasis
 * application that nobody else has; `refused`: a channel's function that Asterisk should refuse. Rejects as ARI does.
 */
export async function loopCall(
  server: Config['asterisk'][number],
  gateway: RtpMediaGateway,
  codec: CodecName,
  { app, refused }: { readonly app: string; readonly refused?: string | undefined },
): Promise<LoopCall> {
  const began = systemClock.now();
  const rest = await AriRest.open(server, ARI_MS);
  const socket = openEventSocket(server, app, ARI_MS);
  const inStasis = new Map<string, PromiseWithResolvers<undefined>>();
  const arrival = (id: string): PromiseWithResolvers<undefined> => {
    const known = inStasis.get(id) ?? Promise.withResolvers<undefined>();
    inStasis.set(id, known);
    return known;
  };
  socket.on('message', (data: Buffer) => {
    const message = parseAriMessage(data.toString('utf8'));
    if (message.kind === 'event' && message.event.type === 'StasisStart')
      arrival(message.event.channel.id).resolve(undefined);
  });
  const name = `${app}-${process.pid}-${Math.round(began)}`;
  const legs = [`${name}-1`, `${name}-2`] as const;
  const sessions: MediaSession<RtpEndpoint>[] = [];
  try {
    await once(socket, 'open');
    const asked = systemClock.now();
    const peers: string[] = [];
    for (const id of legs) {
      const session = await gateway.reserve({ id, codec });
      sessions.push(session);
      const channel = await rest.createExternalMedia(id, app, externalMediaOf(session.endpoint));
      const peer = peerOf(channel, server.mediaAddress);
      if (!peer) throw new Error('Asterisk doesn’t say where its end of the RTP is');
      peers.push(`${peer.address}:${peer.port}`);
      session.endpoint.attach(peer);
    }
    await Promise.race([
      Promise.all(legs.map((id) => arrival(id).promise)),
      systemClock.sleep(ARI_MS).then(() => {
        throw new Error('Asterisk created the two legs, but they didn’t come into the application');
      }),
    ]);
    await rest.createBridge(name);
    await rest.addToBridge(name, legs);
    const setUpMs = systemClock.now() - asked;
    const dangerous =
      refused !== undefined && (await rest.variable(legs[0], refused).catch(() => undefined)) === '1';
    const [one, other] = sessions as [MediaSession<RtpEndpoint>, MediaSession<RtpEndpoint>];
    // The codecs' first packets, so that no burst is the first.
    await systemClock.sleep(TAIL_MS);
    await Promise.all([bursts(one), bursts(other)]);
    await systemClock.sleep(TAIL_MS);
    const there = wayMs(one.sent, other.heard);
    const back = wayMs(other.sent, one.heard);
    const roundTripMs = there === undefined || back === undefined ? undefined : there + back;
    const stats = sessions.map((session) => session.stats());
    const sum = (key: 'packetsSent' | 'packetsReceived' | 'packetsLost'): number =>
      stats.reduce((total, one) => total + one[key], 0);
    const lost = sum('packetsLost') / Math.max(1, sum('packetsLost') + sum('packetsReceived'));
    return {
      codec,
      setUpMs,
      asterisk: peers.join(' and '),
      gateway: `${one.endpoint.address}:${one.endpoint.port}`,
      packetsSent: sum('packetsSent'),
      packetsReceived: sum('packetsReceived'),
      lost,
      jitterMs: Math.max(...stats.map(({ jitterMs }) => jitterMs)),
      roundTripMs,
      dangerous,
      rating: roundTripMs === undefined ? undefined : rate(codec, roundTripMs / 2 + PACKET_MS, lost),
    };
  } finally {
    for (const id of legs) await rest.hangUp(id).catch(() => false);
    await rest.destroyBridge(name).catch(() => false);
    await Promise.all(sessions.map((session) => session.close()));
    socket.close();
    rest.close();
  }
}

async function bursts(session: MediaSession): Promise<void> {
  const { rateHz } = session.format;
  const at = (ms: Milliseconds): number => Math.round((ms * rateHz) / 1000);
  const samples = new Int16Array(at(BURSTS * EVERY_MS));
  for (let burst = 0; burst < BURSTS; burst++)
    for (let n = 0; n < at(BURST_MS); n++)
      samples[at(burst * EVERY_MS) + n] = Math.round(8000 * Math.sin((2 * Math.PI * TONE_HZ * n) / rateHz));
  const playback = session.play();
  await playback.write({ encoding: 'pcm_s16', rateHz, samples });
  playback.end();
  await playback.finished;
}

/** How long bursts take from one ring to the other (the middle one of them). Undefined: not all came. */
function wayMs(sent: AudioRingHandle, heard: AudioRingHandle): Milliseconds | undefined {
  const from = onsets(sent);
  const to = onsets(heard);
  if (from.length === 0 || to.length < from.length / 2) return undefined;
  const ways = from.map((at) => Math.min(...to.filter((one) => one >= at)) - at).toSorted((a, b) => a - b);
  const middle = ways[Math.floor(ways.length / 2)];
  return middle !== undefined && middle < EVERY_MS ? middle : undefined;
}

/** When sound began, each time. */
function onsets(ring: AudioRingHandle): Milliseconds[] {
  const reader = new AudioRingReader(ring, 0);
  const frame = new Int16Array(reader.samplesPerFrame);
  const times: Milliseconds[] = [];
  let sounding = false;
  while (reader.read(frame)) {
    const audible = reader.info.levelDbov > AUDIBLE_DBOV;
    if (audible && !sounding) times.push(reader.info.time);
    sounding = audible;
  }
  return times;
}
