import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LanguageModel } from '../../../../src/dialog/contract/ports.ts';
import type { LlmEvent, ReplyRequest } from '../../../../src/dialog/contract/conversation.ts';
import { replyRequest } from '../../../support/reply-request.ts';

export interface LanguageModelHarness {
  readonly llm: LanguageModel;
  /** Replies that are still being made somewhere; 0 where that can't be seen. */
  open(): number;
  close(): Promise<void>;
}

/** What is true of every language model. */
export function describeLanguageModel(name: string, makeHarness: () => Promise<LanguageModelHarness>): void {
  describe(`${name} as a language model`, () => {
    let harness: LanguageModelHarness;
    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(async () => {
      await harness.close();
    });
    const question = replyRequest('what are your opening hours');

    it('streams its answer in pieces', async () => {
      const events = await all(harness.llm.reply(question, new AbortController().signal));
      const texts = events.filter((event) => event.type === 'text');
      expect(texts.length).toBeGreaterThan(1);
      expect(textOf(events)).toMatch(/\w+ \w+/);
    });

    it('keeps nothing between two replies', async () => {
      const signal = new AbortController().signal;
      const first = textOf(await all(harness.llm.reply(question, signal)));
      const again = textOf(await all(harness.llm.reply(question, signal)));
      expect(again).toBe(first);
    });

    it('answers several callers at a time', async () => {
      const signal = new AbortController().signal;
      const answers = await Promise.all(
        Array.from({ length: 5 }, async () => textOf(await all(harness.llm.reply(question, signal)))),
      );
      expect(new Set(answers).size).toBe(1);
      expect(answers[0]).not.toBe('');
    });

    it('ends silently when it is stopped in the middle', async () => {
      const controller = new AbortController();
      const events: LlmEvent[] = [];
      for await (const event of harness.llm.reply(question, controller.signal)) {
        events.push(event);
        controller.abort();
      }
      expect(events).toHaveLength(1);
      await expect.poll(() => harness.open()).toBe(0);
    });

    it('says nothing at all when it is stopped before', async () => {
      const events = await all(harness.llm.reply(question, AbortSignal.abort()));
      expect(events).toEqual([]);
      await expect.poll(() => harness.open()).toBe(0);
    });

    it('stops when the consumer stops reading', async () => {
      for await (const event of harness.llm.reply(question, new AbortController().signal)) {
        expect(event.type).toBe('text');
        break;
      }
      await expect.poll(() => harness.open()).toBe(0);
    });

    it('can be warmed and closed, and closed again', async () => {
      harness.llm.warm?.();
      await harness.llm.close();
      await harness.llm.close();
    });
  });
}

export async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

export function textOf(events: readonly LlmEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
}

export function ask(llm: LanguageModel, request: ReplyRequest): Promise<LlmEvent[]> {
  return all(llm.reply(request, new AbortController().signal));
}
