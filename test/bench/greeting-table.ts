/** What `make bench PART=greeting` has measured, and its table. Pure. */
import { at } from './calls-table.ts';
import type { Raw } from './raw.ts';
import { markdown, type Bars } from './report.ts';

export interface GreetingRow {
  readonly answeredMs: number;
  readonly greetedMs: number;
  /** Missing: the agent went on talking. */
  readonly silentMs?: number;
}

function waits({ all }: Raw<GreetingRow>): readonly (readonly [string, readonly number[]])[] {
  return [
    ['dialling to the answer', all.map(({ answeredMs }) => answeredMs)],
    ['the answer to the first speech', all.map(({ greetedMs }) => greetedMs)],
    [
      'the caller’s first speech to the agent’s silence',
      all.flatMap(({ silentMs }) => (silentMs === undefined ? [] : [silentMs])),
    ],
  ];
}

export function greetingText(raw: Raw<GreetingRow>): string {
  return markdown({
    head: ['from', 'calls', 'p50', 'p95', 'most ms'],
    rows: waits(raw).map(([name, ms]) => [
      name,
      `${ms.length} of ${raw.all.length}`,
      ...[0.5, 0.95, 1].map((share) => at(ms, share).toFixed(0)),
    ]),
  });
}

export function greetingBars(raw: Raw<GreetingRow>): Bars {
  return {
    title: 'Greeting and barge-in',
    unit: 'ms on the wire',
    bars: waits(raw).flatMap(([name, ms]) =>
      ([0.5, 0.95] as const).map((share) => ({ name: `${name}, p${100 * share}`, value: at(ms, share) })),
    ),
  };
}
