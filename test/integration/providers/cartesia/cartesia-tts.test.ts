import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TextToSpeech } from '../../../../src/dialog/contract/ports.ts';
import { FLUSH, type TtsEvent, type VoiceRequest } from '../../../../src/dialog/contract/speech.ts';
import { messageOf } from '../../../../src/lib/errors.ts';
import type { Audio, AudioFormat } from '../../../../src/media/audio.ts';
import { AudioConverter } from '../../../../src/media/convert.ts';
import {
  createCartesiaTts,
  type CartesiaTtsOptions,
} from '../../../../src/providers/cartesia/cartesia-tts.ts';
import { chainTextToSpeech } from '../../../../src/providers/chain/text-to-speech-chain.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { ProviderFailure, type FailureKind } from '../../../../src/providers/provider-failure.ts';
import { listed } from '../../../support/listed-provider.ts';
import { noUnhandledRejections, until } from '../../../support/leaks.ts';
import {
  startCartesiaServer,
  type CartesiaServer,
  type CartesiaServerOptions,
} from '../../../support/provider-servers/cartesia-server.ts';
import { FaultQueue, type Fault } from '../../../support/provider-servers/fault-plan.ts';
import { testVoiceMs } from '../../../support/provider-servers/test-voice.ts';
import { speak, spokenOf, textOf, type Spoken } from '../contracts/text-to-speech.contract.ts';
import { CARTESIA_TTS } from '../../../support/provider-defaults.ts';

noUnhandledRejections();

const KEY = 'sk_car_this-is-the-secret';
const ANNA = '11111111-2222-4333-8444-555555555555';
const VOICE: VoiceRequest = { voice: 'anna', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } };
const faults = new FaultQueue();
const closing: (() => Promise<void>)[] = [];
const troubles: string[] = [];
let server: CartesiaServer;

async function serve(options: Partial<CartesiaServerOptions> = {}): Promise<CartesiaServer> {
  const started = await startCartesiaServer({ apiKey: KEY, faults, ...options });
  closing.push(() => started.close());
  return started;
}

function open(options: Partial<CartesiaTtsOptions> = {}): TextToSpeech {
  const tts = createCartesiaTts({
    ...CARTESIA_TTS,
    apiKey: KEY,
    baseUrl: server.url,
    voices: { anna: ANNA },
    firstAudioMs: 400,
    chunkMs: 200,
    connectMs: 400,
    onTrouble: (message) => troubles.push(message),
    ...options,
  });
  closing.push(() => tts.close());
  return tts;
}

/** Nobody stands behind it, as on a list of one: it is the chain that asks again. */
function alone(tts: TextToSpeech): TextToSpeech {
  const providers = [listed('cartesia', tts, systemClock)] as const;
  return chainTextToSpeech({ providers: [...providers], clock: systemClock, patienceMs: 800 });
}

beforeEach(async () => {
  server = await serve();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  troubles.length = 0;
});

