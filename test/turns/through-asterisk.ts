/**
 * Cases of the corpus as calls through a real Asterisk, in real time: the caller's telephone is an RTP peer of ours, Asterisk
 * carries its sound to the dialplan's number and to the agent, and the agent's gateway, detector, threads, call control and
 * dialogue are those of the program. The recogniser, the model and the voice are the replay's (README.md).
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import type { CallDesk, VoiceActivityDetector } from '../../src/dialog/contract/ports.ts';
import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import { within } from '../../src/lib/abort.ts';
import { systemClock, type Milliseconds } from '../../src/lib/clock.ts';
import { FRAME_MS } from '../../src/media/audio.ts';
import { AudioRingReader } from '../../src/media/audio-ring.ts';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { createSileroVad } from '../../src/providers/embedded/vad/silero-vad.ts';
import { parseAriMessage } from '../../src/telephony/asterisk/ari-model.ts';
import { AriRest } from '../../src/telephony/asterisk/ari-rest.ts';
import { openEventSocket } from '../../src/telephony/asterisk/event-socket.ts';
import { peerOf } from '../../src/telephony/asterisk/external-media.ts';
import { startStasisApp, type StasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import { createTestLog } from '../support/ari-desk.ts';
import { labServer } from '../support/lab-server.ts';
import { RtpPeer } from '../support/rtp-peer.ts';
import { openDesk, PHRASES, type Variant } from './agent-call.ts';
import { placeOf, sentenceOf } from './agent-parts.ts';
import type { CallLog } from './call-log.ts';
import { CallerSide } from './caller-side.ts';
import type { Case } from './cases.ts';
import { Hearing, ModelRecogniser } from './hearing.ts';
import { describe, LIMIT_MS, QUIET_MS, told, Wire } from './replay.ts';
import { toInt16 } from './sound.ts';

const APP = 'turns-callers';
const ARI_MS: Milliseconds = 5000;
const FRAME = 160;
/** A packet goes on where the one before it ended, if it comes no further from there than so many frames. */
const JITTER_FRAMES = 6;

export class TurnsLab {
  readonly #asterisk: NativeAsterisk;
  readonly #gateway: RtpMediaGateway;
  readonly #vad: VoiceActivityDetector;
  readonly #app: StasisApp;
  readonly #rest: AriRest;
  readonly #socket: WebSocket;
  /** By the caller's number. */
  readonly #desks: Map<string, CallDesk>;
  /** What waits for a channel that comes into our application. */
  readonly #arrivals = new Map<string, () => void>();
  #calls = 0;

