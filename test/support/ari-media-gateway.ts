import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import type { MediaEvent, MediaRequest, RtpEndpoint } from '../../src/dialog/contract/call-media.ts';
import type { MediaGateway, MediaSession } from '../../src/dialog/contract/ports.ts';
import { createAudioRing } from '../../src/media/audio-ring.ts';
import { codecOf } from '../../src/media/codec.ts';
import { createFlushLine } from '../../src/media/flush-line.ts';
import { RtpPacketBuilder } from '../../src/media/rtp-packet-builder.ts';
import { RTP_HEADER_BYTES } from '../../src/media/rtp-packet.ts';

/**
 * A media gateway for call control's tests: real UDP endpoints that count what comes, send one packet of
 * silence to their peer, and speak nothing. It does what it is told to go wrong.
 */
export interface TestGateway extends MediaGateway<RtpEndpoint> {
  readonly sessions: TestSession[];
  /** Sessions that are not closed. */
  open(): number;
  /** The next reservations wait for this (or reject with it). */
  beforeReserve: () => Promise<void>;
  /** False: `attach` is taken and nothing ever comes of it. An error: it is thrown. */
  attaches: boolean | Error;
}

interface TestSession extends MediaSession<RtpEndpoint> {
  readonly request: MediaRequest;
  readonly peer: () => { readonly address: string; readonly port: number } | undefined;
  readonly packetsReceived: () => number;
  readonly closed: () => boolean;
  /** The gateway's worker died, say. */
  lose(reason: string): void;
}

export function createTestGateway(): TestGateway {
  const sessions: TestSession[] = [];
  const gateway: TestGateway = {
    kind: 'test',
    sessions,
    open: () => sessions.filter((session) => !session.closed()).length,
    beforeReserve: () => Promise.resolve(),
    attaches: true,
    async reserve(request) {
      await gateway.beforeReserve();
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const session = sessionOn(socket, request, () => gateway.attaches);
      sessions.push(session);
      return session;
    },
    async close() {
      await Promise.all(sessions.map((session) => session.close()));
    },
  };
  return gateway;
}

function sessionOn(socket: Socket, request: MediaRequest, attaches: () => boolean | Error): TestSession {
  const listeners = new Set<(event: MediaEvent) => void>();
  const attached = Promise.withResolvers<undefined>();
  attached.promise.catch(() => undefined);
  const codec = codecOf(request.codec ?? 'ulaw');
  let peer: { address: string; port: number } | undefined;
  let received = 0;
  let closing: Promise<void> | undefined;
  socket.on('message', () => {
    received += 1;
  });
  return {
    id: request.id,
    request,
    endpoint: {
      transport: 'rtp',
      address: '127.0.0.1',
      port: socket.address().port,
      codec: codec.name,
      attach(to) {
        peer = { ...to };
        const works = attaches();
        if (works instanceof Error) throw works;
        if (!works) return;
        const packet = new Uint8Array(RTP_HEADER_BYTES + codec.frameBytes);
        new RtpPacketBuilder(codec).write(codec.silence, packet);
        socket.send(packet, to.port, to.address);
        attached.resolve(undefined);
      },
    },
    format: codec.queueFormat,
    heard: createAudioRing(codec.audioRateHz),
    sent: createAudioRing(codec.audioRateHz),
    flushLine: createFlushLine(),
    attached: attached.promise,
    play() {
      throw new Error('this gateway says nothing');
    },
    flush: () => undefined,
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stats: () => ({ ...NO_MEDIA, packetsReceived: received }),
    close() {
      closing ??= new Promise((resolve) => {
        attached.reject(new Error('closed'));
        socket.close(resolve);
      });
      return closing;
    },
    peer: () => peer,
    packetsReceived: () => received,
    closed: () => closing !== undefined,
    lose(reason) {
      for (const listener of listeners) listener({ type: 'lost', reason });
    },
  };
}
