import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginCall, JOIN_ATTEMPTS, nextCallState } from '../../../src/telephony/asterisk/call-machine.ts';
import {
  held,
  type CallAction,
  type CallSignal,
  type CallState,
  type Resource,
  type Session,
  type Transfer,
} from '../../../src/telephony/asterisk/call-states.ts';

/** The machine never looks into what it holds. */
const SESSION = { id: 'the session' } as Session;
const PEER = { address: '192.0.2.1', port: 10_000 };
const created = (resource: Resource): CallSignal => {
  if (resource === 'session') return { type: 'created', resource, session: SESSION };
  return resource === 'media' ? { type: 'created', resource, peer: PEER } : { type: 'created', resource };
};
const failed = (resource: Resource): CallSignal => ({
  type: 'failed',
  resource,
  reason: resource === 'target' ? 'failed' : `${resource}-failed`,
});
const lost = (resource: Exclude<Resource, 'target'>): CallSignal => ({
  type: 'lost',
  resource,
  reason: resource === 'bridge' ? 'bridge-destroyed' : 'media-lost',
});
const released = (resource: Resource): CallSignal => ({ type: 'released', resource });
const ATTACHED: CallSignal = { type: 'attached' };
const ENTERED: CallSignal = { type: 'entered' };
const JOINED: CallSignal = { type: 'joined' };
const NOT_JOINED: CallSignal = { type: 'notJoined', reason: 'not-bridged', again: false };
const NOT_YET_JOINED: CallSignal = { type: 'notJoined', reason: 'not-bridged', again: true };
const TIME_OUT: CallSignal = { type: 'timeOut', reason: 'set-up-took-too-long' };
const LEG_LEFT: CallSignal = { type: 'legLeft', leg: 'caller' };
const REPLACED: CallSignal = { type: 'legReplaced', leg: 'caller', by: 'other' };
const STAYED: CallSignal = { type: 'legStayed', leg: 'caller' };
const HANG_UP: CallSignal = { type: 'hangUp', reason: 'agent-hung-up' };
const PROCEED: CallSignal = {
  type: 'proceed',
  reason: 'agent-let-go',
  variables: { VOICE_AGENT_RESULT: 'x' },
};

const ASKED_FOR: Transfer = {
  request: { endpoint: 'x', callerId: {}, ringMs: 1000, whileRinging: 'ringing' },
  settle: () => undefined,
};
const TRANSFER: Extract<CallSignal, { type: 'transfer' }> = {
  type: 'transfer',
  to: 't',
  transfer: ASKED_FOR,
};
const TELL_FIRST: CallSignal = {
  ...TRANSFER,
  transfer: { ...ASKED_FOR, request: { ...ASKED_FOR.request, brief: () => undefined } },
};
const ANSWERED: CallSignal = { type: 'targetAnswered', target: 't' };
const BUSY: CallSignal = { type: 'targetLeft', target: 't', outcome: 'busy' };
const TARGET_REPLACED: CallSignal = { type: 'targetReplaced', target: 't', by: 'u' };
const RING_NO_MORE: CallSignal = { type: 'ringNoMore', outcome: 'no-answer' };
const TAKEN: CallSignal = { type: 'targetPressed', target: 't', digit: '1' };
const NOT_ACCEPTED: CallSignal = { type: 'notAccepted', target: 't' };
const CONNECTED: CallSignal = { type: 'connected' };
const NOT_CONNECTED: CallSignal = { type: 'notConnected' };

const RESOURCES = ['session', 'bridge', 'media', 'target'] as const;
const SET_UP = [created('session'), created('bridge'), created('media'), ATTACHED, ENTERED];

const EVERY_SIGNAL: readonly CallSignal[] = [
  ...RESOURCES.flatMap((resource) => [created(resource), failed(resource), released(resource)]),
  ...(['session', 'bridge', 'media'] as const).map(lost),
  ...[ATTACHED, ENTERED, JOINED, NOT_JOINED, NOT_YET_JOINED, TIME_OUT, LEG_LEFT, REPLACED, STAYED, HANG_UP],
  ...[PROCEED, TRANSFER, ANSWERED, BUSY, TARGET_REPLACED, RING_NO_MORE, CONNECTED, NOT_CONNECTED],
  ...[TELL_FIRST, TAKEN, NOT_ACCEPTED],
];
const RINGING = [...SET_UP, JOINED, TRANSFER, created('target')];
const BRIEFED = [...SET_UP, JOINED, TELL_FIRST, created('target'), ANSWERED];