  private constructor(
    parts: Readonly<{
      asterisk: NativeAsterisk;
      gateway: RtpMediaGateway;
      vad: VoiceActivityDetector;
      app: StasisApp;
      rest: AriRest;
      socket: WebSocket;
      desks: Map<string, CallDesk>;
    }>,
  ) {
    this.#asterisk = parts.asterisk;
    this.#gateway = parts.gateway;
    this.#vad = parts.vad;
    this.#app = parts.app;
    this.#rest = parts.rest;
    this.#socket = parts.socket;
    this.#desks = parts.desks;
    this.#socket.on('message', (data: Buffer) => {
      const message = parseAriMessage(data.toString('utf8'));
      if (message.kind !== 'event' || message.event.type !== 'StasisStart') return;
      const { id } = message.event.channel;
      this.#arrivals.get(id)?.();
    });
  }

  static async start(signal: AbortSignal): Promise<TurnsLab> {
    const asterisk = await NativeAsterisk.start({ signal });
    const desks = new Map<string, CallDesk>();
    const desk: CallDesk = {
      admit: (info) => desks.get(info.caller.number ?? '')?.admit(info) ?? { kind: 'proceed', variables: {} },
    };
    // The caller's side knows what sounds by what comes: no packets where the agent is silent, as in the replay.
    const gateway = await RtpMediaGateway.start({
      silenceSuppression: true,
      telephoneEventPayloadType: 'none',
    });
    const vad = await createSileroVad();
    const server = labServer(asterisk);
    const app = await startStasisApp({ server, desk, gateway, clock: systemClock, log: createTestLog() });
    const rest = await AriRest.open(server, ARI_MS);
    const socket = openEventSocket(server, APP, ARI_MS);
    await once(socket, 'open');
    return new TurnsLab({ asterisk, gateway, vad, app, rest, socket, desks });
  }

  /** From the answer to the end. */
  async call(test: Case, variant: Variant): Promise<CallLog> {
    const number = `${2000 + ++this.#calls}`;
    const hearing = new Hearing(test.id);
    const stt = new ModelRecogniser(systemClock, hearing, test.id, variant.findsTurns ?? false);
    const caller = await CallerSide.prepare(test, hearing);
    const { desk, events, ended } = await openDesk({
      test,
      variant,
      clock: systemClock,
      vad: this.#vad,
      stt,
    });
    this.#desks.set(number, desk);
    const telephone = await RtpPeer.open();
    const [bridge, media, channel] = ['bridge', 'media', 'call'].map((part) => `turns-${number}-${part}`) as [
      string,
      string,
      string,
    ];
    try {
      const externalHost = `127.0.0.1:${telephone.port}`;
      const external = await this.#arrived(media, () =>
        this.#rest.createExternalMedia(media, APP, { externalHost, format: 'ulaw' }),
      );
      const peer = peerOf(external);
      if (!peer) throw new Error('Asterisk doesn’t say where its end of the RTP is');
      telephone.aim(peer);
      await this.#rest.createBridge(bridge);
      await this.#rest.addToBridge(bridge, [media]);
      await this.#arrived(channel, () => this.#dial(channel, number));
      await this.#rest.addToBridge(bridge, [channel]);
      const startedAt = systemClock.now();
      const wire = await talk(telephone, { test, caller, hearing, stt, events });
      const lengthMs = systemClock.now() - startedAt;
      const byItself = hasEnded(events);
      await this.#rest.hangUp(channel);
      await within(ended, ARI_MS, systemClock, () => `the call of ${number} didn’t end`);
      const answer = test.answer.map(async (text) => ({
        text,
        ms: (await sentenceOf(text, test.half)).soundMs,
      }));
      return {
        ...describe(test, variant),
        lengthMs,
        answer: await Promise.all(answer),
        caller: caller.log,
        agent: wire.spans,
        phrases: PHRASES,
        ...told({ events }, startedAt, byItself),
      };
    } finally {
      await telephone.close();
      await this.#rest.hangUp(channel).catch(() => false);
      await this.#rest.hangUp(media).catch(() => false);
      await this.#rest.destroyBridge(bridge).catch(() => false);
      this.#desks.delete(number);
    }
  }

  async close(): Promise<void> {
    this.#socket.close();
    this.#rest.close();
    await this.#app.close();
    await this.#vad.close();
    await this.#gateway.close();
    await this.#asterisk.stop();
  }

  /** Calls the agent's number in the dialplan; the channel is in our application when that has answered. */
  #dial(channel: string, number: string): Promise<unknown> {
    const query = new URLSearchParams({
      endpoint: 'Local/510001@phones/n',
      ...{
        app: APP,
        callerId: number,
        formats: 'ulaw',
        channelId: channel,
        otherChannelId: `${channel}-far`,
      },
    });
    return this.#asterisk.ari('POST', `/channels?${query.toString()}`);
  }

  /** Makes a channel; resolves when it is in our application. */
  async #arrived<T>(channel: string, make: () => Promise<T>): Promise<T> {
    const there = Promise.withResolvers<undefined>();
    this.#arrivals.set(channel, () => {
      there.resolve(undefined);
    });
    try {
      const made = await make();
      await within(
        there.promise,
        2 * ARI_MS,
        systemClock,
        () => `${channel} didn’t come into the application`,
      );
      return made;
    } finally {
      this.#arrivals.delete(channel);
    }
  }
}

function hasEnded(events: readonly CallEvent[]): boolean {
  return events.some(({ type }) => type === 'ended');
}

interface Conversation {
  readonly test: Case;
  readonly caller: CallerSide;
  readonly hearing: Hearing;
  readonly stt: ModelRecogniser;
  readonly events: readonly CallEvent[];
}

/**
 * Says a frame every 20 ms, until all has been said and the agent is silent. Returns what was heard of the agent, by the
 * caller's time.
 */
async function talk(telephone: RtpPeer, { test, caller, hearing, stt, events }: Conversation): Promise<Wire> {
  const wire = new Wire();
  const startedAt = systemClock.now();
  const ear: Uint8Array[] = [];
  telephone.received.length = 0;
  let last: { readonly timestamp: number; readonly frame: number } | undefined;
  for (let number = 0; ; number++) {
    const at = number * FRAME_MS;
    const due = startedAt + at - systemClock.now();
    if (due > 0) await sleep(due);
    for (const { payloadType, timestamp, payload, at: cameAt } of telephone.received.splice(0)) {
      if (payloadType !== telephone.codec.payloadType) continue;
      const came = Math.floor((cameAt - startedAt) / FRAME_MS);
      const goesOn = last && last.frame + Math.round(((timestamp - last.timestamp) | 0) / FRAME);
      const frame = goesOn !== undefined && Math.abs(goesOn - came) <= JITTER_FRAMES ? goesOn : came;
      last = { timestamp, frame };
      wire.put(frame, true, placeOf(payload));
      ear.push(payload);
    }
    const payload = ear.shift();
    // A burst after a stall isn't carried along for ever.
    if (ear.length > JITTER_FRAMES) ear.splice(0, ear.length - 1);
    const agent = payload ? decodeG711('ulaw', payload) : new Int16Array(FRAME);
    const said = caller.frame(number, agent, payload && placeOf(payload), wire);
    await telephone.sendRaw(telephone.builder.build(encodeG711('ulaw', toInt16(said))));
    if (stt.ring) {
      const ringMs = new AudioRingReader(stt.ring).written * FRAME_MS;
      // What is sent now will be its next frame.
      hearing.aheadMs = ringMs + FRAME_MS - at;
      stt.step(ringMs);
    }
    if (hasEnded(events) || at >= LIMIT_MS) return wire;
    if (at >= test.leastMs && caller.finishedFor(at) >= QUIET_MS && wire.quietFor(at) >= QUIET_MS)
      return wire;
  }
}
