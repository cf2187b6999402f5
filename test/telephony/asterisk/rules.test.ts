import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameStateOf } from '../../../src/telephony/asterisk/app-claim.ts';
import { parseChannel, type AriChannel } from '../../../src/telephony/asterisk/ari-model.ts';
import { backOffMs, RECONNECT_BACK_OFF } from '../../../src/telephony/asterisk/backoff.ts';
import { callersIn, callInfoOf, stasisArgsOf } from '../../../src/telephony/asterisk/caller-info.ts';
import {
  externalMediaOf,
  codecOfNativeFormat,
  peerOf,
} from '../../../src/telephony/asterisk/external-media.ts';
import { objectIds } from '../../../src/telephony/asterisk/object-ids.ts';

function channel(fields: object): AriChannel {
  const parsed = parseChannel({ id: '1.1', ...fields });
  if (!parsed) throw new Error('no channel');
  return parsed;
}

describe('the pause before a reconnection', () => {
  it('is short enough for Asterisk to be in use within two seconds of its return, and never none', () => {
    for (const attempt of [1, 5, 1000])
      for (const random of [0, 0.999]) {
        const pause = backOffMs(attempt, random, RECONNECT_BACK_OFF);
        expect(pause).toBeGreaterThanOrEqual(125);
        expect(pause).toBeLessThanOrEqual(1500);
      }
  });

  const limits = { firstMs: 100, longestMs: 1000 };

  it('doubles up to a limit', () => {
    expect([1, 2, 3, 4, 5, 60].map((attempt) => backOffMs(attempt, 1, limits))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });

  it('is spread over its upper half', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const pause = backOffMs(attempt, random, limits);
          const longest = backOffMs(attempt, 1, limits);
          expect(pause).toBeGreaterThanOrEqual(longest / 2);
          expect(pause).toBeLessThanOrEqual(longest);
        },
      ),
    );
  });
});

describe('ids of our own objects', () => {
  const ids = objectIds('voice-agent', 'a');

  it('are known again by a later run of the same instance, and never come twice', () => {
    const later = objectIds('voice-agent', 'a');
    expect(later.owns(ids.media())).toBe(true);
    expect(later.owns(ids.bridge())).toBe(true);
    expect(ids.media()).not.toBe(ids.media());
  });

  it('are not taken for those of another instance, even when one name begins with the other', () => {
    const others = [
      objectIds('voice-agent', 'a-b'),
      objectIds('voice-agent-a', 'x'),
      objectIds('voice-agent', 'a-media'),
    ];
    for (const other of others) {
      expect(ids.owns(other.media())).toBe(false);
      expect(other.owns(ids.media())).toBe(false);
    }
  });

  it('are told from those of another instance, which are seen as the app’s, and from a phone’s channel, which is nobody’s', () => {
    expect(ids.ownedByApp(objectIds('voice-agent', 'b').bridge())).toBe(true);
    for (const id of ['1795360441.1', 'voice-agent-a-media-1', 'xvoice-agent-a-media-0123456789abcdef']) {
      expect([ids.owns(id), ids.ownedByApp(id)]).toEqual([false, false]);
    }
  });

  it('take every character of an app’s name literally', () => {
    expect(objectIds('a.b', 'c').owns('axb-c-media-0123456789abcdef')).toBe(false);
  });
});

describe('whether an app’s name can be registered', () => {
  const ids = objectIds('voice-agent', 'a');
  const other = objectIds('voice-agent', 'b');
  const application = (channels: string[], bridges: string[] = []) => ({
    name: 'voice-agent',
    channels,
    bridges,
  });

  it.each([
    ['free when Asterisk doesn’t know it', undefined, 'free'],
    ['taken when it is known and empty: a consumer keeps it', application([]), 'taken'],
    ['left behind when our own channels are in it', application(['1.1', ids.media()]), 'left-behind'],
    ['left behind when our own bridge is in it', application([], [ids.bridge()]), 'left-behind'],
    ['taken when another instance’s channels are in it', application(['1.1', other.media()]), 'taken'],
    ['left behind when only callers wait in it', application(['1.1']), 'left-behind'],
  ])('is %s', (_, known, state) => {
    expect(nameStateOf(known, ids)).toBe(state);
  });
});

describe('the codec of an "auto" call', () => {
  it.each([
    ['(ulaw)', 'ulaw'],
    ['(alaw)', 'alaw'],
    ['(alaw|ulaw)', 'alaw'],
    ['(ulaw|alaw)', 'ulaw'],
    ['alaw', 'alaw'],
    ['(opus|alaw)', 'alaw'],
    ['(g722)', 'g722'],
    ['(g722|ulaw|alaw)', 'g722'],
    ['(alaw|g722)', 'alaw'],
    ['(slin192)', 'ulaw'],
    ['', 'ulaw'],
    [undefined, 'ulaw'],
  ])('where the caller’s formats are %s is %s', (format, codec) => {
    expect(codecOfNativeFormat(format)).toBe(codec);
  });
});

