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
  const callers = Math.max(14, ...rows.map(([, caller = '']) => caller.length));
  return rows.map(
    ([began = '', caller = '', dialled = '', length = '', turns = '', mean = '', why = '', name = '']) =>
      [
        began.padEnd(19),
        caller.padEnd(callers),
        dialled.padEnd(18),
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
    caller.length > LONGEST_CALLER ? `${caller.slice(0, LONGEST_CALLER - 1)}…` : caller,
    `${info.dialled} ${record.agent}`,
    ended ? `${(ended.durationMs / 1000).toFixed(1)} s` : '–',
    String(totals.length),
    mean,
    ended?.reason ?? withoutEnd(programRuns(record)),
    record.call,
  ];
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

/** When, who, which number, for which agent, in which call, whether it is new, its identifier; and the text below it. */
export function describeMessage(row: Row<'messages'>): string[] {
  const { takenAt, name, number, text, agent, call, state, id } = messageOf(row);
  const line = call.caller.number;
  const who = [name || 'somebody', number || 'no number'];
  if (line !== undefined && line !== number) who.push(`calling from ${line}`);
  const call_ = `${call.key.server}/${call.key.channel}`;
  return [
    [localTime(takenAt), who.join(', '), `for ${agent}`, call_, state, id].join('  '),
    `    ${text}`,
  ].map(printable);
}