/** Follows the signals from the call's beginning; gives the last state and all actions. */
function live(...signals: readonly CallSignal[]): { state: CallState; actions: CallAction[] } {
  let { state, actions: all } = beginCall('caller') as { state: CallState; actions: CallAction[] };
  for (const signal of signals) {
    const next = nextCallState(state, signal);
    state = next.state;
    all = [...all, ...next.actions];
  }
  return { state, actions: all };
}

const typesOf = (actions: readonly CallAction[]): string[] =>
  actions.map((action) => ('resource' in action ? `${action.type} ${action.resource}` : action.type));

const REPRESENTATIVES: Readonly<Record<CallState['name'], CallState>> = {
  settingUp: live(created('session'), created('bridge')).state,
  joining: live(...SET_UP).state,
  talking: live(...SET_UP, JOINED).state,
  ringing: live(...RINGING).state,
  briefing: live(...BRIEFED).state,
  connecting: live(...RINGING, ANSWERED).state,
  connected: live(...RINGING, ANSWERED, CONNECTED).state,
  leaving: live(...SET_UP, JOINED, HANG_UP).state,
  ended: live(failed('session'), failed('bridge'), released('bridge'), LEG_LEFT).state,
};

describe('a call, step by step', () => {
  it('asks for session and bridge side by side, and for the external channel once the session is there', () => {
    expect(typesOf(live().actions)).toEqual(['create session', 'create bridge']);
    expect(typesOf(live(created('session')).actions)).toContain('create media');
    expect(typesOf(live(created('bridge')).actions)).not.toContain('create media');
  });

  it('is joined exactly when bridge, media, peer and the external channel are all there, in any order', () => {
    const [first, ...rest] = SET_UP;
    fc.assert(
      fc.property(fc.shuffledSubarray(rest, { minLength: rest.length }), (order) => {
        // The peer is attached after the answer that names it.
        fc.pre(
          order.indexOf(ATTACHED) >
            order.findIndex((signal) => 'resource' in signal && signal.resource === 'media'),
        );
        for (let n = 0; n < order.length; n++) {
          expect(typesOf(live(first!, ...order.slice(0, n)).actions)).not.toContain('join');
        }
        const { state, actions } = live(first!, ...order);
        expect(state.name).toBe('joining');
        expect(typesOf(actions).filter((type) => type === 'join')).toHaveLength(1);
      }),
    );
  });

  it('is handed to its session when it is bridged, not before', () => {
    expect(typesOf(live(...SET_UP).actions)).not.toContain('run');
    expect(typesOf(live(...SET_UP, JOINED).actions).at(-1)).toBe('run');
  });

  it('tries again to join a leg that is not ready, a few times', () => {
    const stubborn = Array.from({ length: JOIN_ATTEMPTS - 1 }, () => NOT_YET_JOINED);
    expect(live(...SET_UP, ...stubborn).state).toMatchObject({ name: 'joining', attempt: JOIN_ATTEMPTS });
    expect(live(...SET_UP, ...stubborn, NOT_YET_JOINED).state).toMatchObject({
      name: 'leaving',
      farewell: { kind: 'proceed', variables: { VOICE_AGENT_RESULT: 'error' } },
    });
    expect(live(...SET_UP, NOT_JOINED).state.name).toBe('leaving');
  });

  it('ends when the caller hangs up, and gives back the external channel, the bridge and the session', () => {
    const { state, actions } = live(...SET_UP, JOINED, LEG_LEFT);
    expect(state).toMatchObject({ name: 'leaving', farewell: { kind: 'none', reason: 'caller-hung-up' } });
    expect(typesOf(actions).slice(-4)).toEqual([
      'callerLeft',
      'release media',
      'release bridge',
      'release session',
    ]);
    const end = live(...SET_UP, JOINED, LEG_LEFT, released('media'), released('bridge'), released('session'));
    expect(end.state.name).toBe('ended');
    expect(typesOf(end.actions).at(-1)).toBe('finish');
  });

  it('gives back late what it had asked for when the caller left', () => {
    const early = live(LEG_LEFT);
    expect(typesOf(early.actions)).not.toContain('release bridge');
    const late = live(LEG_LEFT, created('bridge'), created('session'));
    expect(typesOf(late.actions)).toEqual(expect.arrayContaining(['release bridge', 'release session']));
    expect(typesOf(late.actions)).not.toContain('create media');
  });

  it('deletes what a failed request may have made all the same', () => {
    const { actions } = live(created('session'), created('bridge'), failed('media'));
    expect(typesOf(actions)).toContain('release media');
  });

  it('sends the caller on in the dialplan when a part of it fails or is lost', () => {
    const broken: CallSignal[][] = [
      [failed('session')],
      [failed('bridge')],
      [created('session'), failed('media')],
      [...SET_UP, lost('media')],
      [...SET_UP, JOINED, lost('bridge')],
      [...SET_UP, JOINED, lost('session')],
      [created('session'), TIME_OUT],
    ];
    for (const signals of broken) {
      expect(live(...signals).state).toMatchObject({ name: 'leaving', farewell: { kind: 'proceed' } });
    }
  });

  it('is not bound by the time for its set-up once it talks', () => {
    expect(live(...SET_UP, JOINED, TIME_OUT).state.name).toBe('talking');
  });

  it('goes on with the channel that a transfer put in the caller’s place', () => {
    const { state, actions } = live(...SET_UP, JOINED, REPLACED, LEG_LEFT);
    expect(state).toMatchObject({ name: 'talking', legs: ['other'] });
    expect(actions).toContainEqual({ type: 'bringIn', leg: 'other' });
    expect(live(...SET_UP, JOINED, REPLACED, { type: 'legLeft', leg: 'other' }).state.name).toBe('leaving');
  });

  it('lets a replacement go too, when it is leaving', () => {
    const { actions } = live(...SET_UP, JOINED, HANG_UP, REPLACED);
    expect(actions).toContainEqual(expect.objectContaining({ type: 'letGo', leg: 'other' }));
  });

  it('keeps letting a leg go that stayed', () => {
    const { actions } = live(...SET_UP, JOINED, PROCEED, STAYED);
    expect(actions.at(-1)).toMatchObject({ type: 'letGo', leg: 'caller', again: true });
    expect(live(...SET_UP, JOINED, PROCEED, LEG_LEFT, STAYED).actions.at(-1)).not.toHaveProperty(
      'again',
      true,
    );
  });
});

