import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SttEvent } from '../../../../src/dialog/contract/speech.ts';
import type { SttStream } from '../../../../src/dialog/contract/ports.ts';
import type { SampleRateHz } from '../../../../src/media/audio.ts';
import {
  createCartesiaStt,
  type CartesiaSttOptions,
} from '../../../../src/providers/cartesia/cartesia-stt.ts';
import { ProviderFailure, type FailureKind } from '../../../../src/providers/provider-failure.ts';
import { noUnhandledRejections, until } from '../../../support/leaks.ts';
import {
  startCartesiaServer,
  type CartesiaServer,
  type CartesiaServerOptions,
} from '../../../support/provider-servers/cartesia-server.ts';
import { FaultQueue, type Fault } from '../../../support/provider-servers/fault-plan.ts';
import { hearsByLength, RingCaller, utterance } from '../../../support/ring-caller.ts';
import { turnEnds } from '../contracts/speech-to-text.contract.ts';
import { CARTESIA_STT } from '../../../support/provider-defaults.ts';

noUnhandledRejections();

const KEY = 'sk_car_this-is-the-secret';
const ONE = 'What does a cleaning cost';
const TWO = 'And when are you open';
const BOTH = `${ONE} ${TWO}`;
const faults = new FaultQueue();
const closing: (() => unknown)[] = [];
const troubles: string[] = [];
let server: CartesiaServer;

async function serve(options: Partial<CartesiaServerOptions> = {}): Promise<CartesiaServer> {
  const stt = { transcribe: hearsByLength(ONE, TWO, BOTH), ...options.stt };
  const started = await startCartesiaServer({ apiKey: KEY, faults, ...options, stt });
  closing.push(() => started.close());
  return started;
}

beforeEach(async () => {
  server = await serve();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  troubles.length = 0;
});

interface Call {
  readonly caller: RingCaller;
  readonly events: SttEvent[];
  readonly stream: SttStream;
}

interface CallOptions extends Partial<CartesiaSttOptions> {
  readonly rateHz?: SampleRateHz;
  readonly caller?: RingCaller;
  readonly phrases?: readonly string[];
  readonly pronunciations?: Readonly<Record<string, string>>;
}

async function call(options: CallOptions = {}): Promise<Call> {
  const stt = createCartesiaStt({
    ...CARTESIA_STT,
    apiKey: KEY,
    baseUrl: server.url,
    connectMs: 400,
    transcriptMs: 1000,
    ...options,
  });
  closing.push(() => stt.close());
  const caller = options.caller ?? new RingCaller({ rateHz: options.rateHz ?? 8000 });
  const events: SttEvent[] = [];
  const stream = await stt.open({
    heard: caller.heard,
    language: 'en-GB',
    phrases: options.phrases ?? [],
    ...(options.pronunciations ? { pronunciations: options.pronunciations } : {}),
    onEvent: (event) => {
      if (event.type === 'trouble') troubles.push(event.trouble.message);
      else events.push(event);
    },
  });
  return { caller, events, stream };
}

/** The caller speaks, and the detector says so. */
async function say({ caller, stream }: Call, text: string): Promise<{ last: number }> {
  const saying = caller.play(await utterance(text));
  stream.beginTurn(caller.frame - 1);
  return saying;
}

const typesOf = (events: readonly SttEvent[]): string[] =>
  events.map(({ type }) => type).filter((type) => type !== 'partial');

