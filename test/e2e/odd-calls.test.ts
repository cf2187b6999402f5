/** What odd models write, and odd callers do, through a real Asterisk into a real telephone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingOf } from '../../lab/demo-calls.ts';
import { readSound } from '../../lab/sound-file.ts';
import { languageOf } from '../../src/dialog/language/known-languages.ts';
import { ALICE, SAME_WORDS, TOM, useRunningAgent } from '../support/agent-under-test.ts';
import { startCartesiaServer, type CartesiaServer } from '../support/provider-servers/cartesia-server.ts';
import type { Thought } from '../support/provider-servers/chat-stream.ts';
import { FaultQueue } from '../support/provider-servers/fault-plan.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { testVoice, type Synthesise } from '../support/provider-servers/test-voice.ts';
import type { CallView } from '../support/running-agent.ts';
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

/** As content, in pieces of three characters. */
const inPieces = (text: string): object[] =>
  (text.match(/[\s\S]{1,3}/g) ?? []).map((content) => ({ content }));

/** What the agent has said since its greeting. */
function saidIn(view: CallView): string[] {
  const said = view.of('agent-said').map(({ text }) => text.replaceAll(/\s+/g, ' ').trim());
  return said.slice(1);
}

/** Three times as fast as the usual one. */
const hasty: Synthesise = async (request) => {
  const { samples, words } = await testVoice(request);
  return {
    samples: samples.filter((_, at) => at % 3 === 0),
    words: words.map((word) => ({ ...word, startMs: word.startMs / 3, endMs: word.endMs / 3 })),
  };
};

const GRETA = { extension: '510003', account: 'softphone1' } as const;
const IN_GERMAN = `agents:
  - id: greta
    extensions: ['510003']
    name: Greta
    greeting: Zahnarztpraxis am Fluss.
    voice: slt
    language: de
    limits: { silenceMs: 1000, silencePrompts: 1, interDigitMs: 300 }
    knowledge: { company: Zahnarztpraxis am Fluss }
`;

