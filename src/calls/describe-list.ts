import stringWidth from 'string-width';
import type { CallRecord } from '../dialog/call/call-record.ts';
import { withoutEnd } from '../observability/describe-record.ts';
import { isGoingOn } from '../lib/program-run.ts';
import type { Row } from '../store/schema.ts';
import { localTime } from './local-time.ts';
import { printable } from '../lib/printed.ts';

const HEAD = ['began', 'caller', 'dialled, agent', 'length', 'turns', 'mean', 'ended by', 'name'];
/** A name that somebody made up shall not fill the screen. */
const LONGEST_CALLER = 40;

/** Calls, one a line, below a line that says what is what. */
export function describeList(records: readonly CallRecord[]): string[] {
  const rows = [HEAD, ...records.map(summary)].map((row) => row.map(printable));
  const callers = Math.max(14, ...rows.map(([, caller = '']) => stringWidth(caller)));
  const dialled = Math.max(18, ...rows.map(([, , to = '']) => stringWidth(to)));
  return rows.map(
    ([began = '', caller = '', to = '', length = '', turns = '', mean = '', why = '', name = '']) =>
      [
        began.padEnd(19),
        padded(caller, callers),
        padded(to, dialled),
        length.padStart(8),
        turns.padStart(5),
        mean.padStart(8),
        why.padEnd(16),
        name,
      ].join('  '),
  );
}

/** The run of the program that took the call is going on. */
export function programRuns({ run }: CallRecord): boolean {
  return run !== undefined && isGoingOn(run);
}

function summary(record: CallRecord): string[] {
  const { info, ended } = record;
  const totals = record.latencies.map(({ stages }) => stages.total).filter((ms) => ms !== undefined);
  const mean =
    totals.length === 0 ? '–' : `${Math.round(totals.reduce((a, b) => a + b, 0) / totals.length)} ms`;
  const caller = [info.caller.number, info.caller.name].filter(Boolean).join(' ') || 'unknown';
  return [
    localTime(record.startedAt),
    shortened(caller, LONGEST_CALLER),
    `${info.dialled} ${record.agent}`,
    ended ? `${(ended.durationMs / 1000).toFixed(1)} s` : '–',
    String(totals.length),
    mean,
    ended?.reason ?? withoutEnd(programRuns(record)),
    record.call,
  ];
}

/** To so many columns of a terminal at most: a letter of Chinese, Japanese or Korean takes two, a mark upon a letter none. */
function shortened(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let [kept, width] = ['', 0];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += stringWidth(segment);
    if (width >= columns) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** With spaces to so many columns, which it doesn't exceed. */
function padded(text: string, columns: number): string {
  return text + ' '.repeat(columns - stringWidth(text));
}

/** A message as programs get it. `takenAt`, `doneAt`: ISO 8601, UTC. */
export function messageOf(row: Row<'messages'>) {
  const { id, taken_at, agent, name, number, text, info, state, done_at } = row;
  return {
    takenAt: new Date(taken_at).toISOString(),
    agent,
    call: JSON.parse(info) as CallRecord['info'],
    name,
    number,
    text,
    id,
    state,
    ...(done_at !== null && { doneAt: new Date(done_at).toISOString() }),
  };
}

/** An entry of the audit trail as programs get it. `at`: ISO 8601, UTC. */
export function auditEntryOf({ at, actor, action, subject, detail }: Row<'audit'>) {
  return { at: new Date(at).toISOString(), actor, action, subject, detail };
}

/** When, who, what. */
export function describeAuditEntry({
  at,
  actor,
  action,
  subject,
  detail,
}: ReturnType<typeof auditEntryOf>): string {
  return printable([localTime(at), actor, action, subject, detail].join('  '));
}

/** The number that somebody called from who left a message, if they left another one. */
export function calledFrom({ number, call }: ReturnType<typeof messageOf>): string | undefined {
  const line = call.caller.number;
  return line === number ? undefined : line;
}

/** When, who, which number, for which agent, in which call, whether it is new, its identifier; and the text below it. */
export function describeMessage(row: Row<'messages'>): string[] {
  const message = messageOf(row);
  const { takenAt, name, number, text, agent, call, state, id } = message;
  const line = calledFrom(message);
  const who = [name || 'somebody', number || 'no number'];
  if (line !== undefined) who.push(`calling from ${line}`);
  const call_ = `${call.key.server}/${call.key.channel}`;
  return [
    [localTime(takenAt), who.join(', '), `for ${agent}`, call_, state, id].join('  '),
    `    ${text}`,
  ].map(printable);
}
