/** What odd models write, and odd callers do, through a real Asterisk into a real telephone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingOf } from '../../lab/demo-calls.ts';
import { readSound } from '../../lab/sound-file.ts';
import { ALICE, SAME_WORDS, TOM, useRunningAgent } from '../support/agent-under-test.ts';
import { SHORT_GREETING } from '../support/trouble-calls.ts';
import {
  forbids,
  noSystem,
  reasoningParameters,
  STRICTEST,
} from '../support/provider-servers/server-rules.ts';
import { startGroqServer, type GroqServer } from '../support/provider-servers/groq-server.ts';

const soundOf = (name: string): Int16Array => readSound(recordingOf('ked', name).path);

/** So loud that its peaks are cut: driven four times over. At ten times, the embedded recogniser hears half of it. */
function overdriven(sound: Int16Array): Int16Array {
  return sound.map((sample) => Math.max(-32_768, Math.min(32_767, sample * 4)));
}

describe('An agent', () => {
  let model: GroqServer;
  let slow: GroqServer;
  const whisper = { text: '', ms: 60_000 };
  beforeAll(async () => {
    // What the strictest of them all insist on, at once.
    model = await startGroqServer({
      flavour: 'plain',
      rules: [...STRICTEST, ...reasoningParameters, noSystem, forbids('stream_options')],
    });
    slow = await startGroqServer({ transcription: () => whisper.ms, transcribe: () => whisper.text });
  });
  afterAll(async () => {
    await Promise.all([model.close(), slow.close()]);
  });
  // Alice has a notice that must be heard, a recogniser that never answers, and a model that writes as small ones do.
  const agent = useRunningAgent(() => ({
    edits: [
      SHORT_GREETING,
      ['  agents: {}\n', '  agents: { alice: { llm: openai-compatible, stt: groq-whisper } }\n'],
      ['    greetingInterruptible: true #', '    greetingInterruptible: false #'],
      ['  groq:\n', '  groq:\n    transcriptMs: 30000\n'],
    ],
    environment: {
      OPENAI_BASE_URL: `${model.url}/v1`,
      GROQ_BASE_URL: slow.url,
      GROQ_API_KEY: 'test-key',
      // For Tom: with that key, `auto` would stand for others.
      ...{ VOICE_AGENT_STT: 'pocketsphinx', VOICE_AGENT_LLM: 'receptionist', VOICE_AGENT_TTS: 'flite' },
    },
  }));

  it('says a notice to its end, whoever talks over it; and tells caller and operator that nobody has heard them', async () => {
    const { call, view } = await agent.dial(ALICE);
    await call.heard.speech({ timeoutMs: 15_000, after: call.answeredAt ?? 0 });
    await call.say(await agent.speak('Hello there.', 'rms', 'ulaw'));
    const notice = await view.event('agent-said');
    expect(notice).toMatchObject({ text: SHORT_GREETING[1].slice('greeting: '.length), interrupted: false });
    await view.event('agent-said', ({ text }) => /went wrong/.test(text));
    expect(view.of('trouble').map(({ part, message }) => [part, /4000 ms/.test(message)])).toEqual([
      ['stt', true],
    ]);
    await call.hangUp();
    const { troubles } = await agent.lab.record(view);
    expect(troubles).toMatchObject([{ part: 'stt' }]);
  });

  it('says figures as a person reads them and marks not at all, and does what the model calls in writing', async () => {
    model.script.push({
      deltas: [
        '**Yes**: 😀 on 12/25/2025 it is 50€, ',
        'or $5/month. ',
        'print(default_api.',
        'hang_up())',
      ].map((content) => ({ content })),
    });
    const { call, view } = await agent.greeted(ALICE);
    await call.dtmf('7');
    expect(await call.ended).toBe('other side hung up');
    expect(view.of('tool').map(({ name }) => name)).toEqual(['hang_up']);
    const spoken =
      'Yes: on December twenty fifth twenty twenty five it is fifty euros, or five dollars per month.';
    expect(await agent.likeness(call, spoken)).toBeGreaterThan(SAME_WORDS);
  });

  it('takes nothing for a turn that Whisper has made up out of a sound', async () => {
    Object.assign(whisper, { text: ' Thank you.', ms: 0 });
    model.script.push({ text: 'We open at nine.' });
    const heard = slow.transcriptions.length;
    const { call, view } = await agent.greeted(ALICE);
    await call.say((await agent.speak('Hey.', 'rms', 'ulaw')).subarray(0, 2640));
    await expect.poll(() => slow.transcriptions.length, { timeout: 10_000 }).toBeGreaterThan(heard);
    await call.dtmf('7');
    await view.event('agent-said', ({ text }) => text === 'We open at nine.');
    expect(JSON.stringify(model.chats.at(-1)?.messages)).not.toMatch(/thank you/i);
    expect(view.of('tool')).toEqual([]);
    await call.hangUp();
  });

  it('puts a caller through who presses a department’s key, whatever the model is', async () => {
    const asked = model.chats.length;
    const { call, view } = await agent.greeted(ALICE);
    await call.dtmf('2');
    const { name, result } = await view.event('tool');
    expect([name, result]).toEqual(['proceed', expect.stringContaining('billing')]);
    await view.event('ended');
    expect(model.chats.length).toBe(asked);
    await call.hangUp();
  });

  it('understands a caller who is far too loud, and has something to say to one who talks on from the first moment', async () => {
    const { call, view } = await agent.greeted(TOM);
    await call.say(overdriven(soundOf('g-hours')));
    expect(await view.event('caller-said')).toMatchObject({ understood: true });
    await call.hangUp();
    expect(view.of('trouble')).toEqual([]);

    const talker = await agent.dial(TOM, { account: 'softphone1' });
    const once = ['g-hours', 'g-price-oil', 'g-brakes'].map((name) => soundOf(name));
    const length = once.reduce((sum, sound) => sum + sound.length, 0);
    const long = new Int16Array(12 * 8000).map((_, at) => sampleAt(once, at % length));
    await talker.call.say(long);
    const spoken = talker.call.heard.speech({ timeoutMs: 15_000, after: Date.now() });
    expect(await spoken).toBe(true);
    await talker.view.event('caller-said');
    await talker.call.hangUp();
    expect(
      talker.view
        .of('agent-said')
        .map(({ text }) => text)
        .join(' '),
    ).not.toMatch(/went wrong/);
    expect(talker.view.of('trouble')).toEqual([]);
  });
});

function sampleAt(sounds: readonly Int16Array[], at: number): number {
  let from = 0;
  for (const sound of sounds) {
    if (at < from + sound.length) return sound[at - from] ?? 0;
    from += sound.length;
  }
  return 0;
}
