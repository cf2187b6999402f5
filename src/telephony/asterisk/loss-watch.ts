import type { Clock, Milliseconds } from '../../lib/clock.ts';
import type { AsteriskCall } from './asterisk-call.ts';

export interface LossWatchOptions {
  readonly clock: Clock;
  /** Between two looks; a call that is alive brings a packet every 20 ms. */
  readonly lookMs: Milliseconds;
  readonly calls: () => Iterable<AsteriskCall>;
  /** Whether Asterisk answers. Never rejects. */
  readonly answers: () => Promise<boolean>;
  readonly onLost: (calls: readonly AsteriskCall[]) => void;
}

/**
 * Tells calls that died with their Asterisk from those that only can't be controlled for a while. The
 * event stream alone doesn't show it, nor does silence: a call is lost when no packet of it has come
 * between two looks *and* Asterisk doesn't answer a request.
 */
export interface LossWatch {
  /** The event stream was lost. Has no effect while it watches. */
  begin(): void;
  /** The event stream is back: what is missing is found by asking Asterisk. */
  end(): void;
}

export function createLossWatch({ clock, lookMs, calls, answers, onLost }: LossWatchOptions): LossWatch {
  let watching: AbortController | undefined;

  const packets = (): Map<AsteriskCall, number> =>
    new Map([...calls()].map((call) => [call, call.packetsReceived()]));

  async function watch(signal: AbortSignal): Promise<void> {
    let before = packets();
    while (await clock.sleep(lookMs, signal)) {
      const now = packets();
      const silent = [...now.keys()].filter((call) => before.get(call) === now.get(call));
      before = now;
      if (silent.length === 0 || (await answers()) || signal.aborted) continue;
      onLost(silent.filter((call) => call.packetsReceived() === now.get(call)));
    }
  }

  return {
    begin() {
      if (watching) return;
      watching = new AbortController();
      void watch(watching.signal);
    },
    end() {
      watching?.abort();
      watching = undefined;
    },
  };
}
