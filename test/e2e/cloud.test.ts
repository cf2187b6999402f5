/** Calls that are heard, thought about and spoken by the cloud's SDKs, at servers of ours that hear and speak. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALICE, greeting, TOM, useRunningAgent } from '../support/agent-under-test.ts';
import { rtpStreams } from '../../lab/capture.ts';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { startEmulatedCloud, type EmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import { openFliteVoice } from '../support/provider-servers/flite-voice.ts';
import { samplesHeardOf, type Synthesised } from '../support/synthesised.ts';
import { startGroqServer, type GroqServer } from '../support/provider-servers/groq-server.ts';
import { receptionistMind } from '../support/provider-servers/receptionist-mind.ts';
import { report } from '../support/running-agent.ts';
import { shippedConfig } from '../support/shipped-config.ts';
import { CARTESIA_VOICES } from '../support/provider-defaults.ts';

const GREETING = 'Northgate Garage, Tom speaking.';

describe('A conversation in the cloud', () => {
  let cloud: EmulatedCloud;
  /** Speaks like OpenAI, under a plain /v1, and asks for no key: Ollama, vLLM, llama.cpp. */
  let local: GroqServer;

  let voice: Awaited<ReturnType<typeof openFliteVoice>>;
  /** What Cartesia's server has synthesised, in its order. */
  const spoken: Synthesised[] = [];
  let calls = 0;

  beforeAll(async () => {
    const { agents } = shippedConfig();
    voice = await openFliteVoice(CARTESIA_VOICES);
    [cloud, local] = await Promise.all([
      startEmulatedCloud({
        assumed: { takenBack: 0 },
        tts: {
          async synthesise(request) {
            const speech = await voice.synthesise(request);
            spoken.push({ text: request.text.trim(), samples: Int16Array.from(speech.samples) });
            return speech;
          },
        },
      }),
      startGroqServer({ flavour: 'plain', think: receptionistMind(agents) }),
    ]);
  });
  afterAll(() => Promise.all([cloud.close(), local.close(), voice.close()]));
  const agent = useRunningAgent(() => ({
    environment: { ...cloud.environment, OPENAI_BASE_URL: `${local.url}/v1` },
    edits: [
      ['agents: {}', 'agents: { tom: { llm: openai-compatible } }'],
      // What is prepared for several codecs is converted from one synthesis; this is about what isn't converted.
      ['codec: auto', 'codec: ulaw'],
    ],
  }));

  it.each([
    { ...ALICE, question: 'd-hours-saturday', model: 'Groq' },
    { ...TOM, question: 'g-hours-saturday', model: 'a server of one’s own' },
  ])('is understood and answered at $extension', async ({ question, model, ...who }) => {
    const [groqChats, localChats] = [cloud.groq.chats.length, local.chats.length];
    calls += 1;
    const { call, view } = await agent.dial(who, { codec: who.law });
    await greeting(call);
    // Through Asterisk into the caller's ear, packet by packet: no sample is missing, changed, or twice.
    const [stream] = rtpStreams(call.heard.packets);
    expect(stream).toMatchObject({ lost: 0, duplicates: 0 });
    const payloads = stream?.packets.map(({ payload }) => payload) ?? [];
    const ear = speechOf(decodeG711(who.law, Buffer.concat(payloads)));
    const pieces = spoken.map(({ text, samples }) => ({
      text,
      samples: speechOf(decodeG711(who.law, encodeG711(who.law, samples))),
    }));
    const at = samplesHeardOf(who.greeting, pieces, ear);
    expect(at).toBe(ear.length);
    report(`${who.extension}: of ${at} samples of the greeting none differs`);
    const asked = await agent.ask({ call, view }, question);
    await call.hangUp();
    await view.event('ended');
    expect(asked.understood).toBe(true);
    expect(asked.replyText).toMatch(/Saturday/);
    expect(view.of('trouble')).toEqual([]);
    report(
      `${who.extension}, ${model}: "${asked.heardAs ?? ''}" → ${asked.responseMs ?? '–'} ms: ${asked.replyText ?? ''}`,
    );

    const isGroq = who.extension === '510001';
    expect(cloud.groq.chats.length > groqChats).toBe(isGroq);
    expect(local.chats.length > localChats).toBe(!isGroq);
    if (!isGroq) {
      expect(local.chats.at(-1)?.model).toBe('llama3.2');
    }
  });

  it('is on few connections, all of them opened before they were needed', () => {
    // A socket for the voice of all calls, one for each caller's recognition.
    const paths = cloud.cartesia.seen.map(({ path }) => path);
    expect(paths.filter((path) => path === '/tts/websocket')).toHaveLength(1);
    expect(paths.filter((path) => path === '/stt/turns/websocket')).toHaveLength(calls);
    // The model's, and Whisper's, which takes over when Cartesia doesn't hear.
    expect(cloud.groq.accepted).toBeLessThanOrEqual(2);
    // What is known beforehand is spoken from memory: the calls have asked for nothing but answers.
    const spoken = cloud.cartesia
      .generations()
      .map(({ transcript }) => transcript)
      .join('');
    expect(spoken.split(GREETING)).toHaveLength(2);
  });
});

/** All that isn't silence, in order: what was said. A-law has no zero: its silence is 8 (and −8). */
function speechOf(samples: Int16Array): Int16Array {
  return samples.filter((sample) => Math.abs(sample) > 8);
}
