import { afterEach, describe, expect, it, vi } from 'vitest';
import { AgentEvents, latenciesOf, transcriptOf } from '../../lab/agent-events.ts';
import { eventLine } from '../../lab/show.ts';
import type { AgentCall } from '../../lab/agent-events.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';

const info = {
  key: { server: 'local', channel: '17.1' },
  direction: 'in',
  dialled: '510001',
  caller: { number: '1001' },
  variables: {},
} as const;

function line(time: number, callEvent: CallEvent): string {
  return JSON.stringify({ level: 30, time, msg: 'something', callEvent });
}

function told(): AgentEvents {
  const events = new AgentEvents();
  const base = { call: 'a', at: 5 };
  events.feed(line(1000, { ...base, type: 'started', info, agent: 'alice' }));
  events.feed('a line that is no JSON');
  events.feed('{"level":30,"time":1001,"msg":"no event"}');
  const greeting = { turn: 0, text: 'Hello.', interrupted: false };
  events.feed(line(1100, { call: 'a', at: 105, type: 'agent-said', ...greeting, since: 25, until: 103.4 }));
  const question = { turn: 1, text: 'are you open', understood: true, via: 'speech' } as const;
  events.feed(line(1200, { call: 'a', at: 205, type: 'caller-said', ...question, since: 115 }));
  const marks = {
    speechEnd: 10,
    sttFinal: 130.4,
    llmStart: 131,
    llmFirstToken: 135,
    ttsStart: 140,
    ttsFirstAudio: 170,
  };
  events.feed(line(1300, { ...base, type: 'latency', turn: 1, marks }));
  return events;
}

describe('The agent’s events', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are found by who was called, and not before the call began', () => {
    const events = told();
    expect(events.find('510001', '1001', 900)?.id).toBe('a');
    expect(events.find('510001', '1002', 900)).toBeUndefined();
    expect(events.find('510002', undefined, 900)).toBeUndefined();
    expect(events.find('510001', undefined, 2000)).toBeUndefined();
  });

  it('make a transcript, and the stages of each turn', () => {
    const call = told().find('510001', undefined, 900) as AgentCall;
    expect(transcriptOf(call)).toEqual([
      { at: 1020, endedAt: 1098, who: 'agent', text: 'Hello.', whole: true },
      { at: 1110, who: 'caller', text: 'are you open', whole: true },
    ]);
    expect(latenciesOf(call)).toEqual([
      { turn: 1, sttMs: 120, llmMs: 4, ttsMs: 30, sendMs: undefined, totalMs: undefined },
    ]);
  });

  it('are told in the order in which they began, each with the time of its beginning', () => {
    const events = new AgentEvents();
    const told: string[] = [];
    events.on((call, seen) => told.push(eventLine(call, seen) ?? ''));
    const at = new Date(2026, 0, 1, 12, 0, 10).getTime();
    events.feed(line(at - 9000, { call: 'a', at: 1000, type: 'started', info, agent: 'alice' }));
    const question = { turn: 1, text: 'are you open', understood: true, via: 'speech' } as const;
    events.feed(line(at, { call: 'a', at: 10_000, type: 'caller-said', ...question, since: 7500 }));
    const greeting = { turn: 0, text: 'Hello.', interrupted: true, since: 5000, until: 7900 };
    events.feed(line(at + 1, { call: 'a', at: 10_001, type: 'agent-said', ...greeting }));
    expect(told.slice(1)).toEqual([
      '12:00:07.5  510001  caller: are you open',
      '12:00:05.0  510001  agent:  Hello. … (interrupted)',
    ]);
    const call = events.calls.get('a') as AgentCall;
    expect(transcriptOf(call).map(({ text }) => text)).toEqual(['Hello.', 'are you open']);
  });

  it('are waited for, and not for ever', async () => {
    const events = told();
    const ended = (): boolean => events.calls.get('a')?.events.at(-1)?.event.type === 'dtmf';
    vi.useFakeTimers();
    const tooLong = events.until(ended, 10);
    await vi.advanceTimersByTimeAsync(10);
    expect(await tooLong).toBe(false);
    const wait = events.until(ended, 5000);
    events.feed(line(1400, { call: 'a', at: 9, type: 'dtmf', digit: '1' }));
    expect(await wait).toBe(true);
  });
});
