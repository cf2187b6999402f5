/**
 * The media thread: sockets, RTP, jitter buffers, the playout wheel. Nothing else runs here, so
 * nothing else can make a packet late. It alternates between turns of the event loop, in which
 * datagrams and commands come in, and waits of at most a millisecond for the wheel's next step: by
 * `Atomics.wait`, because a timer is late by milliseconds where this is late by a tenth of one
 * (measured). Without an attached session it rests in the event loop.
 */
import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicNow } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { MediaPort } from './media-port.ts';
import type { MediaCommand, MediaReport, MediaThreadOptions, SessionSetup } from './media-protocol.ts';
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

if (parentPort === null) throw new Error('media-worker.ts is started as a worker thread');
const main = parentPort;
const options = workerData as MediaThreadOptions;
const report = (message: MediaReport): void => {
  main.postMessage(message);
};

const wheel = new PlayoutWheel(monotonicNow);
const legs = new Map<number, RtpLeg>();
const ports = new Set<MediaPort>();
const heartbeat = new Int32Array(options.heartbeat);
const strangers = new Int32Array(options.strangers);
const pause = new Int32Array(new SharedArrayBuffer(4));
let shared: MediaPort | undefined;
let turning = false;
let datagramsBefore = 0;

function turn(): void {
  heartbeat[0] = ((heartbeat[0] as number) + 1) | 0;
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
    strangers,
    onStranger: (address, from) => {
      report({ type: 'stranger', address, port: from, to: opened.port });
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
  report({ type: 'closed', session });
}

async function stop(): Promise<void> {
  for (const session of [...legs.keys()]) await close(session);
  await Promise.all([...ports].map(closePort));
  main.close(); // nothing is left in the event loop: the thread ends by itself
}

/** Commands are carried out one after the other, though some of them wait for the system. */
let queue: Promise<void> = Promise.resolve();

function obey(command: MediaCommand): void {
  // The urgent one first: it needn't wait for a port that is being opened.
  if (command.type === 'flush') {
    legs.get(command.session)?.applyFlush();
    return;
  }
  queue = queue.then(async () => {
    switch (command.type) {
      case 'open':
        await open(command.setup);
        break;
      case 'attach':
        legs.get(command.session)?.attach(command.address, command.port);
        keepTurning();
        break;
      case 'close':
        await close(command.session);
        break;
      case 'stop':
        await stop();
        break;
      case 'fail':
        if (command.how === 'throw') throw new Error('the media thread was told to fail');
        for (;;) Atomics.wait(pause, 0, 0);
    }
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
}

async function start(): Promise<void> {
  const scheduling: Scheduling =
    options.realtime === 'auto'
      ? await useRealtimeScheduling()
      : { policy: 'normal', reason: 'switched off' };
  try {
    if (options.port !== undefined) shared = await openPort(options.port);
  } catch (error) {
    report({ type: 'failed', code: codeOf(error), message: messageOf(error) });
    main.close();
    return;
  }
  main.on('message', obey);
  report({
    type: 'ready',
    port: shared?.port ?? 0,
    receiveBufferBytes: shared?.receiveBufferBytes ?? 0,
    scheduling,
  });
}

await start();