describe('a transfer, step by step', () => {
  const after = (...signals: CallSignal[]): string[] => {
    const before = live(...SET_UP, JOINED).actions.length;
    return typesOf(live(...SET_UP, JOINED, TRANSFER, ...signals).actions.slice(before));
  };

  it('calls the target and lets the caller hear it ring', () => {
    expect(after()).toEqual(['create target', 'ring']);
    expect(live(...SET_UP, JOINED, TRANSFER).state.name).toBe('ringing');
  });

  it('connects who answers, and then gives media and session back, but not the bridge', () => {
    expect(after(created('target'), ANSWERED)).toEqual(['create target', 'ring', 'stopRinging', 'connect']);
    const { state, actions } = live(...RINGING, ANSWERED, CONNECTED);
    expect(typesOf(actions).slice(-3)).toEqual(['release media', 'release session', 'transferOver']);
    expect(actions.at(-1)).toMatchObject({ outcome: 'answered' });
    expect(state).toMatchObject({ name: 'connected', bridge: { is: 'held' }, target: held('t') });
  });

  it('connects a target whose answer overtakes that to the request that called it', () => {
    const { state } = live(...SET_UP, JOINED, TRANSFER, ANSWERED, created('target'), CONNECTED, LEG_LEFT);
    expect(state).toMatchObject({ name: 'leaving', target: { is: 'releasing', thing: 't' } });
  });

  it('brings the caller back when nobody comes of it, with everything as before', () => {
    const before = live(...SET_UP, JOINED).state;
    for (const [signal, outcome] of [
      [BUSY, 'busy'],
      [RING_NO_MORE, 'no-answer'],
    ] as const) {
      const { state, actions } = live(...RINGING, signal);
      expect(actions).toContainEqual({ type: 'transferOver', transfer: ASKED_FOR, outcome });
      expect(typesOf(actions)).toContain('stopRinging');
      expect(state.name).toBe('talking');
      const quiet = nextCallState(state, released('target')).state;
      expect(quiet).toEqual(before);
    }
    expect(after(failed('target'))).toEqual([
      ...['create target', 'ring', 'stopRinging', 'rejoin', 'release target', 'transferOver'],
    ]);
    expect(live(...RINGING, ANSWERED, NOT_CONNECTED).state.name).toBe('talking');
  });

  it('hangs up on a target that comes to be when nobody wants it any more', () => {
    expect(after(RING_NO_MORE)).not.toContain('release target');
    expect(after(RING_NO_MORE, created('target')).at(-1)).toBe('release target');
    expect(after(LEG_LEFT, created('target')).at(-1)).toBe('release target');
  });

  it('can be tried again, as soon as the last target is gone', () => {
    expect(after(RING_NO_MORE, TRANSFER).filter((type) => type === 'create target')).toHaveLength(1);
    const again = after(created('target'), BUSY, TRANSFER, created('target'), ANSWERED, CONNECTED);
    expect(again.filter((type) => type === 'create target')).toHaveLength(2);
    expect(again.at(-1)).toBe('transferOver');
  });

  it('ends the ringing and the target when the caller hangs up or is let go', () => {
    for (const signal of [LEG_LEFT, HANG_UP, PROCEED]) {
      const { actions } = live(...RINGING, signal);
      expect(typesOf(actions)).toEqual(expect.arrayContaining(['stopRinging', 'release target']));
    }
    expect(typesOf(live(...RINGING, PROCEED).actions).indexOf('stopRinging')).toBeLessThan(
      typesOf(live(...RINGING, PROCEED).actions).indexOf('letGo'),
    );
  });

  it('tells once that the target has hung up after the talk, and the target goes when the caller does', () => {
    const talk = [...RINGING, ANSWERED, CONNECTED];
    expect(typesOf(live(...talk, BUSY, BUSY).actions).filter((type) => type === 'targetGone')).toHaveLength(
      1,
    );
    expect(typesOf(live(...talk, BUSY, HANG_UP).actions)).not.toContain('release target');
    expect(typesOf(live(...talk, LEG_LEFT).actions)).toContain('release target');
    expect(typesOf(live(...RINGING, ANSWERED, BUSY, CONNECTED).actions).slice(-2)).toEqual([
      ...['transferOver', 'targetGone'],
    ]);
  });

  it('goes on with whom the target’s phone put in its place', () => {
    const { actions } = live(...RINGING, ANSWERED, CONNECTED, TARGET_REPLACED);
    expect(actions.at(-1)).toEqual({ type: 'bringIn', leg: 'u' });
  });

  it('goes on with whom the target’s phone put in its place before it was connected', () => {
    expect(live(...RINGING, TARGET_REPLACED).state).toMatchObject({ target: held('u') });
    const { actions } = live(...RINGING, ANSWERED, TARGET_REPLACED, CONNECTED, LEG_LEFT);
    expect(actions).toContainEqual({ type: 'release', resource: 'target', target: 'u' });
  });

  it('takes no word of another target for one of its own', () => {
    const other = { target: 'another' } as const;
    expect(live(...RINGING, { type: 'targetAnswered', ...other }).state.name).toBe('ringing');
    const left: CallSignal = { type: 'targetLeft', ...other, outcome: 'busy' };
    expect(live(...RINGING, left, ANSWERED, left, CONNECTED, left).state).toMatchObject({
      name: 'connected',
      target: held('t'),
    });
  });
});

