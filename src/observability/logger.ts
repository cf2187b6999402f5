import { pino, type Logger as PinoLogger } from 'pino';
import { latencyLine, stageTimes, type LatencyTargets } from '../dialog/call/latency-tracker.ts';
import { TOOL } from '../dialog/contract/tool-names.ts';
import type { CallEvent, CallObserver } from '../dialog/contract/call-events.ts';
import type { CallInfo } from '../dialog/contract/call-info.ts';
import { printable } from '../lib/printed.ts';
import { LogOutput } from './log-output.ts';
import { describeOutcome } from './describe-outcome.ts';

export type Logger = PinoLogger;

export interface LoggerOptions {
  /** trace, debug, info, warn, error, fatal or silent. */
  readonly level: string;
  /**
   * `json`: a JSON object a line, for machines. `pretty`: a readable line, for people. `auto`: readable
   * on a terminal, JSON elsewhere.
   */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Where lines go; standard output by default. */
  readonly write?: (line: string) => void;
  /** Whether a person watches that; by default, whether standard output is a terminal. */
  readonly terminal?: boolean;
}

/** Keys whose values are never written, wherever they stand in a log object. */
const SECRET_KEYS = ['password', 'apiKey', 'authorization', 'secret', 'token'];

/** The process's logger. Times are wall-clock, milliseconds since the Unix epoch in JSON. */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? new LogOutput().write;
  const terminal = options.terminal ?? process.stdout.isTTY;
  const pretty = options.format === 'auto' ? terminal : options.format === 'pretty';
  return pino(
    {
      level: options.level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '(hidden)' },
    },
    {
      write: pretty
        ? (line) => {
            write(readable(line));
          }
        : write,
    },
  );
}

/** `12:00:00.123 INFO  message key=value …` by this machine's clock, with an error's stack below it. */
function readable(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest)
    .filter(([key]) => key !== 'callEvent' && key !== 'event')
    .map(([key, value]) => `${key}=${printable(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join(' ');
  const clock = clockTime(new Date(Number(time)));
  const stack = err && typeof err === 'object' && 'stack' in err ? `\n${String(err.stack)}` : '';
  return `${clock} ${String(level).toUpperCase().padEnd(5)} ${typeof msg === 'string' ? printable(msg) : ''}${fields && `  ${fields}`}${stack}\n`;
}

function clockTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

const LEVELS: Partial<Record<CallEvent['type'], 'warn' | 'debug'>> = {
  trouble: 'warn',
  'preemptive-reply-dropped': 'debug',
};

/** A tool that failed is for people to look at, a message that is lost above all. */
function levelOf(event: CallEvent): 'error' | 'warn' | 'info' | 'debug' {
  if (event.type !== 'tool' || !event.result.startsWith('error')) return LEVELS[event.type] ?? 'info';
  return event.name === TOOL.takeMessage ? 'error' : 'warn';
}

/**
 * Writes what happens in calls: a sentence for people, and the event itself under `callEvent` for
 * machines (the lab's screen reads it). Spoken texts are left out unless `texts` is on.
 */
export function logCalls(
  logger: Logger,
  options: { readonly texts: boolean; readonly targets: LatencyTargets },
): CallObserver {
  return (event) => {
    if (event.type === 'turn-log') return;
    const shown = options.texts ? event : withoutTexts(event);
    logger[levelOf(event)]({ call: event.call, callEvent: shown }, sentence(shown, options.targets));
  };
}

/** Of what was said or keyed, only how much it was. */
export function withoutTexts(event: CallEvent): CallEvent {
  switch (event.type) {
    case 'caller-said':
      return { ...event, text: wordCount(event.text) };
    case 'agent-said': {
      const { unheard: _, ...heard } = event;
      return { ...heard, text: wordCount(event.text) };
    }
    case 'sound-judged':
      return { ...event, words: wordCount(event.words) };
    case 'dtmf':
      return { ...event, digit: '*' };
    case 'tool':
      return {
        ...event,
        result: `(${event.result.startsWith('error') ? 'error, ' : ''}${event.result.length} characters)`,
      };
    default:
      return event;
  }
}

function wordCount(text: string): string {
  return `(${text.split(/\s+/).filter(Boolean).length} words)`;
}

function sentence(event: CallEvent, targets: LatencyTargets): string {
  switch (event.type) {
    case 'started':
      return `call from ${callerOf(event.info)} to ${event.info.dialled}, for ${event.agent}${variablesOf(event.info)}`;
    case 'answered':
      return `answered after ${event.setUpMs.toFixed(0)} ms`;
    case 'greeting-started':
      return `greeting heard ${event.afterAnswerMs.toFixed(0)} ms after the answer`;
    case 'caller-said':
      return event.via === 'dtmf'
        ? `caller pressed ${event.text}`
        : `caller${event.understood ? '' : ' (not understood)'}${ago(event)}: ${event.text}`;
    case 'agent-said':
      return `agent${event.interrupted ? ' (interrupted)' : ''}${ago(event)}: ${event.text}`;
    case 'latency':
      return latencyLine({ turn: event.turn, stages: stageTimes(event.marks) }, targets);
    case 'preemptive-reply-dropped':
      return `a reply that was prepared for ${event.preparedMs.toFixed(0)} ms is dropped: the caller goes on`;
    case 'barge-in':
      return `barge-in after ${event.playedMs.toFixed(0)} ms of the reply`;
    case 'sound-judged':
      return judgementLine(event);
    case 'turn-log':
      return `${event.steps.length} steps of turn ${event.turn}`;
    case 'dtmf':
      return `key ${event.digit}`;
    case 'held':
      return 'the caller put us on hold';
    case 'unheld':
      return 'the caller is back from hold';
    case 'caller-changed':
      return `a transfer put ${callerOf(event)} in the caller's place`;
    case 'tool':
      return `tool ${event.name}: ${event.result}`;
    case 'transfer':
      return `transfer to ${event.target}: ${event.outcome} after ${(event.ringMs / 1000).toFixed(1)} s`;
    case 'transfer-ended':
      return `talked with ${event.target} for ${(event.talkMs / 1000).toFixed(1)} s, ended by the ${event.by}`;
    case 'trouble':
      return `trouble with ${event.part}: ${event.message}${outcomeOf(event)}`;
    case 'usage':
      return `${event.provider} took ${event.inputTokens} tokens and gave ${event.outputTokens}`;
    case 'ended':
      return `call ended: ${event.reason}${latencyOf(event)}`;
  }
}

