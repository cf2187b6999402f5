import { AriError } from './ari-error.ts';
import type { AsteriskCall } from './asterisk-call.ts';
import { ASTERISK_LOST, isOver, legsOf } from './call-states.ts';
import type { StasisParts } from './stasis-options.ts';

/**
 * Tells calls that died with their Asterisk from those that only can't be controlled for a while, and gives the
 * former up. The event stream alone doesn't show it, nor does silence: a call is lost when no packet of it has come
 * between two looks *and* Asterisk doesn't answer a request.
 */
export class LossWatch {
  readonly #options: StasisParts;
  #watching: AbortController | undefined;

  constructor(options: StasisParts) {
    this.#options = options;
  }

  /** The event stream was lost. Has no effect while it watches. */
  begin(): void {
    if (this.#watching) return;
    this.#watching = new AbortController();
    void this.#watch(this.#watching.signal);
    void this.#giveAllUp(this.#watching.signal);
  }

  /** The event stream is back: what is missing is found by asking Asterisk. */
  end(): void {
    this.#watching?.abort();
    this.#watching = undefined;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, rest, settings } = this.#options;
    let before = this.#packets();
    while (await clock.sleep(settings.lookMs, signal)) {
      const now = this.#packets();
      const silent = [...now.keys()].filter((call) => before.get(call) === now.get(call));
      before = now;
      if (silent.length === 0) continue;
      const answers = await rest.version().then(
        () => true,
        // A refusal is an answer, too: Asterisk is there.
        (error: unknown) => error instanceof AriError && error.status !== undefined,
      );
      if (answers || signal.aborted) continue;
      this.#giveUp(silent.filter((call) => call.packetsReceived === now.get(call)));
    }
  }

  async #giveAllUp(signal: AbortSignal): Promise<void> {
    const { clock, index, settings } = this.#options;
    if (await clock.sleep(settings.lostMs, signal)) this.#giveUp(index.calls);
  }

  #packets(): Map<AsteriskCall, number> {
    const calls = this.#options.index.calls.filter(bringsPackets);
    return new Map(calls.map((call) => [call, call.packetsReceived]));
  }

  /** Should something of them be there still, it is swept when Asterisk is back. */
  #giveUp(calls: readonly AsteriskCall[]): void {
    const { server, log } = this.#options;
    const lost = calls.filter(({ state }) => legsOf(state).length > 0);
    if (lost.length === 0) return;
    log.error({ server: server.name, calls: lost.length }, 'Asterisk is gone, and its calls with it');
    for (const call of lost)
      for (const leg of legsOf(call.state)) call.signal({ type: 'legLeft', leg, reason: ASTERISK_LOST });
  }
}

/** While somebody else rings or talks with the caller none come here: that silence says nothing. */
function bringsPackets({ state }: AsteriskCall): boolean {
  return !isOver(state) && !['ringing', 'briefing', 'connecting', 'connected'].includes(state.name);
}
