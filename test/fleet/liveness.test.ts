import { describe, expect, it } from 'vitest';
import {
  FORGOTTEN_MS,
  Pulse,
  SETTLED_MS,
  STALE_MS,
  STILL_MS,
  suspects,
  type NodeRow,
  type Sign,
} from '../../src/fleet/liveness.ts';

const row = (node: string, ageMs: number, unreachable: readonly string[] = []): NodeRow => {
  return { node, run: `${node}:1`, state: 'running', calls: 1, maxCalls: 50, unreachable, ageMs };
};

describe('A node is looked for', () => {
  const rows = [
    row('me', STALE_MS + 1),
    row('fresh', STALE_MS),
    row('stale', STALE_MS + 1),
    row('cut-off', 0, ['north']),
    row('long-gone', FORGOTTEN_MS),
  ];

  it.each([
    ['north', SETTLED_MS, ['stale', 'cut-off']],
    ['south', SETTLED_MS, ['stale']],
    ['north', SETTLED_MS - 1, []],
  ])('at %s, by one that has been well for %d ms: %j', (server, settledMs, expected) => {
    expect(suspects(rows, 'me', server, settledMs)).toEqual(expected);
  });
});

describe('A sign of life', () => {
  const seen = (...looks: [at: number, sign: string | undefined][]): Sign[] => {
    const pulse = new Pulse();
    return looks.map(([at, sign]) => pulse.look(sign, at, at));
  };

  it('says nothing while the answer lies there unread, since whoever asks is held up', () => {
    const pulse = new Pulse();
    expect(pulse.look('1', 0, STILL_MS)).toBe('still');
    expect(pulse.look('1', STILL_MS + 100, 3 * STILL_MS)).toBe('still');
    expect(pulse.look('1', 2 * STILL_MS, 3 * STILL_MS)).toBe('dead');
  });

  it.each<[string, [number, string | undefined][], Sign[]]>([
    [
      'that stands still for long enough is of a dead node',
      [
        [0, '1'],
        [STILL_MS - 1, '1'],
        [STILL_MS, '1'],
      ],
      ['still', 'still', 'dead'],
    ],
    [
      'counts from the first look on, however late that is',
      [
        [5000, '1'],
        [5000 + STILL_MS, '1'],
      ],
      ['still', 'dead'],
    ],
    [
      'that changes is of a living one',
      [
        [0, '1'],
        [500, '2'],
        [600, '2'],
      ],
      ['still', 'lives', 'still'],
    ],
    [
      'that never was there is missed as long',
      [
        [0, undefined],
        [STILL_MS, undefined],
      ],
      ['still', 'dead'],
    ],
    [
      'of who comes back revives them',
      [
        [0, '1'],
        [STILL_MS, '1'],
        [STILL_MS + 100, '2'],
      ],
      ['still', 'dead', 'lives'],
    ],
  ])('%s', (_, looks, expected) => {
    expect(seen(...looks)).toEqual(expected);
  });
});
