import type { CallRecord, Saying, TransferNote } from '../dialog/call/call-record.ts';
import type { StageTimes } from '../dialog/call/latency-tracker.ts';
import type { CallInfo } from '../dialog/contract/call-info.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { describeOutcome } from './describe-outcome.ts';

/** Where a record has no end. `programRuns`: the run of the program that took the call is going on. */
export function withoutEnd(programRuns: boolean): string {
  return programRuns ? 'not yet' : 'the program ended during it';
}

/** The conversation and its figures as people read them, one line each. `began`: as they read the time. */
export function describeRecord(record: CallRecord, programRuns: boolean, began = record.startedAt): string[] {
  const { info, ended } = record;
  const latencies = record.latencies.map(({ stages }) => stages.total).filter((ms) => ms !== undefined);
  const mean = latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length;
  const measured =
    latencies.length === 0
      ? 'none measured'
      : `${latencies.length} measured, mean ${Math.round(mean)} ms, worst ${Math.round(Math.max(...latencies))} ms`;
  return [
    `call       ${record.call}`,
    `began      ${began}`,
    `from       ${nameOf(info.caller)} to ${info.dialled} (${record.agent})`,
    ...(record.laterCallers ?? []).map(
      ({ atMs, ...caller }) => `then       ${nameOf(caller)}, from ${stamp(atMs).trim()} on`,
    ),
    `set up     ${milliseconds(record.setUpMs)}, greeting ${milliseconds(record.greetingMs)} after the answer`,
    `ended      ${ended ? `${ended.reason} after ${(ended.durationMs / 1000).toFixed(1)} s` : withoutEnd(programRuns)}`,
    `turns      ${measured}; ${record.bargeIns.length} barge-ins`,
    ...(ended
      ? [
          `packets    ${ended.media.packetsReceived} received, ${ended.media.packetsSent} sent, ${ended.media.packetsLost} lost`,
        ]
      : []),
    ...Object.entries(record.usage ?? {}).map(
      ([provider, { requests, inputTokens, outputTokens }]) =>
        `tokens     ${provider}: ${inputTokens} in, ${outputTokens} out, ${requests} requests`,
    ),
    ...(record.cost ? [`cost       ${record.cost.amount.toFixed(4)} ${record.cost.currency}`] : []),
    ...(record.recording === undefined ? [] : [`recording  ${record.recording}`]),
    '',
    ...[...record.said].sort((a, b) => a.atMs - b.atMs).map(sentence),
    ...record.latencies.map(({ turn, stages }) => `latency    turn ${turn}: ${stageList(stages)}`),
    ...record.tools.map(
      ({ atMs, name, result }) => `${stamp(atMs)} tool    ${name}${result ? `: ${result}` : ''}`,
    ),
    ...(record.transfers ?? []).map(transferLine),
    ...record.troubles.map(({ atMs, part, message, outcome, next }) => {
      const done = outcome === undefined ? '' : `; ${describeOutcome(outcome, next)}`;
      return `${stamp(atMs)} trouble ${part}: ${message}${done}`;
    }),
  ];
}

function nameOf({ name, number }: CallInfo['caller']): string {
  return [name, number].filter(Boolean).join(' ') || 'unknown';
}

function sentence({ atMs, who, text, words, understood, via, interrupted }: Saying): string {
  const said = text ?? `(${words} words)`;
  const notes = [
    via === 'dtmf' ? 'keys' : '',
    understood === false ? 'not understood' : '',
    interrupted === true ? 'interrupted' : '',
  ].filter(Boolean);
  return `${stamp(atMs)} ${who.padEnd(7)} ${said}${notes.length > 0 ? ` [${notes.join(', ')}]` : ''}`;
}

function transferLine({ atMs, target, outcome, ringMs, talkMs, endedBy }: TransferNote): string {
  const seconds = (ms: Milliseconds): string => `${(ms / 1000).toFixed(1)} s`;
  const talk = talkMs === undefined ? '' : `; talked for ${seconds(talkMs)}, ended by the ${endedBy ?? '?'}`;
  return `${stamp(atMs)} transfer to ${target}: ${outcome} after ${seconds(ringMs)}${talk}`;
}

function stageList(stages: Partial<StageTimes>): string {
  return Object.entries(stages)
    .map(([stage, ms]) => `${stage} ${ms} ms`)
    .join(', ');
}

function stamp(atMs: Milliseconds): string {
  return `${(atMs / 1000).toFixed(1).padStart(7)} s`;
}

function milliseconds(ms: Milliseconds | undefined): string {
  return ms === undefined ? '–' : `${ms} ms`;
}
