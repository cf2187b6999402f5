import { arm } from '../dialog/call/call-session.ts';
import type { TurnStep } from '../dialog/contract/call-events.ts';
import type { VadEvent } from '../dialog/contract/speech.ts';
import { nextDeadline, opening, step as turnStep } from '../dialog/turn/turn-machine.ts';
import { settingsFrom, TurnLog } from '../dialog/turn/turn-log.ts';
import type { TurnAction, TurnEvent, TurnSettings, TurnState } from '../dialog/turn/turn-states.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { FRAME_MS } from '../media/audio.ts';
import { AudioRingWriter, createAudioRing } from '../media/audio-ring.ts';
import { createFlushLine, FlushLine } from '../media/flush-line.ts';
import { levelDbov } from '../media/level.ts';
import { frameZeroAt, isTold, numberIn, type CallSound, type LoggedCall } from './logged-call.ts';
import { RecogniserOfLog } from './recogniser-of-log.ts';
import { RepliesOfLog, type ReplyOfLog } from './replies-of-log.ts';
import { StepwiseDetector } from './stepwise-detector.ts';

/*
 * A call again, on a clock that nobody waits for. Real are the detector, which hears the recording, and the turn machine
 * with its policies. The recogniser answers, the model and the voice speak, and the line does as they did in the call: in
 * the same time after they were asked. Threads and packets are on time, which they may not have been then. Where other decisions are made than in the call, so are other questions asked;
 * then their answers are what the log lets know of them (recogniser-of-log.ts, replies-of-log.ts).
 */

/** What stands in the log, and isn't brought about by the replay itself: it happens when it happened. */
const OUTSIDE: ReadonlySet<string> = new Set<TurnEvent['type']>([
  ...['answered', 'line-heard', 'dtmf', 'hold', 'unhold', 'caller-changed', 'line-ended'],
  ...['target-left', 'media-lost', 'internal-error', 'finish', 'operator-says', 'put-through'],
  ...['partial', 'turn-eager-end', 'turn-end', 'turn-resume', 'recogniser', 'stt-failed'],
] as TurnEvent['type'][]);
const DETECTOR: ReadonlySet<string> = new Set<TurnEvent['type']>([
  ...(['speech-start', 'speech-stop', 'speech-lasts', 'level-rises', 'barge-in'] as const),
]);

/** So long after the log's last step the call is given up, if it hasn't ended. */
const PATIENCE_MS = 1000;
const LAST = 1e9;
/** From an interruption to the account of what was heard. */
const ACCOUNT_MS = 20;

/** The steps that the same call takes with `changed` settings, in the place of those that it had. */
export async function replayCall(
  call: LoggedCall,
  changed: Readonly<Record<string, unknown>> = {},
): Promise<readonly TurnStep[]> {
  const again = new CallAgain(call, settingsFrom({ ...call.settings, ...changed }));
  return again.run();
}

type PostedEvent = TurnEvent extends infer E ? (E extends TurnEvent ? Omit<E, 'at'> : never) : never;

/** Somebody who speaks: a reply, or a phrase. */
interface Speaking {
  readonly id: number;
  readonly of: ReplyOfLog;
  readonly begunAt: Milliseconds;
  isReleased: boolean;
  audibleAt?: Milliseconds;
  /** It may not begin for now; `then`: it would have begun by now. */
  heldBack?: { then?: () => void } | undefined;
  /** What is left of its sound; since when it runs, if it does. */
  leftMs: Milliseconds;
  runsSince?: Milliseconds | undefined;
  /** What of it is still to come; void when that changes. */
  plan: symbol;
}

class CallAgain {
  readonly #call: LoggedCall;
  readonly #settings: TurnSettings;
  readonly #log = new TurnLog({});
  readonly #steps: TurnStep[] = [];
  readonly #waiting: { at: Milliseconds; order: number; happen: () => void }[] = [];
  readonly #flush = createFlushLine();
  readonly #flushLine = new FlushLine(this.#flush);
  readonly #recogniser: RecogniserOfLog;
  readonly #replies: RepliesOfLog;
  readonly #speaking = new Map<number, Speaking>();
  #state: TurnState;
  #now: Milliseconds;
  #order = 0;
  #begin = 0;
  #transfers = 0;

  constructor(call: LoggedCall, settings: TurnSettings) {
    this.#call = call;
    this.#settings = settings;
    this.#recogniser = new RecogniserOfLog(call.steps);
    this.#replies = new RepliesOfLog(call.steps);
    this.#state = opening(settings);
    this.#now = call.steps[0]?.at ?? 0;
  }

