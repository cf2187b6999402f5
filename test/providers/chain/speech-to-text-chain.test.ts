import { beforeEach, describe, expect, it } from 'vitest';
import type { SttEvent } from '../../../src/dialog/contract/speech.ts';
import type { SttStream } from '../../../src/dialog/contract/ports.ts';
import { chainSpeechToText } from '../../../src/providers/chain/speech-to-text-chain.ts';
import { noUnhandledRejections } from '../../support/leaks.ts';
import { failure, listed, onTrial } from '../../support/listed-provider.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { RingFeeder } from '../../support/ring-feeder.ts';
import { ScriptedStt, transcriptOf, type ScriptedSttStream } from '../../support/scripted-stt.ts';

noUnhandledRejections();

let clock: ManualClock;
let first: ScriptedStt;
let second: ScriptedStt;
let heard: RingFeeder;
let events: SttEvent[];

beforeEach(() => {
  clock = new ManualClock();
  first = new ScriptedStt(clock, { findsTurns: true });
  second = new ScriptedStt(clock);
  heard = new RingFeeder();
  events = [];
});

async function open(): Promise<SttStream> {
  const chain = chainSpeechToText({
    providers: [listed('first', first, clock), listed('second', second, clock)],
    clock,
    patienceMs: 1000,
    openMs: 1500,
  });
  const opening = chain.open({
    heard: heard.handle,
    language: 'en',
    phrases: [],
    onEvent: (event) => events.push(event),
  });
  let opened: SttStream | undefined;
  void opening.then(
    (stream) => (opened = stream),
    () => undefined,
  );
  await clock.until(() => opened !== undefined, 5000);
  return opening;
}

/** What was told, in words. */
function told(): string[] {
  return events.map((event) => {
    if (event.type === 'trouble') {
      const { provider, kind, outcome } = event.trouble;
      return `${provider} ${kind} ${outcome}`;
    }
    return event.type === 'recogniser' ? `${event.name} listens` : event.type;
  });
}

function last(stt: ScriptedStt): ScriptedSttStream {
  const stream = stt.streams.at(-1);
  if (!stream) throw new Error('it was never opened');
  return stream;
}

/** The caller speaks for two seconds, and has been silent for a while. */
function says(stream: SttStream): { first: number; last: number } {
  const from = heard.frame;
  stream.beginTurn(from);
  heard.silence(2000);
  const to = heard.frame - 1;
  heard.silence(500);
  return { first: from, last: to };
}

async function answer(asked: Promise<unknown>, limitMs = 5000): Promise<unknown> {
  let settled: unknown;
  void asked.then(
    (value) => (settled = value),
    (error: unknown) => (settled = error),
  );
  await clock.until(() => settled !== undefined, limitMs);
  return settled;
}

