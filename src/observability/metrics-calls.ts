import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { FAILURE_REASONS, type EndReason } from '../dialog/contract/end-reason.ts';
import { stageTimes } from '../dialog/call/latency-tracker.ts';
import type { CallInfo } from '../dialog/contract/call-info.ts';
import type { CallObserver, TurnMarks } from '../dialog/contract/call-events.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { codeWords, knownNames } from './metrics-labels.ts';

/** Counted from 0 on for each agent, so that the first call that ends so is an increase, too. */
const USUAL_REASONS: readonly EndReason[] = [
  'caller-hung-up',
  'agent-hung-up',
  'caller-silent',
  'max-call',
  'transfer',
  'transferred',
  'busy',
  'caller-limit',
  'minute-limit',
  'main-thread-late',
  'media-late',
  'draining',
  ...FAILURE_REASONS,
];

/** Around the 700 ms within which an answer feels like one. */
const LATENCY_SECONDS = [
  0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 2.5, 5, 10,
];
const SET_UP_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10];
const DURATION_SECONDS = [1, 5, 10, 20, 30, 60, 120, 180, 300, 600, 1200, 3600];

export interface CallMetricsOptions {
  /** Ids of the agents. */
  readonly agents: readonly string[];
  /** Names of the tools that exist. */
  readonly tools: () => ReadonlySet<string>;
}

