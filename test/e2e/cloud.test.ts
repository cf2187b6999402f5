/** Calls that are heard, thought about and spoken by the cloud's SDKs, at servers of ours that hear and speak. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PATIENCE, exchange } from '../../lab/conversation.ts';
import { recordingOf } from '../../lab/demo-calls.ts';
import { readSound } from '../../lab/sound-file.ts';
import { openAgentVoice, type AgentVoice } from '../support/agent-voice.ts';
import { startEmulatedCloud, type EmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import { startGroqServer, type GroqServer } from '../support/provider-servers/groq-server.ts';
import { receptionistMind } from '../support/provider-servers/receptionist-mind.ts';
import { report, RunningAgent } from '../support/running-agent.ts';
import { shippedConfig } from '../support/shipped-config.ts';
import { findSpeech } from '../support/sound-likeness.ts';

const GREETING = 'Northgate Garage, Tom speaking.';

describe('A conversation in the cloud', () => {
  let cloud: EmulatedCloud;
  /** Speaks like OpenAI, under a plain /v1, and asks for no key: Ollama, vLLM, llama.cpp. */
  let local: GroqServer;
  let lab: RunningAgent;
  let voice: AgentVoice;

  beforeAll(async () => {
    [cloud, local, voice] = await Promise.all([
      startEmulatedCloud({ assumed: { takenBack: 0 } }),
      startGroqServer({ flavour: 'plain', think: receptionistMind(shippedConfig().agents) }),
      openAgentVoice(),
    ]);
    lab = await RunningAgent.start({
      environment: { ...cloud.environment, OPENAI_BASE_URL: `${local.url}/v1` },
      edits: [['agents: {}', 'agents: { tom: { llm: openai-compatible } }']],
    });
  });
  afterAll(async () => {
    await lab.stop();
    await Promise.all([cloud.close(), local.close(), voice.close()]);
  });

  it.each([
    ['510001', 'softphone1', 'd-hours-saturday', 'Groq'],
    ['510002', 'softphone2', 'g-hours-saturday', 'a server of one’s own'],
  ] as const)('is understood and answered at %s', async (extension, account, name, model) => {
    const [groqChats, localChats] = [cloud.groq.chats.length, local.chats.length];
    const phone = await lab.phone(account);
    const call = await phone.dial(extension);
    const view = lab.view(call, extension, account);
    const { startedAt, endedAt } =
      (await call.heard.utterance({ timeoutMs: 20_000, after: call.answeredAt ?? 0 })) ?? {};
    const question = { name, sound: readSound(recordingOf('ked', name).path) };
    const { events } = lab.agent;
    const asked = await exchange(call, question, PATIENCE, { events, find: view.find });
    await call.hangUp();
    await view.event('ended');
    expect(asked.understood).toBe(true);
    expect(asked.replyText).toMatch(/Saturday/);
    expect(view.of('trouble')).toEqual([]);
    report(
      `${extension}, ${model}: "${asked.heardAs ?? ''}" → ${asked.responseMs ?? '–'} ms: ${asked.replyText ?? ''}`,
    );

    const isGroq = extension === '510001';
    expect(cloud.groq.chats.length > groqChats).toBe(isGroq);
    expect(local.chats.length > localChats).toBe(!isGroq);
    if (!isGroq) {
      expect(local.chats.at(-1)?.model).toBe('llama3.2');
      const greeting = call.heard.samples((startedAt ?? 0) - 500, (endedAt ?? 0) + 500);
      const { correlation } = findSpeech(greeting, await voice.speak(GREETING, 'rms', 'alaw'));
      expect(correlation).toBeGreaterThan(0.85);
    }
  });

  it('is on few connections, all of them opened before they were needed', () => {
    // A socket for the voice of all calls, one for each caller's ears.
    const paths = cloud.cartesia.seen.map(({ path }) => path);
    expect(paths.filter((path) => path === '/tts/websocket')).toHaveLength(1);
    expect(paths.filter((path) => path === '/stt/turns/websocket')).toHaveLength(2);
    // The model's, and Whisper's, who stands behind Cartesia's ears.
    expect(cloud.groq.accepted).toBeLessThanOrEqual(2);
    // What is known beforehand is spoken from memory: the calls have asked for nothing but answers.
    const spoken = cloud.cartesia
      .generations()
      .map(({ transcript }) => transcript)
      .join('');
    expect(spoken.split(GREETING)).toHaveLength(2);
  });
});
