/** What `make bench PART=start` has measured, and its table. Pure. */
import { median, spread, type Raw } from './raw.ts';
import { markdown, type Bars } from './report.ts';

/** A start, or what memory there was at a moment after one. */
export interface StartRow {
  readonly providers: 'embedded' | 'cloud';
  /** `cold`, `warm`, `10 calls` … */
  readonly what: string;
  /** Until calls were taken, by the clock and on the processors; then until all was settled. */
  readonly readyMs?: number;
  readonly cpuSeconds?: number;
  readonly cpuSettledSeconds?: number;
  /** Of the agent's process; PSS: without the share that others have of it. */
  readonly rssMb: number;
  readonly pssMb: number;
}

/** Rows of the same providers and name together. */
function groups({ all }: Raw<StartRow>): (readonly [string, readonly StartRow[]])[] {
  const found = new Map<string, StartRow[]>();
  for (const row of all) {
    const key = `${row.providers}|${row.what}`;
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found];
}

export function startText(raw: Raw<StartRow>): string {
  const cell = (
    rows: readonly StartRow[],
    of: (row: StartRow) => number | undefined,
    digits: number,
  ): string => {
    const values = rows.flatMap((row) => of(row) ?? []);
    return values.length === 0 ? '' : spread(values, digits);
  };
  return markdown({
    head: 'providers|what|takes calls after ms|CPU s until then|CPU s, settled|memory (RSS) MB|own (PSS) MB'.split(
      '|',
    ),
    rows: groups(raw).map(([key, rows]) => [
      ...key.split('|'),
      cell(rows, ({ readyMs }) => readyMs, 0),
      cell(rows, (row) => row.cpuSeconds, 2),
      cell(rows, (row) => row.cpuSettledSeconds, 2),
      cell(rows, ({ rssMb }) => rssMb, 0),
      cell(rows, ({ pssMb }) => pssMb, 0),
    ]),
  });
}

export function startBars(raw: Raw<StartRow>): Bars {
  return {
    title: 'Memory of the agent',
    unit: 'MB (RSS)',
    bars: groups(raw).map(([key, rows]) => ({
      name: key.replace('|', ', '),
      value: median(rows.map(({ rssMb }) => rssMb)),
    })),
  };
}
