/** What becomes of calls when a thread of the program hangs, of whichever kind it is. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { MediaEvent } from '../../../src/dialog/contract/call-media.ts';
import type { SttEvent, VadEvent } from '../../../src/dialog/contract/speech.ts';
import { RtpMediaGateway } from '../../../src/gateways/rtp-media-gateway.ts';
import { VonageMediaGateway } from '../../../src/gateways/vonage-media-gateway.ts';
import { createFlushLine } from '../../../src/media/flush-line.ts';
import { createPocketsphinxStt } from '../../../src/providers/embedded/stt/pocketsphinx-stt.ts';
import { createFliteTts } from '../../../src/providers/embedded/tts/flite-tts.ts';
import { createSileroVad } from '../../../src/providers/embedded/vad/silero-vad.ts';
import type { ThreadPolicy } from '../../../src/threads/policies.ts';
import type { Supervision } from '../../../src/threads/supervised-thread.ts';
import { MortalThreads } from '../../support/mortal-threads.ts';
import { RingFeeder } from '../../support/ring-feeder.ts';
import { RtpPeer } from '../../support/rtp-peer.ts';
import { telephoneSpeech } from '../../support/telephone-speech.ts';

const PATIENCE = { timeout: 20_000, interval: 10 };
const MINUTE = 60_000;
/** A thread that is given up at its first death. */
const NO_SECOND_LIFE: Partial<ThreadPolicy> = { failuresAMinute: 0 };
/** Abandoned soon: what a test waits for is in native code for 12 s. */
const SHORT: Partial<ThreadPolicy> = { hungMs: 2000, terminateMs: 500 };

const closers: (() => unknown)[] = [];
const warnings: string[] = [];
const abandoned: string[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  warnings.length = 0;
  abandoned.length = 0;
});
const onWarning = (message: string): void => void warnings.push(message);

function mortal(
  worker: string,
  threadPolicy: Partial<ThreadPolicy> = {},
): { threads: MortalThreads; supervision: Supervision } {
  const threads = new MortalThreads(worker);
  closers.push(() => {
    threads.close();
  });
  const onAbandoned = (name: string): void => void abandoned.push(name);
  return { threads, supervision: { ...threads.supervision, threadPolicy, onAbandoned } };
}

describe('a media thread', () => {
  async function gateway(threadPolicy: Partial<ThreadPolicy> = {}, count = 1) {
    const { threads, supervision } = mortal('gateways/rtp/media-worker.ts', threadPolicy);
    const rtp = await RtpMediaGateway.start({ supervision, threads: count, onWarning });
    closers.push(() => rtp.close());
    return { rtp, threads, states: () => rtp.report.threads.map(({ trouble }) => trouble) };
  }

  async function call(rtp: RtpMediaGateway, id: string) {
    const session = await rtp.reserve({ id });
    const peer = await RtpPeer.open();
    closers.push(() => peer.close());
    peer.aim(session.endpoint);
    session.endpoint.attach(peer);
    await session.attached;
    return { session, peer };
  }

  it.each(['hang', 'deaf'] as const)(
    'that is in a bad way ("%s") delays the end of its last session and of its gateway by seconds at most',
    async (how) => {
      const { rtp, threads } = await gateway();
      const { session, peer } = await call(rtp, 'last');
      await peer.until((received) => received.length >= 3);
      await threads.strike(how);
      await session.close();
      await rtp.close();
    },
    15_000,
  );

  it('gets no session while it is dead and another lives, though it has fewer', async () => {
    const { rtp, threads, states } = await gateway(NO_SECOND_LIFE, 2);
    const first = await rtp.reserve({ id: 'first' });
    await rtp.reserve({ id: 'second' });
    threads.end('exit', 'media-1');
    await vi.waitFor(() => {
      expect(states()).toEqual([expect.stringMatching(/^given up/), undefined]);
    }, PATIENCE);
    await first.close();
    const third = await rtp.reserve({ id: 'third' });
    expect(third.endpoint).toMatchObject({ port: rtp.report.threads[1]!.port });
    expect(states()[0]).toMatch(/^given up/);
  });

  it(
    'that hangs in native code is abandoned, its calls are told, and its gateway can be closed',
    async () => {
      const { rtp, threads } = await gateway(SHORT);
      const { session } = await call(rtp, 'lost');
      const lost = new Promise<MediaEvent>((resolve) => session.on(resolve));
      threads.end('native');
      expect(await lost).toMatchObject({ type: 'lost' });
      expect(abandoned).toEqual(['media-1']);
      await session.close();
      await rtp.close();
    },
    MINUTE,
  );
});

