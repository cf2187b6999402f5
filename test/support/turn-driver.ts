import type { PostedEvent } from '../../src/dialog/call/turn-inbox.ts';
import type { Transcript } from '../../src/dialog/contract/speech.ts';
import { fillersAfter } from '../../src/dialog/turn/filler-policy.ts';
import { nextDeadline, opening, step } from '../../src/dialog/turn/turn-machine.ts';
import {
  DEFAULT_TURN_SETTINGS,
  type Ending,
  type TurnAction,
  type TurnSettings,
  type TurnState,
} from '../../src/dialog/turn/turn-states.ts';

/** Drives the turn machine as a call would: ticks come when they are due, and instants go forward. */
export class TurnDriver {
  state: TurnState;
  settings: TurnSettings;
  at = 0;
  /** All that the machine wanted done so far. */
  readonly done: TurnAction[] = [];

  constructor(settings: Partial<TurnSettings> = {}, announcement?: Ending) {
    // Long before the sign: most of these tests are about something else.
    this.settings = { ...DEFAULT_TURN_SETTINGS, fillers: fillersAfter(2000, 4000), ...settings };
    this.state = opening(this.settings, announcement);
  }

  /** An event, now or at a later instant: nothing that was due before is looked after. */
  feed(event: PostedEvent, at = this.at): TurnAction[] {
    this.at = Math.max(at, this.at);
    const next = step(this.state, { ...event, at: this.at }, this.settings);
    this.state = next.state;
    this.done.push(...next.actions);
    return [...next.actions];
  }

  /** An event at that instant, and before it whatever is due by then. */
  feedAt(at: number, event: PostedEvent): TurnAction[] {
    return [...this.wait(at - this.at), ...this.feed(event)];
  }

  /** Time passes, with the ticks that the machine asks for. */
  wait(duration: number): TurnAction[] {
    const until = this.at + duration;
    const actions: TurnAction[] = [];
    for (let guard = 0; guard < 100; guard++) {
      const due = nextDeadline(this.state, this.settings);
      if (due === undefined || due > until) break;
      actions.push(...this.feed({ type: 'tick' }, due));
    }
    this.at = until;
    return actions;
  }

  waitUntil(at: number): TurnAction[] {
    return this.wait(at - this.at);
  }

  /** The machine wants a tick now. */
  isDue(): boolean {
    const due = nextDeadline(this.state, this.settings);
    return due !== undefined && due <= this.at;
  }

  /** Answered, and the greeting is over. */
  greeted(): this {
    this.feed({ type: 'answered' });
    this.wait(2000);
    this.feed({ type: 'reply-ended', reply: this.reply });
    return this;
  }

  /** The caller speaks for `duration`; the detector says that they stopped 100 ms later. */
  speak(duration = 1000): TurnAction[] {
    const actions = this.feed({ type: 'speech-start', frame: this.frame, since: this.at });
    actions.push(...this.wait(duration));
    const lastAt = this.at;
    actions.push(...this.wait(100));
    actions.push(...this.feed({ type: 'speech-stop', frame: lastAt / 20, lastAt }));
    return actions;
  }

  /** A whole turn up to the moment at which the reply is being thought of. */
  asks(text = 'when do you open'): TurnAction[] {
    this.speak();
    this.wait(this.settings.endpointingMs * 2);
    return this.feed({ type: 'transcript', ask: this.ask, transcript: said(text) });
  }

  get frame(): number {
    return Math.round(this.at / 20);
  }
  get ask(): number {
    return this.#last('end-turn').ask;
  }
  get reply(): number {
    const last = this.done.findLast((action) => action.do === 'reply' || action.do === 'say');
    return last && 'reply' in last ? last.reply : -1;
  }
  #last<T extends TurnAction['do']>(what: T): Extract<TurnAction, { do: T }> {
    const found = this.done.findLast((action) => action.do === what);
    if (!found) throw new Error(`no ${what} yet`);
    return found as Extract<TurnAction, { do: T }>;
  }
}

/** What the recogniser has understood; with an empty text, nothing. */
export function said(text: string, understood = text !== ''): Transcript {
  return { text, understood, confidence: 0.9 };
}
