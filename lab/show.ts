/** How the lab prints calls: conversations as they happen, and tables. */
import { beganAt } from './agent-events.ts';
import type { AgentCall, SeenEvent, TurnLatency } from './agent-events.ts';

/** Wall clock as a person reads it: 14:03:22.8 */
export function clock(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const tenth = Math.floor(date.getMilliseconds() / 100);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${tenth}`;
}

/**
 * One line for one event of a call, with the time at which it began (a sentence is told when it was
 * said); undefined for those that only machines want. */
export function eventLine(call: AgentCall, seen: SeenEvent): string | undefined {
  const text = eventText(seen.event);
  return text === undefined ? undefined : `${clock(beganAt(seen))}  ${call.dialled}  ${text}`;
}

function eventText(event: SeenEvent['event']): string | undefined {
  switch (event.type) {
    case 'started':
      return `☎ ${event.info.caller.number || 'somebody'} calls, for ${event.agent}`;
    case 'answered':
      return `answered after ${Math.round(event.setUpMs)} ms`;
    case 'caller-said':
      if (event.via === 'dtmf') return `caller presses ${event.text}`;
      return event.understood ? `caller: ${event.text}` : `caller: (not understood) ${event.text}`;
    case 'agent-said':
      return ['agent: ', event.text, event.interrupted ? '… (interrupted)' : ''].filter(Boolean).join(' ');
    case 'barge-in':
      return `caller interrupts after ${Math.round(event.playedMs)} ms`;
    case 'held':
      return 'caller is on hold';
    case 'unheld':
      return 'caller is back';
    case 'caller-changed':
      return `somebody else is on the line: ${event.caller.number || 'unknown'}`;
    case 'trouble':
      return `trouble with ${event.part}: ${event.message}`;
    case 'ended':
      return `ended: ${event.reason}`;
    default:
      return undefined;
  }
}

/** Columns as wide as they must be; numbers to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const cells = rows.map((row) => row.map((cell) => (cell === undefined ? '–' : String(cell))));
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const numeric = head.map((_, i) => rows.every((row) => typeof row[i] !== 'string'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...cells.map(line)].join('\n');
}

export const LATENCY_HEAD = ['STT ms', 'LLM ms', 'TTS ms', 'send ms', 'total ms'] as const;

export function latencyCells(latency: TurnLatency | undefined): (number | undefined)[] {
  return [latency?.sttMs, latency?.llmMs, latency?.ttsMs, latency?.sendMs, latency?.totalMs];
}
