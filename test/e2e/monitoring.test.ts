/** What the agent serves about itself: with a real call, without Asterisk, and when it is told to stop. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { Exposition } from '../support/prometheus-text.ts';
import { heardFor, RunningAgent } from '../support/running-agent.ts';

interface Health {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason?: string }[];
}

describe('The agent', () => {
  let lab: RunningAgent;
  let secondAsterisk: NativeAsterisk | undefined;

  beforeAll(async () => {
    lab = await RunningAgent.start({ environment: { VOICE_AGENT_DRAIN_MS: '30000' } });
  });
  afterAll(async () => {
    await lab.stop();
    await secondAsterisk?.stop();
  });

  const get = (page: string): Promise<Response> => fetch(`${lab.agent.monitoringUrl}/${page}`);
  const metrics = async (): Promise<Exposition> => new Exposition(await (await get('metrics')).text());
  /** The status of /readyz, and the checks that aren't well. */
  async function readiness(): Promise<[number, ...string[]]> {
    const answer = await get('readyz');
    const { checks } = (await answer.json()) as Health;
    return [answer.status, ...checks.filter(({ ok }) => !ok).map(({ name }) => name)];
  }

  it('is alive and ready, and says which checks that took', async () => {
    expect([(await get('healthz')).status, await readiness()]).toEqual([200, [200]]);
    const { checks } = (await (await get('readyz')).json()) as Health;
    const names = [
      'start',
      'drain',
      'media',
      'asterisk:local',
      'vad:silero',
      'stt:pocketsphinx',
      'tts:flite',
      'records',
      'spool',
    ];
    expect(checks.map(({ name }) => name).sort()).toEqual(names.sort());
  });

  it('counts a call while it runs and when it has ended, and tells nothing of it', async () => {
    const phone = await lab.phone('softphone1');
    const call = await phone.dial('510001');
    const view = lab.view(call, '510001', 'softphone1');
    await heardFor(call, 1000);
    const during = await metrics();
    const alice = { agent: 'alice' };
    expect(during.value('voice_agent_calls_running', alice)).toBe(1);
    expect(during.value('voice_agent_media_sessions')).toBe(1);
    expect(during.value('voice_agent_media_packets_sent_total')).toBeGreaterThan(40);
    expect(during.value('voice_agent_media_packets_received_total')).toBeGreaterThan(40);
    expect(during.value('voice_agent_greeting_delay_seconds_count', alice)).toBe(1);
    await call.hangUp();
    await view.event('ended');

    const after = await metrics();
    const { media } = await view.event('ended');
    expect(after.value('voice_agent_calls_running')).toBe(0);
    expect(after.value('voice_agent_calls_started_total', alice)).toBe(1);
    expect(after.value('voice_agent_calls_ended_total', { ...alice, reason: 'caller-hung-up' })).toBe(1);
    expect(after.value('voice_agent_media_packets_sent_total')).toBe(media.packetsSent);
    expect(after.value('voice_agent_media_packets_received_total')).toBe(media.packetsReceived);
    expect(after.value('voice_agent_media_send_lateness_seconds_count')).toBe(1);
    expect(after.value('voice_agent_asterisk_events_total', { server: 'local' })).toBeGreaterThan(3);
    expect(after.value('voice_agent_speech_thread_up')).toBe(4);
    const [, channel = ''] = view.id.split('/');
    const inLabels = after.samples.flatMap(({ labels }) => Object.values(labels)).join(' ');
    for (const text of [channel, '1001', '510001', 'softphone']) expect(inLabels).not.toContain(text);
    await lab.stopPhones();
  });

  it('is not ready while Asterisk is away, and ready again when it is back', async () => {
    const { sipPort, httpPort } = lab.asterisk;
    await lab.asterisk.stop();
    await expect.poll(readiness, { timeout: 10_000 }).toEqual([503, 'asterisk:local']);
    expect((await get('healthz')).status).toBe(200);
    expect((await metrics()).value('voice_agent_asterisk_connected', { server: 'local' })).toBe(0);

    secondAsterisk = await NativeAsterisk.start({ sipPort, httpPort });
    await expect.poll(readiness, { timeout: 30_000 }).toEqual([200]);
    const back = await metrics();
    expect(back.value('voice_agent_asterisk_connected', { server: 'local' })).toBe(1);
    expect(back.value('voice_agent_asterisk_connections_total', { server: 'local' })).toBe(2);
  });

  it('is not ready from the first SIGTERM on, lets its call go on, and ends at the second', async () => {
    const phone = await lab.phone('softphone1');
    const call = await phone.dial('510002');
    await heardFor(call, 500);
    process.kill(lab.agent.pid, 'SIGTERM');
    await expect.poll(readiness, { timeout: 2000, interval: 10 }).toEqual([503, 'drain']);
    expect((await get('healthz')).status).toBe(200);
    await heardFor(call, 1500);
    expect(call.endReason).toBeUndefined();
    process.kill(lab.agent.pid, 'SIGTERM');
    await lab.agent.exited;
    expect(lab.agent.exitCode).toBe(1);
  });
});
