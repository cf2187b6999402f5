import type { Milliseconds } from '../../lib/clock.ts';
import { stageTimes, type StageTimes } from './latency-tracker.ts';
import type {
  CallLatency,
  CallEvent,
  JudgedSound,
  TurnLogSettings,
  TurnStep,
} from '../contract/call-events.ts';
import type { CallInfo, Party, TransferOutcome } from '../contract/call-info.ts';
import type { MediaStats } from '../contract/call-media.ts';
import type { ProviderTrouble } from '../contract/provider-failures.ts';

/** What is kept of a call. Plain data; instants are milliseconds after the call began. */
export interface CallRecord {
  readonly version: 1;
  readonly call: string;
  /** When it began, ISO 8601, UTC. */
  readonly startedAt: string;
  readonly info: CallInfo;
  /** Whom a transfer on the caller's side put in the caller's place. */
  readonly laterCallers?: readonly (Party & { readonly atMs: Milliseconds })[];
  readonly agent: string;
  /** From the call's arrival to the answer; missing: never answered. */
  readonly setUpMs?: Milliseconds;
  /** From the answer to the greeting's first packet. */
  readonly greetingMs?: Milliseconds;
  readonly said: readonly Saying[];
  readonly latencies: readonly { readonly turn: number; readonly stages: Partial<StageTimes> }[];
  readonly bargeIns: readonly {
    readonly atMs: Milliseconds;
    readonly turn: number;
    readonly playedMs: Milliseconds;
  }[];
  /** Sounds of the caller's for which the agent paused, and what they were taken for; missing: none. */
  readonly sounds?: readonly (Omit<JudgedSound, 'words'> & { readonly atMs: Milliseconds })[];
  /** From which `voice-agent replay` takes the turns anew; the steps' `at` are milliseconds after the call began. */
  readonly turnLog?: readonly TurnLogPart[];
  readonly digits: string;
  readonly holds: number;
  readonly tools: readonly { readonly atMs: Milliseconds; readonly name: string; readonly result?: string }[];
  /** Targets that were called; `talkMs`, `endedBy`: of those who answered. */
  readonly transfers?: readonly TransferNote[];
  readonly troubles: readonly {
    readonly atMs: Milliseconds;
    readonly part: string;
    readonly message: string;
    /** Where a provider failed: which one, with what (docs/errors.md), and what was done. */
    readonly provider?: string;
    readonly kind?: string;
    readonly outcome?: ProviderTrouble['outcome'];
    readonly next?: string;
  }[];
  /** Tokens by provider; missing where none counted any. */
  readonly usage?: Readonly<Record<string, TokenUsage>>;
  /** Which run of the program took the call. */
  readonly run?: string;
  /** Missing: the call is running, or that run of the program ended during it. */
  readonly ended?: {
    readonly reason: string;
    readonly durationMs: Milliseconds;
    readonly variables: Readonly<Record<string, string>>;
    readonly media: MediaStats;
    readonly latency?: CallLatency;
  };
  /** What it cost, where prices are configured. */
  readonly cost?: { readonly amount: number; readonly currency: string };
  /** File name of the recording, in the folder of the call's day. */
  readonly recording?: string;
}

export interface TurnLogPart {
  readonly atMs: Milliseconds;
  readonly turn: number;
  readonly settings?: TurnLogSettings;
  readonly steps: readonly TurnStep[];
  /** Words, or keys, were taken out of it. */
  readonly masked?: true;
}

export interface TransferNote {
  readonly atMs: Milliseconds;
  readonly target: string;
  readonly outcome: TransferOutcome;
  readonly ringMs: Milliseconds;
  readonly talkMs?: Milliseconds;
  readonly endedBy?: 'caller' | 'target' | 'system';
}

