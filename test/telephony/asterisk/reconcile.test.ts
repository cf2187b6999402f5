import { describe, expect, it } from 'vitest';
import { parseChannel, type AriChannel } from '../../../src/telephony/asterisk/ari-model.ts';
import { beginCall, nextCallState } from '../../../src/telephony/asterisk/call-machine.ts';
import type {
  CallSignal,
  CallState,
  Session,
  Transfer,
} from '../../../src/telephony/asterisk/call-states.ts';
import { findDifferences, keeps, viewOf } from '../../../src/telephony/asterisk/reconcile.ts';

const SESSION: CallSignal = { type: 'created', resource: 'session', session: {} as Session };
const BRIDGE: CallSignal = { type: 'created', resource: 'bridge' };
const MEDIA: CallSignal = {
  type: 'created',
  resource: 'media',
  peer: { address: '192.0.2.1', port: 10_000 },
};

function call(...signals: CallSignal[]) {
  let state: CallState = beginCall('caller').state;
  for (const signal of signals) state = nextCallState(state, signal).state;
  return { mediaId: 'media', bridgeId: 'bridge', state };
}

function channel(id: string, app = 'voice-agent'): AriChannel {
  const parsed = parseChannel({ id, dialplan: { app_name: 'Stasis', app_data: `${app},510001` } });
  if (!parsed) throw new Error('no channel');
  return parsed;
}

const told = (one: ReturnType<typeof call>, channels: AriChannel[], bridges: string[]): string[] =>
  findDifferences(
    viewOf([one]),
    channels,
    bridges.map((id) => ({ id, channels: [] })),
    channels.filter(({ dialplan }) => dialplan.appData.startsWith('voice-agent,')),
  ).map(({ signal }) => ('resource' in signal ? `${signal.type} ${signal.resource}` : signal.type));

const TALKING = [
  SESSION,
  BRIDGE,
  MEDIA,
  { type: 'attached' },
  { type: 'entered' },
  { type: 'joined' },
] as const;

describe('after a gap in the events', () => {
  it('a call that has everything is told nothing', () => {
    expect(told(call(...TALKING), [channel('caller'), channel('media')], ['bridge'])).toEqual([]);
  });

  it('a call is told what it has lost', () => {
    expect(told(call(...TALKING), [channel('caller'), channel('media')], [])).toEqual(['lost bridge']);
    expect(told(call(...TALKING), [channel('caller')], ['bridge'])).toEqual(['lost media']);
    expect(told(call(...TALKING), [channel('media')], ['bridge'])).toEqual(['legLeft']);
  });

  it('a call is told that the one who was called for it is gone', () => {
    const talk = call(
      ...TALKING,
      { type: 'transfer', to: 'target', transfer: { request: {} } as Transfer },
      { type: 'targetAnswered', target: 'target' },
      { type: 'connected' },
    );
    expect(told(talk, [channel('caller'), channel('target')], ['bridge'])).toEqual([]);
    expect(told(talk, [channel('caller')], ['bridge'])).toEqual(['targetLeft']);
  });

  it('a caller who is in another app, or back in the dialplan, has left', () => {
    expect(told(call(...TALKING), [channel('caller', 'another'), channel('media')], ['bridge'])).toEqual([
      'legLeft',
    ]);
  });

  it('what may not have been there yet when Asterisk was asked is not missed', () => {
    expect(told(call(), [channel('caller')], [])).toEqual([]);
    expect(told(call(SESSION, BRIDGE), [channel('caller')], ['bridge'])).toEqual([]);
    expect(told(call(SESSION, BRIDGE, MEDIA), [channel('caller')], ['bridge'])).toEqual([]);
    expect(told(call(SESSION, BRIDGE, { type: 'entered' }), [channel('caller')], ['bridge'])).toEqual([]);
  });

  it('a call that has ended is left alone', () => {
    const over = call({ type: 'legLeft', leg: 'caller' }, SESSION, BRIDGE);
    expect(told(over, [], ['bridge'])).toEqual([]);
  });

  it('what a call could not give back is swept though its caller is still there, and nothing before', () => {
    const kept = (one: ReturnType<typeof call>): string[] =>
      (['media', 'bridge'] as const).filter((role) => keeps({ role, call: one }, role));
    const farewell = { type: 'hangUp', reason: 'agent-hung-up' } as const;
    expect(kept(call(...TALKING))).toEqual(['media', 'bridge']);
    expect(kept(call(...TALKING, farewell))).toEqual(['media', 'bridge']);
    const tried = call(
      ...[...TALKING, farewell],
      ...(['media', 'bridge'] as const).map((resource) => ({ type: 'released', resource }) as const),
    );
    expect(tried.state.name).toBe('leaving');
    expect(kept(tried)).toEqual([]);
  });
});
