/**
 * The media thread: sockets, RTP, jitter buffers, the playout wheel. Nothing else runs here, so
 * nothing else can make a packet late. It alternates between turns of the event loop, in which
 * datagrams and commands come in, and waits of at most a millisecond for the wheel's next step: by
 * `Atomics.wait`, because a timer is late by milliseconds where this is late by a tenth of one
 * (measured). Without an attached session it rests in the event loop.
 */
import { setFlagsFromString } from 'node:v8';
import { workerData } from 'node:worker_threads';
import { monotonicNow } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { MediaPort } from './media-port.ts';
import type {
  MediaAbout,
  MediaCommand,
  MediaReport,
  MediaThreadOptions,
  SessionSetup,
} from './media-protocol.ts';
import { inNativeCode } from '../../threads/native-code.ts';
import { ThreadSide } from '../../threads/thread-side.ts';
import { PlayoutWheel } from '../playout/playout-wheel.ts';
import { useRealtimeScheduling, type Scheduling } from './realtime.ts';
import { RtpLeg } from './rtp-leg.ts';

/** libuv reads at most so many datagrams of a socket a turn: then there may be more, so don't wait. */
const DATAGRAMS_PER_TURN = 32;
const STEP_MS = 1;

// A collection of this thread's young garbage must not wait for helper threads, which stand in the
// queue of ordinary threads: on a loaded machine that took up to 57 ms instead of 1 (measured). The
// flags count for the whole process; for its other threads they make next to no difference.
setFlagsFromString('--no-parallel-scavenge');
setFlagsFromString('--no-concurrent-array-buffer-sweeping');

const main = new ThreadSide<MediaCommand, MediaReport, MediaAbout>();
const options = workerData as MediaThreadOptions;
const report = (message: MediaReport): void => {
  main.report(message);
};

const wheel = new PlayoutWheel(monotonicNow);
const legs = new Map<number, RtpLeg>();
const ports = new Set<MediaPort>();
const unknownPeers = new Int32Array(options.unknownPeers);
const pause = new Int32Array(new SharedArrayBuffer(4));
let shared: MediaPort | undefined;
let turning = false;
let datagramsBefore = 0;

function turn(): void {
  const next = wheel.advance();
  if (wheel.size === 0) {
    turning = false;
    return;
  }
  let datagrams = 0;
  for (const port of ports) datagrams += port.datagrams;
  if (datagrams - datagramsBefore < DATAGRAMS_PER_TURN) {
    const wait = Math.min(STEP_MS, next - monotonicNow());
    if (wait > 0) Atomics.wait(pause, 0, 0, wait);
  }
  datagramsBefore = datagrams;
  setImmediate(turn);
}

function keepTurning(): void {
  if (turning || wheel.size === 0) return;
  turning = true;
  setImmediate(turn);
}

async function openPort(port: number): Promise<MediaPort> {
  const opened = await MediaPort.open({
    address: options.address,
    port,
    receiveBufferBytes: options.receiveBufferBytes,
    now: monotonicNow,
    unknownPeers,
    onUnknownPeer: (address, from) => {
      report({ type: 'unknown-peer', address, port: from, to: opened.port });
    },
  });
  ports.add(opened);
  return opened;
}

async function closePort(port: MediaPort): Promise<void> {
  ports.delete(port);
  datagramsBefore -= port.datagrams;
  await port.close();
}

async function open(setup: SessionSetup): Promise<void> {
  const { session, ownPort } = setup;
  try {
    const port = ownPort === undefined ? shared : await openPort(ownPort);
    if (port === undefined) throw new Error('there is no shared port');
    legs.set(session, new RtpLeg(setup, port, wheel, report));
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
        legs.get(command.session)?.attach(command.address, command.port);
        keepTurning();
      });
    case 'close':
      return inTurn(() => close(command.session));
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
}

async function start(): Promise<void> {
  const scheduling: Scheduling =
    options.realtime === 'auto'
      ? await inNativeCode(useRealtimeScheduling)
      : { policy: 'normal', reason: 'switched off' };
  try {
    if (options.port !== undefined) shared = await openPort(options.port);
  } catch (error) {
    main.unable(error);
    return;
  }
  const about = { port: shared?.port ?? 0, receiveBufferBytes: shared?.receiveBufferBytes ?? 0, scheduling };
  main.ready(about, { obey, stop: () => inTurn(stop) });
}

await start();