describe('Cartesia’s turns', () => {
  it('are asked for as a telephone needs them', async () => {
    const { caller } = await call({
      phrases: ['what does it cost', 'Zuse', 'root canal'],
      pronunciations: { Ishida: 'IH SH IY D AH', zuse: 'T S UW Z AH' },
      turn: { start: 0.7, eagerEnd: 0.5, end: 0.3, endTimeoutMs: 3000 },
    });
    await caller.silence(200);
    const [{ path, query, headers }] = server.seen as [CartesiaServer['seen'][number]];
    expect(path).toBe('/stt/turns/websocket');
    expect(headers.authorization).toBe(`Bearer ${KEY}`);
    expect([...query]).toEqual([
      ['model', 'ink-2'],
      ['encoding', 'pcm_mulaw'],
      ['sample_rate', '8000'],
      // Words that no dictionary has, then short phrases; each once.
      ['keyterm', 'Ishida'],
      ['keyterm', 'zuse'],
      ['keyterm', 'root canal'],
      ['turn_start_threshold', '0.7'],
      ['turn_eager_end_threshold', '0.5'],
      ['turn_end_threshold', '0.3'],
      ['turn_end_timeout_ms', '3000'],
    ]);
    await until(() => server.seen[0]!.audioBytes.length >= 10);
    expect(new Set(server.seen[0]!.audioBytes)).toEqual(new Set([160]));
  });

  it('are asked for with no more key terms than are allowed', async () => {
    await call({ phrases: Array.from({ length: 300 }, (_, index) => `word ${index} of many`.slice(0, 12)) });
    const terms = server.seen[0]!.query.getAll('keyterm');
    expect(terms.length).toBeGreaterThan(80);
    expect(terms.length).toBeLessThanOrEqual(100);
    expect(terms.join('').length).toBeLessThanOrEqual(1200);
  });

  it('take linear sound where there is more than a telephone’s', async () => {
    const { caller } = await call({ rateHz: 16000, messageMs: 40 });
    await caller.silence(200);
    await until(() => server.seen[0]!.audioBytes.length >= 5);
    expect(server.seen[0]!.query.get('encoding')).toBe('pcm_s16le');
    expect(server.seen[0]!.query.get('sample_rate')).toBe('16000');
    expect(new Set(server.seen[0]!.audioBytes)).toEqual(new Set([1280]));
  });

  it('tell what is being said, when it may be over, and when it is', async () => {
    const one = await call();
    await one.caller.silence(300);
    await say(one, ONE);
    await one.caller.silence(800);
    await until(() => turnEnds(one.events).length === 1);
    expect(typesOf(one.events)).toEqual(['turn-eager-end', 'turn-end']);
    expect(one.events.at(-1)).toEqual({
      type: 'turn-end',
      transcript: { text: ONE, understood: true, confidence: 1 },
    });
    expect(one.events.filter(({ type }) => type === 'partial').length).toBeGreaterThan(1);
  });

  it('take an early end back when the caller goes on', async () => {
    const one = await call();
    await say(one, ONE);
    await one.caller.silence(260);
    await say(one, TWO);
    await one.caller.silence(800);
    await until(() => turnEnds(one.events).length === 1);
    expect(typesOf(one.events)).toEqual(['turn-eager-end', 'turn-resume', 'turn-eager-end', 'turn-end']);
    expect(turnEnds(one.events)).toEqual([BOTH]);
  });

  it('take an early end back also when the caller stays silent', async () => {
    server = await serve({ stt: { takesBack: () => true } });
    const one = await call();
    await say(one, ONE);
    await one.caller.silence(800);
    await until(() => turnEnds(one.events).length === 1);
    expect(typesOf(one.events)).toEqual(['turn-eager-end', 'turn-resume', 'turn-end']);
  });

  it('are heard from their beginning by a recogniser that came later', async () => {
    const caller = new RingCaller();
    await caller.silence(500);
    const began = caller.frame;
    await caller.play(await utterance(ONE));
    const one = await call({ caller });
    one.stream.beginTurn(began);
    await caller.silence(800);
    await until(() => turnEnds(one.events).length === 1);
    expect(turnEnds(one.events)).toEqual([ONE]);
  });

  it('can be asked for their end, too', async () => {
    const one = await call();
    const { last } = await say(one, ONE);
    const asked = one.stream.endTurn(last);
    await one.caller.silence(800);
    expect((await asked).text).toBe(ONE);
  });

  it('last through a long silence, which is sound like any other', async () => {
    server = await serve({ idleMs: 300 });
    const one = await call();
    await one.caller.silence(8000);
    await say(one, ONE);
    await one.caller.silence(800);
    await until(() => turnEnds(one.events).length === 1);
    expect(server.seen).toHaveLength(1);
  });
});

