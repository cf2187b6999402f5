import type { CallInfo, LineEvent } from '../dialog/contract/call-info.ts';
import type { EndReason } from '../dialog/contract/end-reason.ts';
import type { CallLine } from '../dialog/contract/ports.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { FailureDomain } from '../lib/failure-domain.ts';
import { Listeners } from '../lib/listeners.ts';

/** What a telephony does with a call at its session's wish. */
export interface LineVerbs extends Pick<CallLine, 'answer' | 'transfer' | 'sendDtmf'> {
  hangUp(): void;
  proceed(variables: Readonly<Record<string, string>>): void;
}

type Standing =
  /** `changed`: who is on the line now, if that isn't who has called. */
  | {
      readonly is: 'up';
      readonly held: boolean;
      readonly changed?: Extract<LineEvent, { type: 'caller-changed' }>;
    }
  | { readonly is: 'ended'; readonly event: LineEvent };

/** A call's line as its session sees it (`CallLine`), and the call's side of it: `tell`, `end`, `settleFarewell`. */
export class SessionLine implements CallLine {
  readonly info: CallInfo;
  readonly #verbs: LineVerbs;
  readonly #listeners = new Listeners<LineEvent>();
  readonly #farewell = Promise.withResolvers<undefined>();
  #answered: Promise<Milliseconds> | undefined;
  #standing: Standing = { is: 'up', held: false };

  constructor(info: CallInfo, verbs: LineVerbs) {
    this.info = info;
    this.#verbs = verbs;
  }

  // ── the session's side ──

  on(listener: (event: LineEvent) => void): () => void {
    // A listener that comes late must still learn that the caller is gone, is another one, or is on hold.
    for (const missed of this.#missed()) {
      queueMicrotask(
        FailureDomain.bind(() => {
          listener(missed);
        }),
      );
    }
    return this.#standing.is === 'ended' ? () => undefined : this.#listeners.add(listener);
  }

  answer(): Promise<Milliseconds> {
    this.#answered ??= this.#verbs.answer();
    return this.#answered;
  }

  hangUp(): Promise<void> {
    this.#verbs.hangUp();
    return this.#farewell.promise;
  }

  proceed(variables: Readonly<Record<string, string>>): Promise<void> {
    this.#verbs.proceed(variables);
    return this.#farewell.promise;
  }

  transfer(...request: Parameters<CallLine['transfer']>): ReturnType<CallLine['transfer']> {
    return this.#verbs.transfer(...request);
  }

  sendDtmf(digits: string): Promise<void> {
    return this.#verbs.sendDtmf(digits);
  }

  // ── the call's side ──

  /** Tells the session; nothing once the line has ended. */
  tell(event: LineEvent): void {
    const standing = this.#standing;
    if (standing.is === 'ended') return;
    if (event.type === 'hold' || event.type === 'unhold') {
      const held = event.type === 'hold';
      // A phone that transfers tells Asterisk once more that it isn't on hold (seen).
      if (standing.held === held) return;
      this.#standing = { ...standing, held };
    }
    if (event.type === 'caller-changed') this.#standing = { ...standing, changed: event };
    if (event.type === 'ended') this.#standing = { is: 'ended', event };
    this.#listeners.emit(event);
    if (event.type === 'ended') this.#listeners.clear();
  }

  /** The last leg has left. */
  end(reason: EndReason): void {
    this.tell({ type: 'ended', reason });
    this.settleFarewell();
  }

  /** The caller has been let go, or it was tried: `hangUp` and `proceed` resolve. */
  settleFarewell(): void {
    this.#farewell.resolve(undefined);
  }

  #missed(): readonly LineEvent[] {
    const standing = this.#standing;
    if (standing.is === 'ended') return [standing.event];
    const { changed, held } = standing;
    return [...(changed ? [changed] : []), ...(held ? [{ type: 'hold' } as const] : [])];
  }
}
