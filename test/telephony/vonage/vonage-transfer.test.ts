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
  callerId: {},
  ringMs: 20_000,
  whileRinging: 'ringing',
} as const;

const INFO: CallInfo = {
  key: { server: 'vonage', channel: 'call' },
  direction: 'in',
  dialled: '510001',
  caller: {},
  variables: {},
};

function stage() {
  const clock = new ManualClock();
  const asked: unknown[] = [];
  const told: string[] = [];
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
  const call = {
    isCallerHere: () => true,
    targetLeft: () => told.push('target-left'),
    callerLeft: () => undefined,
  };
  const transfer = new VonageTransfer(call, {
    ...{ info: INFO, number: '442079460000', rest, clock, log: createTestLog(), eventUrl: 'e' },
    ringbackToneUrl: undefined,
    numbers: {},
    media: { hold: () => true, again: () => BACK },
  });
  const tell = (uuid: string, status: string) =>
    transfer.onEvent({ uuid, status, to: REQUEST.endpoint } as EventWebhook);
  return { clock, asked, told, transfer, tell };
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

  const STATUSES = [
    'started',
    'ringing',
    'answered',
    'busy',
    'rejected',
    'timeout',
    'unanswered',
    'cancelled',
  ];
  const STATES = {
    'with the agent': [],
    ringing: ['ringing'],
    talking: ['ringing', 'answered'],
  } as const;
  type Name = keyof typeof STATES;
  /** Everything that isn't here changes nothing. */
  const NEXT: Readonly<Record<string, Name>> = {
    ...{ 'ringing × answered': 'talking', 'ringing × busy': 'with the agent' },
    ...{ 'ringing × rejected': 'with the agent', 'ringing × timeout': 'with the agent' },
    ...{ 'ringing × unanswered': 'with the agent', 'ringing × cancelled': 'with the agent' },
    ...{ 'ringing × failed': 'with the agent' },
  };

  for (const name of ['with the agent', 'ringing', 'talking'] as const) {
    for (const status of [...STATUSES, 'failed', 'completed']) {
      const next = NEXT[`${name} × ${status}`] ?? name;
      it(`is ${next} after “${status}” when it was ${name}`, async () => {
        const { transfer, tell, told } = stage();
        const outcome =
          name === 'with the agent' ? undefined : transfer.putThrough(REQUEST, new AbortController().signal);
        await settle();
        for (const before of STATES[name]) tell('leg', before);
        tell('leg', status);
        expect(transfer.away).toBe(next !== 'with the agent');
        // Only whoever has answered can leave.
        expect(told).toEqual(name === 'talking' && status === 'completed' ? ['target-left'] : []);
        if (outcome && next !== 'ringing') expect((await outcome) === 'answered').toBe(next === 'talking');
        transfer.close();
        expect(transfer.away).toBe(false);
        if (outcome && next === 'ringing') expect(await outcome).toBe('caller-gone');
      });
    }
  }

  it('takes the caller back when Vonage says nothing in time', async () => {
    const { clock, asked, transfer } = stage();
    const outcome = transfer.putThrough(REQUEST, new AbortController().signal);
    await clock.advance(24_999);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect([await outcome, asked[1]]).toEqual(['no-answer', BACK]);
  });
});