describe("Vonage's edge thread", () => {
  async function gateway(threadPolicy: Partial<ThreadPolicy> = {}) {
    const { threads, supervision } = mortal('gateways/vonage/edge-worker.ts', threadPolicy);
    const vonage = await VonageMediaGateway.start({
      supervision,
      paths: ['/answer'],
      onRequest: () => Promise.resolve({ status: 200, body: 'here' }),
      onWarning,
    });
    closers.push(() => vonage.close());
    const answer = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${vonage.port}/answer`)).text().catch(String);
    return { vonage, threads, answer };
  }

  it(
    'that hangs is replaced on the same port, even without a call, and answers again',
    async () => {
      const { vonage, threads, answer } = await gateway();
      const { port } = vonage;
      expect(await answer()).toBe('here');
      threads.end('hang');
      await vi.waitFor(() => {
        expect(vonage.trouble).toContain('restarted');
      }, PATIENCE);
      await vi.waitFor(() => {
        expect(vonage.trouble).toBeUndefined();
      }, PATIENCE);
      expect(vonage.port).toBe(port);
      expect(await answer()).toBe('here');
      expect(warnings).toEqual([
        expect.stringMatching(/edge thread died .*no heartbeat.* 0 calls are to be/),
      ]);
    },
    MINUTE,
  );

  it('that hangs, and has no second life: its calls are told, and closing one takes seconds at most', async () => {
    const { vonage, threads } = await gateway(NO_SECOND_LIFE);
    const [one, other] = [await vonage.reserve({ id: 'one' }), await vonage.reserve({ id: 'other' })];
    const lost = new Promise<MediaEvent>((resolve) => one.on(resolve));
    await threads.strike('hang');
    await other.close();
    expect(await lost).toMatchObject({ type: 'lost' });
    await one.close();
  }, 20_000);

  it('is started again by itself after it was given up', async () => {
    const { vonage, threads, answer } = await gateway({ ...NO_SECOND_LIFE, reviveAfterMs: 300 });
    threads.end('exit');
    await vi.waitFor(() => {
      expect(vonage.trouble).toMatch(/^given up/);
    }, PATIENCE);
    await vi.waitFor(() => {
      expect(vonage.trouble).toBeUndefined();
    }, PATIENCE);
    expect(await answer()).toBe('here');
  });

  it('is started again for the next call after it was given up', async () => {
    const { vonage, threads } = await gateway(NO_SECOND_LIFE);
    threads.end('exit');
    await vi.waitFor(() => {
      expect(vonage.trouble).toMatch(/^given up/);
    }, PATIENCE);
    await vonage.reserve({ id: 'next' });
    expect(vonage.trouble).toBeUndefined();
  });

  it(
    'that hangs in native code is abandoned, and its gateway can be closed',
    async () => {
      const { vonage, threads } = await gateway(SHORT);
      threads.end('native');
      await vi.waitFor(() => {
        expect(abandoned).toEqual(['vonage-edge']);
      }, PATIENCE);
      await vonage.close();
    },
    MINUTE,
  );
});

describe("the voice detector's thread", () => {
  async function detector(threadPolicy: Partial<ThreadPolicy> = {}) {
    const { threads, supervision } = mortal('providers/embedded/vad/silero-worker.ts', threadPolicy);
    const vad = await createSileroVad({ supervision, onTrouble: onWarning });
    closers.push(() => vad.close());
    const listen = async () => {
      const ring = new RingFeeder();
      const events: VadEvent['type'][] = [];
      const failures: Error[] = [];
      const onEvent = ({ type }: VadEvent): void => void events.push(type);
      const onFailed = (error: Error): void => void failures.push(error);
      await vad.open({ heard: ring.handle, flushLine: createFlushLine(), onEvent, onFailed });
      return { ring, events, failures };
    };
    return { vad, threads, listen };
  }

  async function hearsAgain(ring: RingFeeder, events: readonly string[]): Promise<void> {
    const sentence = await telephoneSpeech('Could you tell me when you are open?');
    await vi.waitFor(
      () => {
        ring.silence(300);
        ring.write(sentence);
        expect(events).toContain('speech-start');
      },
      { timeout: 30_000, interval: 100 },
    );
  }

  it.each(['hang', 'native'] as const)(
    'that hangs ("%s") is replaced, and its calls are heard again',
    async (how) => {
      const { threads, listen } = await detector(SHORT);
      const { ring, events, failures } = await listen();
      threads.end(how);
      await vi.waitFor(() => {
        expect(warnings.at(-1)).toMatch(/no heartbeat.*started again/);
      }, PATIENCE);
      await hearsAgain(ring, events);
      expect(failures).toEqual([]);
      expect(abandoned).toEqual(how === 'native' ? ['vad'] : []);
    },
    MINUTE,
  );

  it(
    'that is given up tells its calls that they failed, and is started again for the next one',
    async () => {
      const { vad, threads, listen } = await detector(NO_SECOND_LIFE);
      const lost = await listen();
      threads.end('exit');
      await vi.waitFor(() => {
        expect(lost.failures).toEqual([expect.objectContaining({ code: 'VAD_UNAVAILABLE' })]);
      }, PATIENCE);
      expect(vad.status?.()).toMatchObject({
        trouble: expect.stringContaining('given up') as string,
        requests: 0,
      });
      const next = await listen();
      await hearsAgain(next.ring, next.events);
      expect(vad.status?.().trouble).toBeUndefined();
    },
    MINUTE,
  );
});

describe("flite's thread", () => {
  it.each(['hang', 'native'] as const)(
    'that hangs ("%s") fails its reply, is replaced, and speaks again',
    async (how) => {
      const { threads, supervision } = mortal('providers/embedded/tts/flite-worker.ts', SHORT);
      const tts = createFliteTts({ threads: 1, supervision, onTrouble: onWarning });
      closers.push(() => tts.close());
      await tts.load();
      const voice = { voice: 'slt', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } } as const;
      async function speak(text: AsyncIterable<string>): Promise<number> {
        const events: unknown[] = [];
        for await (const event of tts.speak(text, voice, new AbortController().signal)) events.push(event);
        return events.length;
      }
      async function* halting(): AsyncGenerator<string> {
        await threads.strike(how);
        yield 'One moment. ';
        await new Promise(() => undefined);
      }
      async function* hello(): AsyncGenerator<string> {
        yield await Promise.resolve('Hello.');
      }
      await expect(speak(halting())).rejects.toMatchObject({ code: 'TTS_FAILED' });
      expect(warnings.at(-1)).toMatch(/no heartbeat.*started again/);
      await vi.waitFor(async () => {
        expect(await speak(hello())).toBeGreaterThan(1);
      }, PATIENCE);
      expect(abandoned).toEqual(how === 'native' ? ['tts-0'] : []);
    },
    MINUTE,
  );
});

describe("the recogniser's thread", () => {
  function recogniser(threadPolicy: Partial<ThreadPolicy>) {
    const { threads, supervision } = mortal('providers/embedded/stt/stt-worker.ts', threadPolicy);
    const stt = createPocketsphinxStt({ supervision, onTrouble: onWarning });
    closers.push(() => stt.close());
    const events: SttEvent[] = [];
    const open = () =>
      stt.open({
        heard: new RingFeeder().handle,
        language: 'en',
        phrases: ['opening hours'],
        onEvent: (event) => void events.push(event),
      });
    return { stt, threads, events, open };
  }

  it.each(['hang', 'native'] as const)(
    'that hangs ("%s") fails its streams and what it was asked, is replaced, and takes the next call',
    async (how) => {
      const { stt, threads, events, open } = recogniser({ ...SHORT, hungMs: 4000 });
      const stream = await open();
      await threads.strike(how);
      stream.beginTurn(0);
      await expect(stream.endTurn(10)).rejects.toMatchObject({ code: 'STT_FAILED' });
      expect(events).toMatchObject([{ type: 'failed' }]);
      await open();
      expect(stt.status?.()).toEqual({ threads: [{ name: 'stt', alive: true, restarts: 1 }], requests: 0 });
      expect(abandoned).toEqual(how === 'native' ? ['stt'] : []);
    },
    MINUTE,
  );

  it('fails a request in time when it does not answer', async () => {
    const { threads, open } = recogniser({ answerMs: 3000, hungMs: MINUTE });
    const stream = await open();
    await threads.strike('deaf');
    await expect(stream.endTurn(10)).rejects.toMatchObject({
      code: 'STT_FAILED',
      message: expect.stringContaining('did not answer') as string,
    });
  });

  it('can be closed though it never became ready', async () => {
    const threads = new MortalThreads('providers/embedded/stt/stt-worker.ts', 'hang');
    const stt = createPocketsphinxStt({ supervision: threads.supervision });
    const asked = stt.prepare({ language: 'en', phrases: [] });
    const failed = expect(asked).rejects.toMatchObject({ code: 'STT_FAILED' });
    await stt.close();
    await failed;
    expect(stt.status?.().threads).toMatchObject([{ alive: false }]);
    threads.close();
  }, 20_000);
});
