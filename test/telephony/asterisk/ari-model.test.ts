import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAriMessage, parseChannel } from '../../../src/telephony/asterisk/ari-model.ts';

const CHANNEL = {
  id: '1.2',
  name: 'PJSIP/alice-00000001',
  state: 'Ring',
  caller: { name: 'Alice', number: '1001' },
  dialplan: {
    context: 'c',
    exten: '510001',
    priority: 4,
    app_name: 'Stasis',
    app_data: 'voice-agent,510001',
  },
  channelvars: { UNICASTRTP_LOCAL_PORT: '10042' },
};

describe('parseAriMessage', () => {
  it('reads the start of a call with its arguments', () => {
    const message = parseAriMessage(
      JSON.stringify({ type: 'StasisStart', args: ['510001'], channel: CHANNEL }),
    );
    expect(message).toEqual({
      kind: 'event',
      event: {
        type: 'StasisStart',
        args: ['510001'],
        replaces: undefined,
        channel: {
          id: '1.2',
          name: 'PJSIP/alice-00000001',
          state: 'Ring',
          caller: { name: 'Alice', number: '1001' },
          dialplan: {
            context: 'c',
            exten: '510001',
            priority: 4,
            appName: 'Stasis',
            appData: 'voice-agent,510001',
          },
          variables: { UNICASTRTP_LOCAL_PORT: '10042' },
        },
      },
    });
  });

  it('reads which channel another one replaces', () => {
    const text = JSON.stringify({
      type: 'StasisStart',
      args: [],
      channel: CHANNEL,
      replace_channel: { id: '0.9' },
    });
    expect(parseAriMessage(text)).toMatchObject({ event: { replaces: '0.9' } });
  });

  it.each([
    ['ChannelDtmfReceived', { digit: '#' }, { channel: '1.2', digit: '#' }],
    ['ChannelHold', { musicclass: 'default' }, { channel: '1.2' }],
    ['ChannelUnhold', {}, { channel: '1.2' }],
    ['StasisEnd', {}, { channel: '1.2' }],
    [
      'ChannelDestroyed',
      { cause: 16, cause_txt: 'Normal Clearing' },
      { channel: '1.2', cause: 'Normal Clearing', causeCode: 16 },
    ],
  ])('reads %s', (type, fields, read) => {
    expect(parseAriMessage(JSON.stringify({ type, channel: CHANNEL, ...fields }))).toEqual({
      kind: 'event',
      event: { type, ...read },
    });
  });

  it('lets events pass that nothing depends on, today’s and tomorrow’s', () => {
    expect(parseAriMessage('{"type":"ChannelVarset","channel":{"id":"1"}}')).toEqual({
      kind: 'other',
      type: 'ChannelVarset',
    });
    expect(parseAriMessage('{"type":"toString"}')).toEqual({ kind: 'other', type: 'toString' });
  });

  it.each([
    'no json',
    '',
    'null',
    '[]',
    '7',
    '{}',
    '{"type":7}',
    '{"type":"StasisStart"}',
    '{"type":"StasisStart","channel":{"id":""}}',
    '{"type":"ChannelDtmfReceived","channel":{"id":"1"}}',
    '{"type":"BridgeDestroyed","bridge":[]}',
  ])('calls %j malformed', (text) => {
    expect(parseAriMessage(text)).toEqual({ kind: 'malformed' });
  });

  it('never throws, whatever text or JSON comes', () => {
    const types = [
      'StasisStart',
      'StasisEnd',
      'ChannelDtmfReceived',
      'BridgeDestroyed',
      'ApplicationReplaced',
      'x',
    ];
    const anyEvent = fc.record(
      {
        type: fc.constantFrom(...types),
        channel: fc.jsonValue(),
        args: fc.jsonValue(),
        bridge: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const anyText = fc.oneof(
      fc.string(),
      fc.json(),
      anyEvent.map((event) => JSON.stringify(event)),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        expect(['event', 'other', 'malformed']).toContain(parseAriMessage(text).kind);
      }),
    );
  });
});

describe('parseChannel', () => {
  it('gives every field a value of its type, however little came', () => {
    expect(parseChannel({ id: '1', caller: 7, dialplan: null, channelvars: { a: 1, b: 'x' } })).toEqual({
      id: '1',
      name: '',
      state: '',
      caller: {},
      dialplan: { context: '', exten: '', priority: 1, appName: '', appData: '' },
      variables: { b: 'x' },
    });
  });
});