describe('recognisers on a list', () => {
  it('use the first one as long as it works', async () => {
    const stream = await open();
    says(stream);
    last(first).emit({ type: 'turn-end', transcript: transcriptOf('hello') });
    expect(told()).toEqual(['turn-end']);
    expect(second.streams).toEqual([]);
  });

  it.each(['first', 'second'] as const)(
    'hear a turn to its end that goes on while its beginning is still being understood: %s',
    async (name) => {
      first.findsTurns = false;
      if (name === 'second') first.openError = failure('first', 'refused');
      const { script } = name === 'first' ? first : second;
      script.push('when do you', 'when do you open on Saturday');
      const stream = await open();
      const from = heard.frame;
      const said = says(stream);
      const early = stream.endTurn(said.last);
      stream.beginTurn(from);
      expect(await answer(early)).toMatchObject({ text: 'when do you' });
      heard.silence(1000);
      expect(await answer(stream.endTurn(heard.frame - 1))).toMatchObject({
        text: 'when do you open on Saturday',
      });
    },
  );

  it('hear a turn to its end that goes on while the next one is being opened', async () => {
    first.findsTurns = false;
    second.script.push('when do you open on Saturday');
    const late = Promise.withResolvers<true>();
    const real = second.open.bind(second);
    second.open = async (request) => {
      await late.promise;
      return real(request);
    };
    const stream = await open();
    const from = heard.frame;
    const said = says(stream);
    last(first).emit({ type: 'failed', error: failure('first', 'cut') });
    const early = stream.endTurn(said.last);
    stream.beginTurn(from);
    late.resolve(true);
    expect(await answer(early)).toMatchObject({ text: '' });
    heard.silence(1000);
    const whole = heard.frame - 1;
    expect(await answer(stream.endTurn(whole))).toMatchObject({ text: 'when do you open on Saturday' });
    expect(last(second).calls).toEqual([`begin ${from}`, `end ${whole}`]);
  });

  it('begin with the next when the first can not be opened', async () => {
    first.openError = failure('first', 'refused');
    second.script.push('hello');
    const stream = await open();
    expect(told()).toEqual(['first refused retried', 'first refused fell-back', 'second listens']);
    expect(await answer(stream.endTurn(says(stream).last))).toMatchObject({ text: 'hello' });
  });

  it('are opened once more where a fresh connection may help', async () => {
    const real = first.open.bind(first);
    let refused = false;
    first.open = (request) => {
      if (refused) return real(request);
      refused = true;
      return Promise.reject(failure('first', 'server'));
    };
    await open();
    expect(told()).toEqual(['first server retried']);
    expect(first.openStreams).toBe(1);
    expect(second.streams).toEqual([]);
  });

  it('begin with the next when the first takes too long to open, and close it when it comes', async () => {
    const late = Promise.withResolvers<SttStream>();
    const real = first.open.bind(first);
    first.open = () => late.promise;
    await open();
    expect(told()).toEqual(['first timeout fell-back', 'second listens']);
    const stream = await real({ heard: heard.handle, language: 'en', phrases: [], onEvent: () => undefined });
    late.resolve(stream);
    await settle();
    expect(first.openStreams).toBe(0);
  });

  it('don’t mind if one that took too long fails in the end', async () => {
    const late = Promise.withResolvers<SttStream>();
    first.open = () => late.promise;
    await open();
    late.reject(failure('first', 'timeout'));
    await settle();
  });

  it('hear the turn from its first frame when one dies in mid-sentence', async () => {
    const stream = await open();
    const turn = says(stream);
    second.script.push('when do you open');
    last(first).emit({ type: 'failed', error: failure('first', 'cut') });
    await settle();
    expect(told()).toEqual(['first cut fell-back', 'second listens']);
    expect(await answer(stream.endTurn(turn.last))).toMatchObject({ text: 'when do you open' });
    expect(last(second).calls).toEqual([`begin ${turn.first}`, `end ${turn.last}`]);
    // One cut may happen to everybody: the next turn is its again, on a new connection.
    await settle();
    expect([first.streams.length, first.openStreams, second.openStreams]).toEqual([2, 1, 0]);
  });

  it('answer from the next when one dies while it is asked', async () => {
    first = new ScriptedStt(clock);
    first.script.push(failure('first', 'malformed'));
    second.script.push('hello');
    const stream = await open();
    const turn = says(stream);
    expect(await answer(stream.endTurn(turn.last))).toMatchObject({ text: 'hello' });
    expect(last(second).calls[0]).toBe(`begin ${turn.first}`);
  });

  it('are asked once more for a transcript where the sound of the turn is kept', async () => {
    first = new ScriptedStt(clock);
    const again: number[] = [];
    first.script.push(failure('first', 'server'));
    const stream = await open();
    Object.assign(last(first), {
      askAgain: (frame: number) => {
        again.push(frame);
        return Promise.resolve(transcriptOf('hello'));
      },
    });
    const turn = says(stream);
    expect(await answer(stream.endTurn(turn.last))).toMatchObject({ text: 'hello' });
    expect(told()).toEqual(['first server retried']);
    expect(again).toEqual([turn.last]);
    expect(second.streams).toEqual([]);
  });

  it('are opened no more for a call that ended in the wait before a second attempt', async () => {
    const refused: number[] = [];
    first.open = () => {
      refused.push(clock.now());
      return Promise.reject(failure('first', 'refused'));
    };
    const chain = chainSpeechToText({
      providers: [listed('first', first, clock), listed('second', second, clock)],
      clock,
      patienceMs: 1000,
      openMs: 1500,
    });
    const call = new AbortController();
    const onEvent = (event: SttEvent): number => events.push(event);
    const { signal } = call;
    const opening = chain.open({ heard: heard.handle, language: 'en', phrases: [], onEvent, signal });
    await settle();
    expect(told()).toEqual(['first refused retried']);
    call.abort();
    const stream = await opening;
    await clock.advance(5000);
    expect([refused.length, second.streams.length]).toEqual([1, 0]);
    expect(await stream.endTurn(0)).toMatchObject({ understood: false });
    expect(clock.pending).toBe(0);
  });

  it('answer from the next when one takes too long', async () => {
    first = new ScriptedStt(clock, { delayMs: 60_000 });
    second.script.push('hello');
    const stream = await open();
    const began = clock.now();
    expect(await answer(stream.endTurn(says(stream).last))).toMatchObject({ text: 'hello' });
    expect(clock.now() - began).toBeLessThan(1100);
  });

  it('give a second opinion on a turn of which the first has said nothing', async () => {
    first.script.push('');
    second.script.push('when do you open');
    const stream = await open();
    expect(await answer(stream.endTurn(says(stream).last))).toMatchObject({ text: 'when do you open' });
    expect(told()).toEqual(['first stalled fell-back', 'second listens']);
    expect(first.openStreams).toBe(0);
  });

  it('stay with the first when the second finds nothing in it, either', async () => {
    first.script.push('', 'hello');
    const stream = await open();
    expect(await answer(stream.endTurn(says(stream).last))).toMatchObject({ understood: false });
    expect(told()).toEqual([]);
    expect([first.openStreams, second.openStreams]).toEqual([1, 0]);
  });

  it('ask on for a second opinion when the second takes too long', async () => {
    const third = new ScriptedStt(clock);
    first.script.push('');
    second.delayMs = 60_000;
    third.script.push('when do you open');
    const chain = chainSpeechToText({
      providers: [
        listed('first', first, clock),
        listed('second', second, clock),
        listed('third', third, clock),
      ],
      clock,
      patienceMs: 1000,
      openMs: 1500,
    });
    const onEvent = (event: SttEvent): number => events.push(event);
    const stream = await chain.open({ heard: heard.handle, language: 'en', phrases: [], onEvent });
    expect(await answer(stream.endTurn(says(stream).last))).toMatchObject({ text: 'when do you open' });
    expect(told()).toEqual(['first stalled fell-back', 'third listens']);
    expect([first.openStreams, second.openStreams, third.openStreams]).toEqual([0, 0, 1]);
  });

  it('take the guess of the first when it has kept up with the caller', async () => {
    first.delayMs = 60_000;
    const stream = await open();
    const turn = says(stream);
    last(first).emit({ type: 'partial', text: 'my number is' });
    expect(await answer(stream.endTurn(turn.last))).toMatchObject({ text: 'my number is', understood: true });
    expect(second.streams).toEqual([]);
  });

  it('go back to the better one between turns when it works again', async () => {
    first.openError = failure('first', 'refused');
    second.script.push('one', 'two', 'three');
    const stream = await open();
    await answer(stream.endTurn(says(stream).last));
    expect(first.openStreams).toBe(0);
    first.openError = undefined;
    await clock.advance(20_000);
    await answer(stream.endTurn(says(stream).last));
    await settle();
    expect(told().at(-1)).toBe('first listens');
    expect([first.openStreams, second.openStreams]).toEqual([1, 0]);
  });

  it('fail when all have, once', async () => {
    const stream = await open();
    says(stream);
    second.openError = failure('second', 'server');
    last(first).emit({ type: 'failed', error: failure('first', 'cut') });
    await clock.advance(100);
    expect(told()).toEqual(['first cut fell-back', 'second server retried', 'failed']);
  });

  it('are not listened to when they were given up', async () => {
    const stream = await open();
    says(stream);
    const old = last(first);
    old.emit({ type: 'failed', error: failure('first', 'cut') });
    await settle();
    old.request.onEvent({ type: 'partial', text: 'ghost' });
    expect(told()).not.toContain('partial');
    stream.close();
    expect([first.openStreams, second.openStreams]).toEqual([0, 0]);
  });

  it('leave no breaker half-open for one that opened after the call', async () => {
    const { providers, trial } = await onTrial(first, second, clock);
    const late = Promise.withResolvers<SttStream>();
    second.open = () => late.promise;
    const chain = chainSpeechToText({ providers, clock, patienceMs: 1000, openMs: 1500 });
    const opening = chain.open({
      heard: heard.handle,
      language: 'en',
      phrases: [],
      onEvent: () => undefined,
    });
    await chain.close();
    expect(trial.admits).toBe(false);
    late.resolve({
      beginTurn: () => undefined,
      endTurn: () => new Promise(() => undefined),
      close: () => undefined,
    });
    await opening;
    expect(trial.admits).toBe(true);
  });

  it('leave no breaker half-open for a second opinion that comes after the call', async () => {
    const well = listed('first', first, clock);
    const [, onProbation] = (await onTrial(first, second, clock)).providers;
    const chain = chainSpeechToText({
      providers: [well, onProbation],
      clock,
      patienceMs: 1000,
      openMs: 1500,
    });
    const stream = await chain.open({
      heard: heard.handle,
      language: 'en',
      phrases: [],
      onEvent: () => undefined,
    });
    second.script.push('hello');
    last(first).endTurn = () => new Promise(() => undefined);
    const asked = stream.endTurn(says(stream).last);
    await clock.until(() => second.streams.length > 0);
    expect(onProbation.breaker.admits).toBe(false);
    stream.close();
    await answer(asked);
    expect(onProbation.breaker.admits).toBe(true);
  });
});