describe('Cartesia’s turns, when the socket dies', () => {
  it.each<[string, Fault]>([
    ['in mid-sentence', { type: 'cut-after-audio', bytes: 9000 }],
    ['with an error of its own', { type: 'error', after: 3, status: 500, message: 'Trouble' }],
    ['of malformed JSON', { type: 'malformed', after: 3 }],
    ['at its early end', { type: 'cut', after: 4 }],
  ])('%s, are heard again from their beginning, and nobody notices', async (_, fault) => {
    faults.push(/stt-turns/, fault);
    const one = await call();
    await one.caller.silence(300);
    await say(one, ONE);
    await one.caller.silence(1000);
    await until(() => turnEnds(one.events).length === 1);
    expect(turnEnds(one.events)).toEqual([ONE]);
    expect(one.events.filter(({ type }) => type === 'failed')).toEqual([]);
    expect(server.seen).toHaveLength(2);
    expect(troubles).toHaveLength(1);
  });

  it('between them, lose nothing', async () => {
    const one = await call();
    await say(one, ONE);
    await one.caller.silence(600);
    await until(() => turnEnds(one.events).length === 1);
    server.cutAll();
    await say(one, TWO);
    await one.caller.silence(600);
    await until(() => turnEnds(one.events).length === 2);
    expect(turnEnds(one.events)).toEqual([ONE, TWO]);
  });

  it('twice, report the loss, and send no more events', async () => {
    faults.push(
      /stt-turns/,
      { type: 'cut-after-audio', bytes: 3000 },
      { type: 'cut-after-audio', bytes: 3000 },
    );
    const one = await call();
    await say(one, ONE);
    await until(() => typesOf(one.events).includes('failed'));
    expect(one.events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'STT_FAILED', kind: 'cut' } });
    await one.caller.silence(400);
    expect(typesOf(one.events).at(-1)).toBe('failed');
    await until(() => server.connections === 0);
  });

  it('report the loss if it can’t be opened again', async () => {
    const one = await call();
    await say(one, ONE);
    await server.down();
    await until(() => typesOf(one.events).includes('failed'));
    expect(one.events.at(-1)).toMatchObject({ error: { kind: 'refused' } });
  });

  it.each([401, 400, 429])('don’t open it again after status %d', async (status) => {
    faults.push(/stt-turns/, { type: 'error', after: 2, status, message: 'No' });
    const one = await call();
    await say(one, ONE);
    await until(() => typesOf(one.events).includes('failed'));
    expect(server.seen).toHaveLength(1);
  });

  it('after they were closed, mean nothing', async () => {
    const one = await call();
    await one.caller.silence(200);
    one.stream.close();
    server.cutAll();
    await one.caller.silence(400);
    expect(one.events).toEqual([]);
    expect(server.seen).toHaveLength(1);
  });
});

