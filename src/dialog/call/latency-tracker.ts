import type { Milliseconds } from '../../lib/clock.ts';
import type { CallLatency, Stage, TurnMarks } from '../contract/call-events.ts';

export interface LatencyTargets {
  readonly totalMs: Milliseconds;
  readonly llmMs: Milliseconds;
  readonly ttsFirstAudioMs: Milliseconds;
}

export const DEFAULT_LATENCY_TARGETS: LatencyTargets = { totalMs: 700, llmMs: 500, ttsFirstAudioMs: 100 };

/** How long each part of a turn took; undefined where one of its two instants is missing. */
export interface StageTimes {
  /** The caller's last voiced packet → the reply's first packet: what the caller waits. */
  readonly total: Milliseconds | undefined;
  /** The caller's last voiced packet → the turn is certain. */
  readonly pause: Milliseconds | undefined;
  /** Recogniser asked (or the last voiced packet, if it finds turns itself) → final text. */
  readonly stt: Milliseconds | undefined;
  /** Model asked → first token. */
  readonly llm: Milliseconds | undefined;
  /** Model asked → last token. */
  readonly llmWhole: Milliseconds | undefined;
  /** First text given to the synthesiser → first audio. */
  readonly tts: Milliseconds | undefined;
  /** First audio → first packet, and the waiting for the turn's end if the reply was ready before. */
  readonly send: Milliseconds | undefined;
  /**
   * What an early start saved: from the question to the model until the turn was certain, or the reply's first
   * audio was there, whichever came first. Undefined: the model was asked only when the turn was certain.
   */
  readonly saved: Milliseconds | undefined;
}

export interface TurnLatency {
  readonly call: string;
  readonly turn: number;
  readonly marks: TurnMarks;
  readonly stages: StageTimes;
  /** Undefined as long as the turn has no total. */
  readonly withinTarget: boolean | undefined;
  readonly within: { readonly total?: boolean; readonly llm?: boolean; readonly tts?: boolean };
}

/**
 * Where the time of each turn goes, for any number of calls at once. It is handed to those who need it;
 * instants come from outside. It forgets a call on `cleanUp`, and the oldest turns of a long call.
 */
export class LatencyTracker {
  readonly targets: LatencyTargets;
  readonly #turnsKept: number;
  readonly #calls = new Map<string, Map<number, Partial<Record<Stage, Milliseconds>>>>();

  constructor(options: { targets?: Partial<LatencyTargets>; turnsKept?: number } = {}) {
    this.targets = { ...DEFAULT_LATENCY_TARGETS, ...options.targets };
    this.#turnsKept = options.turnsKept ?? 500;
  }

