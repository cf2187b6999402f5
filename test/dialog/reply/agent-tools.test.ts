import { describe, expect, it } from 'vitest';
import { runTool, standardTools, toolTable } from '../../../src/dialog/reply/agent-tools.ts';
import type { AgentProfile, TransferTarget } from '../../../src/dialog/contract/agent-profile.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { agentProfile } from '../../support/scripted-call.ts';
import { callInfo, ScriptedLine } from '../../support/scripted-line.ts';

const clock = new ManualClock();
const BOB: TransferTarget = {
  name: 'Bob',
  also: ['the boss', 'sales'],
  endpoint: 'PJSIP/bob',
  callerId: 'caller',
  ringMs: 20_000,
  whileRinging: 'ringing',
};

const toolsOf = (agent: AgentProfile) =>
  toolTable(standardTools({ agent, messages: { keep: () => Promise.resolve() }, clock }));
const namesOf = (more: Partial<AgentProfile>): string[] => [...toolsOf(agentProfile(more)).keys()];
const { knowledge } = agentProfile();

async function run(name: string, args: Record<string, unknown>, more: Partial<AgentProfile> = {}) {
  const agent = agentProfile({ tools: [name], transferTargets: [BOB], ...more });
  const line = new ScriptedLine(clock);
  const { signal } = new AbortController();
  const call = { id: '1', name, arguments: args };
  const outcome = await runTool(toolsOf(agent), call, { agent, call: callInfo(), line, signal });
  return { ...outcome, done: line.done };
}

describe('the tools of an agent', () => {
  it('are those that it has a use for, if nothing is said of them', () => {
    expect(namesOf({})).toEqual(['hang_up', 'proceed', 'take_message']);
    expect(namesOf({ knowledge: { ...knowledge, departments: [], takesMessages: false } })).toEqual([
      'hang_up',
    ]);
    expect(namesOf({ transferTargets: [BOB] })).toContain('transfer');
  });

  it('are those that it is allowed, and no others', () => {
    expect(namesOf({ tools: ['hang_up', 'send_dtmf'], transferTargets: [BOB] })).toEqual([
      'hang_up',
      'send_dtmf',
    ]);
    expect(namesOf({ tools: [] })).toEqual([]);
  });
});

describe('transfer', () => {
  it('takes a target by its name or by another word for it, in any case', async () => {
    for (const target of ['Bob', 'bob', 'The Boss ', 'sales']) {
      expect((await run('transfer', { target })).ending).toMatchObject({ way: 'transfer', target: BOB });
    }
  });

  it('tells the model its targets, and refuses all others', async () => {
    const tool = toolsOf(agentProfile({ transferTargets: [BOB] })).get('transfer');
    expect(tool?.parameters).toMatchObject({ properties: { target: { enum: ['Bob'] } } });
    expect(tool?.description).toContain('Bob is also called: the boss, sales.');
    for (const args of [{ target: 'PJSIP/eve' }, { target: ['Bob'] }, {}, { name: 'Bob' }]) {
      const { result, ending, answer } = await run('transfer', args);
      expect(result).toMatch(/^error: target must be/);
      expect({ ending, answer }).toEqual({ ending: undefined, answer: true });
    }
  });
});

describe('send_dtmf', () => {
  it('presses the keys that there are on a telephone', async () => {
    const { result, done } = await run('send_dtmf', { digits: '12 w#*A' });
    expect({ result, done }).toEqual({ result: 'the keys 12w#*A are pressed', done: ['dtmf 12w#*A'] });
    expect((await run('send_dtmf', { digits: 7 })).done).toEqual(['dtmf 7']);
  });

  it('refuses all others, and too many', async () => {
    for (const digits of ['', '12x', '1;2', '１', '5'.repeat(41), null, {}]) {
      const { result, done } = await run('send_dtmf', { digits });
      expect(result).toMatch(/^error: digits must be/);
      expect(done).toEqual([]);
    }
  });
});
