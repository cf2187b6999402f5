import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SttEvent, Transcript } from '../../src/dialog/contract/speech.ts';
import type { SttStream } from '../../src/dialog/contract/ports.ts';
import { expectedPhrases } from '../../src/providers/embedded/receptionist/expected-phrases.ts';
import { createPocketsphinxStt } from '../../src/providers/embedded/stt/pocketsphinx-stt.ts';
import { callerAudio } from '../support/caller-audio.ts';
import { RingFeeder } from '../support/ring-feeder.ts';
import { shippedAgent } from '../support/shipped-config.ts';

const stt = createPocketsphinxStt({ maxStreams: 3 });
afterAll(() => stt.close());

interface Call {
  readonly feeder: RingFeeder;
  readonly stream: SttStream;
  readonly events: SttEvent[];
  say(samples: Int16Array): Promise<Transcript>;
}

async function call(agent: 'alice' | 'tom' = 'alice'): Promise<Call> {
  const profile = shippedAgent(agent);
  const feeder = new RingFeeder();
  const events: SttEvent[] = [];
  const stream = await stt.open({
    heard: feeder.handle,
    language: 'en',
    phrases: expectedPhrases(profile),
    pronunciations: profile.knowledge.pronunciations,
    onEvent: (event) => events.push(event),
  });
  return {
    feeder,
    stream,
    events,
    say(samples) {
      stream.beginTurn(feeder.frame);
      feeder.write(samples);
      return stream.endTurn(feeder.frame - 1);
    },
  };
}

describe('the embedded recogniser', () => {
  let line: Call;
  beforeAll(async () => {
    line = await call();
  });

  it.each([
    ['ked', 'd-hours', 'what are your opening hours'],
    ['kay', 'd-message', 'i would like to leave a message'],
    ['ked', 'd-transfer', 'can you put me through to appointments'],
    ['ked', 'm-name-john', 'my name is john smith'],
    ['ked', 'm-number-seven', 'five five five one two three four'],
  ])('understands %s saying %s', async (voice, name, text) => {
    expect(await line.say(callerAudio(voice, name))).toMatchObject({ text, understood: true });
  });

  it.each(['o-pizza', 'o-football', 'o-garden'])(
    'asks again after %s, which is none of its business',
    async (name) => {
      expect((await line.say(callerAudio('ked', name))).understood).toBe(false);
    },
  );

  it('asks again after a cough and after noise', async () => {
    const noise = (loudness: (n: number) => number): Int16Array =>
      Int16Array.from({ length: 8000 }, (_, n) => (((n * 7919) % 2003) / 1001 - 1) * loudness(n));
    expect((await line.say(noise((n) => 15000 * Math.exp(-(n % 4000) / 500)))).understood).toBe(false);
    expect((await line.say(noise(() => 2000))).understood).toBe(false);
  });

  it('hears nothing in silence', async () => {
    expect(await line.say(new Int16Array(8000))).toMatchObject({ text: '', understood: false });
  });

  it('reaches back for the beginning of a word that the detector heard late', async () => {
    const { feeder, stream } = line;
    feeder.silence(1000);
    const first = feeder.frame;
    feeder.write(callerAudio('ked', 'd-hours'));
    stream.beginTurn(first + 12);
    expect((await stream.endTurn(feeder.frame - 1)).text).toBe('what are your opening hours');
  });

  it('takes no audio of the turn before into the next', async () => {
    await line.say(callerAudio('ked', 'd-goodbye'));
    expect((await line.say(callerAudio('ked', 'd-where'))).text).toBe('where are you');
  });

  it('guesses aloud while the caller is still talking', async () => {
    line.events.length = 0;
    await line.say(callerAudio('ked', 'm-number-my'));
    const partials = line.events.flatMap((event) => (event.type === 'partial' ? [event.text] : []));
    expect(partials.length).toBeGreaterThan(1);
    expect(partials.at(-1)).toContain('six one seven');
  });

  it('keeps two calls apart that are heard at once, by two agents', async () => {
    const other = await call('tom');
    const [one, two] = await Promise.all([
      line.say(callerAudio('kay', 'd-services')),
      other.say(callerAudio('ked', 'g-message')),
    ]);
    expect([one.text, two.text]).toEqual(['what services do you offer', 'can i leave a message']);
    other.stream.close();
  });

  it('ends an unfinished turn empty when the call is over', async () => {
    const other = await call();
    other.stream.beginTurn(0);
    other.feeder.write(callerAudio('ked', 'd-hours').subarray(0, 4000));
    const ended = other.stream.endTurn(1_000_000);
    other.stream.close();
    expect(await ended).toMatchObject({ understood: false });
    other.stream.beginTurn(0); // nothing happens after close
    expect(await other.stream.endTurn(10)).toMatchObject({ text: '' });
  });

  it('says so when more calls come than it may listen to, and has room again after one ends', async () => {
    const calls = [await call(), await call()];
    await expect(call()).rejects.toMatchObject({ code: 'STT_UNAVAILABLE' });
    calls[0]?.stream.close();
    const next = await call();
    expect((await next.say(callerAudio('ked', 'd-yes'))).text).toBe('yes');
    for (const { stream } of [...calls, next]) stream.close();
  });

  it('makes no recogniser for who has given up before it is made, and one for the next caller', async () => {
    const given = new AbortController();
    const { handle: heard } = new RingFeeder();
    const opening = Array.from({ length: 3 }, () =>
      stt.open({ heard, language: 'en', phrases: ['yes'], onEvent: () => undefined, signal: given.signal }),
    );
    const refused = Promise.allSettled(opening);
    await Promise.resolve(); // they have been asked for
    given.abort();
    // The first may have been begun.
    const [first, ...others] = await refused;
    expect(others.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    if (first?.status === 'fulfilled') first.value.close();
    (await call()).stream.close();
  });

  it('tells at start which words it only guesses, and which pronunciations are no ARPAbet', async () => {
    const report = await stt.prepare({
      language: 'en-GB',
      phrases: ['is doctor zwackelmann there', 'do you know mister tschirner'],
      pronunciations: { tschirner: 'CH IH1 R N ER0', foo: 'F XX' },
    });
    expect(report.guessed).toEqual({ zwackelmann: 'Z W AE K EH L M AE N' });
    expect(Object.keys(report.refused)).toEqual(['foo']);
  });

  it('refuses another language than English', async () => {
    await expect(stt.prepare({ language: 'de', phrases: [] })).rejects.toMatchObject({
      code: 'LANGUAGE_UNSUPPORTED',
      message: expect.stringContaining('English only') as string,
    });
  });
});

describe('a machine without pocketsphinx', () => {
  it.each([
    ['library', { libraryPath: '/nonexistent/libpocketsphinx.so.3' }],
    ['model', { modelPath: '/nonexistent' }],
  ])('is told which packages to install when the %s is missing', async (_, options) => {
    const other = createPocketsphinxStt(options);
    await expect(other.prepare({ language: 'en', phrases: ['hello'] })).rejects.toMatchObject({
      code: 'STT_UNAVAILABLE',
      message: expect.stringContaining(
        'apt-get install libpocketsphinx3 libsphinxbase3 pocketsphinx-en-us',
      ) as string,
    });
    await other.close();
  });
});
