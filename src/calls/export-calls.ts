import type { CallRecord } from '../dialog/call/call-record.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { printable } from '../lib/printed.ts';

const COLUMNS: Readonly<Record<string, (record: CallRecord) => string | number | undefined>> = {
  began: ({ startedAt }) => startedAt,
  call: ({ call }) => call,
  caller_number: ({ info }) => info.caller.number,
  caller_name: ({ info }) => info.caller.name,
  dialled: ({ info }) => info.dialled,
  agent: ({ agent }) => agent,
  duration_ms: ({ ended }) => ended?.durationMs,
  reason: ({ ended }) => ended?.reason,
  turns: ({ ended }) => ended?.latency?.turns,
  mean_ms: ({ ended }) => ended?.latency?.meanMs,
  worst_ms: ({ ended }) => ended?.latency?.worstMs,
  packets_lost: ({ ended }) => ended?.media.packetsLost,
  troubles: ({ troubles }) => troubles.length,
  cost: ({ cost }) => cost?.amount,
  currency: ({ cost }) => cost?.currency,
  recording: ({ recording }) => recording,
};

/** RFC 4180, a line for each call below the columns' names. */
export function csv(records: readonly CallRecord[]): string[] {
  const lines = records.map((record) => Object.values(COLUMNS).map((value) => value(record) ?? ''));
  return [Object.keys(COLUMNS), ...lines].map((line) => line.map(cell).join(','));
}

function cell(value: string | number): string {
  const text = printable(String(value));
  // A spreadsheet takes it for a formula else, and callers choose their names.
  const plain = /^\s*[=@+＝＠＋－-]/.test(text) && !/^[+-]?[\d.]+$/.test(text) ? `'${text}` : text;
  // Where a comma stands in numbers, spreadsheets part cells at semicolons.
  return /[",;]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** Where nothing says when somebody had finished. */
const SAID_MS: Milliseconds = 2000;

/** The conversation as WebVTT: subtitles of the recording, which begins when the call is answered. */
export function webVtt({ said, setUpMs = 0 }: CallRecord): string[] {
  const at = (ms: Milliseconds): Milliseconds => Math.max(0, ms - setUpMs);
  const cues = [...said]
    .sort((a, b) => a.atMs - b.atMs)
    .filter(({ text }) => text !== undefined && text !== '');
  return [
    'WEBVTT',
    ...cues.flatMap(({ atMs, endMs, who, text = '' }) => [
      '',
      `${stamp(at(atMs))} --> ${stamp(at(Math.max(endMs ?? 0, atMs + (endMs === undefined ? SAID_MS : 1))))}`,
      `<v ${who}>${escaped(printable(text))}`,
    ]),
  ];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function stamp(ms: Milliseconds): string {
  const hours = Math.floor(ms / 3_600_000);
  return `${String(hours).padStart(2, '0')}${new Date(ms).toISOString().slice(13, -1)}`;
}
