/**
 * The media thread: sockets, RTP, jitter buffers, the playout wheel. Nothing else runs here, so
 * nothing else can make a packet late.
 */
import { workerData } from 'node:worker_threads';
import { monotonicNow, type Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { BatchSocket } from './batch-socket.ts';
import { openDgramSocket } from './dgram-socket.ts';
import { MediaLoop } from './media-loop.ts';
import { MediaPort } from './media-port.ts';
import type {
  MediaAbout,
  MediaCommand,
  MediaReport,
  MediaThreadOptions,
  SessionSetup,
} from './media-protocol.ts';
import type { MediaSocket, MediaSocketOptions, PacketIo } from './media-socket.ts';
import { collectAfterCalls, collectGarbage } from '../../threads/collect-garbage.ts';
import { inNativeCode } from '../../threads/native-code.ts';
import { ThreadSide } from '../../threads/thread-side.ts';
import { QUARANTINE_MS } from './peer-table.ts';
import { useRealtimeScheduling, type Scheduling } from './realtime.ts';
import { RtpLeg } from './rtp-leg.ts';

const main = new ThreadSide<MediaCommand, MediaReport, MediaAbout>();
const options = workerData as MediaThreadOptions;
const report = (message: MediaReport): void => {
  main.report(message);
};

const loop = new MediaLoop(monotonicNow);
const legs = new Map<number, RtpLeg>();
/** It stands still for 7 to 9 ms meanwhile (measured), so not for each few. */
const afterCall = collectAfterCalls(64);
const ports = new Set<MediaPort>();
/** A call's own port may be the next call's: what the old one's peer still sends there isn't for it. */
const closedPorts = new Map<number, Pick<MediaPort, 'peers'> & { readonly until: Milliseconds }>();
const unknownPeers = new Int32Array(options.unknownPeers);
const keptSocket = new Int32Array(options.keptSocket);
let openSocket: (options: MediaSocketOptions) => MediaSocket | Promise<MediaSocket> = openDgramSocket;
let shared: MediaPort | undefined;

async function openPort(port: number): Promise<MediaPort> {
  const { address, receiveBufferBytes } = options;
  const socket = await openSocket({ address, port, receiveBufferBytes, kept: keptSocket });
  forgetClosedPorts();
  const opened = new MediaPort({
    socket,
    peers: closedPorts.get(socket.port)?.peers,
    now: monotonicNow,
    unknownPeers,
    onUnknownPeer: (address, from) => {
      report({ type: 'unknown-peer', address, port: from, to: opened.port });
    },
  });
  ports.add(opened);
  loop.add(opened);
  return opened;
}

async function closePort(port: MediaPort): Promise<void> {
  ports.delete(port);
  loop.remove(port);
  forgetClosedPorts();
  closedPorts.set(port.port, { peers: port.peers, until: monotonicNow() + QUARANTINE_MS });
  await port.close();
}

function forgetClosedPorts(): void {
  for (const [port, { until }] of closedPorts) if (until <= monotonicNow()) closedPorts.delete(port);
}

async function open(setup: SessionSetup): Promise<void> {
  const { session, ownPort } = setup;
  try {
    const port = ownPort === undefined ? shared : await openPort(ownPort);
    if (port === undefined) throw new Error('there is no shared port');
    legs.set(session, new RtpLeg(setup, port, loop.wheel, report));
    report({ type: 'opened', session, port: port.port });
  } catch (error) {
    report({ type: 'refused', session, code: codeOf(error), message: messageOf(error) });
  }
}

async function close(session: number): Promise<void> {
  const leg = legs.get(session);
  legs.delete(session);
  leg?.close();
  if (leg && leg.port !== shared) await closePort(leg.port);
  if (leg) afterCall();
}

async function stop(): Promise<void> {
  for (const session of [...legs.keys()]) await close(session);
  await Promise.all([...ports].map(closePort));
}

/** Commands are carried out one after the other, though some of them wait for the system. */
let queue: Promise<void> = Promise.resolve();

function inTurn(action: () => void | Promise<void>): Promise<void> {
  queue = queue.then(action);
  return queue;
}

function obey(command: MediaCommand): void | Promise<void> {
  switch (command.type) {
    case 'flush': // the urgent one: it needn't wait for a port that is being opened
      legs.get(command.session)?.applyFlush();
      return;
    case 'open':
      return inTurn(() => open(command.setup));
    case 'attach':
      return inTurn(() => {
        loop.receive();
        legs.get(command.session)?.attach(command.address, command.port);
        loop.keepTurning();
      });
    case 'close':
      return inTurn(() => close(command.session));
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
}

/** Batches where that is possible; a port for each call has none to make. */
async function chooseSockets(): Promise<PacketIo> {
  if (options.port === undefined) return { by: 'dgram', reason: 'each call has a port of its own' };
  if (options.io === 'dgram') return { by: 'dgram', reason: 'batches are switched off' };
  try {
    openSocket = await inNativeCode(() => BatchSocket.load());
    return { by: 'batches', reason: 'recvmmsg and sendmmsg' };
  } catch (error) {
    return { by: 'dgram', reason: `no batches here: ${messageOf(error)}` };
  }
}

async function start(): Promise<void> {
  const scheduling: Scheduling =
    options.realtime === 'auto'
      ? await inNativeCode(useRealtimeScheduling)
      : { policy: 'normal', reason: 'switched off' };
  const io = await chooseSockets();
  try {
    if (options.port !== undefined) shared = await openPort(options.port);
  } catch (error) {
    main.unable(error);
    return;
  }
  const { port = 0, receiveBufferBytes = 0 } = shared ?? {};
  const about = { port, receiveBufferBytes, scheduling, io };
  // What loading has left, before there is a call whose packets would wait for that: 7 MB (measured).
  collectGarbage();
  main.ready(about, { obey, stop: () => inTurn(stop) });
}

await start();
