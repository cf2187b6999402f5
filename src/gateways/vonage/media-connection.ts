import type { WebSocket } from 'ws';
import type { Milliseconds } from '../../lib/clock.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { frameBytesOf } from './wire.ts';

/** A connection and what it has left of its limits. */
export interface MediaConnection {
  readonly socket: WebSocket;
  readonly since: Milliseconds;
  readonly frames: RateLimit;
  readonly texts: RateLimit;
  readonly pings: RateLimit;
  heardAt: Milliseconds;
  pingAt: Milliseconds;
  greeted: boolean;
  excess: number;
}

/** 50 a second by the clock, and what a pause of the network of 5 s delays. */
const FRAMES_PER_SECOND = 55;
const FRAMES_BURST = 250;
/** One notify for each of ours (10 a second), keys, and some room. */
const TEXTS_PER_SECOND = 25;
const TEXTS_BURST = 100;
/** A connection needs no more than one in some seconds. */
const PINGS_PER_SECOND = 2;
const PINGS_BURST = 20;

/** Messages larger than this end the connection: a frame at 24 kHz has 960 bytes, headers at most 512. */
export const MAX_MESSAGE_BYTES = Math.max(4096, 2 * frameBytesOf(24000));

export function mediaConnection(
  socket: WebSocket,
  now: Milliseconds,
  silentMs: Milliseconds,
): MediaConnection {
  return {
    socket,
    since: now,
    frames: createRateLimit(FRAMES_PER_SECOND, FRAMES_BURST),
    texts: createRateLimit(TEXTS_PER_SECOND, TEXTS_BURST),
    pings: createRateLimit(PINGS_PER_SECOND, PINGS_BURST),
    heardAt: now,
    pingAt: now + pingEveryMs(silentMs),
    greeted: false,
    excess: 0,
  };
}

/** Three in the time that a far side may be silent. */
export function pingEveryMs(silentMs: Milliseconds): Milliseconds {
  return silentMs / 3;
}

/** Gives a close frame time to go out; a dead peer answers none. */
export function endSoon(socket: WebSocket): void {
  setTimeout(() => {
    socket.terminate();
  }, 1000).unref();
}
