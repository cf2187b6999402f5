import { describe, expect, it } from 'vitest';
import { callerIdOf } from '../../../src/dialog/call/call-transfer.ts';
import type { TransferOutcome } from '../../../src/dialog/contract/call-info.ts';
import type { TransferTarget } from '../../../src/dialog/contract/agent-profile.ts';
import { en } from '../../../src/dialog/language/en.ts';
import { agentProfile, ScriptedCall, type ScriptedCallOptions } from '../../support/scripted-call.ts';
import { callInfo } from '../../support/scripted-line.ts';

const BOB: TransferTarget = {
  name: 'Bob',
  also: ['the boss'],
  endpoint: 'PJSIP/bob',
  callerId: 'caller',
  ringMs: 20_000,
  whileRinging: 'ringing',
};
const AGENT = agentProfile({ transferTargets: [BOB] });
const WISH = ['I will put you through.', { tool: 'transfer', arguments: { target: 'Bob' } }] as const;

/** The caller has asked for Bob, the words about it are out, and it rings. */
async function ringing(options: ScriptedCallOptions = {}): Promise<ScriptedCall> {
  const replies = options.replies ?? [[...WISH], ['Bob is on the telephone.']];
  const call = await ScriptedCall.greeted({ agent: AGENT, ...options, replies });
  await call.says('put me through to bob');
  await call.clock.until(() => call.line.transfers.length === 1);
  return call;
}

async function ended(call: ScriptedCall): Promise<void> {
  await call.clock.advance(2000);
  await call.running;
  expect(call.leftovers).toEqual({});
}

async function over(call: ScriptedCall, outcome: TransferOutcome): Promise<void> {
  call.line.endTransfer(outcome);
  await call.clock.advance(20);
}