export interface TokenUsage {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Something that was said. Without `text` where texts aren't kept. */
export interface Saying {
  /** When it began, and ended if that is known. */
  readonly atMs: Milliseconds;
  readonly endMs?: Milliseconds;
  readonly turn: number;
  readonly who: 'caller' | 'agent';
  readonly text?: string;
  readonly words: number;
  readonly via?: 'speech' | 'dtmf';
  readonly understood?: boolean;
  readonly interrupted?: boolean;
  /** What would have come then, as far as it was written: nobody heard it. */
  readonly unheard?: string;
}

/** What that side has said aloud, in order, with its place `n` among all that was said. */
export function spokenBy(
  side: Saying['who'],
  { said }: Pick<CallRecord, 'said'>,
): readonly { readonly n: number; readonly saying: Saying }[] {
  return said
    .map((saying, n) => ({ n, saying }))
    .filter(({ saying: { who, via } }) => who === side && via !== 'dtmf');
}

/** A record that grows with its call's events; `origin` is the monotonic instant of the first. */
export interface RecordInProgress {
  readonly origin: Milliseconds;
  readonly record: CallRecord;
}

/** The record of a call that has just begun. `startedAt`: ISO 8601, UTC. */
export function beginRecord(
  event: Extract<CallEvent, { type: 'started' }>,
  startedAt: string,
): RecordInProgress {
  return {
    origin: event.at,
    record: {
      version: 1,
      call: event.call,
      startedAt,
      info: event.info,
      agent: event.agent,
      said: [],
      latencies: [],
      bargeIns: [],
      digits: '',
      holds: 0,
      tools: [],
      troubles: [],
    },
  };
}

/** The record after one more event. Pure. */
export function addToRecord({ origin, record }: RecordInProgress, event: CallEvent): RecordInProgress {
  return { origin, record: fold(record, event, origin) };
}

function fold(record: CallRecord, event: CallEvent, origin: Milliseconds): CallRecord {
  const atMs = Math.round(event.at - origin);
  switch (event.type) {
    case 'answered':
      return { ...record, setUpMs: round(event.setUpMs) };
    case 'greeting-started':
      return { ...record, greetingMs: round(event.afterAnswerMs) };
    case 'caller-said':
    case 'agent-said':
      return { ...record, said: [...record.said, sayingOf(event, origin)] };
    case 'latency':
      return { ...record, latencies: [...record.latencies, latencyOf(event)] };
    case 'barge-in': {
      const bargeIn = { atMs, turn: event.turn, playedMs: round(event.playedMs) };
      return { ...record, bargeIns: [...record.bargeIns, bargeIn] };
    }
    case 'sound-judged': {
      const { turn, judgement, by, soundMs, pausedMs } = event;
      const sound = { atMs, turn, judgement, by, soundMs: round(soundMs), pausedMs: round(pausedMs) };
      return { ...record, sounds: [...(record.sounds ?? []), sound] };
    }
    case 'turn-log': {
      const { turn, settings } = event;
      const steps = event.steps.map((one) => since(origin, one));
      const part = { atMs, turn, ...(settings && { settings }), steps };
      return { ...record, turnLog: [...(record.turnLog ?? []), part] };
    }
    case 'dtmf':
      return { ...record, digits: record.digits + event.digit };
    case 'held':
      return { ...record, holds: record.holds + 1 };
    case 'caller-changed':
      return { ...record, laterCallers: [...(record.laterCallers ?? []), { atMs, ...event.caller }] };
    case 'tool': {
      const { name, result } = event;
      return { ...record, tools: [...record.tools, { atMs, name, result }] };
    }
    case 'transfer': {
      const { target, outcome } = event;
      const note: TransferNote = { atMs, target, outcome, ringMs: round(event.ringMs) };
      return { ...record, transfers: [...(record.transfers ?? []), note] };
    }
    case 'transfer-ended': {
      const before = record.transfers?.slice(0, -1) ?? [];
      const answered = record.transfers?.at(-1);
      if (!answered) return record;
      const note: TransferNote = { ...answered, talkMs: round(event.talkMs), endedBy: event.by };
      return { ...record, transfers: [...before, note] };
    }
    case 'trouble':
      return { ...record, troubles: [...record.troubles, { atMs, ...troubleOf(event) }] };
    case 'usage':
      return { ...record, usage: { ...record.usage, [event.provider]: usageWith(record, event) } };
    case 'ended':
      return { ...record, ended: { durationMs: atMs, ...endOf(event) } };
    default:
      return record;
  }
}

function latencyOf({
  turn,
  marks,
}: Extract<CallEvent, { type: 'latency' }>): CallRecord['latencies'][number] {
  const stages = Object.entries(stageTimes(marks))
    .filter(([, ms]) => ms !== undefined)
    .map(([stage, ms]) => [stage, round(ms as Milliseconds)]);
  return { turn, stages: Object.fromEntries(stages) as Partial<StageTimes> };
}

function endOf({
  reason,
  variables,
  media,
  latency,
}: Extract<CallEvent, { type: 'ended' }>): Omit<NonNullable<CallRecord['ended']>, 'durationMs'> {
  if (!latency) return { reason, variables, media };
  const { turns, meanMs, worstMs } = latency;
  return { reason, variables, media, latency: { turns, meanMs: round(meanMs), worstMs: round(worstMs) } };
}

/** What a provider has counted, with one request more. */
function usageWith(
  { usage }: CallRecord,
  { provider, inputTokens, outputTokens }: Extract<CallEvent, { type: 'usage' }>,
): TokenUsage {
  const before = usage?.[provider] ?? { requests: 0, inputTokens: 0, outputTokens: 0 };
  return {
    requests: before.requests + 1,
    inputTokens: before.inputTokens + inputTokens,
    outputTokens: before.outputTokens + outputTokens,
  };
}

function sayingOf(
  event: Extract<CallEvent, { type: 'caller-said' | 'agent-said' }>,
  origin: Milliseconds,
): Saying {
  const { at, since, until, turn, text } = event;
  const said = {
    atMs: Math.round((since ?? at) - origin),
    ...(until !== undefined && { endMs: Math.round(until - origin) }),
    turn,
    text,
    words: text.split(/\s+/).filter(Boolean).length,
  };
  return event.type === 'caller-said'
    ? { ...said, who: 'caller', via: event.via, understood: event.understood }
    : {
        ...said,
        who: 'agent',
        interrupted: event.interrupted,
        ...(event.unheard !== undefined && { unheard: event.unheard }),
      };
}

function troubleOf({
  call: _call,
  at: _at,
  type: _type,
  ...trouble
}: Extract<CallEvent, { type: 'trouble' }>): Omit<CallRecord['troubles'][number], 'atMs'> {
  return trouble;
}

/** Instants of the clock become those of the call. */
function since(origin: Milliseconds, step: TurnStep): TurnStep {
  const instants = Object.entries(step).filter(
    (entry): entry is [string, Milliseconds] => INSTANTS.has(entry[0]) && typeof entry[1] === 'number',
  );
  return { ...step, ...Object.fromEntries(instants.map(([name, at]) => [name, round(at - origin)])) };
}

const INSTANTS: ReadonlySet<string> = new Set(['at', 'since', 'lastAt', 'readyAt']);

function round(ms: Milliseconds): Milliseconds {
  return Math.round(ms * 10) / 10;
}
