import type { Milliseconds } from '../../lib/clock.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import { orAborted } from '../../lib/abort.ts';
import type { AudioRingHandle } from '../../media/audio-ring.ts';
import type { SttStream } from '../contract/ports.ts';
import type { AgentAtWork, CallInSession } from './call-in-hand.ts';
import type { SttEvent, Transcript, VadEvent } from '../contract/speech.ts';
import type { TurnAction } from '../turn/turn-states.ts';

/** A recogniser that dies, or can't be opened, is opened again so often in a call … */
const STT_REOPENINGS = 3;
/** … and where it can't be opened, so long after: the caller hears the greeting, or a filler, meanwhile. */
const REOPEN_AFTER_MS: readonly Milliseconds[] = [500, 1000, 2000];

/** A call's detector and recogniser: opened while the line is being answered, closed with the call. */
export class CallerListener {
  readonly #agent: AgentAtWork;
  readonly #call: CallInSession;
  /** What recognisers hear. */
  readonly #heard: Promise<AudioRingHandle>;
  #stt: Promise<SttStream | undefined>;
  #reopenings = 0;

  constructor(agent: AgentAtWork, call: CallInSession) {
    this.#agent = agent;
    this.#call = call;
    this.#heard = this.#openVad();
    this.#stt = this.#openStt();
  }

  /** The recogniser listens from `frame` on; it may still be being opened. */
  beginTurn(frame: number): void {
    void this.#stt.then((stream) => {
      this.#guard(() => stream?.beginTurn(frame));
    });
  }

  /** Posts the final text of what was said since `beginTurn`, as the answer to `ask`, or that it failed. */
  async endTurn(frame: number, ask: number): Promise<void> {
    const transcript = await this.#textOf(frame);
    // What the answer leads to isn't the recogniser's: it must not be caught as its failure.
    if (transcript) this.#call.inbox.post({ type: 'transcript', ask, transcript });
  }

  /** Posts what the end-of-turn model makes of it, if it can say so in time. */
  async judgeEnd({ begin, end, frame }: Extract<TurnAction, { do: 'judge-end' }>): Promise<void> {
    const chance = await this.#agent.parts.endOfTurn?.judge({ heard: await this.#heard, begin, end });
    if (chance !== undefined) this.#call.inbox.post({ type: 'end-judged', frame, chance });
  }

  /** Undefined: the recogniser has failed, and that was told; or the call is over. */
  async #textOf(frame: number): Promise<Transcript | undefined> {
    const { signal } = this.#call.scope;
    try {
      const stream = await this.#stt;
      if (!stream || signal.aborted) return undefined;
      return await orAborted(stream.endTurn(frame), signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#trouble('stt', error);
      this.#deaf(false);
      return undefined;
    }
  }

  /** What the detector hears without the agent's echo; else what is heard. */
  async #openVad(): Promise<AudioRingHandle> {
    const { agent, parts } = this.#agent;
    const { scope, media } = this.#call;
    try {
      const stream = await parts.vad.open({
        heard: media.heard,
        sent: media.sent,
        flushLine: media.flushLine,
        bargeInMs: agent.limits.bargeInMs,
        // Their threads and sockets may be everybody's: what comes from there belongs to this call nevertheless.
        onEvent: FailureDomain.bind((event: VadEvent) => {
          if (!scope.closed) this.#onVad(event);
        }),
        onFailed: FailureDomain.bind((error: Error) => {
          this.#lost('vad', error);
        }),
      });
      scope.defer(() => {
        stream.close();
      });
      return stream.heard ?? media.heard;
    } catch (error) {
      this.#lost('vad', error);
      return media.heard;
    }
  }

  async #openStt(): Promise<SttStream | undefined> {
    const { agent, parts, expected, clock } = this.#agent;
    const { scope } = this.#call;
    const heard = await this.#heard;
    try {
      const opening = parts.stt.open({
        heard,
        language: agent.language,
        phrases: expected,
        pronunciations: agent.knowledge.pronunciations,
        onEvent: FailureDomain.bind((event: SttEvent) => {
          if (scope.closed) return;
          if (event.type !== 'failed') this.#onStt(event);
          else this.#failed(opening, event.error);
        }),
        signal: scope.signal,
      });
      const stream = await opening;
      scope.defer(() => {
        stream.close();
      });
      return stream;
    } catch (error) {
      const delay = REOPEN_AFTER_MS[this.#reopenings];
      if (delay === undefined || scope.closed) {
        this.#lost('stt', error);
        return undefined;
      }
      this.#reopenings += 1;
      this.#trouble('stt', error);
      return (await clock.sleep(delay, scope.signal)) ? this.#openStt() : undefined;
    }
  }

  /** The recogniser's stream has died: a new one takes over. */
  #failed(opening: Promise<SttStream>, error: Error): void {
    this.#trouble('stt', error);
    void opening.then(
      (stream) => {
        stream.close();
      },
      () => undefined,
    );
    this.#reopenings += 1;
    const fatal = this.#reopenings > STT_REOPENINGS;
    if (!fatal) this.#stt = this.#openStt();
    this.#deaf(fatal);
  }

  #lost(part: 'vad' | 'stt', error: unknown): void {
    if (this.#call.scope.closed) return;
    this.#trouble(part, error);
    this.#deaf(true);
  }

  #onVad(event: VadEvent): void {
    const { inbox } = this.#call;
    const { frame, at } = event;
    switch (event.type) {
      case 'speech-start':
      case 'level-rises':
      case 'barge-in':
        inbox.post({ type: event.type, frame, since: at });
        break;
      case 'speech-lasts':
        inbox.post({ ...event, since: at });
        break;
      case 'speech-stop':
        inbox.post({ type: event.type, frame, lastAt: at, traits: event.traits });
    }
  }

  #onStt(event: Exclude<SttEvent, { type: 'failed' }>): void {
    if (event.type === 'trouble') this.#call.reporter.providerTrouble(event.trouble);
    else this.#call.inbox.post(event);
  }

  #trouble(part: 'vad' | 'stt', error: unknown): void {
    this.#call.reporter.thrown(part, error);
  }

  /** `fatal`: the caller can't be heard any more. */
  #deaf(fatal: boolean): void {
    this.#call.inbox.post({ type: 'stt-failed', fatal });
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (this.#call.scope.closed) return;
      this.#trouble('stt', error);
      this.#deaf(false);
    }
  }
}