describe('Cartesia is asked', () => {
  it('to speak in the line’s own format, without a buffer, piece by piece in one context', async () => {
    await speak(open(), ['Good morning. ', 'What can I do for you?'], VOICE);
    const asked = server.generations();
    expect(asked[0]).toEqual({
      model_id: 'sonic-3',
      voice: { id: ANNA },
      output_format: { container: 'raw', encoding: 'pcm_mulaw', sample_rate: 8000 },
      language: 'en',
      add_timestamps: true,
      max_buffer_delay_ms: 0,
      transcript: 'Good morning. ',
      continue: true,
      context_id: asked[0]!.context_id,
    });
    expect(asked.map(({ transcript, continue: more }) => [transcript, more])).toEqual([
      ['Good morning. ', true],
      ['What can I do for you?', true],
      ['', false],
    ]);
    expect(new Set(asked.map(({ context_id }) => context_id)).size).toBe(1);
  });

  it('to speak each token as it comes, with a buffer, if feeding is by tokens', async () => {
    await speak(open({ feeding: 'token', bufferMs: 30 }), ['Good ', 'morning', '.'], VOICE);
    expect(server.generations().map(({ transcript }) => transcript)).toEqual(['Good ', 'morning', '.', '']);
    expect(server.generations()[0]).toMatchObject({ max_buffer_delay_ms: 30 });
  });

  it.each([
    ['sentence', ['…\n\n', '**\n', 'Yes.'], ['…\n\n**\nYes.', '']],
    ['token', ['...', ' We', ' open', '.'], ['... We', ' open', '.', '']],
  ] as const)(
    'to speak marks with the word that follows them, feeding by the %s',
    async (feeding, given, sent) => {
      await speak(open({ feeding }), given, VOICE);
      expect(server.generations().map(({ transcript }) => transcript)).toEqual(sent);
    },
  );

  it('to speak what it has gathered of them when nothing follows for now', async () => {
    const tts = open({ feeding: 'token', bufferMs: 5000 });
    expect(tts.takes).toBe('text');
    await speak(tts, ['One ', 'moment', FLUSH, 'There.'], VOICE);
    expect(server.generations().map(({ transcript, flush }) => [transcript, flush === true])).toEqual([
      ['One ', false],
      ['moment', false],
      ['', true],
      ['There.', false],
      ['', false],
    ]);
  });

  it('with the key in a header and never in the address', async () => {
    await speak(open(), ['Hello.'], VOICE);
    const [{ query, headers }] = server.seen as [CartesiaServer['seen'][number]];
    expect(headers.authorization).toBe(`Bearer ${KEY}`);
    expect(query.toString()).toBe('');
  });

  it('to stop when the caller interrupts', async () => {
    server = await serve({ tts: { betweenChunks: () => 20 } });
    const controller = new AbortController();
    for await (const event of open().speak(textOf(['A long, long sentence.']), VOICE, controller.signal)) {
      if (event.type === 'audio') controller.abort();
    }
    await until(() => server.generations().at(-1)?.cancel === true);
    const [first, last] = [server.generations()[0], server.generations().at(-1)];
    expect(last).toEqual({ cancel: true, context_id: first!.context_id });
    expect(server.speaking).toBe(0);
  });

  it('to speak in a new context when the model has paused, and word times go on', async () => {
    server = await serve({ tts: { contextIdleMs: 650 } });
    async function* text(): AsyncGenerator<string> {
      yield 'One moment please. ';
      await new Promise((resolve) => setTimeout(resolve, 900));
      yield 'Here it is.';
    }
    const events: TtsEvent[] = [];
    for await (const event of open().speak(text(), VOICE, new AbortController().signal)) events.push(event);
    const { words, durationMs } = spokenOf(events);
    expect(words.map((word) => word.text).join(' ')).toBe('One moment please. Here it is.');
    expect(words[3]!.startMs).toBeCloseTo(testVoiceMs('One moment please.'), 0);
    expect(durationMs).toBeCloseTo(testVoiceMs('One moment please. Here it is.'), -1);
    expect(new Set(server.generations().map(({ context_id }) => context_id)).size).toBe(2);
  });

  it.each<AudioFormat>([
    { encoding: 'pcm_f32', rateHz: 22050 },
    { encoding: 'pcm_f32', rateHz: 24000 },
    { encoding: 'pcm_s16', rateHz: 16000 },
  ])('for $encoding at $rateHz Hz, which sounds the same on the line', async (format) => {
    // Chunks that end in the middle of a sample.
    server = await serve({ tts: { chunkBytes: 1999 } });
    const direct = line(await speak(open(), ['Good morning to you.'], VOICE));
    const wide = line(await speak(open({ format }), ['Good morning to you.'], { ...VOICE, format }));
    expect(Math.abs(wide.length - direct.length)).toBeLessThan(80);
    expect(likeness(direct, wide)).toBeGreaterThan(0.99);
  });
});

/** What leaves on a line without companding. */
function line({ events }: Spoken): Int16Array {
  const converter = new AudioConverter({ encoding: 'pcm_s16', rateHz: 8000 });
  const parts = events.flatMap((event) => (event.type === 'audio' ? [converter.convert(event.audio)] : []));
  return Int16Array.from([...parts, converter.flush()].flatMap((part) => [...part]));
}

