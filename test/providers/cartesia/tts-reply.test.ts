import { describe, expect, it } from 'vitest';
import { BoundedQueue } from '../../../src/lib/queue.ts';
import { TtsReply } from '../../../src/providers/cartesia/tts-reply.ts';
import type { ContextListener } from '../../../src/providers/cartesia/tts-socket.ts';
import { ProviderFailure } from '../../../src/providers/provider-failure.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { noUnhandledRejections } from '../../support/leaks.ts';

noUnhandledRejections();

interface Context {
  readonly id: string;
  readonly listener: ContextListener;
  readonly sent: string[];
  readonly opened: PromiseWithResolvers<undefined>;
}

/** A reply whose contexts are opened, sound and end when the test says so. */
function made() {
  const clock = new ManualClock();
  const contexts: Context[] = [];
  const left: string[] = [];
  const reply = new TtsReply({
    pool: {
      async acquire(id, listener) {
        const context: Context = { id, listener, sent: [], opened: Promise.withResolvers() };
        contexts.push(context);
        await context.opened.promise;
        return {
          send: (message) => {
            const { transcript = '', continue: more } = message as {
              transcript?: string;
              continue?: boolean;
            };
            context.sent.push(more === false ? 'end' : transcript);
            return true;
          },
          leave: () => left.push(id),
        };
      },
    },
    provider: 'cartesia',
    key: '',
    voice: { voice: 'anna', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } },
    request: {
      model_id: 'sonic-3',
      voice: { id: 'anna' },
      output_format: { container: 'raw', encoding: 'pcm_mulaw', sample_rate: 8000 },
    },
    firstAudioMs: 1500,
    chunkMs: 1500,
    clock,
  });
  const text = new BoundedQueue<string>(10);
  void reply.feed(text);
  const events: string[] = [];
  const over = (async () => {
    try {
      for await (const event of reply.events()) events.push(event.type);
      events.push('over');
    } catch (error) {
      events.push((error as ProviderFailure).kind);
    }
  })();
  const at = (index: number): Context => {
    const context = contexts[index];
    if (!context) throw new Error(`there is no context ${index}`);
    return context;
  };
  return { reply, text, contexts, at, left, events, over };
}

function sound({ id, listener }: Context): void {
  const data = Buffer.alloc(160).toString('base64');
  listener.onEvent({ type: 'chunk', context_id: id, data, done: false, status_code: 206, step_time: 1 });
}

function done({ id, listener }: Context): void {
  listener.onEvent({ type: 'done', context_id: id, done: true, status_code: 200 });
}

const CUT = new ProviderFailure({ code: 'TTS_FAILED', provider: 'cartesia', kind: 'cut', message: 'gone' });

describe('a reply at Cartesia', () => {
  it('opens one context when text comes while it says the words before again', async () => {
    const { text, contexts, at, events } = made();
    text.push('One. ');
    await settle();
    at(0).opened.resolve(undefined);
    await settle();
    sound(at(0));
    text.push('Two. ');
    await settle();
    // It had expired.
    done(at(0));
    text.push('Three. ');
    await settle();
    expect(contexts).toHaveLength(2);
    at(1).opened.resolve(undefined);
    await settle();
    text.close();
    await settle();
    expect(contexts).toHaveLength(2);
    expect(at(1).sent).toEqual(['Two. ', 'Three. ', 'end']);
    sound(at(1));
    done(at(1));
    await settle();
    expect(events).toEqual(['audio', 'audio', 'over']);
  });

  it('fails when its connection is cut, without a retry: that is up to the chain', async () => {
    const { text, contexts, at, events } = made();
    text.push('One. ');
    await settle();
    at(0).opened.resolve(undefined);
    await settle();
    at(0).listener.onFailed(CUT);
    text.push('Two. ');
    await settle();
    expect(contexts).toHaveLength(1);
    expect(events).toEqual(['cut']);
  });

  it.each(['before', 'after'] as const)(
    'says words again that came to a context which had expired, whether it ends %s',
    async (when) => {
      const { text, at, events } = made();
      text.push('One. ');
      await settle();
      at(0).opened.resolve(undefined);
      await settle();
      sound(at(0));
      text.push('Two. ');
      await settle();
      if (when === 'before') {
        text.close();
        await settle();
      }
      done(at(0));
      if (when === 'after') {
        text.close();
        await settle();
      }
      at(1).opened.resolve(undefined);
      await settle();
      expect(at(1).sent).toEqual(['Two. ', 'end']);
      sound(at(1));
      done(at(1));
      await settle();
      expect(events).toEqual(['audio', 'audio', 'over']);
    },
  );

  it('fails when words remain without a sound, and at once', async () => {
    const { text, at, events } = made();
    text.push('One. ');
    await settle();
    at(0).opened.resolve(undefined);
    await settle();
    done(at(0));
    await settle();
    expect(events).toEqual(['empty']);
  });
});