describe('a transfer to somebody who is told first', () => {
  const pressed = (digit: string): CallSignal => ({ type: 'targetPressed', target: 't', digit });

  it('connects them when they take the call, and the caller hears it ring until then', () => {
    expect(typesOf(live(...BRIEFED).actions)).not.toContain('stopRinging');
    const { state, actions } = live(...BRIEFED, pressed('7'), RING_NO_MORE, pressed('1'));
    expect(typesOf(actions).slice(-3)).toEqual(['brief', 'stopRinging', 'connect']);
    expect(state.name).toBe('connecting');
  });

  it('has the caller back when they don’t, or hang up, or press nothing', () => {
    const endings: [CallSignal, string][] = [
      [pressed('2'), 'refused'],
      [BUSY, 'refused'],
      [NOT_ACCEPTED, 'no-answer'],
      [{ type: 'ringNoMore', outcome: 'cancelled' }, 'cancelled'],
    ];
    for (const [signal, outcome] of endings) {
      const { state, actions } = live(...BRIEFED, signal);
      expect(state.name).toBe('talking');
      expect(typesOf(actions)).toContain('rejoin');
      expect(actions).toContainEqual(expect.objectContaining({ type: 'transferOver', outcome }));
    }
  });
});

describe('every state meets every signal', () => {
  const CALL_ENDS = {
    'lost bridge': 'leaving',
    'lost media': 'leaving',
    'lost session': 'leaving',
    legLeft: 'leaving',
    hangUp: 'leaving',
    proceed: 'leaving',
  } as const;
  const expected: Readonly<Record<CallState['name'], Readonly<Partial<Record<string, CallState['name']>>>>> =
    {
      settingUp: {
        'failed media': 'leaving',
        'lost bridge': 'leaving',
        'lost media': 'leaving',
        'lost session': 'leaving',
        timeOut: 'leaving',
        legLeft: 'leaving',
        hangUp: 'leaving',
        proceed: 'leaving',
      },
      joining: {
        joined: 'talking',
        notJoined: 'leaving',
        'lost bridge': 'leaving',
        'lost media': 'leaving',
        'lost session': 'leaving',
        timeOut: 'leaving',
        legLeft: 'leaving',
        hangUp: 'leaving',
        proceed: 'leaving',
      },
      talking: { ...CALL_ENDS, transfer: 'ringing' },
      ringing: {
        ...CALL_ENDS,
        'failed target': 'ringing',
        targetAnswered: 'connecting',
        targetLeft: 'talking',
        ringNoMore: 'talking',
      },
      briefing: {
        ...CALL_ENDS,
        targetPressed: 'connecting',
        notAccepted: 'talking',
        targetLeft: 'talking',
      },
      connecting: { ...CALL_ENDS, connected: 'connected', notConnected: 'talking' },
      // Its media has been given back: nothing of it can be lost any more.
      connected: {
        'lost bridge': 'leaving',
        legLeft: 'leaving',
        hangUp: 'leaving',
        proceed: 'leaving',
      },
      leaving: {},
      ended: {},
    };

  for (const [name, state] of Object.entries(REPRESENTATIVES)) {
    for (const signal of EVERY_SIGNAL) {
      const key = 'resource' in signal ? `${signal.type} ${signal.resource}` : signal.type;
      const again = signal.type === 'notJoined' && signal.again;
      const next = again ? name : (expected[name as CallState['name']][key] ?? name);
      it(`${name} × ${key}${again ? ' (again)' : ''} → ${next}`, () => {
        expect(state.name).toBe(name);
        expect(nextCallState(state, signal).state.name).toBe(next);
      });
    }
  }
});

