import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { made, PARTS } from './tables.ts';
import { markdown, svg } from './report.ts';

const folder = new URL('../../docs/benchmarks/', import.meta.url);
const kept = Object.entries(PARTS).filter(([name]) => existsSync(new URL(`${name}.json`, folder)));

describe('the benchmarks that docs/benchmarks shows', () => {
  it('are there', () => {
    expect(kept.map(([name]) => name)).toContain('voice-activity');
  });

  it.each(kept)('%s: table and picture are those of the raw figures', (name, part) => {
    const raw = readFileSync(new URL(`${name}.json`, folder), 'utf8');
    for (const [file, text] of made(name, part, raw)) {
      expect(readFileSync(new URL(file, folder), 'utf8'), file).toBe(text);
    }
  });
});

describe('a table', () => {
  it('has its median, and the least and the most, of the rounds of each line', () => {
    const machine = { cpu: 'a', cores: 2, kernel: 'b', node: 'c', load: 1, realTime: false };
    const row = (coreShare: number, round: number) => ({
      scenario: 'music',
      calls: 10,
      round,
      coreShare,
      decisions: 2,
      lateMs: { p50: 20 + round, p99: 30 },
    });
    const all = [row(0.3, 0), row(0.1, 1), row(0.2, 2)];
    const files = made(
      'voice-activity',
      PARTS['voice-activity'] ?? never(),
      JSON.stringify({ machine, settings: { seconds: 4 }, all }),
    );
    expect(files[0]?.[1]).toContain(
      '| music     | 10    | 2.000 (1.000–3.000)             | 20.0        | 21.0        | 30.0   | 6         |',
    );
    expect(files[0]?.[1]).toContain('a, 2 cores, load 1.0; Linux b, Node.js c; seconds 4.');
  });

  it('is as wide as its widest cell', () => {
    expect(markdown({ head: ['a', 'b'], rows: [['long', '1']] })).toBe(
      '| a    | b   |\n| ---- | --- |\n| long | 1   |',
    );
  });

  it('says what it can’t draw as it is', () => {
    expect(
      svg({
        title: 'a < b & c',
        unit: 'ns',
        bars: [
          { name: '<x>', value: 1 },
          { name: 'y', value: 2 },
        ],
      }),
    ).toContain('a &lt; b &amp; c, ns');
  });
});

function never(): never {
  throw new Error('there is no such part');
}
