import type { Clock, Milliseconds } from '../lib/clock.ts';

/** What is needed of a `ws` socket. */
export interface PulseSocket {
  ping(): void;
  terminate(): void;
  on(event: 'pong' | 'message', listener: () => void): unknown;
}

const EVERY_MS: Milliseconds = 10_000;
const ANSWER_MS: Milliseconds = 5_000;

/**
 * Pings a socket now and then, and cuts one whose other side has gone without a farewell: it would swallow
 * the next reply. Returns how to stop.
 */
export function watchPulse(socket: PulseSocket, clock: Clock, everyMs = EVERY_MS): () => void {
  let alive = true;
  let cancel = (): void => undefined;
  const onLife = (): void => {
    alive = true;
  };
  socket.on('pong', onLife);
  socket.on('message', onLife);
  const wait = (): void => {
    cancel = clock.at(clock.now() + everyMs, () => {
      alive = false;
      socket.ping();
      cancel = clock.at(clock.now() + ANSWER_MS, () => {
        if (alive) wait();
        else socket.terminate();
      });
    });
  };
  wait();
  return () => {
    cancel();
  };
}
