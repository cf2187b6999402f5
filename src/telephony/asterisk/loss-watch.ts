import { AriError } from './ari-error.ts';
import type { AsteriskCall } from './asterisk-call.ts';
import { ASTERISK_LOST, isOver, legsOf } from './call-states.ts';
import type { StasisParts } from './stasis-options.ts';

/**
 * Looks in a row. One isn't enough: on a machine that was overloaded packets stayed away for a second while ARI was cut for
 * two, and a telephone that sends nothing in silence is silent for as long as its caller is.
 */
const LOOKS = 3;

/**
 * Tells calls that died with their Asterisk from those that only can't be controlled for a while, and gives the
 * former up. The event stream alone doesn't show it, nor does silence: a call is lost when at some looks in a row no packet
 * of it has come *and* Asterisk doesn't answer a request.
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
    let looks = new Map<AsteriskCall, number>();
    while (await clock.sleep(settings.lookMs, signal)) {
      const now = this.#packets();
      const silent = [...now.keys()].filter((call) => before.get(call) === now.get(call));
      before = now;
      looks = new Map(silent.map((call) => [call, (looks.get(call) ?? 0) + 1]));
      if (silent.length === 0) continue;
      const answers = await rest.version().then(
        () => true,
        // A refusal is an answer, too: Asterisk is there.
        (error: unknown) => error instanceof AriError && error.status !== undefined,
      );
      if (answers) looks.clear();
      if (signal.aborted) continue;
      this.#giveUp(
        silent.filter((call) => (looks.get(call) ?? 0) >= LOOKS && call.packetsReceived === now.get(call)),
      );
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
