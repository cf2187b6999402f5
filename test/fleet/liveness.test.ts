import { describe, expect, it } from 'vitest';
import {
  FORGOTTEN_MS,
  Pulse,
  SETTLED_MS,
  Sound,
  STALE_MS,
  suspects,
  type NodeRow,
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
  const seen = (...looks: [at: number, sign: string | undefined][]): (number | undefined)[] => {
    const pulse = new Pulse();
    return looks.map(([at, sign]) => pulse.look(sign, at, at));
  };

  it('says nothing while the answer lies there unread, since whoever asks is held up', () => {
    const pulse = new Pulse();
    expect(pulse.look('1', 0, 1000)).toBe(0);
    expect(pulse.look('1', 1100, 3000)).toBe(100);
    expect(pulse.look('1', 2000, 3000)).toBe(1000);
  });

  it.each<[string, [number, string | undefined][], (number | undefined)[]]>([
    [
      'that stands still has done so since the first look',
      [
        [5000, '1'],
        [5100, '1'],
        [6250, '1'],
      ],
      [0, 100, 1250],
    ],
    [
      'that changes is of a living one',
      [
        [0, '1'],
        [500, '2'],
        [600, '2'],
      ],
      [0, undefined, 100],
    ],
    [
      'that never was there is missed as long',
      [
        [0, undefined],
        [1250, undefined],
      ],
      [0, 1250],
    ],
    [
      'of who comes back revives them',
      [
        [0, '1'],
        [1250, '1'],
        [1350, '2'],
      ],
      [0, 1250, undefined],
    ],
  ])('%s', (_, looks, expected) => {
    expect(seen(...looks)).toEqual(expected);
  });
});

describe('The sound of a node’s callers', () => {
  const callers = (...counts: (string | undefined)[]) =>
    counts.map((count, index) => ({ channel: String(index), packets: () => Promise.resolve(count) }));

  it('flows while all who were looked at twice get packets, as far as anybody can tell', async () => {
    const sound = new Sound();
    expect(await sound.flows(callers('10', '20', undefined))).toBe(false);
    expect(await sound.flows(callers('15', '25', undefined))).toBe(true);
    expect(await sound.flows(callers('16', '25', undefined))).toBe(false);
    expect(await sound.flows(callers(undefined, undefined))).toBe(false);
    expect(await sound.flows([])).toBe(false);
  });

  it('doesn’t flow where Asterisk says nothing', async () => {
    const sound = new Sound();
    const silent = { channel: '1', packets: () => Promise.reject(new Error('away')) };
    expect([await sound.flows([silent]), await sound.flows([silent])]).toEqual([false, false]);
  });
});
