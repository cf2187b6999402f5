import { describe, expect, it } from 'vitest';
import type { AriChannel } from '../../../src/telephony/asterisk/ari-model.ts';
import { callerBehind } from '../../../src/telephony/asterisk/replacing-caller.ts';
import { ManualClock } from '../../support/manual-clock.ts';

type Parts = Parameters<typeof callerBehind>[1];

function channel(id: string, name: string, number?: string, exten = ''): AriChannel {
  const dialplan = { context: 'phones', exten, priority: 1, appName: '', appData: '' };
  return {
    id,
    name,
    state: 'Up',
    caller: { name: number && `Phone ${number}`, number },
    dialplan,
    variables: {},
  };
}

/** An Asterisk with these channels, which are in this bridge from the second look on. */
function asterisk(channels: AriChannel[], bridged: readonly string[]): { parts: Parts; clock: ManualClock } {
  const clock = new ManualClock();
  let looks = 0;
  const rest = {
    channels: () => Promise.resolve(channels),
    bridges: () => Promise.resolve([{ id: 'b', channels: looks++ === 0 ? [] : bridged }]),
  };
  return { parts: { rest, clock, log: { warn: () => undefined } } as unknown as Parts, clock };
}

describe('who is there after a transfer by telephone', () => {
  it('is the channel itself, by its number or by what was dialled for it', async () => {
    const { parts } = asterisk([], []);
    expect(await callerBehind(channel('a', 'PJSIP/x-1', '1001'), parts)).toEqual({
      name: 'Phone 1001',
      number: '1001',
    });
    expect(await callerBehind(channel('a', 'PJSIP/x-1', undefined, '603'), parts)).toEqual({
      number: '603',
    });
  });

  it.each(['1', '2'])(
    'is who is behind half %s of the channel by which Asterisk joins two bridges',
    async (half) => {
      const ours = channel('a', `Local/_attended@transfer-00000000;${half}`, '', '_attended');
      const theirs = channel(
        'b',
        `Local/_attended@transfer-00000000;${half === '1' ? '2' : '1'}`,
        '',
        '_attended',
      );
      const them = channel('c', 'PJSIP/softphone1-2', '1001');
      const { parts, clock } = asterisk([channel('d', 'PJSIP/other', '5'), ours, theirs, them], ['c', 'b']);
      const found = callerBehind(ours, parts);
      await clock.advance(100);
      expect(await found).toEqual({ name: 'Phone 1001', number: '1001' });
    },
  );

  it('is nobody who could be named where that can’t be found out', async () => {
    const ours = channel('a', 'Local/_attended@transfer-00000000;2', '', '_attended');
    const { parts, clock } = asterisk([ours], []);
    const found = callerBehind(ours, parts);
    await clock.advance(5000);
    expect(await found).toEqual({});
  });
});
