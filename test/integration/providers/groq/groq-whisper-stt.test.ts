import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SpeechToText, SttStream } from '../../../../src/dialog/contract/ports.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { chainSpeechToText } from '../../../../src/providers/chain/speech-to-text-chain.ts';
import {
  createGroqWhisperStt,
  type GroqWhisperOptions,
} from '../../../../src/providers/groq/groq-whisper-stt.ts';
import { ProviderFailure, type FailureKind } from '../../../../src/providers/provider-failure.ts';
import { listed } from '../../../support/listed-provider.ts';
import { noUnhandledRejections } from '../../../support/leaks.ts';
import { FaultQueue, type Fault } from '../../../support/provider-servers/fault-plan.ts';
import { startGroqServer, type GroqServer } from '../../../support/provider-servers/groq-server.ts';
import { hearsByLength, RingCaller, utterance } from '../../../support/ring-caller.ts';
import { GROQ_WHISPER } from '../../../support/provider-defaults.ts';

noUnhandledRejections();

const KEY = 'gsk_this-is-the-secret';
const ONE = 'What does a cleaning cost';
const LONG =
  'This is a very long story that somebody tells on the telephone without ever taking a breath at all';
const faults = new FaultQueue();
const closing: (() => Promise<void>)[] = [];
const troubles: string[] = [];
let server: GroqServer;

beforeEach(async () => {
  server = await startGroqServer({ apiKey: KEY, faults, transcribe: hearsByLength(ONE, LONG) });
  closing.push(() => server.close());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  troubles.length = 0;
});

interface Call {
  readonly caller: RingCaller;
  readonly stream: SttStream;
  /** The frame with which the last turn began. */
  begun: number;
}

function open(options: Partial<GroqWhisperOptions> = {}): SpeechToText {
  const stt = createGroqWhisperStt({
    ...GROQ_WHISPER,
    apiKey: KEY,
    baseUrl: server.url,
    timeoutMs: 400,
    ...options,
  });
  closing.push(() => stt.close());
  return stt;
}

/** Nobody stands behind it, as on a list of one: it is the chain that asks again. */
function alone(stt: SpeechToText): SpeechToText {
  return chainSpeechToText({
    providers: [listed('groq-whisper', stt, systemClock)],
    clock: systemClock,
    patienceMs: 1000,
    openMs: 1500,
  });
}

async function call(options: Partial<GroqWhisperOptions> = {}, stt = alone(open(options))): Promise<Call> {
  const caller = new RingCaller();
  const stream = await stt.open({
    heard: caller.heard,
    language: 'en-GB',
    phrases: ['root canal'],
    onEvent: (event) => {
      if (event.type === 'trouble') troubles.push(event.trouble.message);
    },
  });
  return { caller, stream, begun: -1 };
}

async function hear(one: Call, text = ONE) {
  await one.caller.silence(500);
  const saying = one.caller.play(await utterance(text));
  one.begun = one.caller.frame - 1;
  one.stream.beginTurn(one.begun);
  const { last } = await saying;
  await one.caller.silence(120);
  return one.stream.endTurn(last);
}

describe('Groq’s Whisper, with nothing but a short sound', () => {
  it.each(['.', ' Thank you.', 'Thanks for watching!'])(
    'that makes %j of it has heard nothing',
    async (text) => {
      await server.close();
      server = await startGroqServer({ apiKey: KEY, faults, transcribe: () => text });
      closing.push(() => server.close());
      const { caller, stream } = await call();
      await caller.silence(500);
      stream.beginTurn(caller.frame - 1);
      await caller.silence(300);
      expect(await stream.endTurn(caller.frame - 1)).toEqual({ text: '', understood: false, confidence: 0 });
      expect(server.transcriptions).toHaveLength(1);
    },
  );
});

