import { FailureDomain } from '../../lib/failure-domain.ts';
import { NO_MEDIA } from '../contract/call-media.ts';
import type { TurnGlimpse } from '../contract/call-events.ts';
import type { CallInfo } from '../contract/call-info.ts';
import type { Message } from '../contract/conversation.ts';
import type { EndReason } from '../contract/end-reason.ts';
import type { CallLine, MediaSession } from '../contract/ports.ts';
import { TOOL } from '../contract/tool-names.ts';
import type { Ending } from '../turn/turn-states.ts';
import { CallFacts } from './call-facts.ts';
import { CallReporter } from './call-reporter.ts';
import { CallSession, type CallSessionOptions, type OperatorWish } from './call-session.ts';
import type { LatencyTracker } from './latency-tracker.ts';
import { ConversationHistory } from '../reply/conversation-history.ts';

export interface AdmittedCallOptions extends CallSessionOptions {
  /** In logs, records and the latency tracker; `callName`, if no other call that runs has that. */
  readonly name?: string;
  readonly info: CallInfo;
  readonly tracker: LatencyTracker;
  /** See `CallDeskOptions.earlier`. */
  readonly earlier?: readonly Message[] | undefined;
}

/** The name of a call, unless its channel's last visit hasn't ended yet. */
export function callName(info: CallInfo): string {
  return `${info.key.server}/${info.key.channel}`;
}

/** Where an admitted call stands. */
type Standing =
  /** Its line and media are being set up. */
  | { readonly is: 'waiting' }
  /** Finished before it could run: the line is left as soon as there is one. */
  | { readonly is: 'finished'; readonly ending: Ending }
  | { readonly is: 'running'; readonly session: CallSession }
  | { readonly is: 'abandoned' };

/**
 * A call from its arrival on. Its record begins here; its session is made when there are a line and media for it.
 * It ends exactly once, with a reason. What fails in its failure domain, the one in which it is made, ends it.
 */
export class AdmittedCall {
  readonly #options: AdmittedCallOptions;
  readonly #facts: CallFacts;
  readonly #history: ConversationHistory;
  readonly #reporter: CallReporter;
  readonly #admittedAt: number;
  #standing: Standing = { is: 'waiting' };

  constructor(options: AdmittedCallOptions) {
    this.#options = options;
    const { clock, tracker, observe, info, agent, parts, announcement } = options;
    this.#facts = new CallFacts(options.name ?? callName(info), info);
    this.#history = new ConversationHistory(options.earlier);
    this.#admittedAt = clock.now();
    this.#reporter = new CallReporter({ name: this.name, history: this.#history, tracker, clock, observe });
    this.#reporter.emit({ type: 'started', info, agent: agent.id });
    // While the line is being set up: connections that have gone cold are made again. They are for all calls.
    FailureDomain.outside(() => {
      for (const part of announcement ? [parts.tts] : [parts.stt, parts.llm, parts.tts]) part.warm?.();
    });
  }

  get name(): string {
    return this.#facts.name;
  }

  /** From the answer to the end of the call. Resolves when nothing of it is left open. */
  async run(line: CallLine, media: MediaSession): Promise<void> {
    const finished = this.#standing.is === 'finished' ? this.#standing.ending : undefined;
    const session = this.#open(line, media);
    this.#standing = { is: 'running', session };
    await session.run(finished);
  }

  #open(line: CallLine, media: MediaSession): CallSession {
    try {
      return new CallSession(this.#options, {
        facts: this.#facts,
        history: this.#history,
        reporter: this.#reporter,
        admittedAt: this.#admittedAt,
        line,
        media,
      });
    } catch (error) {
      // A bug: the line sees to the caller, and the call's record to its end.
      this.abandon('session-failed');
      throw error;
    }
  }

  /** The call was given up before it could run. */
  abandon(reason: EndReason): void {
    const { is } = this.#standing;
    if (is === 'running' || is === 'abandoned') return;
    // It may have been finished already, and waited to be run for that.
    const told = this.#standing.is === 'finished' ? this.#standing.ending.reason : reason;
    this.#standing = { is: 'abandoned' };
    this.#reporter.end(told, {}, NO_MEDIA);
  }

  /** Ends the call from outside: after the turn that is under way, with last words, or `now`. */
  readonly finish = FailureDomain.bind((ending: Ending, now?: boolean) => {
    if (this.#standing.is === 'running') this.#standing.session.finish(ending, now ?? false);
    else if (this.#standing.is === 'waiting') this.#standing = { is: 'finished', ending };
  });

  /** Where it stands, for who looks on; undefined: it isn't running. */
  get glimpse(): TurnGlimpse | undefined {
    return this.#standing.is === 'running' ? this.#standing.session.glimpse : undefined;
  }

  /** Has the agent say something. Nothing happens while nobody talks with it. */
  say(text: string): void {
    this.#operate({ type: 'operator-says', text });
  }

  /** Puts the caller through to one of the agent's targets. False: there is none of that name. */
  putThrough(name: string): boolean {
    const target = this.#options.agent.transferTargets.find((one) => one.name === name);
    // To the model it looks as if it had asked for it, should the target not answer.
    const call = { id: 'operator', name: TOOL.transfer, arguments: { target: name } };
    if (target) this.#operate({ type: 'put-through', transfer: { way: 'transfer', target, call } });
    return target !== undefined;
  }

  readonly #operate = FailureDomain.bind((wish: OperatorWish) => {
    if (this.#standing.is === 'running') this.#standing.session.operate(wish);
  });
}
