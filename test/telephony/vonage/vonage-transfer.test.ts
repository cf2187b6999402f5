import { describe, expect, it } from 'vitest';
import type { CallInfo } from '../../../src/dialog/contract/call-info.ts';
import type { EventWebhook } from '../../../src/telephony/vonage/webhook-content.ts';
import type { VonageRest } from '../../../src/telephony/vonage/vonage-rest.ts';
import { VonageTransfer } from '../../../src/telephony/vonage/vonage-transfer.ts';
import { createTestLog } from '../../support/ari-desk.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';

const BACK = [{ action: 'connect', endpoint: [{ type: 'websocket' }] }];
const REQUEST = {
  endpoint: '442079460009',
  callerId: { name: '', number: '' },
  ringMs: 20_000,
  whileRinging: 'ringing',
} as const;

const INFO: CallInfo = {
  key: { server: 'vonage', channel: 'call' },
  direction: 'in',
  dialled: '510001',
  caller: { number: '', name: '' },
  variables: {},
};

function stage() {
  const clock = new ManualClock();
  const asked: unknown[] = [];
  const rest: VonageRest = {
    hangUp: () => Promise.resolve(true),
    transfer: (_, ncco) => {
      asked.push(ncco);
      return Promise.resolve();
    },
    sendDtmf: () => Promise.resolve(),
    isOver: () => Promise.resolve(false),
    at: () => rest,
  };
  const transfer = new VonageTransfer({
    ...{ info: INFO, number: '442079460000', rest, clock, log: createTestLog(), eventUrl: 'e' },
    ringbackToneUrl: undefined,
    isOurs: () => false,
    callerIsHere: () => true,
    media: { hold: () => true, again: () => BACK },
    onTargetLeft: () => undefined,
    onOver: () => undefined,
  });
  const tell = (uuid: string, status: string) =>
    transfer.onEvent({ uuid, status, to: REQUEST.endpoint } as EventWebhook);
  return { clock, asked, transfer, tell };
}

describe('a transfer by Vonage', () => {
  it('isn’t ended by what is told of the telephone that was called off before', async () => {
    const { transfer, tell } = stage();
    const cancel = new AbortController();
    const first = transfer.putThrough(REQUEST, cancel.signal);
    await settle();
    tell('leg-1', 'ringing');
    cancel.abort();
    expect(await first).toBe('cancelled');
    const second = transfer.putThrough(REQUEST, new AbortController().signal);
    await settle();
    expect(tell('leg-1', 'cancelled')).toEqual({});
    expect(transfer.away).toBe(true);
    expect(tell('leg-2', 'busy')).toEqual({ ncco: BACK });
    expect([await second, transfer.away]).toEqual(['busy', false]);
  });

  it('is one at a time, and leaves no timer behind', async () => {
    const { clock, asked, transfer, tell } = stage();
    const first = transfer.putThrough(REQUEST, new AbortController().signal);
    expect(await transfer.putThrough(REQUEST, new AbortController().signal)).toBe('failed');
    await settle();
    expect(tell('leg-1', 'answered')).toEqual({});
    expect(await first).toBe('answered');
    expect(await transfer.putThrough(REQUEST, new AbortController().signal)).toBe('failed');
    expect(asked).toHaveLength(1);
    transfer.close();
    await clock.advance(200_000);
    expect(clock.pending).toBe(0);
  });

  it('takes the caller back when Vonage says nothing in time', async () => {
    const { clock, asked, transfer } = stage();
    const outcome = transfer.putThrough(REQUEST, new AbortController().signal);
    await clock.advance(24_999);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect([await outcome, asked[1]]).toEqual(['no-answer', BACK]);
  });
});