describe('An agent', () => {
  let model: GroqServer;
  let slow: GroqServer;
  let cartesia: CartesiaServer;
  let disk: SmallDisk;
  const whisper = { text: '', ms: 60_000 };
  const faults = new FaultQueue();
  const pace = { firstTokenMs: 0 };
  beforeAll(async () => {
    // What the strictest of them all insist on, at once.
    model = await startGroqServer({
      flavour: 'plain',
      rules: [...STRICTEST, ...reasoningParameters, noSystem, forbids('stream_options')],
      firstToken: () => pace.firstTokenMs,
      faults,
    });
    cartesia = await startCartesiaServer({ tts: { synthesise: hasty } });
    disk = SmallDisk.make(32_768);
    slow = await startGroqServer({ transcription: () => whisper.ms, transcribe: () => whisper.text });
  });
  afterAll(async () => {
    await Promise.all([model.close(), slow.close(), cartesia.close()]);
    disk.close();
  });
  // Alice has a notice that must be heard, a recogniser that never answers, and a model that writes as small ones do.
  const agent = useRunningAgent(() => ({
    edits: [
      SHORT_GREETING,
      [
        '  agents: {}\n',
        `  agents:
    alice: { llm: openai-compatible, stt: groq-whisper }
    greta: { llm: openai-compatible, stt: groq-whisper, tts: cartesia }
`,
      ],
      ['agents:\n  # ── 510001', `${IN_GERMAN}  # ── 510001`],
      ['interDigitMs: 1500', 'interDigitMs: 300'],
      ['    greetingInterruptible: true #', '    greetingInterruptible: false #'],
      ['  groq:\n', '  groq:\n    transcriptMs: 30000\n'],
    ],
    dataFolder: join(disk.folder, 'data'),
    environment: {
      CARTESIA_BASE_URL: cartesia.url,
      CARTESIA_API_KEY: 'test-key',
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

  it('is talked with as ever while its model thinks aloud, breaks off, stumbles and calls tools by odd names', async () => {
    const note = JSON.stringify({ name: 'Ann', number: '5550199', text: 'a cleaning' });
    const thought = '<think>They press seven.</think>We open at nine.';
    /** What the model answers, as often as it is asked, and what is said. */
    const turns: readonly (readonly [Thought[], ...said: string[]])[] = [
      [[{ deltas: inPieces(thought), finish: null, withoutDone: true }], 'We open at nine.'],
      [[{ deltas: [{ reasoning: 'hm' }], finish: 'length' }, { text: 'Sixty dollars.' }], 'Sixty dollars.'],
      [[{ deltas: inPieces('We are open. On Saturday we'), finish: 'length' }], 'We are open.'],
      [
        [
          { error: { message: 'Failed to call a function.', code: 'tool_use_failed' } },
          { deltas: inPieces('|Day|Hours|\n|---|---|\n|Mon|9-5|') },
        ],
        'Day, Hours. Mon, 9-5.',
      ],
      [
        [
          { tools: [{ name: 'take_message<|channel|>commentary', arguments: note }] },
          { text: 'I have noted it.' },
        ],
        'I have noted it.',
      ],
      [[{ deltas: inPieces('Goodbye. [calls hang_up]') }], 'Goodbye.'],
    ];
    model.script.length = 0;
    const { call, view } = await agent.greeted(ALICE);
    const expected: string[] = [];
    for (const [thoughts, ...said] of turns) {
      model.script.push(...thoughts);
      expected.push(...said);
      await call.dtmf('7');
      await expect.poll(() => saidIn(view), { timeout: 15_000 }).toEqual(expected);
    }
    expect(await call.ended).toBe('other side hung up');
    expect(view.of('tool').map(({ name }) => name)).toEqual(['take_message', 'hang_up']);
    expect(view.of('trouble')).toEqual([]);
  });

  it('says once and rightly that a message can’t be kept, and tells the operator', async () => {
    const note = JSON.stringify({ name: 'Ann', number: '5550199', text: 'a cleaning' });
    const sorry = 'I am sorry, I can not take messages now.';
    model.script.push({ tools: [{ name: 'take_message', arguments: note }] }, { text: sorry });
    const readiness = async (): Promise<number> =>
      (await fetch(`${agent.lab.agent.monitoringUrl}/readyz`)).status;
    const { call, view } = await agent.greeted(ALICE);
    disk.fill();
    try {
      await call.dtmf('7');
      const { result } = await view.event('tool');
      expect(result).toMatch(/ENOSPC|no space/);
      await view.event('agent-said', ({ text }) => text === sorry);
      expect(saidIn(view)).toEqual([sorry]);
      // The model was told what went wrong.
      expect(model.chats.at(-1)?.messages.at(-1)?.content).toMatch(/ENOSPC|no space/);
      await expect.poll(readiness, { timeout: 5000 }).toBe(503);
    } finally {
      disk.clear();
    }
    const log = readFileSync(join(agent.lab.folder, 'agent.log'), 'utf8').split('\n');
    const told = log.filter((line) => line.includes(view.id) && line.includes('take_message'));
    expect(told.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    await call.hangUp();
    await expect.poll(readiness, { timeout: 10_000 }).toBe(200);
  });

  it('speaks German, whatever happens', async () => {
    const { phrases } = languageOf('de');
    model.script.length = 0;
    model.script.push({ text: 'Wir öffnen um neun.' });
    const { call, view } = await agent.dial(GRETA);
    await view.event('agent-said');
    pace.firstTokenMs = 1500;
    await call.dtmf('7');
    await expect
      .poll(() => saidIn(view), { timeout: 10_000 })
      .toEqual([phrases.oneMoment, 'Wir öffnen um neun.']);
    pace.firstTokenMs = 0;
    faults.always(/^chat$/, { type: 'status', status: 500 });
    await call.dtmf('7');
    expect(await call.ended).toBe('other side hung up');
    faults.clear();
    expect(saidIn(view).slice(2)).toEqual([phrases.sayAgain, phrases.stillThere, phrases.silenceGoodbye]);
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

    // A question that its server takes in no way: put in two ways, in the pause, and not again when the turn is over.
    whisper.text = 'when do you open';
    const asked = model.chats.length;
    const badRequest = { type: 'status', status: 400, message: 'Invalid messages' } as const;
    faults.push(/^chat$/, badRequest, badRequest);
    await call.say(await agent.speak('When do you open?', 'rms', 'ulaw'));
    await view.event('agent-said', ({ text }) => text === languageOf('en').phrases.sayAgain);
    expect(model.chats.length - asked).toBe(2);
    expect(view.of('trouble').map(({ part, kind }) => [part, kind])).toEqual([['llm', 'rejected']]);
    await call.dtmf('7');
    await view.event('agent-said', ({ text }) => text === 'Of course.');
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