/** Counts what the events of the calls tell. */
export function countCalls(registry: Registry, { agents, tools }: CallMetricsOptions): CallObserver {
  const registers = [registry];
  const counter = (name: string, help: string, ...labels: string[]) =>
    new Counter({ name: `voice_agent_${name}`, help, labelNames: labels, registers });
  const histogram = (name: string, help: string, buckets: readonly number[], ...labels: string[]) =>
    new Histogram({
      name: `voice_agent_${name}`,
      help,
      labelNames: labels,
      buckets: [...buckets],
      registers,
    });

  const begun = counter('calls_started_total', 'Calls that came, refused ones included.', 'agent');
  const ended = counter('calls_ended_total', 'Calls that are over, by how they ended.', 'agent', 'reason');
  const running = new Gauge({
    name: 'voice_agent_calls_running',
    help: 'Calls in progress, set-up included.',
    labelNames: ['agent'],
    registers,
  });
  const duration = histogram(
    'call_duration_seconds',
    'From the arrival of a call to its end.',
    DURATION_SECONDS,
    'agent',
  );
  const setUp = histogram(
    'call_setup_seconds',
    'From the arrival of a call to its answer.',
    SET_UP_SECONDS,
    'agent',
  );
  const greeting = histogram(
    'greeting_delay_seconds',
    'From the answer to the first packet of the greeting.',
    SET_UP_SECONDS,
    'agent',
  );
  const turns = counter(
    'turns_total',
    'What callers said or typed, and whether it was understood.',
    'agent',
    'via',
    'understood',
  );
  const latency = histogram(
    'turn_latency_seconds',
    'How long a reply took, by stage; total: from the last speech packet of the caller to the first of the reply.',
    LATENCY_SECONDS,
    'agent',
    'stage',
  );
  const saved = histogram(
    'early_start_saved_seconds',
    'Time saved by preparing a reply before the end of the turn was certain (preemptive generation).',
    LATENCY_SECONDS,
    'agent',
  );
  const bargeIns = counter('barge_ins_total', 'Replies that the caller cut off.', 'agent');
  const sounds = counter(
    'sounds_into_speech_total',
    'Sounds of callers for which the agent paused, by what they were taken for and why.',
    'agent',
    'judgement',
    'by',
  );
  const paused = histogram(
    'pause_seconds',
    'How long the agent was paused for a sound of the caller, by what it was taken for.',
    LATENCY_SECONDS,
    'agent',
    'judgement',
  );
  const digits = counter('dtmf_digits_total', 'Keys that callers pressed.', 'agent');
  const holds = counter('holds_total', 'Times that callers put the agent on hold.', 'agent');
  const transfers = counter(
    'transfers_total',
    'Targets of transfers that were called, by outcome.',
    'agent',
    'outcome',
  );
  const toolCalls = counter('tool_calls_total', 'Tools that were called.', 'agent', 'tool');
  const troubles = counter(
    'troubles_total',
    'What went wrong in calls, by part, and by provider, kind and what was done about it where that is known.',
    'part',
    'provider',
    'kind',
    'outcome',
  );
  const tokens = counter(
    'tokens_total',
    'Tokens of language models, as their providers count them.',
    'agent',
    'provider',
    'direction',
  );

  for (const agent of agents) {
    for (const metric of [begun, bargeIns, digits, holds]) metric.inc({ agent }, 0);
    for (const reason of USUAL_REASONS) ended.inc({ agent, reason }, 0);
    for (const via of ['speech', 'dtmf']) {
      for (const understood of ['true', 'false']) turns.inc({ agent, via, understood }, 0);
    }
    running.set({ agent }, 0);
  }

  const reasonOf = codeWords();
  const providerOf = codeWords();
  const kindOf = codeWords();
  const outcomeOf = codeWords();
  const toolOf = knownNames(tools);
  const calls = new Map<
    string,
    {
      readonly agent: string;
      readonly startedAt: Milliseconds;
      readonly direction: CallInfo['direction'];
    }
  >();

  return (event) => {
    if (event.type === 'started') {
      const { agent } = event;
      calls.set(event.call, { agent, startedAt: event.at, direction: event.info.direction });
      begun.inc({ agent });
      running.inc({ agent });
      return;
    }
    const call = calls.get(event.call);
    if (!call) return;
    const { agent, direction } = call;
    switch (event.type) {
      case 'answered':
        // How long whom we call lets it ring, and says hello, is no delay of ours.
        if (direction === 'in') setUp.observe({ agent }, event.setUpMs / 1000);
        break;
      case 'greeting-started':
        if (direction === 'in') greeting.observe({ agent }, event.afterAnswerMs / 1000);
        break;
      case 'caller-said':
        turns.inc({ agent, via: event.via, understood: String(event.understood) });
        break;
      case 'latency':
        for (const [stage, ms] of stagesOf(event.marks)) {
          if (stage === 'saved') saved.observe({ agent }, ms / 1000);
          else latency.observe({ agent, stage }, ms / 1000);
        }
        break;
      case 'barge-in':
        bargeIns.inc({ agent });
        break;
      case 'sound-judged': {
        const { judgement, by, pausedMs } = event;
        sounds.inc({ agent, judgement, by });
        if (pausedMs > 0) paused.observe({ agent, judgement }, pausedMs / 1000);
        break;
      }
      case 'dtmf':
        digits.inc({ agent });
        break;
      case 'held':
        holds.inc({ agent });
        break;
      case 'transfer':
        transfers.inc({ agent, outcome: event.outcome });
        break;
      case 'tool':
        toolCalls.inc({ agent, tool: toolOf(event.name) });
        break;
      case 'trouble': {
        const { provider, kind, outcome } = event;
        const labels = {
          part: event.part,
          provider: provider === undefined ? '' : providerOf(provider),
          kind: kind === undefined ? '' : kindOf(kind),
        };
        troubles.inc({ ...labels, outcome: outcome === undefined ? '' : outcomeOf(outcome) });
        // The older word goes with the release after the next.
        if (outcome === 'skipped') troubles.inc({ ...labels, outcome: outcomeOf('spared') });
        break;
      }
      case 'usage': {
        const provider = providerOf(event.provider);
        tokens.inc({ agent, provider, direction: 'in' }, event.inputTokens);
        tokens.inc({ agent, provider, direction: 'out' }, event.outputTokens);
        break;
      }
      case 'ended':
        calls.delete(event.call);
        running.dec({ agent });
        ended.inc({ agent, reason: reasonOf(event.reason) });
        duration.observe({ agent }, Math.max(0, event.at - call.startedAt) / 1000);
        break;
    }
  };
}

/** The stages that a turn had, by the names that their label has. */
function stagesOf(marks: TurnMarks): [string, Milliseconds][] {
  const { llmWhole, ...stages } = stageTimes(marks);
  return Object.entries({ ...stages, llm_whole: llmWhole }).flatMap(([stage, ms]) =>
    ms === undefined ? [] : [[stage, ms]],
  );
}