  async run(): Promise<readonly TurnStep[]> {
    const { steps, sound } = this.#call;
    for (const one of steps.filter(isTold)) {
      const isOurs = OUTSIDE.has(one.told) || (!sound && DETECTOR.has(one.told));
      if (!isOurs) continue;
      const { at, told, ...fields } = one;
      // At one instant it comes last: what it may follow from, as a hang-up from a goodbye, was there before it.
      this.#waiting.push({
        at,
        order: this.#order++ + LAST,
        happen: () => {
          this.#post({ type: told, ...fields } as unknown as PostedEvent);
        },
      });
    }
    if (sound) await this.#listen(sound, frameZeroAt(steps) ?? this.#now);
    this.#passUntil((steps.at(-1)?.at ?? 0) + PATIENCE_MS);
    this.#steps.push(...this.#log.take().steps);
    return this.#steps;
  }

  /** Frame by frame, as both sides were heard. */
  async #listen({ rateHz, caller, agent }: CallSound, zeroAt: Milliseconds): Promise<void> {
    const [heard, sent] = [createAudioRing(rateHz), createAudioRing(rateHz)];
    const [hears, sends] = [new AudioRingWriter(heard), new AudioRingWriter(sent)];
    const detector = StepwiseDetector.load();
    const onEvent = (event: VadEvent): void => {
      this.#heard(event);
    };
    const { bargeInMs } = this.#settings as TurnSettings & { readonly bargeInMs?: Milliseconds };
    await detector.open({
      heard,
      sent,
      flushLine: this.#flush,
      onEvent,
      ...(bargeInMs !== undefined && { bargeInMs }),
    });
    const size = hears.samplesPerFrame;
    for (let frame = 0; (frame + 1) * size <= caller.length && this.#state.phase !== 'over'; frame++) {
      const at = zeroAt + frame * FRAME_MS;
      this.#passUntil(at);
      for (const [writer, side] of [
        [sends, agent],
        [hears, caller],
      ] as const) {
        writer.slot.set(side.subarray(frame * size, (frame + 1) * size));
        writer.commit(at, levelDbov(writer.slot));
      }
      detector.step();
    }
  }

  #heard(event: VadEvent): void {
    switch (event.type) {
      case 'speech-start':
      case 'level-rises':
      case 'barge-in':
        this.#post({ type: event.type, frame: event.frame, since: event.at });
        break;
      case 'speech-lasts':
        this.#post({ ...event, since: event.at });
        break;
      case 'speech-stop':
        this.#post({ type: event.type, frame: event.frame, lastAt: event.at, traits: event.traits });
    }
  }

  // ── time ──

  #at(at: Milliseconds, happen: () => void): void {
    this.#waiting.push({ at: Math.max(at, this.#now), order: this.#order++, happen });
    this.#waiting.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  #in(duration: Milliseconds, happen: () => void): void {
    this.#at(this.#now + duration, happen);
  }

  /** All that happens by then. */
  #passUntil(until: Milliseconds): void {
    while (this.#state.phase !== 'over') {
      const deadline = nextDeadline(this.#state, this.#settings);
      const [next] = this.#waiting;
      if (next && next.at <= until && (deadline === undefined || next.at <= deadline)) {
        this.#waiting.shift();
        this.#now = Math.max(this.#now, next.at);
        next.happen();
      } else if (deadline !== undefined && deadline <= until) {
        this.#now = Math.max(this.#now, deadline);
        this.#post({ type: 'tick' });
      } else break;
    }
    this.#now = Math.max(this.#now, until);
  }

  // ── the machine, and what is done ──

  #post(event: PostedEvent): void {
    if (this.#state.phase === 'over') return;
    const happened = { ...event, at: this.#now } as TurnEvent;
    const before = this.#state;
    const { state, actions } = turnStep(before, happened, this.#settings);
    this.#state = state;
    this.#log.told(happened);
    for (const action of actions) {
      this.#log.did(action, this.#now);
      this.#carryOut(action);
    }
    arm(this.#flushLine, before, state, this.#settings);
    if (this.#log.isFull) this.#steps.push(...this.#log.take().steps);
  }

  #carryOut(action: TurnAction): void {
    switch (action.do) {
      case 'begin-turn':
        this.#begin = action.frame;
        break;
      case 'end-turn':
        this.#ask(action);
        break;
      case 'judge-end':
        this.#judge(action);
        break;
      case 'reply':
      case 'say':
        this.#speak(action);
        break;
      case 'release': {
        const speaking = this.#speaking.get(action.reply);
        if (speaking) speaking.isReleased = true;
        if (speaking) this.#begins(speaking);
        break;
      }
      case 'drop':
      case 'interrupt':
        this.#stop(action);
        break;
      case 'hold-back':
        this.#holdBack(this.#speaking.get(action.reply));
        break;
      case 'let-begin':
        this.#letBegin(this.#speaking.get(action.reply));
        break;
      case 'pause':
        this.#pause(this.#speaking.get(action.reply));
        break;
      case 'resume':
        this.#goOn(this.#speaking.get(action.reply));
        this.#flushLine.resume();
        break;
      case 'stop-filler':
        this.#flushLine.flush();
        break;
      case 'transfer':
        this.#transfer();
        break;
      case 'cancel-transfer':
        this.#in(0, () => {
          this.#post({ type: 'transfer-over', outcome: 'cancelled' });
        });
        break;
      default:
    }
  }

  #ask({ ask, frame }: Extract<TurnAction, { do: 'end-turn' }>): void {
    const answer = this.#recogniser.answer({ begin: this.#begin, end: frame }, this.#now);
    if (!answer) return;
    this.#at(answer.at, () => {
      this.#post({ type: 'transcript', ask, transcript: answer.transcript });
    });
  }

  #judge({ frame }: Extract<TurnAction, { do: 'judge-end' }>): void {
    const judged = this.#call.steps
      .filter(isTold)
      .find((one) => one.told === 'end-judged' && Math.abs((numberIn(one, 'frame') ?? 0) - frame) <= 3);
    if (!judged) return;
    this.#at(judged.at, () => {
      this.#post({ type: 'end-judged', frame, chance: numberIn(judged, 'chance') ?? 0.5 });
    });
  }

  #transfer(): void {
    const begun = this.#call.steps.filter((one) => 'did' in one && one.did === 'transfer')[this.#transfers];
    const over = this.#call.steps.filter(isTold).filter((one) => one.told === 'transfer-over')[
      this.#transfers
    ];
    this.#transfers += 1;
    if (!begun || !over) return;
    this.#in(over.at - begun.at, () => {
      const { told: _told, at: _at, ...fields } = over;
      this.#post({ type: 'transfer-over', ...fields } as unknown as PostedEvent);
    });
  }

  // ── who speaks ──

  #speak(action: Extract<TurnAction, { do: 'reply' | 'say' }>): void {
    const { reply: id } = action;
    const gated = action.do === 'reply' && action.gated;
    const { input: _input, ...named } = action as { readonly input?: unknown } & object;
    const of = this.#replies.next({ ...named, did: action.do, at: this.#now });
    if (!of) return;
    const speaking: Speaking = {
      id,
      of,
      begunAt: this.#now,
      isReleased: !gated,
      leftMs: of.soundMs,
      plan: Symbol('plan'),
    };
    this.#speaking.set(id, speaking);
    const tells = (ms: Milliseconds, event: PostedEvent): void => {
      this.#planned(speaking, ms, () => {
        this.#post(event);
      });
    };
    for (const { type, ms } of of.signs) tells(ms, { type, reply: id });
    if (of.failedMs !== undefined) tells(of.failedMs, { type: 'reply-failed', reply: id });
    const ended = { type: 'reply-ended', reply: id, ending: of.ending } as const;
    if (of.endedMs !== undefined && of.failedMs === undefined) tells(of.endedMs, ended);
    this.#begins(speaking);
  }

  /** It is heard as soon as it is ready, and may be. */
  #begins(speaking: Speaking): void {
    const { of, isReleased, begunAt, id } = speaking;
    if (of.readyMs === undefined || !isReleased) return;
    const audibleMs = Math.max(begunAt + of.readyMs, this.#now) + of.sendMs - this.#now;
    const audible = (): void => {
      speaking.audibleAt = this.#now;
      this.#goOn(speaking);
      this.#post({ type: 'reply-audible', reply: id });
    };
    this.#planned(speaking, audibleMs, () => {
      if (speaking.heldBack) speaking.heldBack.then = audible;
      else audible();
    });
  }

  /** Unless other things are planned by then. */
  #planned(speaking: Speaking, ms: Milliseconds, happen: () => void): void {
    const { plan } = speaking;
    this.#in(ms, () => {
      if (speaking.plan === plan && this.#speaking.get(speaking.id) === speaking) happen();
    });
  }

  #goOn(speaking: Speaking | undefined): void {
    if (!speaking || speaking.audibleAt === undefined || speaking.runsSince !== undefined) return;
    speaking.runsSince = this.#now;
    speaking.plan = Symbol('plan');
    const { of, id } = speaking;
    this.#planned(speaking, speaking.leftMs, () => {
      this.#speaking.delete(id);
      this.#post({ type: 'agent-said', reply: id, text: of.text });
      this.#post({ type: 'reply-ended', reply: id, ending: of.ending });
    });
  }

  #holdBack(speaking: Speaking | undefined): void {
    if (speaking && speaking.audibleAt === undefined) speaking.heldBack ??= {};
  }

  #letBegin(speaking: Speaking | undefined): void {
    const then = speaking?.heldBack?.then;
    if (speaking) speaking.heldBack = undefined;
    then?.();
  }

  #pause(speaking: Speaking | undefined): void {
    if (speaking?.runsSince === undefined) return;
    speaking.leftMs = Math.max(0, speaking.leftMs - (this.#now - speaking.runsSince));
    speaking.runsSince = undefined;
    speaking.plan = Symbol('plan');
  }

  #stop({ reply: id }: Extract<TurnAction, { do: 'drop' | 'interrupt' }>): void {
    const speaking = this.#speaking.get(id);
    this.#speaking.delete(id);
    this.#flushLine.flush();
    if (speaking?.audibleAt === undefined) return;
    this.#pause(speaking);
    const { text, soundMs, isCut } = speaking.of;
    const words = text.split(' ');
    const share = soundMs === 0 ? 0 : 1 - speaking.leftMs / soundMs;
    const heard = isCut ? text : words.slice(0, Math.floor(share * words.length)).join(' ');
    this.#in(ACCOUNT_MS, () => {
      this.#post({ type: 'agent-said', reply: id, text: heard });
    });
  }
}
