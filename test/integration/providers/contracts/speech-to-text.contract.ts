import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SpeechToText, SttStream } from '../../../../src/dialog/contract/ports.ts';
import type { SttEvent } from '../../../../src/dialog/contract/speech.ts';
import { until } from '../../../support/leaks.ts';
import { RingCaller } from '../../../support/ring-caller.ts';

export interface SpeechToTextHarness {
  readonly stt: SpeechToText;
  readonly phrases: readonly string[];
  /** Two things to be said, and what is understood of them. */
  readonly sayings: readonly [Saying, Saying];
  /** What both of them are, one behind the other; left out where that can't be told. */
  readonly both?: string;
  /** A language that it doesn't know. */
  readonly foreign?: string;
  /** Connections or streams that are open; 0 where that can't be seen. */
  open(): number;
  close(): Promise<void>;
}

export interface Saying {
  readonly samples: Int16Array;
  readonly text: string;
}

/** What is true of every recogniser. */
export function describeSpeechToText(name: string, makeHarness: () => Promise<SpeechToTextHarness>): void {
  describe(`${name} as speech to text`, () => {
    let harness: SpeechToTextHarness;
    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(async () => {
      await harness.close();
    });

    async function call(): Promise<Call> {
      const caller = new RingCaller();
      const events: SttEvent[] = [];
      const stream = await harness.stt.open({
        heard: caller.heard,
        language: 'en',
        phrases: harness.phrases,
        onEvent: (event) => events.push(event),
      });
      await caller.silence(400);
      return { caller, events, stream };
    }

    /** Says something, and waits for what is made of it. */
    async function hear({ caller, events, stream }: Call, { samples }: Saying): Promise<string> {
      const ends = turnEnds(events).length;
      const saying = caller.play(samples);
      stream.beginTurn(caller.frame - 1);
      const { last } = await saying;
      await caller.silence(800);
      if (!harness.stt.findsTurns) return (await stream.endTurn(last)).text;
      await until(() => turnEnds(events).length > ends);
      return turnEnds(events).at(-1) ?? '';
    }

    it('understands turn after turn', async () => {
      const one = await call();
      for (const saying of harness.sayings) expect(await hear(one, saying)).toBe(saying.text);
      expect(one.events.filter(({ type }) => type === 'failed')).toEqual([]);
      one.stream.close();
    });

    it('keeps calls apart', async () => {
      const calls = await Promise.all([call(), call()]);
      const texts = await Promise.all(calls.map((one, index) => hear(one, harness.sayings[index]!)));
      expect(texts).toEqual(harness.sayings.map(({ text }) => text));
      for (const { stream } of calls) stream.close();
    });

    it('hears a turn as a whole when the caller goes on after its end', async ({ skip }) => {
      if (harness.both === undefined || harness.stt.findsTurns) skip();
      const { caller, stream } = await call();
      const first = caller.frame;
      const saying = caller.play(harness.sayings[0].samples);
      stream.beginTurn(first);
      const { last } = await saying;
      const half = stream.endTurn(last);
      stream.beginTurn(first);
      const more = await caller.play(harness.sayings[1].samples);
      await caller.silence(200);
      expect((await half).text).toBe(harness.sayings[0].text);
      expect((await stream.endTurn(more.last)).text).toBe(harness.both);
      stream.close();
    });

    it('gives the old turn up when one is begun anew', async ({ skip }) => {
      if (harness.stt.findsTurns) skip();
      const { caller, stream } = await call();
      stream.beginTurn(caller.frame);
      await caller.play(harness.sayings[0].samples);
      await caller.silence(400);
      stream.beginTurn(caller.frame);
      const { last } = await caller.play(harness.sayings[1].samples);
      await caller.silence(200);
      expect((await stream.endTurn(last)).text).toBe(harness.sayings[1].text);
      stream.close();
    });

    it('has heard nothing where nothing was begun', async () => {
      const { caller, stream } = await call();
      expect(await stream.endTurn(caller.frame - 1)).toMatchObject({ text: '', understood: false });
      stream.close();
    });

    it('sends no event after it is closed, and settles the request that waits', async () => {
      const one = await call();
      one.stream.beginTurn(one.caller.frame - 1);
      const { last } = await one.caller.play(harness.sayings[0].samples);
      const owed = one.stream.endTurn(last).catch((error: unknown) => error);
      one.stream.close();
      one.stream.close();
      const seen = one.events.length;
      await one.caller.silence(600);
      await owed;
      expect(one.events).toHaveLength(seen);
      await until(() => harness.open() === 0);
    });

    it('refuses a language that it doesn’t know', async ({ skip }) => {
      if (harness.foreign === undefined) skip();
      const refused = harness.stt.open({
        heard: new RingCaller().heard,
        language: harness.foreign!,
        phrases: [],
        onEvent: () => undefined,
      });
      await expect(refused).rejects.toMatchObject({ code: 'LANGUAGE_UNSUPPORTED' });
    });

    it('can be warmed and closed with calls going on, and closed again', async () => {
      harness.stt.warm?.();
      await call();
      await harness.stt.close();
      await harness.stt.close();
      await until(() => harness.open() === 0);
    });
  });
}

interface Call {
  readonly caller: RingCaller;
  readonly events: SttEvent[];
  readonly stream: SttStream;
}

export function turnEnds(events: readonly SttEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'turn-end' ? [event.transcript.text] : []));
}
