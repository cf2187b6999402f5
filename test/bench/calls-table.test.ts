import { describe, expect, it } from 'vitest';
import { svg } from './report.ts';
import { callsCurves, callsText, type CallsRow, type GrowthRow } from './calls-table.ts';

const CPU = { main: 0.1, media: 0.1, voiceActivity: 0.05, others: 0.05 };

function growth(
  calls: number,
  replyMs: number,
  machine: number,
  changed: Partial<GrowthRow> = {},
): GrowthRow {
  return {
    ...{ kind: 'growth', calls, answeredMs: [30], greetedMs: [40], failed: 0, processors: 2, rssMb: 200 },
    ...{ replyMs: [replyMs, replyMs], unanswered: 0, packets: 10_000, lost: 0 },
    cpu: { ...CPU, asterisk: 0.6, vendors: 0.2, callers: machine - 1.2, machine },
    ...changed,
  };
}

function text(all: readonly CallsRow[]): string {
  const machine = { cpu: 'a', cores: 2, kernel: 'b', node: 'c', load: 1, realTime: false };
  return callsText({ machine, settings: {}, all });
}

describe('What is said of calls that grow', () => {
  it('is where replies come later than with the fewest, and that the machine is full there', () => {
    const said = text([growth(1, 500, 0.3), growth(50, 600, 1.4), growth(100, 700, 1.95)]);
    expect(said).toMatch(/^It bends at 100 calls/);
    expect(said).toContain(
      'of 200 % of a core, 195 % are used (the callers 75, Asterisk 60, the agent 30, the vendors 20, other programs 10)',
    );
    expect(said).toContain('the machine is full.');
  });

  it('is the agent’s busiest thread where the machine has room', () => {
    const said = text([
      growth(1, 500, 0.3),
      growth(50, 900, 1.5, { cpu: { ...growth(50, 0, 1.5).cpu, main: 0.97 } }),
    ]);
    expect(said).toContain('the machine isn’t full, the agent’s busiest thread takes 97 %');
  });

  it.each([
    ['lost packets', { lost: 20 }],
    ['a call that failed', { failed: 1 }],
    ['a question without a reply', { unanswered: 1 }],
  ])('counts %s, too', (_, changed) => {
    expect(text([growth(1, 500, 0.3), growth(10, 500, 0.5, changed)])).toMatch(/^It bends at 10 calls/);
  });

  it('is that it doesn’t, as far as it was tried', () => {
    expect(text([growth(1, 500, 0.3), growth(10, 510, 0.5)])).toMatch(/^It doesn’t bend up to 10 calls/);
  });

  it('is drawn, also where a wait was too short to be seen', () => {
    const machine = { cpu: 'a', cores: 2, kernel: 'b', node: 'c', load: 1, realTime: false };
    const all = [growth(1, 500, 0.3, { answeredMs: [0] }), growth(10, 510, 0.5)];
    const picture = svg(callsCurves({ machine, settings: {}, all }));
    expect(picture.match(/<polyline/g)).toHaveLength(3);
    expect(picture).not.toMatch(/NaN|Infinity/);
  });

  it('has what each call costs', () => {
    expect(text([growth(10, 500, 1)])).toContain('| 10    | 10.0 (1.00) |');
  });
});
