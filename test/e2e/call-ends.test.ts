/** How calls end: by either side, on into the dialplan, refused, and when the agent is stopped. */
import { describe, expect, it } from 'vitest';
import { PATIENCE, exchange } from '../../lab/conversation.ts';
import { recordingOf } from '../../lab/demo-calls.ts';
import { isPortFree } from '../../lab/ports.ts';
import type { SoftphoneCall } from '../../lab/softphone.ts';
import { readSound } from '../../lab/sound-file.ts';
import { DEFAULT_PHRASES } from '../../src/dialog/prepared-phrases.ts';
import type { AgentVoice } from '../support/agent-voice.ts';
import { heardFor, report, useRunningAgent, type RunningAgent } from '../support/running-agent.ts';
import { findSpeech } from '../support/sound-likeness.ts';

const SAME_WORDS = 0.85;
const BUSY = 'Sorry, all our lines are busy at the moment. Please try again in a few minutes. Goodbye.';
const NOT_IN_USE = 'Sorry, this number is not in use. Please check the number and dial again. Goodbye.';
const TONE = Int16Array.from({ length: 8000 }, (_, i) => 8000 * Math.sin(i / 2));

describe('A call to the agent', () => {
  let lab: RunningAgent;
  let voice: AgentVoice;

  const suite = useRunningAgent(
    {
      edits: [
        ['maxCalls: ${VOICE_AGENT_MAX_CALLS:-50}', 'maxCalls: 1'],
        ['drainMs: 30000', 'drainMs: 1000'],
      ],
    },
    (startedLab, startedVoice) => {
      [lab, voice] = [startedLab, startedVoice];
    },
  );

  function greeting(call: SoftphoneCall) {
    return call.heard.utterance({ timeoutMs: 20_000, after: call.answeredAt ?? 0 });
  }

  /** How much what was heard since the answer sounds like these words of the announcements' voice. */
  async function likeness(call: SoftphoneCall, text: string, speaker = 'slt'): Promise<number> {
    const { correlation } = findSpeech(call.recording().heard, await voice.speak(text, speaker, 'ulaw'));
    report(`likeness ${correlation.toFixed(2)}: ${text}`);
    return correlation;
  }

  it('ends when the caller hangs up in the middle of the greeting', async () => {
    const phone = await lab.phone('softphone1');
    const call = await phone.dial('510001');
    const view = lab.view(call, '510001', 'softphone1');
    await heardFor(call, 1200);
    await call.hangUp();
    await view.event('ended');
    await expect.poll(() => lab.hasRecord(view), { timeout: 5000 }).toBe(true);
    expect(lab.record(view)).toMatchObject({ agent: 'alice', said: [{ who: 'agent', interrupted: true }] });
  });

  it('ends with the agent’s goodbye after the caller’s', async () => {
    const phone = await lab.phone('softphone1');
    const call = await phone.dial('510002');
    const view = lab.view(call, '510002', 'softphone1');
    await greeting(call);
    const bye = { name: 'g-bye', sound: readSound(recordingOf('ked', 'g-bye').path) };
    const { events } = lab.agent;
    const said = await exchange(call, bye, PATIENCE, { events, find: view.find });
    expect(said.understood).toBe(true);
    expect(await call.ended).toBe('other side hung up');
    const { text } = await view.event('agent-said', ({ turn }) => turn > 0);
    expect(text).toMatch(/goodbye/i);
    expect(await likeness(call, text, 'rms')).toBeGreaterThan(SAME_WORDS);
    expect((await view.event('ended')).reason).toBe('agent-hung-up');
  });

  it('goes on in the dialplan with a department by its key, and reaches somebody there', async () => {
    const phone = await lab.phone('softphone1');
    const desk = await lab.phone('softphone2', { register: true });
    const ringing = desk.incoming({ timeoutMs: 40_000 });
    const call = await phone.dial('510001');
    const view = lab.view(call, '510001', 'softphone1');
    await greeting(call);
    await call.dtmf('1');
    expect((await view.event('dtmf')).digit).toBe('1');
    const { variables } = await view.event('ended');
    expect(variables).toMatchObject({
      VOICE_AGENT_RESULT: 'transfer',
      VOICE_AGENT_DEPARTMENT: 'appointments',
    });

    const answered = await ringing;
    const [channel] = (await lab.asterisk.channels()).filter(({ name }) => name.includes('softphone1'));
    expect(channel?.dialplan).toMatchObject({ context: 'voice-agent-department', exten: 'appointments' });
    for (const [name, value] of Object.entries(variables)) {
      const answer = await lab.asterisk.ari(
        'GET',
        `/channels/${channel?.id ?? ''}/variable?variable=${name}`,
      );
      expect(answer).toEqual({ value });
    }
    await answered.accept();
    const heard = call.heard.speech({ timeoutMs: 10_000 });
    await answered.say(TONE);
    expect(await heard).toBe(true);
    await call.hangUp();
    await answered.ended;
  });

  it('to a number that is nobody’s is refused in words', async () => {
    const phone = await lab.phone('softphone1');
    const call = await phone.dial('519999');
    expect(await call.ended).toBe('other side hung up');
    expect(await likeness(call, NOT_IN_USE)).toBeGreaterThan(SAME_WORDS);
  });

  it('that is one too many hears that all lines are busy; the other goes on', async () => {
    const [phone, other] = [await lab.phone('softphone1'), await lab.phone('softphone2')];
    const first = await phone.dial('510001');
    const second = await other.dial('510002');
    expect(await second.ended).toBe('other side hung up');
    expect(await likeness(second, BUSY)).toBeGreaterThan(SAME_WORDS);
    expect(first.endReason).toBeUndefined();
    await first.hangUp();
  });

  it('ends politely when the agent is told to stop; the next caller hears that nobody is free', async () => {
    const [phone, other] = [await lab.phone('softphone1'), await lab.phone('softphone2')];
    const call = await phone.dial('510001');
    const view = lab.view(call, '510001', 'softphone1');
    await greeting(call);
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
    expect(await likeness(call, DEFAULT_PHRASES.draining)).toBeGreaterThan(SAME_WORDS);
    await stopped;
    expect((await view.event('ended')).reason).toBe('draining');
    expect(lab.agent.lines.at(-1)).toContain('"event":"stopped"');
    expect(lab.agent.exitCode).toBe(0);
    expect(await isPortFree('udp', '127.0.0.1', lab.rtpPort)).toBe(true);
    suite.atRest = { channels: [], bridges: [], sockets: [] };
  });
});
