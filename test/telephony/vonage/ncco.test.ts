import { describe, expect, it } from 'vitest';
import { canCall, connectMedia, connectTelephone, talk } from '../../../src/telephony/vonage/ncco.ts';
import { checkNcco } from '../../support/vonage/ncco.ts';

const EVENTS = 'https://agent.example/event';

describe('an NCCO', () => {
  it('connects a call to its WebSocket, as the reference has it', () => {
    const ncco = connectMedia({
      url: 'wss://agent.example/media/abc',
      rateHz: 24000,
      eventUrl: EVENTS,
      from: '442079460000',
      headers: { call_uuid: 'c1' },
    });
    expect(checkNcco(ncco)).toMatchObject([
      {
        action: 'connect',
        synchronous: true,
        eventUrl: EVENTS,
        endpoint: { uri: 'wss://agent.example/media/abc', rateHz: 24000, headers: { call_uuid: 'c1' } },
      },
    ]);
  });

  it('never has more headers than Vonage takes', () => {
    const long = { call_uuid: 'c1', caller: 'x'.repeat(520), extension: '510001' };
    const ncco = connectMedia({
      url: 'wss://a.example/media/a',
      rateHz: 8000,
      eventUrl: EVENTS,
      from: 'anonymous',
      headers: long,
    });
    expect(checkNcco(ncco)).toMatchObject([
      { from: undefined, endpoint: { headers: { call_uuid: 'c1', extension: '510001' } } },
    ]);
  });

  it.each([
    ['+44 (20) 7946-0000', { type: 'phone', address: '442079460000' }],
    ['00442079460000', { type: 'phone', address: '442079460000' }],
    ['sip:reception@example.com', { type: 'sip', address: 'sip:reception@example.com' }],
  ])('puts a caller through to %s', (to, endpoint) => {
    const ncco = connectTelephone({ to, eventUrl: EVENTS, from: '15550001111', ringMs: 25_000 });
    expect(checkNcco(ncco)).toMatchObject([{ action: 'connect', endpoint, timeoutS: 25 }]);
  });

  it('lets nobody ring for longer than Vonage takes', () => {
    const place = { to: '442079460000', eventUrl: EVENTS, from: '15550001111' };
    expect(checkNcco(connectTelephone({ ...place, ringMs: 150_000 }))).toMatchObject([{ timeoutS: 120 }]);
    expect(checkNcco(connectTelephone({ ...place, ringMs: 1 }))).toMatchObject([{ timeoutS: 1 }]);
  });

  it('isn’t made for what nobody could call', () => {
    for (const to of ['PJSIP/alice', '200', '', 'sip:', '+49 30 abc']) {
      expect(canCall(to)).toBe(false);
      expect(connectTelephone({ to, eventUrl: EVENTS, from: '1' })).toBeUndefined();
    }
  });

  it('says something in the language of the announcements', () => {
    expect(checkNcco(talk('All lines are busy.', 'en'))).toEqual([
      { action: 'talk', text: 'All lines are busy.', language: 'en-US' },
    ]);
    expect(talk('Besetzt.', 'de')).toMatchObject([{ language: 'de-DE' }]);
    expect(talk('x'.repeat(5000), '??')).toMatchObject([{ language: 'en-US', text: 'x'.repeat(1500) }]);
  });
});