function judgementLine({
  judgement,
  by,
  words,
  soundMs,
  pausedMs,
}: Extract<CallEvent, { type: 'sound-judged' }>): string {
  const sound = `a sound of ${soundMs.toFixed(0)} ms into the agent's words`;
  const outcome = judgement === 'interruption' ? 'an interruption' : 'no interruption';
  const reason = {
    words: `"${words}"`,
    'no-words': 'no words',
    sound: 'its sound',
    time: 'no words in time',
    length: 'its length',
  }[by];
  return `${sound} was ${outcome} (${reason}); the agent paused for ${pausedMs.toFixed(0)} ms`;
}

function latencyOf({ latency }: Extract<CallEvent, { type: 'ended' }>): string {
  if (!latency) return '';
  const { turns, meanMs, worstMs } = latency;
  return `; ${turns} turns answered after ${meanMs.toFixed(0)} ms on average, ${worstMs.toFixed(0)} ms at worst`;
}

/** How long before it was told something began to be said: a log line has the time of the telling. */
function ago({ at, since }: { readonly at: number; readonly since?: number }): string {
  return since === undefined ? '' : ` (began ${((at - since) / 1000).toFixed(1)} s ago)`;
}

function outcomeOf({ outcome, next }: Extract<CallEvent, { type: 'trouble' }>): string {
  return outcome === undefined ? '' : `; ${describeOutcome(outcome, next)}`;
}

function callerOf({ caller }: Pick<CallInfo, 'caller'>): string {
  return `${caller.number ?? 'an unknown number'}${caller.name ? ` (${caller.name})` : ''}`;
}

function variablesOf({ variables }: CallInfo): string {
  const known = Object.entries(variables).filter(([, value]) => value !== '');
  return known.length === 0 ? '' : `; ${known.map(([name, value]) => `${name}=${value}`).join(', ')}`;
}
