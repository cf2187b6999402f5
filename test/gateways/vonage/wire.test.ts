import { describe, expect, it } from 'vitest';
import {
  contentTypeOf,
  frameBytesOf,
  notifyCommand,
  parseVonageMessage,
  rateOfContentType,
  VONAGE_RATES_HZ,
} from '../../../src/gateways/vonage/wire.ts';

describe('a text message of Vonage’s', () => {
  it.each([
    ['{"event":"websocket:connected","content-type":"audio/l16;rate=16000","call_uuid":"c1","x":1}', 'c1'],
    ['{"event":"websocket:connected","content-type":"audio/l16;rate=16000","call_uuid":7}', ''],
    ['{"event":"websocket:connected","content-type":"audio/l16;rate=16000"}', ''],
  ])('says at first what will come, and of which call: %s', (text, call) => {
    const contentType = 'audio/l16;rate=16000';
    expect(parseVonageMessage(text)).toEqual({ type: 'connected', contentType, call });
  });

  it.each([
    ['{"event":"websocket:dtmf","digit":"5","duration":260}', { type: 'dtmf', digit: '5' }],
    ['{"event":"websocket:dtmf","digit":"*"}', { type: 'dtmf', digit: '*' }],
    ['{"event":"websocket:cleared"}', { type: 'cleared' }],
    ['{"event":"websocket:notify","payload":{"marker":7}}', { type: 'notify', marker: 7 }],
    ['{"event":"websocket:later"}', { type: 'unknown' }],
    ['{"event":"__proto__"}', { type: 'unknown' }],
  ])('is taken for what it is: %s', (text, message) => {
    expect(parseVonageMessage(text)).toEqual(message);
  });

  it.each([
    ...['', 'x', '[]', 'null', '7', '"websocket:cleared"', '{}', '{"event":7}'],
    ...['{"event":"websocket:connected"}', '{"event":"websocket:connected","content-type":7}'],
    ...['{"event":"websocket:dtmf"}', '{"event":"websocket:dtmf","digit":"55"}'],
    ...['{"event":"websocket:dtmf","digit":5}', '{"event":"websocket:dtmf","digit":"5\\n"}'],
    ...['{"event":"websocket:notify"}', '{"event":"websocket:notify","payload":null}'],
    '{"event":"websocket:notify","payload":{"marker":"7"}}',
  ])('is malformed: %s', (text) => {
    expect(parseVonageMessage(text)).toEqual({ type: 'malformed' });
  });

  it('comes back with the marker that was sent', () => {
    const { payload } = JSON.parse(notifyCommand(12)) as { payload: unknown };
    const back = JSON.stringify({ event: 'websocket:notify', payload });
    expect(parseVonageMessage(back)).toEqual({ type: 'notify', marker: 12 });
  });

  it('names rates as the NCCO does', () => {
    expect(VONAGE_RATES_HZ.map((rate) => rateOfContentType(contentTypeOf(rate)))).toEqual([
      ...VONAGE_RATES_HZ,
    ]);
    expect(VONAGE_RATES_HZ.map(frameBytesOf)).toEqual([320, 640, 960]);
    expect(rateOfContentType('audio/L16; rate=8000')).toBe(8000);
    const others = ['audio/l16', 'audio/pcm;rate=8000', 'audio/l16;rate=8000;x', 'audio/l16;rate=80000000'];
    expect(others.map(rateOfContentType)).toEqual(others.map(() => undefined));
  });
});
