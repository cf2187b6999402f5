/** How calls end: by either side, on into the dialplan, refused, and when the agent is stopped. */
import { describe, expect, it } from 'vitest';
import { isPortFree } from '../../lab/ports.ts';
import { en } from '../../src/dialog/language/en.ts';
import { ALICE, SAME_WORDS, TOM, useRunningAgent } from '../support/agent-under-test.ts';
import { heardFor } from '../support/running-agent.ts';

const BUSY = 'Sorry, all our lines are busy at the moment. Please try again in a few minutes. Goodbye.';
const NOT_IN_USE = 'Sorry, this number is not in use. Please check the number and dial again. Goodbye.';
const TONE = Int16Array.from({ length: 8000 }, (_, i) => 8000 * Math.sin(i / 2));

describe('A call to the agent', () => {
  const agent = useRunningAgent({ edits: [['maxCalls: ${VOICE_AGENT_MAX_CALLS:-50}', 'maxCalls: 1']] });

  it('ends when the caller hangs up in the middle of the greeting', async () => {
    const { call, view } = await agent.dial(ALICE);
    await heardFor(call, 1200);
    await call.hangUp();
    expect(await agent.lab.record(view)).toMatchObject({
      agent: 'alice',
      said: [{ who: 'agent', interrupted: true }],
    });
  });

  it('ends with the agent’s goodbye after the caller’s', async () => {
    const { call, view } = await agent.greeted(TOM);
    expect((await agent.ask({ call, view }, 'g-bye')).understood).toBe(true);
    expect(await call.ended).toBe('other side hung up');
    const { text } = await view.event('agent-said', ({ turn }) => turn > 0);
    expect(text).toMatch(/goodbye/i);
    expect(await agent.likeness(call, text, TOM)).toBeGreaterThan(SAME_WORDS);
    expect((await view.event('ended')).reason).toBe('agent-hung-up');
  });

  it('goes on in the dialplan with a department by its key, and reaches somebody there', async () => {
    const { asterisk } = agent.lab;
    const desk = await agent.lab.phone('softphone2', { register: true });
    const ringing = desk.incoming({ timeoutMs: 40_000 });
    const { call, view } = await agent.greeted(ALICE);
    await call.dtmf('1');
    expect((await view.event('dtmf')).digit).toBe('1');
    const { variables } = await view.event('ended');
    expect(variables).toMatchObject({
      VOICE_AGENT_RESULT: 'transfer',
      VOICE_AGENT_DEPARTMENT: 'appointments',
    });

    const answered = await ringing;
    const [channel] = (await asterisk.channels()).filter(({ name }) => name.includes('softphone1'));
    expect(channel?.dialplan).toMatchObject({ context: 'voice-agent-department', exten: 'appointments' });
    for (const [name, value] of Object.entries(variables)) {
      const answer = await asterisk.ari('GET', `/channels/${channel?.id ?? ''}/variable?variable=${name}`);
      expect(answer).toEqual({ value });
    }
    await answered.accept();
    const heard = call.heard.speech({ timeoutMs: 10_000 });
    await answered.say(TONE);
    expect(await heard).toBe(true);
    await call.hangUp();
    await answered.ended;
  });

  it('to an unknown number hears that it is not in use', async () => {
    const { call } = await agent.dial({ extension: '519999', account: 'softphone1' });
    expect(await call.ended).toBe('other side hung up');
    expect(await agent.likeness(call, NOT_IN_USE)).toBeGreaterThan(SAME_WORDS);
  });

  it('beyond the limit hears that all lines are busy; the first call goes on', async () => {
    const { call: first } = await agent.dial(ALICE);
    const { call: second } = await agent.dial(TOM);
    expect(await second.ended).toBe('other side hung up');
    expect(await agent.likeness(second, BUSY)).toBeGreaterThan(SAME_WORDS);
    expect(first.endReason).toBeUndefined();
    await first.hangUp();
  });

  it('ends politely when the lab is told to stop; the next caller hears that nobody is free', async () => {
    const { lab } = agent;
    const other = await lab.phone('softphone2');
    const { call, view } = await agent.greeted(ALICE);
    const draining = new Promise<void>((resolve) => {
      lab.agent.onLine(({ msg }) => {
        if (msg?.startsWith('draining')) resolve();
      });
    });
    const stopped = lab.agent.stop();
    await draining;
    const { monitoringUrl } = lab.agent;
    const statusOf = async (page: string): Promise<number> =>
      (await fetch(`${monitoringUrl}/${page}`)).status;
    expect([await statusOf('readyz'), await statusOf('healthz')]).toEqual([503, 200]);
    const late = await other.dial('510002');
    expect(await late.heard.speech({ timeoutMs: 15_000, after: late.answeredAt ?? 0 })).toBe(true);
    await late.hangUp();
    expect(await call.ended).toBe('other side hung up');
    expect(await agent.likeness(call, en.phrases.draining)).toBeGreaterThan(SAME_WORDS);
    await stopped;
    expect((await view.event('ended')).reason).toBe('draining');
    expect(await lab.record(view)).toMatchObject({
      ended: { reason: 'draining' },
      said: [{}, { text: en.phrases.draining, interrupted: false }],
    });
    expect(lab.agent.lines.at(-1)).toContain('"event":"stopped"');
    expect(lab.agent.exitCode).toBe(0);
    expect(await isPortFree('udp', '127.0.0.1', lab.rtpPort)).toBe(true);
  });
});