  /** Begins (or begins anew) a turn, with the instants that are known already. */
  start(call: string, turn: number, marks: TurnMarks = {}): void {
    let turns = this.#calls.get(call);
    if (!turns) {
      turns = new Map<number, Partial<Record<Stage, Milliseconds>>>();
      this.#calls.set(call, turns);
    }
    turns.delete(turn);
    turns.set(turn, { ...marks });
    for (const oldest of turns.keys()) {
      if (turns.size <= this.#turnsKept) break;
      turns.delete(oldest);
    }
  }

  /** Notes an instant; the first one of its kind in a turn counts. Unknown turns are ignored. */
  mark(call: string, turn: number, stage: Stage, at: Milliseconds): void {
    const marks = this.#calls.get(call)?.get(turn);
    if (marks) marks[stage] ??= at;
  }

  /** What is known of a turn. */
  turn(call: string, turn: number): TurnLatency | undefined {
    const marks = this.#calls.get(call)?.get(turn);
    return marks && this.#measure(call, turn, marks);
  }

  /** All turns of a call, in order. */
  history(call: string): TurnLatency[] {
    return [...(this.#calls.get(call) ?? [])].map(([turn, marks]) => this.#measure(call, turn, marks));
  }

  /** What a call's caller waited; undefined: no turn has a total. */
  summary(call: string): CallLatency | undefined {
    const totals = this.history(call).flatMap(({ stages }) => stages.total ?? []);
    if (totals.length === 0) return undefined;
    const meanMs = totals.reduce((sum, ms) => sum + ms, 0) / totals.length;
    return { turns: totals.length, meanMs, worstMs: Math.max(...totals) };
  }

  /** Calls that something is known of. */
  get calls(): string[] {
    return [...this.#calls.keys()];
  }

  /** Forgets a call. */
  cleanUp(call: string): void {
    this.#calls.delete(call);
  }

  #measure(call: string, turn: number, marks: TurnMarks): TurnLatency {
    const stages = stageTimes(marks);
    const within = withinTargets(stages, this.targets);
    return { call, turn, marks: { ...marks }, stages, within, withinTarget: within.total };
  }
}

/** The stages between a turn's instants. */
export function stageTimes(marks: TurnMarks): StageTimes {
  const { speechEnd, sttStart, sttFinal, turnEnd, llmStart, llmFirstToken, llmEnd } = marks;
  const { ttsStart, ttsFirstAudio, firstPacket } = marks;
  return {
    total: between(speechEnd, firstPacket),
    pause: between(speechEnd, turnEnd),
    stt: between(sttStart ?? speechEnd, sttFinal),
    llm: between(llmStart, llmFirstToken),
    llmWhole: between(llmStart, llmEnd),
    tts: between(ttsStart, ttsFirstAudio),
    send: between(ttsFirstAudio, firstPacket),
    saved: savedBetween(llmStart, turnEnd, ttsFirstAudio),
  };
}

/**
 * The log line of a turn: `[OK] Turn 1 latency: 412ms (STT: 5ms, LLM: 20ms, TTS: 60ms), 240ms saved by an early
 * start`; `[SLOW] …` beyond the target, `[--] …` without a total. Stages that aren't known are left out, and
 * those beyond their target marked `!`.
 */
export function latencyLine(
  latency: Pick<TurnLatency, 'turn' | 'stages'>,
  targets: LatencyTargets = DEFAULT_LATENCY_TARGETS,
): string {
  const { stages, turn } = latency;
  const within = withinTargets(stages, targets);
  const parts = (['stt', 'llm', 'tts'] as const)
    .filter((stage) => stages[stage] !== undefined)
    .map((stage) => {
      const slow = stage !== 'stt' && within[stage] === false;
      return `${stage.toUpperCase()}: ${whole(stages[stage])}${slow ? '!' : ''}`;
    });
  const detail = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  const verdict = within.total === undefined ? '--' : within.total ? 'OK' : 'SLOW';
  const saved = stages.saved === undefined ? '' : `, ${whole(stages.saved)} saved by an early start`;
  return `[${verdict}] Turn ${turn} latency: ${whole(stages.total)}${detail}${saved}`;
}

/** Which of the known times keep their target. */
function withinTargets(stages: StageTimes, targets: LatencyTargets): TurnLatency['within'] {
  const { totalMs, llmMs, ttsFirstAudioMs } = targets;
  return {
    ...(stages.total === undefined ? {} : { total: stages.total < totalMs }),
    ...(stages.llm === undefined ? {} : { llm: stages.llm < llmMs }),
    ...(stages.tts === undefined ? {} : { tts: stages.tts < ttsFirstAudioMs }),
  };
}

function whole(ms: Milliseconds | undefined): string {
  return ms === undefined ? 'unknown' : `${Math.round(ms)}ms`;
}

function between(from: Milliseconds | undefined, to: Milliseconds | undefined): Milliseconds | undefined {
  return from === undefined || to === undefined ? undefined : Math.max(0, to - from);
}

function savedBetween(
  asked: Milliseconds | undefined,
  certain: Milliseconds | undefined,
  ready: Milliseconds = Infinity,
): Milliseconds | undefined {
  if (asked === undefined || certain === undefined || asked >= certain) return undefined;
  return Math.min(certain, ready) - asked;
}
