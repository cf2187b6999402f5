import { describe, expect, it } from 'vitest';
import { expectedPhrases } from '../../../../src/providers/embedded/receptionist/expected-phrases.ts';
import { resultOf } from '../../../../src/dialog/turn/turn-machine.ts';
import type { AgentProfile, TransferTarget } from '../../../../src/dialog/contract/agent-profile.ts';
import type { Message } from '../../../../src/dialog/contract/conversation.ts';
import type { TransferOutcome } from '../../../../src/dialog/contract/call-info.ts';
import { ReceptionistCall, replyOf } from '../../../support/receptionist-call.ts';
import { shippedAgent } from '../../../support/shipped-config.ts';

const MARTHA: TransferTarget = {
  name: 'Martha',
  also: ['the owner'],
  endpoint: 'PJSIP/softphone2',
  callerId: 'caller',
  ringMs: 20_000,
  whileRinging: 'ringing',
};

const tom = (more: Partial<AgentProfile> = {}): AgentProfile => ({
  ...shippedAgent('tom'),
  transferTargets: [MARTHA],
  ...more,
});

describe('the receptionist', () => {
  it('calls a transfer target by name, and goes on in the dialplan with a department', async () => {
    const call = new ReceptionistCall(tom());
    const { text, tool } = await call.says('put me through to martha');
    expect(text).toContain('I will put you through to Martha.');
    expect(tool).toMatchObject({ name: 'transfer', arguments: { target: 'Martha' } });
    expect((await new ReceptionistCall(tom()).says('can i speak to the owner')).tool?.name).toBe('transfer');
    expect((await new ReceptionistCall(tom()).says('put me through to the workshop')).tool).toMatchObject({
      name: 'proceed',
      arguments: { department: 'service' },
    });
  });

  it('prefers a transfer target to a department of the same name, by its key as well', async () => {
    const agent = tom({ transferTargets: [{ ...MARTHA, name: 'Service' }] });
    for (const { tool } of [
      await new ReceptionistCall(agent).says('put me through to the workshop'),
      await new ReceptionistCall(agent).types('1'),
    ]) {
      expect(tool).toMatchObject({ name: 'transfer', arguments: { target: 'Service' } });
    }
  });

  it('expects that callers ask for them', () => {
    expect(expectedPhrases(tom())).toContain('put me through to martha');
  });

  it.each<[TransferOutcome, string]>([
    ['busy', 'I am sorry, Martha is on the telephone.'],
    ['refused', 'I am sorry, Martha can not take the call.'],
    ['no-answer', 'I am sorry, nobody answers there at the moment.'],
    ['failed', 'I am sorry, nobody answers there at the moment.'],
  ])('says so when a call for somebody is %s, and offers to take a message', async (outcome, words) => {
    const agent = tom();
    const call = new ReceptionistCall(agent);
    const { tool } = await call.says('put me through to martha');
    const result: Message = { role: 'tool', call: tool!, result: resultOf(outcome, 'Martha') };
    const history = [...call.history.filter(({ role }) => role !== 'tool'), result];
    const back = await replyOf(agent, history);
    expect(back.text).toBe(`${words} Shall I take a message?`);
    const said: Message = { role: 'agent', text: back.text, interrupted: false };
    const yes: Message = { role: 'caller', text: 'yes please', via: 'speech' };
    expect((await replyOf(agent, [...history, said, yes])).text).toContain('What is your name');
  });

  it('goes on with a caller who has come back of their own accord', async () => {
    const agent = tom();
    const call = new ReceptionistCall(agent);
    const { tool } = await call.says('put me through to martha');
    const result: Message = { role: 'tool', call: tool!, result: resultOf('cancelled', 'Martha') };
    const history = [...call.history.filter(({ role }) => role !== 'tool'), result];
    expect((await replyOf(agent, history)).text).toMatch(/^You are back with me\./);
  });

  it('does nothing that its agent may not do', async () => {
    const agent = tom({ tools: ['hang_up'] });
    for (const wish of [
      'put me through to martha',
      'put me through to the workshop',
      'can i leave a message',
    ]) {
      expect((await new ReceptionistCall(agent).says(wish)).tool).toBeUndefined();
    }
    expect((await new ReceptionistCall(agent).says('can i leave a message')).text).toContain(
      'can not take messages',
    );
  });
});