/** Greatest correlation over some milliseconds of delay. */
function likeness(one: Int16Array, other: Int16Array): number {
  const dot = (a: Int16Array, b: Int16Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  let best = 0;
  for (let delay = 0; delay < 80; delay++) {
    const shifted = other.subarray(delay);
    best = Math.max(best, dot(one, shifted) / Math.sqrt(dot(one, one) * dot(shifted, shifted)));
  }
  return best;
}

describe('Cartesia’s sockets', () => {
  it('are one for many calls, opened while the telephone rings', async () => {
    const tts = open();
    tts.warm?.();
    tts.warm?.();
    await until(() => server.seen.length === 1);
    await Promise.all(Array.from({ length: 5 }, () => speak(tts, ['Hello there.'], VOICE)));
    await speak(tts, ['Hello again.'], VOICE);
    expect(server.seen).toHaveLength(1);
  });

  it('are opened once when several calls begin at a time', async () => {
    const tts = open();
    await Promise.all(Array.from({ length: 3 }, () => speak(tts, ['Hello there.'], VOICE)));
    expect(server.seen).toHaveLength(1);
  });

  it('become more when one is full, and no more than are allowed', async () => {
    server = await serve({ tts: { betweenChunks: () => 20 } });
    const tts = open({ contextsPerSocket: 2, sockets: 2 });
    const spoken = await Promise.allSettled(
      Array.from({ length: 5 }, () => speak(tts, ['Hello there, how are you?'], VOICE)),
    );
    expect(server.seen).toHaveLength(2);
    expect(spoken.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    const refused = spoken.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    expect(refused).toMatchObject([{ code: 'TTS_FAILED', kind: 'rate-limited' }]);
    // When a place is free again, it is taken.
    expect((await speak(tts, ['Hello.'], VOICE)).durationMs).toBeGreaterThan(0);
  });

  it('are renewed before the provider closes them, the new one first', async () => {
    server = await serve({ idleMs: 700 });
    const tts = open({ renewMs: 300 });
    tts.warm?.();
    await until(() => server.seen.length === 2);
    await until(() => server.seen[0]?.open === false);
    expect(server.seen[1]?.open).toBe(true);
    expect(troubles).toEqual([]);
    expect((await speak(tts, ['Hello.'], VOICE)).durationMs).toBeGreaterThan(0);
  });

  it('are replaced at once when the provider closes them all the same', async () => {
    server = await serve({ idleMs: 300 });
    const tts = open();
    tts.warm?.();
    await until(() => server.seen.length === 2);
    expect(troubles).toEqual(['cartesia: the connection closed (cut)']);
    expect((await speak(tts, ['Hello.'], VOICE)).durationMs).toBeGreaterThan(0);
  });

  it('are replaced when the network cuts them', async () => {
    const tts = alone(open());
    await speak(tts, ['Hello.'], VOICE);
    server.cutAll();
    expect((await speak(tts, ['Hello again.'], VOICE)).durationMs).toBeGreaterThan(0);
    expect(server.seen).toHaveLength(2);
  });

  it('are all gone after closing, also those that were being opened', async () => {
    const tts = open();
    tts.warm?.();
    const speaking = speak(tts, ['Hello.'], VOICE).catch((error: unknown) => error);
    await tts.close();
    await speaking;
    await until(() => server.connections === 0);
    await expect(speak(tts, ['Hello.'], VOICE)).rejects.toMatchObject({ code: 'TTS_FAILED' });
  });
});

type Failure = ProviderFailure & { readonly audio: readonly Audio[]; readonly afterMs: number };

async function failureOf(tts: TextToSpeech, text = ['Good morning. ', 'Goodbye then.']): Promise<Failure> {
  const events: TtsEvent[] = [];
  const began = performance.now();
  try {
    for await (const event of tts.speak(textOf(text), VOICE, new AbortController().signal))
      events.push(event);
  } catch (error) {
    expect(error).toBeInstanceOf(ProviderFailure);
    const audio = events.flatMap((event) => (event.type === 'audio' ? [event.audio] : []));
    return Object.assign(error as ProviderFailure, { audio, afterMs: performance.now() - began });
  }
  throw new Error('it spoke');
}

describe('Cartesia fails', () => {
  it.each<[string, Fault, FailureKind]>([
    ['401', { type: 'status', status: 401 }, 'unauthorized'],
    ['402', { type: 'status', status: 402 }, 'unauthorized'],
    ['429', { type: 'status', status: 429, retryAfterS: 7 }, 'rate-limited'],
    ['500', { type: 'status', status: 500 }, 'server'],
    ['a stall', { type: 'stall-before-headers' }, 'timeout'],
  ])('after %s at the handshake', async (_, fault, kind) => {
    faults.push(/^tts$/, fault);
    const tts = open();
    const retryAfterMs = 'retryAfterS' in fault ? 7000 : undefined;
    expect(await failureOf(tts)).toMatchObject({
      ...{ code: 'TTS_FAILED', kind, provider: 'cartesia', audio: [] },
      retryAfterMs,
    });
    // The next reply tries again.
    expect((await speak(tts, ['Hello.'], VOICE)).durationMs).toBeGreaterThan(0);
  });

  it.each<[string, Fault, FailureKind]>([
    ['a stall before the first sound', { type: 'stall', after: 0 }, 'timeout'],
    ['malformed JSON', { type: 'malformed', after: 0 }, 'malformed'],
    ['an empty answer', { type: 'empty' }, 'empty'],
    ['too many contexts', { type: 'error', after: 0, status: 429, message: 'Too many' }, 'rate-limited'],
    ['an unknown voice', { type: 'error', after: 0, status: 400, message: 'Voice not found' }, 'rejected'],
  ])('after %s, without a sound', async (_, fault, kind) => {
    faults.push(/context/, fault);
    expect(await failureOf(open())).toMatchObject({ code: 'TTS_FAILED', kind, audio: [] });
  });

  it.each<[string, Fault, FailureKind]>([
    ['a stall', { type: 'stall', after: 3 }, 'stalled'],
    ['the socket’s death', { type: 'cut', after: 3 }, 'cut'],
    ['malformed JSON', { type: 'malformed', after: 3 }, 'malformed'],
    ['an error', { type: 'error', after: 3, status: 500, message: 'Trouble' }, 'server'],
  ])('after %s in mid-word, with the sound that there was', async (_, fault, kind) => {
    faults.push(/context/, fault);
    const failure = await failureOf(open());
    expect(failure).toMatchObject({ code: 'TTS_FAILED', kind });
    expect(failure.audio).toHaveLength(3);
    expect(server.generations().filter(({ continue: more }) => more === false).length).toBeLessThanOrEqual(1);
  });

  it('not at all when the socket dies once before the first sound: another one speaks', async () => {
    faults.push(/context/, { type: 'cut', after: 0 });
    const { words } = await speak(alone(open()), ['Good morning. ', 'Goodbye then.'], VOICE);
    expect(words.map(({ text }) => text).join(' ')).toBe('Good morning. Goodbye then.');
    expect(server.seen).toHaveLength(2);
  });

  it('when the socket dies twice before the first sound', async () => {
    faults.push(/context/, { type: 'cut', after: 0 }, { type: 'cut', after: 0 });
    expect((await failureOf(alone(open()))).kind).toBe('cut');
  });

  it('all calls on a socket that dies, and none on another', async () => {
    server = await serve({ tts: { betweenChunks: () => 20 } });
    const tts = open({ contextsPerSocket: 2 });
    const dying = [failureOf(tts), failureOf(tts)];
    const living = speak(tts, ['Good morning. ', 'Goodbye then.'], VOICE);
    await until(() => server.speaking === 3 && server.seen[0]!.sent > 6);
    server.seen[0]!.cut();
    for (const failure of await Promise.all(dying)) expect(failure.kind).toBe('cut');
    expect((await living).durationMs).toBeCloseTo(testVoiceMs('Good morning. Goodbye then.'), -1);
  });

  it('when the connection is refused', async () => {
    await server.down();
    expect((await failureOf(open())).kind).toBe('refused');
  });

  it('when the name is unknown', async () => {
    expect((await failureOf(open({ baseUrl: 'https://cartesia.invalid' }))).kind).toBe('dns');
  });

  it('when the other side speaks no TLS', async () => {
    expect((await failureOf(open({ baseUrl: server.url.replace('http:', 'https:') }))).kind).toBe('tls');
  });

  it('within its time-outs', async () => {
    faults.push(/context/, { type: 'stall', after: 0 }, { type: 'stall', after: 2 });
    const tts = open();
    const first = await failureOf(tts);
    expect(first.afterMs).toBeGreaterThan(390);
    expect(first.afterMs).toBeLessThan(1500);
    const second = await failureOf(tts);
    expect(second.afterMs).toBeGreaterThan(190);
    expect(second.afterMs).toBeLessThan(1500);
  });

  it('without printing the key', async () => {
    const failure = await failureOf(open({ apiKey: 'sk_car_wrong-key-42' }));
    expect(failure.kind).toBe('unauthorized');
    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toContain('wrong-key-42');
  });

  it('with the text’s own error when the text can’t be had', async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- it fails at once
    async function* text(): AsyncGenerator<string> {
      yield 'Hello. ';
      throw new Error('the model is gone');
    }
    const events = open().speak(text(), VOICE, new AbortController().signal);
    const failed = (async () => {
      for await (const event of events) expect(event.type).toMatch(/audio|words/);
    })();
    expect(messageOf(await failed.catch((error: unknown) => error))).toContain('the model is gone');
  });
});

describe('Cartesia refuses beforehand', () => {
  const refusal = (request: Partial<VoiceRequest>, options: Partial<CartesiaTtsOptions> = {}): unknown => {
    try {
      open(options).check({ ...VOICE, ...request });
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it('voices without a name or an id, languages and formats that it doesn’t have', () => {
    expect(refusal({ voice: ANNA })).toBeUndefined();
    expect(refusal({ voice: 'slt' })).toMatchObject({ code: 'TTS_UNAVAILABLE' });
    expect(refusal({ language: 'xx' })).toMatchObject({ code: 'LANGUAGE_UNSUPPORTED' });
    const format: AudioFormat = { encoding: 'pcm_f32', rateHz: 24000 };
    expect(refusal({}, { format })).toMatchObject({ code: 'TTS_UNAVAILABLE' });
  });
});
