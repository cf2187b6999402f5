import { beforeEach, describe, expect, it } from 'vitest';
import type { VoiceRequest } from '../../../../src/dialog/contract/speech.ts';
import type { SpeakJob } from '../../../../src/providers/embedded/tts/flite-messages.ts';
import { FliteReply } from '../../../../src/providers/embedded/tts/flite-reply.ts';
import { noUnhandledRejections } from '../../../support/leaks.ts';
import { settle } from '../../../support/manual-clock.ts';

noUnhandledRejections();

const FORMAT = { encoding: 'ulaw', rateHz: 8000 } as const;
const VOICE: VoiceRequest = { voice: 'slt', language: 'en', format: FORMAT };
/** As many events as a reply keeps for its listener. */
const FULL = 4096;

let asked: SpeakJob[];
let reply: FliteReply;

beforeEach(() => {
  asked = [];
  reply = new FliteReply(1, { tell: (job) => asked.push(job) > 0 });
});

async function* text(...pieces: readonly string[]): AsyncGenerator<string> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

function sound(): void {
  reply.receive({ type: 'audio', reply: 1, piece: 0, data: new Uint8Array(160) });
}

function done(): void {
  reply.receive({ type: 'done', reply: 1, piece: 0 });
}

/** How many pieces of sound come, and what is thrown then. */
async function heard(): Promise<{ sounds: number; thrown?: unknown }> {
  let sounds = 0;
  try {
    for await (const event of reply.events(FORMAT)) if (event.type === 'audio') sounds += 1;
    return { sounds };
  } catch (thrown) {
    return { sounds, thrown };
  }
}

describe('a reply of flite’s whose listener doesn’t keep up', () => {
  it('fails behind what was made in time, and loses nothing silently', async () => {
    await reply.feed(text('Hello.'), VOICE);
    for (let made = 0; made <= FULL; made++) sound();
    done();
    expect(await heard()).toMatchObject({ sounds: FULL, thrown: { code: 'TTS_FAILED' } });
  });

  it('fails, and doesn’t wait for ever, when it is the end of a piece that had no room', async () => {
    await reply.feed(text('Hello.'), VOICE);
    for (let made = 0; made < FULL; made++) sound();
    done();
    expect(await heard()).toMatchObject({ sounds: FULL, thrown: { code: 'TTS_FAILED' } });
  });

  it('fails when its thread dies though the queue is full', async () => {
    await reply.feed(text('Hello.'), VOICE);
    for (let made = 0; made < FULL; made++) sound();
    reply.fail('flite’s thread ended');
    expect(await heard()).toMatchObject({ sounds: FULL, thrown: { message: 'flite’s thread ended' } });
  });
});

describe('a reply of flite’s that is cancelled', () => {
  it('gives the thread nothing more to say, and ends silently', async () => {
    const feeding = reply.feed(text('One. ', 'Two. ', 'Three. ', 'Four.'), VOICE);
    await settle();
    expect(asked).toHaveLength(2);
    const listening = heard();
    reply.cancel();
    reply.fail('too late to be told');
    await feeding;
    expect(await listening).toEqual({ sounds: 0 });
    expect(asked).toHaveLength(2);
    expect(Atomics.load(new Int32Array(asked[0]!.cancelled), 0)).toBe(1);
  });
});
