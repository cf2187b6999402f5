import { describe, expect, it } from 'vitest';
import type { RunningCall, ToPage } from '../../src/console/protocol.ts';
import { beginRecord } from '../../src/dialog/call/call-record.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import { callsAfter } from '../../web/calls-after.ts';
import { callInfo } from '../support/scripted-line.ts';

function begun(call: string, at = 0): Extract<ToPage, { type: 'begun' }> {
  const started = { type: 'started', call, at, info: callInfo(), agent: 'alice' } as const;
  return { type: 'begun', call: { id: `day/${call}`, ...beginRecord(started, '2026-03-04T05:06:07.000Z') } };
}

function told(event: CallEvent): ToPage {
  return { type: 'event', event };
}

function ended(call: string, at: number): ToPage {
  return told({ type: 'ended', call, at, reason: 'caller-hung-up', variables: {}, media: NO_MEDIA });
}

function after(...news: readonly ToPage[]): readonly RunningCall[] {
  return news.reduce<readonly RunningCall[]>(callsAfter, []);
}

describe('The calls that the page shows', () => {
  it('grow with their events, each with its own', () => {
    const [a, b] = after(
      begun('a', 100),
      begun('b', 200),
      told({ type: 'answered', call: 'b', at: 250, setUpMs: 50 }),
      { type: 'turns', turns: { a: { phase: 'thinking', turn: 1, words: 'are you open' } } },
    );
    expect(a).toMatchObject({ id: 'day/a', turn: { phase: 'thinking', words: 'are you open' } });
    expect(a?.record).not.toHaveProperty('setUpMs');
    expect(b).toMatchObject({ origin: 200, record: { call: 'b', setUpMs: 50 } });
    expect(b).not.toHaveProperty('turn');
  });

  it('change no more once they are over, also where a later call has the same name', () => {
    const [first, second] = after(
      begun('a'),
      ended('a', 1000),
      begun('a', 5000),
      told({ type: 'answered', call: 'a', at: 5060, setUpMs: 60 }),
      { type: 'turns', turns: { a: { phase: 'listening', turn: 1, words: '' } } },
    );
    expect(first?.record).toMatchObject({ ended: { reason: 'caller-hung-up', durationMs: 1000 } });
    expect(first?.record).not.toHaveProperty('setUpMs');
    expect(first).not.toHaveProperty('turn');
    expect(second).toMatchObject({ record: { setUpMs: 60 }, turn: { phase: 'listening' } });
  });

  it('have what was being said in their record alone once it is told', () => {
    const saying = { heard: 'Yes, we', unheard: ' are.' };
    const [call] = after(
      begun('a'),
      { type: 'turns', turns: { a: { phase: 'speaking', turn: 1, words: '', saying } } },
      told({
        type: 'agent-said',
        call: 'a',
        at: 900,
        turn: 1,
        text: 'Yes, we',
        interrupted: true,
        unheard: ' are.',
      }),
    );
    expect(call?.turn).toEqual({ phase: 'speaking', turn: 1, words: '' });
    expect(call?.record.said).toMatchObject([{ text: 'Yes, we', interrupted: true, unheard: ' are.' }]);
  });

  it('are those that run, and the last five that did', () => {
    const over = ['1', '2', '3', '4', '5', '6', '7'].flatMap((call) => [begun(call), ended(call, 1000)]);
    const shown = after(begun('long'), ...over, begun('new'));
    expect(shown.map(({ record }) => record.call)).toEqual(['long', '4', '5', '6', '7', 'new']);
  });

  it('are what the server says when the page comes back', () => {
    const { call } = begun('b');
    expect(after(begun('a'), { type: 'running', now: 7, calls: [call], outOfUse: [] })).toEqual([call]);
  });

  it('stay the same, and aren’t drawn again, when levels come', () => {
    const calls = after(begun('a'));
    expect(callsAfter(calls, { type: 'levels', levels: { a: { caller: -30, agent: -127 } } })).toBe(calls);
  });
});