describe('the endpoint that Asterisk is told of', () => {
  it('is an IP address and a port, and the codec', () => {
    const at = (address: string) => externalMediaOf({ address, port: 4000, codec: 'g722' });
    expect(at('10.0.0.1')).toEqual({ externalHost: '10.0.0.1:4000', format: 'g722' });
    expect(at('::1')).toEqual({ externalHost: '[::1]:4000', format: 'g722' });
  });

  it('is refused when it is a name', () => {
    expect(() => externalMediaOf({ address: 'media.local', port: 1, codec: 'ulaw' })).toThrow(/media\.local/);
  });
});

describe('the peer of an external channel', () => {
  const answer = channel({
    channelvars: { UNICASTRTP_LOCAL_ADDRESS: '172.17.0.2', UNICASTRTP_LOCAL_PORT: '10042' },
  });

  it('is what the answer names, or the same port at an address that is set', () => {
    expect(peerOf(answer)).toEqual({ address: '172.17.0.2', port: 10042 });
    expect(peerOf(answer, '192.0.2.7')).toEqual({ address: '192.0.2.7', port: 10042 });
  });

  it.each([
    {},
    { UNICASTRTP_LOCAL_ADDRESS: '127.0.0.1' },
    { UNICASTRTP_LOCAL_ADDRESS: '127.0.0.1', UNICASTRTP_LOCAL_PORT: '0' },
    { UNICASTRTP_LOCAL_ADDRESS: '127.0.0.1', UNICASTRTP_LOCAL_PORT: '70000' },
    { UNICASTRTP_LOCAL_ADDRESS: 'pbx', UNICASTRTP_LOCAL_PORT: '10042' },
  ])('is not guessed from %j', (channelvars) => {
    expect(peerOf(channel({ channelvars }))).toBeUndefined();
  });
});

describe('what is known of a caller', () => {
  const caller = channel({
    caller: { name: 'Alice', number: '1001' },
    dialplan: { exten: '88', app_name: 'Stasis', app_data: 'voice-agent, 510001' },
  });

  it('is the number that the dialplan hands over, else the extension', () => {
    expect(callInfoOf('a', caller, ['510001'], { VIP: 'yes' })).toEqual({
      key: { server: 'a', channel: '1.1' },
      direction: 'in',
      dialled: '510001',
      caller: { name: 'Alice', number: '1001' },
      variables: { VIP: 'yes' },
    });
    expect(callInfoOf('a', caller, [], {}).dialled).toBe('88');
    expect(callInfoOf('a', caller, ['510001', 'out'], {}).direction).toBe('out');
    expect(callInfoOf('a', caller, ['510001', 'out', '+49'], {}).caller).toEqual({
      name: 'Alice',
      number: '+49',
    });
    const directions = ['Down', 'Dialing', 'Ringing', 'Ring', 'Up'].map(
      (state) => callInfoOf('a', { ...caller, state }, ['510001'], {}).direction,
    );
    expect(directions).toEqual(['out', 'out', 'out', 'in', 'in']);
  });

  it('is found again when the caller waits in the app without a StasisStart', () => {
    const ids = objectIds('voice-agent', 'main');
    const media = channel({ id: ids.media() });
    const found = (...members: readonly string[]) =>
      callersIn([caller, media], { name: 'voice-agent', channels: members, bridges: [] }, ids);
    expect(found(caller.id, media.id)).toEqual([caller]);
    expect(found(media.id, 'gone')).toEqual([]);
    expect(callersIn([caller], undefined, ids)).toEqual([]);
  });

  it('was sent into the app with the arguments that the dialplan names', () => {
    const sentBy = (app_name: string, app_data: string) =>
      stasisArgsOf(channel({ dialplan: { app_name, app_data } }));
    expect(stasisArgsOf(caller)).toEqual(['510001']);
    expect(sentBy('Stasis', 'voice-agent, 510001,out,+49')).toEqual(['510001', 'out', '+49']);
    expect(sentBy('StasisBroadcast', '400,^voice-agent[.],510001')).toEqual(['510001']);
    expect(sentBy('StasisBroadcast', '400,^voice-agent[.],510001:out:+49,no')).toEqual([
      '510001',
      'out',
      '+49',
    ]);
    expect(sentBy('StasisBroadcast', '')).toEqual([]);
    expect(sentBy('Echo', '')).toEqual([]);
  });
});
