import type { CallInfo, LineEvent } from '../dialog/contract/call-info.ts';
import type { EndReason } from '../dialog/contract/end-reason.ts';
import type { CallLine } from '../dialog/contract/ports.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { FailureDomain } from '../lib/failure-domain.ts';
import { Listeners } from '../lib/listeners.ts';

export interface LineVerbs extends Pick<CallLine, 'answer' | 'transfer' | 'sendDtmf'> {
  readonly hangUp: () => void;
  readonly proceed: (variables: Readonly<Record<string, string>>) => void;
}

/** The line as the session sees it (`port`), and the call's side of it. */
export interface CallLineEnds {
  readonly port: CallLine;
  readonly tell: (event: LineEvent) => void;
  /** The last leg has left. */
  end(reason: EndReason): void;
  /** The caller has been let go, or it was tried: `hangUp` and `proceed` resolve. */
  settleFarewell(): void;
}

export function createCallLine(info: CallInfo, verbs: LineVerbs): CallLineEnds {
  const listeners = new Listeners<LineEvent>();
  const farewell = Promise.withResolvers<undefined>();
  let answered: Promise<Milliseconds> | undefined;
  let held = false;
  let changed: LineEvent | undefined;
  let ended: LineEvent | undefined;

  const tell = (event: LineEvent): void => {
    if (ended) return;
    if (event.type === 'hold' || event.type === 'unhold') {
      // A phone that transfers tells Asterisk once more that it isn't on hold (seen).
      if (held === (event.type === 'hold')) return;
      held = !held;
    }
    if (event.type === 'caller-changed') changed = event;
    if (event.type === 'ended') ended = event;
    listeners.emit(event);
    if (ended) listeners.clear();
  };

  const port: CallLine = {
    info,
    on(listener) {
      // Who comes late must not miss that the caller is gone, is another one, or on hold.
      const hold: LineEvent | undefined = held ? { type: 'hold' } : undefined;
      for (const missed of ended ? [ended] : [changed, hold])
        if (missed)
          queueMicrotask(
            FailureDomain.bind(() => {
              listener(missed);
            }),
          );
      return ended ? () => undefined : listeners.add(listener);
    },
    answer: () => (answered ??= verbs.answer()),
    hangUp() {
      verbs.hangUp();
      return farewell.promise;
    },
    proceed(variables) {
      verbs.proceed(variables);
      return farewell.promise;
    },
    transfer: (request, signal) => verbs.transfer(request, signal),
    sendDtmf: (digits) => verbs.sendDtmf(digits),
  };

  return {
    port,
    tell,
    end(reason) {
      tell({ type: 'ended', reason });
      farewell.resolve(undefined);
    },
    settleFarewell() {
      farewell.resolve(undefined);
    },
  };
}