describe('whatever happens, in whatever order', () => {
  const anyLife = fc.array(fc.constantFrom(...EVERY_SIGNAL), { maxLength: 40 });

  it('a call runs at most once, tells at most once that the caller left, and finishes at most once', () => {
    fc.assert(
      fc.property(anyLife, (signals) => {
        const types = typesOf(live(...signals).actions);
        for (const once of ['run', 'callerLeft', 'finish']) {
          expect(types.filter((type) => type === once).length).toBeLessThanOrEqual(1);
        }
        const finish = types.indexOf('finish');
        // After the end only what comes late is given back.
        if (finish >= 0)
          expect(types.slice(finish + 1).every((type) => type.startsWith('release'))).toBe(true);
      }),
    );
  });

  it('nothing is held for ever: when all requests are answered and the caller is let go, the call has ended', () => {
    fc.assert(
      fc.property(anyLife, (signals) => {
        const { state, actions } = live(...signals);
        const asked = actions.filter((action) => action.type === 'create').map((action) => action.resource);
        const closing: CallSignal[] = [
          HANG_UP,
          ...asked.map(created),
          LEG_LEFT,
          { type: 'legLeft', leg: 'other' },
          ...RESOURCES.map(released),
        ];
        let last = state;
        for (const signal of closing) last = nextCallState(last, signal).state;
        expect(last.name).toBe('ended');
      }),
    );
  });

  it('each resource that came to exist is given back, and only once', () => {
    fc.assert(
      fc.property(anyLife, (signals) => {
        // A resource is made at most once, and only if it was asked for.
        const made = new Set<Resource>();
        const gone = new Set<Resource>();
        const asked = new Set<Resource>(['session', 'bridge']);
        const releases = new Map<Resource, number>();
        let state = beginCall('caller').state;
        const closing: CallSignal[] = [HANG_UP, LEG_LEFT, { type: 'legLeft', leg: 'other' }];
        for (const signal of [...signals, ...closing]) {
          if (signal.type === 'created' || signal.type === 'failed') {
            if (!asked.delete(signal.resource)) continue;
            if (signal.type === 'created') made.add(signal.resource);
          }
          if (signal.type === 'lost') {
            if (!made.has(signal.resource)) continue;
            if (signal.resource !== 'session') gone.add(signal.resource);
          }
          if (signal.type === 'released') continue;
          // Another one may be called after it.
          if (signal.type === 'targetLeft' && !made.delete('target')) continue;
          const next = nextCallState(state, signal);
          state = next.state;
          for (const action of next.actions) {
            if (action.type === 'create') asked.add(action.resource);
            if (action.type === 'release') {
              releases.set(action.resource, (releases.get(action.resource) ?? 0) + 1);
            }
          }
        }
        for (const resource of made) {
          expect(releases.get(resource) ?? 0).toBeLessThanOrEqual(1);
          if (!gone.has(resource)) expect(releases.get(resource)).toBe(1);
        }
      }),
    );
  });
});
