import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import { AriError, isGone } from './ari-error.ts';
import type { AriBridge, AriChannel } from './ari-model.ts';
import { ASTERISK_LOST } from './call-states.ts';
import { callersIn, stasisArgsOf } from './caller-info.ts';
import { findDifferences, keeps, viewOf } from './reconcile.ts';
import type { StasisParts } from './stasis-options.ts';

/** After a gap in the events, which are lost for ever: compares what Asterisk has with what the calls should have, and makes the two agree. */
export class Reconciler {
  readonly #options: StasisParts;
  readonly #receive: (channel: AriChannel, args: readonly string[]) => Promise<void>;
  /** `closed`: nothing is swept and nobody received any more. */
  #stream: 'open' | 'lost' | 'closed' = 'lost';
  #cancelSweep: (() => void) | undefined;
  #reconciling: Promise<void> = Promise.resolve();
  /** Channels that left while the list of channels was requested: it may still name them. */
  #leftMeanwhile: Set<string> | undefined;
  /** When Asterisk was started, as it said last. */
  #life: string | undefined;

  /** `receive` takes in a caller who was found waiting, and never rejects. */
  constructor(
    options: StasisParts,
    receive: (channel: AriChannel, args: readonly string[]) => Promise<void>,
  ) {
    this.#options = options;
    this.#receive = receive;
  }

  onStream(state: 'open' | 'lost'): void {
    if (this.#stream === 'closed') return;
    this.#stream = state;
    this.sweepSoon();
  }

  channelLeft(channel: string): void {
    this.#leftMeanwhile?.add(channel);
  }

  /** Resolves when the last one that was asked for is over. */
  get settled(): Promise<void> {
    return this.#reconciling;
  }

  /** One at a time; whoever asks meanwhile gets another one after it. Never rejects. */
  reconcile(how: { readonly sweep: boolean }): Promise<void> {
    this.#reconciling = this.#reconciling.then(() => this.#reconcile(how));
    return this.#reconciling;
  }

  /** Twice: what Asterisk was asked for before a connection was cut, it may do seconds later, if it is busy. */
  sweepSoon(): void {
    const { sweepPauseMs } = this.#options.settings;
    this.#sweepAfter(sweepPauseMs, 4 * sweepPauseMs);
  }

  #sweepAfter(pauseMs?: Milliseconds, ...morePausesMs: readonly Milliseconds[]): void {
    const { clock } = this.#options;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    // As soon as the event stream is back, it is swept anyhow.
    if (this.#stream !== 'open' || pauseMs === undefined) return;
    this.#cancelSweep = FailureDomain.outside(() =>
      clock.at(clock.now() + pauseMs, () => {
        void this.reconcile({ sweep: true });
        this.#sweepAfter(...morePausesMs);
      }),
    );
  }

  /** Does it, or says in the log that it can't be done; then it is swept later. Never rejects. */
  async attempt(what: string, action: () => Promise<unknown>): Promise<void> {
    const { server, log } = this.#options;
    try {
      await action();
    } catch (error) {
      if (isGone(error)) return;
      const fields = { server: server.name, what, error: messageOf(error) };
      log.warn(fields, 'something could not be done at Asterisk');
      if (!(error instanceof AriError && error.status !== undefined && error.status < 500)) this.sweepSoon();
    }
  }

  close(): void {
    this.#stream = 'closed';
    this.#cancelSweep?.();
  }

  /** Deletes everything that has an id of this instance. Returns the callers who wait in the app. */
  async sweepAll(): Promise<readonly AriChannel[]> {
    const { server, rest, ids } = this.#options;
    const [channels, bridges, application] = await Promise.all([
      rest.channels(),
      rest.bridges(),
      rest.application(server.app),
    ]);
    await this.#sweep(channels, bridges, () => false);
    return callersIn(channels, application, ids);
  }

  /**
   * Calls whose channel is gone end; the others go on, and learn from Asterisk whether they are on hold. What is left over of
   * ours is deleted, and waiting callers are received.
   */
  async #reconcile({ sweep }: { readonly sweep: boolean }): Promise<void> {
    const { server, log, rest, index, ids } = this.#options;
    const left = new Set<string>();
    this.#leftMeanwhile = left;
    try {
      const known = viewOf(index.calls);
      const [channels, bridges, application, life] = await Promise.all([
        rest.channels(),
        rest.bridges(),
        rest.application(server.app),
        rest.startedAt(),
      ]);
      const callers = callersIn(channels, application, ids);
      const restarted = this.#life !== undefined && life !== this.#life;
      this.#life = life;
      const reason = restarted ? ASTERISK_LOST : undefined;
      const differences = findDifferences(known, channels, bridges, callers, reason);
      for (const { call, signal } of differences) call.signal(signal);
      this.#options.heart.trust();
      const up = channels.filter(({ state }) => state === 'Up').map(({ id }) => id);
      for (const id of up) index.callWith('leg', id)?.pickedUp();
      if (!sweep || this.#stream === 'closed') return;
      await this.#sweep(channels, bridges, (id) => keeps(index.ownerOf(id), id));
      const waiting = callers
        .filter(({ id }) => !left.has(id))
        .map((channel) => this.#receive(channel, stasisArgsOf(channel)));
      await Promise.all(waiting);
      // Who isn't connected yet can't have the call on hold, and to be asked that is written into Asterisk's log.
      const connected = up.map((id) => index.callWith('leg', id)).filter((call) => call !== undefined);
      await Promise.all(connected.map((call) => call.checkHold()));
    } catch (error) {
      log.warn({ server: server.name, error: messageOf(error) }, 'Asterisk could not be looked through');
      this.sweepSoon();
    } finally {
      this.#leftMeanwhile = undefined;
    }
  }

  async #sweep(
    channels: readonly AriChannel[],
    bridges: readonly AriBridge[],
    kept: (id: string) => boolean,
  ): Promise<void> {
    const { server, log, rest, ids } = this.#options;
    const lostChannels = channels.filter(({ id }) => ids.owns(id) && !kept(id));
    const lostBridges = bridges.filter(({ id }) => ids.owns(id) && !kept(id));
    if (lostChannels.length + lostBridges.length === 0) return;
    const fields = { server: server.name, channels: lostChannels.length, bridges: lostBridges.length };
    log.warn(fields, 'sweeping what an earlier run or a lost connection left behind');
    await Promise.all([
      ...lostChannels.map(({ id }) => this.attempt('sweeping a channel', () => rest.hangUp(id))),
      ...lostBridges.map(({ id }) => this.attempt('sweeping a bridge', () => rest.destroyBridge(id))),
    ]);
  }
}