describe('a transfer', () => {
  it('begins when the words before it are out', async () => {
    const call = await ScriptedCall.greeted({ agent: AGENT, replies: [[...WISH]] });
    await call.says('put me through to bob');
    await call.speaking();
    expect(call.line.transfers).toEqual([]);
    await call.quiet();
    expect(call.line.transfers).toEqual([
      {
        endpoint: 'PJSIP/bob',
        callerId: { name: 'Ada', number: '0301234567' },
        ringMs: 20_000,
        whileRinging: 'ringing',
      },
    ]);
    expect(call.media.playbacks.every((playback) => playback.settled)).toBe(true);
  });

  it('is not begun when the caller interrupts the words before it, and the model knows', async () => {
    const call = await ScriptedCall.greeted({
      agent: AGENT,
      replies: [['I will now put you through to Bob at once.', WISH[1]], ['As you like.']],
    });
    await call.says('put me through to bob');
    await call.speaking();
    await call.clock.advance(400);
    await call.exchange('no wait');
    expect(call.line.transfers).toEqual([]);
    const tool = call.llm.requests.at(-1)?.history.find(({ role }) => role === 'tool');
    expect(tool).toMatchObject({
      result: expect.stringMatching(/^not done: the caller has interrupted/) as string,
    });
  });

  it('hears nothing of what the caller says while it rings, and doesn’t ask whether they are there', async () => {
    const call = await ringing();
    await call.says('hello hello', 2000);
    await call.clock.advance(15_000);
    expect(call.media.playing).toBe(false);
    expect(call.llm.requests).toHaveLength(1);
    expect(call.of('caller-said')).toHaveLength(1);
  });

  it('shows the target who is on the line now, if somebody else has taken the caller’s place', async () => {
    const call = await ScriptedCall.greeted({ agent: AGENT, replies: [[...WISH]] });
    call.line.tell({ type: 'caller-changed', caller: { number: '1002', name: 'Eve' } });
    await call.says('put me through to bob');
    await call.clock.until(() => call.line.transfers.length === 1);
    expect(call.line.transfers[0]).toMatchObject({ callerId: { name: 'Eve', number: '1002' } });
  });

  it('ends the agent’s part when the target answers: nobody listens any more', async () => {
    const call = await ringing();
    await over(call, 'answered');
    expect([call.vad.openStreams, call.stt.openStreams]).toEqual([0, 0]);
    expect(call.of('transfer')).toMatchObject([{ target: 'Bob', outcome: 'answered' }]);
    await call.clock.advance(3_600_000);
    expect(call.of('ended')).toEqual([]);
    call.line.tell({ type: 'dtmf', digit: '5' });
    expect(call.of('dtmf')).toEqual([]);
    call.line.tell({ type: 'ended', reason: 'caller-hung-up' });
    await ended(call);
    expect(call.of('transfer-ended')).toMatchObject([{ target: 'Bob', talkMs: 3_600_020, by: 'caller' }]);
    expect(call.of('ended')).toMatchObject([{ reason: 'transferred' }]);
    expect(call.line.done).toEqual(['answer', 'transfer']);
  });

  it('ends the call when the target hangs up after the talk', async () => {
    const call = await ringing();
    await over(call, 'answered');
    await call.clock.advance(60_000);
    call.line.tell({ type: 'target-left' });
    await ended(call);
    expect(call.of('transfer-ended')).toMatchObject([{ by: 'target' }]);
    expect(call.of('ended')).toMatchObject([{ reason: 'transferred' }]);
    expect(call.line.done).toEqual(['answer', 'transfer', 'hang-up']);
  });

  it('lets the caller go on in the dialplan then, if the agent is one that does', async () => {
    const agent = { ...AGENT, afterwards: 'continue' as const };
    const call = await ringing({ agent });
    await over(call, 'answered');
    call.line.tell({ type: 'target-left' });
    await ended(call);
    expect(call.line.done.at(-1)).toBe('proceed');
    expect(call.line.variables).toEqual({
      VOICE_AGENT_RESULT: 'completed',
      VOICE_AGENT_REASON: 'transferred',
    });
  });

  it.each<[TransferOutcome, RegExp]>([
    ['busy', /^busy: Bob/],
    ['refused', /^refused: Bob/],
    ['no-answer', /^unanswered: Bob/],
    ['failed', /^not reached: Bob/],
  ])('that is %s brings the caller back, and the model says so', async (outcome, told) => {
    const call = await ringing();
    await over(call, outcome);
    await call.speaking();
    await call.quiet();
    expect(call.llm.requests[1]?.history.slice(-2)).toEqual([
      { role: 'agent', text: 'I will put you through.', interrupted: false },
      {
        role: 'tool',
        call: expect.objectContaining({ name: 'transfer' }) as object,
        result: expect.stringMatching(told) as string,
      },
    ]);
    expect(call.conversation.at(-1)).toBe('agent: Bob is on the telephone.');
    // And the talk goes on, with one account of the transfer in it.
    await call.exchange('then take a message');
    const tools = call.llm.requests[2]?.history.filter(({ role }) => role === 'tool');
    expect(tools).toHaveLength(1);
    call.line.tell({ type: 'ended', reason: 'caller-hung-up' });
    await ended(call);
    expect(call.of('ended')).toMatchObject([{ reason: 'caller-hung-up' }]);
  });

  it('that fails is told in a prepared phrase when the model fails, too', async () => {
    const call = await ringing({ replies: [[...WISH], [{ error: new Error('no model') }]] });
    await over(call, 'busy');
    await call.speaking();
    await call.quiet();
    expect(call.conversation.at(-1)).toBe(`agent: ${en.phrases.notReached}`);
  });

  it('is cancelled by the star key, and the caller is back', async () => {
    const call = await ringing();
    call.line.tell({ type: 'dtmf', digit: '4' });
    await call.clock.advance(20);
    expect(call.of('transfer')).toEqual([]);
    call.line.tell({ type: 'dtmf', digit: '*' });
    await call.clock.advance(20);
    expect(call.of('transfer')).toMatchObject([{ outcome: 'cancelled' }]);
    await call.speaking();
  });

  it('is over when the caller hangs up while it rings', async () => {
    const call = await ringing();
    call.line.tell({ type: 'ended', reason: 'caller-hung-up' });
    await ended(call);
    expect(call.of('transfer')).toMatchObject([{ outcome: 'caller-gone' }]);
    expect(call.of('transfer-ended')).toEqual([]);
    expect(call.of('ended')).toMatchObject([{ reason: 'caller-hung-up' }]);
  });

  it('waits for a caller who has put the line on hold before it tells them', async () => {
    const call = await ringing();
    call.line.tell({ type: 'hold' });
    await over(call, 'no-answer');
    await call.clock.advance(5000);
    expect(call.llm.requests).toHaveLength(1);
    call.line.tell({ type: 'unhold' });
    await call.speaking();
    expect(call.llm.requests).toHaveLength(2);
  });

  it('counts to the longest time that a call may take while it rings, and not when two talk', async () => {
    const agent = { ...AGENT, limits: { ...AGENT.limits, maxCallMs: 30_000 } };
    const call = await ringing({ agent });
    await call.clock.advance(31_000);
    expect(call.of('transfer')).toMatchObject([{ outcome: 'cancelled' }]);
    await call.speaking();
    await ended(call).catch(() => undefined);
    await call.clock.advance(10_000);
    await call.running;
    expect(call.of('ended')).toMatchObject([{ reason: 'max-call' }]);
  });

  it('is given up politely when the program ends, but who talks already is left alone until the last moment', async () => {
    const rings = await ringing();
    rings.session.finish({ reason: 'draining', phrase: 'draining', way: 'hang-up' });
    await rings.clock.advance(30_000);
    await rings.running;
    expect(rings.conversation.at(-1)).toBe(`agent: ${en.phrases.draining}`);

    const talks = await ringing();
    await over(talks, 'answered');
    talks.session.finish({ reason: 'draining', phrase: 'draining', way: 'hang-up' });
    await talks.clock.advance(60_000);
    expect(talks.of('ended')).toEqual([]);
    talks.session.finish({ reason: 'draining', way: 'hang-up' }, true);
    await ended(talks);
    expect(talks.of('transfer-ended')).toMatchObject([{ by: 'system' }]);
    expect(talks.of('ended')).toMatchObject([{ reason: 'draining' }]);
  });

  it('can be begun by somebody who looks on, to one of the agent’s targets, and the model is told if nobody answers', async () => {
    const call = await ScriptedCall.greeted({ agent: AGENT, replies: [['Bob is on the telephone.']] });
    expect(call.session.putThrough('Eve')).toBe(false);
    expect(call.session.putThrough('Bob')).toBe(true);
    await call.clock.until(() => call.line.transfers.length === 1);
    expect(call.line.transfers).toMatchObject([{ endpoint: 'PJSIP/bob' }]);
    await over(call, 'busy');
    await call.speaking();
    expect(call.llm.requests[0]?.history.at(-1)).toMatchObject({
      role: 'tool',
      call: { name: 'transfer', arguments: { target: 'Bob' } },
      result: 'busy: Bob is on the telephone; the caller is with you again',
    });
  });

  it('needs no recogniser to reach somebody', async () => {
    const call = await ringing();
    for (let times = 0; times <= 4; times++) {
      call.stt.streams.at(-1)?.emit({ type: 'failed', error: new Error('socket') });
      await call.clock.advance(20);
    }
    expect(call.of('ended')).toEqual([]);
    await over(call, 'answered');
    call.line.tell({ type: 'target-left' });
    await ended(call);
    expect(call.of('ended')).toMatchObject([{ reason: 'transferred' }]);
  });

  it('that the line itself breaks is one that failed', async () => {
    const call = await ScriptedCall.greeted({ agent: AGENT, replies: [[...WISH], ['Sorry.']] });
    call.line.transfer = () => Promise.reject(new Error('no such thing'));
    await call.exchange('put me through to bob');
    await call.clock.until(() => call.of('transfer').length === 1);
    expect(call.of('transfer')).toMatchObject([{ outcome: 'failed' }]);
    expect(call.of('trouble')).toMatchObject([{ part: 'line', message: 'no such thing' }]);
  });
});

describe('what a target’s telephone shows', () => {
  it('is the caller, the agent, or what agents.yaml says', () => {
    const info = callInfo();
    expect(callerIdOf('caller', info, AGENT)).toEqual({ name: 'Ada', number: '0301234567' });
    expect(callerIdOf('agent', info, AGENT)).toEqual({ name: 'Alice', number: '510001' });
    expect(callerIdOf('Reception <100>', info, AGENT)).toEqual({ name: 'Reception', number: '100' });
    expect(callerIdOf('Reception', info, AGENT)).toEqual({ name: 'Reception' });
    expect(callerIdOf('<100>', info, AGENT)).toEqual({ number: '100' });
  });
});
