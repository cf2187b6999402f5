import type { Milliseconds } from '../../lib/clock.ts';
import { PlayoutWheel } from '../playout/playout-wheel.ts';
import type { MediaPort } from './media-port.ts';

const STEP_MS: Milliseconds = 1;
/** Up to so many calls, packets wake the thread as they come; beyond, it looks once in each step. */
const FEW_CALLS = 3;
/**
 * A wake costs more than a call's packets do: up to 80 calls there is one every 4 ms, up to 160 every 2 ms. What comes
 * waits for it, 2 ms at the mean.
 */
const CALLS_A_PHASE = 16;
/**
 * Between two turns of the event loop, in which nothing but commands comes where packets come in batches: a turn costs as
 * much as a packet or two (measured).
 */
const TURN_MS: Milliseconds = 4;

/**
 * What a media thread does all the time: it has the wheel's members send their packets, takes those that have come,
 * and waits for the next step. Without a member on the wheel it rests in the event loop.
 */
export class MediaLoop {
  readonly wheel: PlayoutWheel;
  readonly #now: () => Milliseconds;
  readonly #ports: MediaPort[] = [];
  /** Is never written to. */
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));
  #turning = false;

  constructor(now: () => Milliseconds) {
    this.#now = now;
    this.wheel = new PlayoutWheel(now, CALLS_A_PHASE);
  }

  add(port: MediaPort): void {
    this.#ports.push(port);
  }

  remove(port: MediaPort): void {
    this.#ports.splice(this.#ports.indexOf(port), 1);
  }

  /** Takes in what has come so far: a peer that is attached next has no part in it. */
  receive(): void {
    while (this.#receive());
  }

  /** There may be somebody on the wheel now. */
  keepTurning(): void {
    if (this.#turning || this.wheel.size === 0) return;
    this.#turning = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const nextTurn = this.#now() + TURN_MS;
    for (;;) {
      // What is due leaves first, whatever there is to be received.
      const next = this.wheel.advance();
      for (const port of this.#ports) port.sendBatch();
      if (this.wheel.size === 0) {
        this.#turning = false;
        return;
      }
      const more = this.#receive();
      const now = this.#now();
      const viaEventLoop = this.#wait(more ? 0 : next - now);
      if (viaEventLoop || next >= nextTurn || now >= nextTurn) break;
    }
    setImmediate(this.#turn);
  };

  /** True: there may be more. */
  #receive(): boolean {
    let more = false;
    for (const port of this.#ports) more = port.receive() || more;
    return more;
  }

  /**
   * Not by a timer of the event loop: that is late by milliseconds where this is late by a tenth of one (measured).
   * True: packets come only in the event loop.
   */
  #wait(ms: Milliseconds): boolean {
    const [port] = this.#ports;
    if (port?.waits === true) {
      if (ms > 0) port.wait(ms, this.wheel.size > FEW_CALLS);
      return false;
    }
    if (ms > 0) Atomics.wait(this.#pause, 0, 0, Math.min(ms, STEP_MS));
    return true;
  }
}
