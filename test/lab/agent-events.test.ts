import { describe, expect, it } from 'vitest';
import { AgentEvents, latenciesOf, transcriptOf } from '../../lab/agent-events.ts';
import type { AgentCall } from '../../lab/agent-events.ts';
import type { CallEvent } from '../../src/dialog/ports.ts';

const info = {
  key: { server: 'local', channel: '17.1' },
  direction: 'in',
  dialled: '510001',
  caller: { number: '1001', name: '' },
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
  events.feed(line(1100, { ...base, type: 'agent-said', ...greeting }));
  const question = { turn: 1, text: 'are you open', understood: true, via: 'speech' } as const;
  events.feed(line(1200, { ...base, type: 'caller-said', ...question }));
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
      { at: 1100, who: 'agent', text: 'Hello.', whole: true },
      { at: 1200, who: 'caller', text: 'are you open', whole: true },
    ]);
    expect(latenciesOf(call)).toEqual([
      { turn: 1, sttMs: 120, llmMs: 4, ttsMs: 30, sendMs: undefined, totalMs: undefined },
    ]);
  });

  it('are waited for, and not for ever', async () => {
    const events = told();
    const ended = (): boolean => events.calls.get('a')?.events.at(-1)?.event.type === 'dtmf';
    expect(await events.until(ended, 10)).toBe(false);
    const wait = events.until(ended, 5000);
    events.feed(line(1400, { call: 'a', at: 9, type: 'dtmf', digit: '1' }));
    expect(await wait).toBe(true);
  });
});