describe.each(['turns', 'finalize'] as const)('Cartesia’s %s can’t be opened', (socket) => {
  it.each<[string, Fault, FailureKind]>([
    ['401', { type: 'status', status: 401 }, 'unauthorized'],
    ['429', { type: 'status', status: 429, retryAfterS: 7 }, 'rate-limited'],
    ['500', { type: 'status', status: 500 }, 'server'],
    ['a stall', { type: 'stall-before-headers' }, 'timeout'],
  ])('after %s', async (_, fault, kind) => {
    faults.push(/^stt/, fault);
    const retryAfterMs = 'retryAfterS' in fault ? 7000 : undefined;
    await expect(call({ socket })).rejects.toMatchObject({ code: 'STT_UNAVAILABLE', kind, retryAfterMs });
  });

  it('fail when the connection is refused, the name is unknown, or the server speaks no TLS', async () => {
    await expect(call({ socket, baseUrl: 'https://cartesia.invalid' })).rejects.toMatchObject({
      kind: 'dns',
    });
    const baseUrl = server.url.replace('http:', 'https:');
    await expect(call({ socket, baseUrl })).rejects.toMatchObject({ kind: 'tls' });
    await server.down();
    await expect(call({ socket })).rejects.toMatchObject({ kind: 'refused' });
  });

  it('fail without printing the key', async () => {
    const error: unknown = await call({ socket, apiKey: 'sk_car_wrong-key-42' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ProviderFailure);
    const { kind, message, stack, cause } = error as ProviderFailure;
    expect(kind).toBe('unauthorized');
    expect(JSON.stringify([message, stack, cause])).not.toContain('wrong-key-42');
  });
});

describe('Cartesia, told where turns end,', () => {
  const socket = 'finalize';

  it('gets the turns only, and their end in one word', async () => {
    const one = await call({ socket });
    await one.caller.silence(2000);
    const { last } = await say(one, ONE);
    await one.caller.silence(200);
    expect((await one.stream.endTurn(last)).text).toBe(ONE);
    const [seen] = server.seen as [CartesiaServer['seen'][number]];
    expect(seen.path).toBe('/stt/websocket');
    expect(seen.texts).toEqual(['finalize']);
    const sentMs = seen.audioBytes.reduce((sum, bytes) => sum + bytes, 0) / 8;
    const saidMs = (await utterance(ONE)).length / 8;
    expect(sentMs).toBeGreaterThan(saidMs);
    expect(sentMs).toBeLessThan(saidMs + 500);
    const partials = one.events.flatMap((event) => (event.type === 'partial' ? [event.text] : []));
    expect(partials.at(-1)).toBe(ONE);
  });

  it.each(['turn', 'connection'] as const)(
    'knows where each word was heard, if it counts from the first sound of the %s',
    async (wordsCountFrom) => {
      const words = ONE.split(' ').map((word, n) => ({ word, start: 0.41 + n / 5, end: 0.51 + n / 5 }));
      const transcribe = () => ({ text: ONE, words });
      server = await serve({ stt: { transcribe, wordsCountFrom } });
      const one = await call({ socket });
      for (let turn = 0; turn < 3; turn += 1) {
        const begun = one.caller.frame;
        const { last } = await say(one, ONE);
        await one.caller.silence(200);
        const { places } = await one.stream.endTurn(last);
        const first = places?.[0]?.frame ?? 0;
        expect(places).toEqual(
          words.map((_, n) => ({ frame: first + n * 10, toFrame: first + n * 10 + 25 })),
        );
        // 400 ms into what was sent, which begins 300 ms before the turn does, if there is so much.
        const reachedBack = Math.min(15, begun - 1);
        expect(Math.abs(first - (begun - 1 - reachedBack + 10))).toBeLessThanOrEqual(2);
      }
    },
  );

  it('hears a turn again when the socket dies in it', async () => {
    faults.push(/stt/, { type: 'cut-after-audio', bytes: 6000 });
    const one = await call({ socket });
    const { last } = await say(one, ONE);
    await one.caller.silence(200);
    expect((await one.stream.endTurn(last)).text).toBe(ONE);
    expect(server.seen).toHaveLength(2);
  });

  it('hears a turn again when the socket dies owing its text', async () => {
    faults.push(/stt/, { type: 'cut', after: 0 });
    const one = await call({ socket });
    const { last } = await say(one, ONE);
    await one.caller.silence(200);
    expect((await one.stream.endTurn(last)).text).toBe(ONE);
  });

  it('fails when it dies twice, and rejects the request that waits', async () => {
    faults.push(/stt/, { type: 'cut', after: 0 }, { type: 'cut', after: 0 });
    const one = await call({ socket });
    const { last } = await say(one, ONE);
    await one.caller.silence(200);
    await expect(one.stream.endTurn(last)).rejects.toMatchObject({ code: 'STT_FAILED', kind: 'cut' });
    expect(typesOf(one.events)).toEqual(['failed']);
  });

  it('is reopened when it was closed for idleness', async () => {
    server = await serve({ idleMs: 100 });
    const one = await call({ socket });
    await until(() => server.seen.length === 2);
    const { last } = await say(one, ONE);
    await one.caller.silence(200);
    expect((await one.stream.endTurn(last)).text).toBe(ONE);
  });

  it('is waited for no longer than is set', async () => {
    server = await serve({ stt: { finalize: () => 5000 } });
    const one = await call({ socket, transcriptMs: 200 });
    const { last } = await say(one, ONE);
    const began = performance.now();
    await expect(one.stream.endTurn(last)).rejects.toMatchObject({ code: 'STT_FAILED', kind: 'timeout' });
    expect(performance.now() - began).toBeLessThan(1500);
  });

  it('may understand nothing', async () => {
    faults.push(/stt/, { type: 'empty' });
    const one = await call({ socket });
    const { last } = await say(one, ONE);
    expect(await one.stream.endTurn(last)).toEqual({ text: '', understood: false, confidence: 0 });
  });
});