describe('Whisper at Groq', () => {
  it('gets a turn as a file, with a little silence around it, and what may be in it', async () => {
    expect(await hear(await call())).toMatchObject({ text: ONE, understood: true });
    const [{ fields, audio }] = server.transcriptions as [GroqServer['transcriptions'][number]];
    expect(fields).toEqual({
      model: 'whisper-large-v3-turbo',
      language: 'en',
      response_format: 'verbose_json',
      temperature: '0',
      prompt: 'root canal',
    });
    const saidMs = (await utterance(ONE)).length / 8;
    expect(audio.rateHz).toBe(8000);
    expect(audio.samples.length / 8).toBeGreaterThan(saidMs + 300);
    expect(audio.samples.length / 8).toBeLessThan(saidMs + 500);
  });

  it('is asked where each word was heard only if somebody wants to know', async () => {
    await server.close();
    const words = ONE.split(' ').map((word, n) => ({ word, start: 0.41 + n / 5, end: 0.51 + n / 5 }));
    server = await startGroqServer({ apiKey: KEY, faults, transcribe: () => ({ text: `${ONE}?`, words }) });
    closing.push(() => server.close());
    const one = await call({ wordTimes: true });
    const { places, text } = await hear(one);
    expect(text).toBe(`${ONE}?`);
    // The sound that was sent begins 300 ms, 15 frames, before the turn does.
    const first = places?.[0]?.frame ?? 0;
    expect(places).toEqual(words.map((_, n) => ({ frame: first + n * 10, toFrame: first + n * 10 + 25 })));
    expect(first - one.begun).toBe(-5);
    expect((await hear(await call())).places).toBeUndefined();
  });

  it('hears a turn that is longer than the ring', async () => {
    const said = await utterance(LONG);
    expect(said.length / 8).toBeGreaterThan(5200);
    expect((await hear(await call({ timeoutMs: 2000 }), LONG)).text).toBe(LONG);
  });

  it('isn’t believed when it hears words in silence', async () => {
    faults.push(/transcription/, { type: 'empty' });
    expect(await hear(await call())).toEqual({ text: '', understood: false, confidence: 0 });
  });

  it('is asked over one connection for many turns', async () => {
    const one = await call();
    for (let turn = 0; turn < 3; turn++) await hear(one);
    expect(server.accepted).toBe(1);
  });

  it('is asked again after brief trouble', async () => {
    faults.push(/transcription/, { type: 'status', status: 503 });
    expect((await hear(await call())).text).toBe(ONE);
    expect(troubles).toHaveLength(1);
  });

  it.each<[string, Fault, FailureKind]>([
    ['401', { type: 'status', status: 401 }, 'unauthorized'],
    ['400', { type: 'status', status: 400 }, 'rejected'],
    ['429', { type: 'status', status: 429 }, 'rate-limited'],
    ['429 with a long wait', { type: 'status', status: 429, retryAfterS: 30 }, 'rate-limited'],
    ['a stall before the headers', { type: 'stall-before-headers' }, 'timeout'],
    ['a stall in the answer', { type: 'stall', after: 0 }, 'timeout'],
    ['malformed JSON', { type: 'malformed', after: 0 }, 'malformed'],
  ])('fails after %s, having been asked once', async (_, fault, kind) => {
    faults.push(/transcription/, fault, fault);
    const onList = await call();
    await expect(hear(onList)).rejects.toMatchObject({ code: 'STT_FAILED', kind, provider: 'groq-whisper' });
    expect(server.transcriptions).toHaveLength(1);
    const one = await call({}, open());
    await expect(hear(one)).rejects.toMatchObject({ code: 'STT_FAILED', kind, provider: 'groq-whisper' });
    expect(server.transcriptions).toHaveLength(2);
    // The next turn is heard.
    expect((await hear(one)).text).toBe(ONE);
  });

  it.each<[string, Fault, FailureKind]>([
    ['500', { type: 'status', status: 500 }, 'server'],
    ['429 with a short wait', { type: 'status', status: 429, retryAfterS: 0.1 }, 'rate-limited'],
    ['a cut in the answer', { type: 'cut', after: 0 }, 'cut'],
  ])('fails after %s, having been asked twice', async (_, fault, kind) => {
    faults.push(/transcription/, fault, fault);
    await expect(hear(await call())).rejects.toMatchObject({ code: 'STT_FAILED', kind });
    expect(server.transcriptions).toHaveLength(2);
  });

  it('fails when the connection is refused, the name is unknown, or the server speaks no TLS', async () => {
    await expect(hear(await call({ baseUrl: 'http://groq.invalid' }))).rejects.toMatchObject({ kind: 'dns' });
    const baseUrl = server.url.replace('http:', 'https:');
    await expect(hear(await call({ baseUrl }))).rejects.toMatchObject({ kind: 'tls' });
    await server.down();
    await expect(hear(await call())).rejects.toMatchObject({ kind: 'refused' });
  });

  it('fails without printing the key', async () => {
    const error: unknown = await hear(await call({ apiKey: 'gsk_wrong-key-42' })).catch((e: unknown) => e);
    const { kind, message, stack, cause } = error as ProviderFailure;
    expect(kind).toBe('unauthorized');
    expect(JSON.stringify([message, stack, cause])).not.toContain('wrong-key-42');
  });
});
