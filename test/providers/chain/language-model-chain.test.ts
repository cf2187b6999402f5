import { beforeEach, describe, expect, it } from 'vitest';
import type { LlmEvent, ReplyRequest } from '../../../src/dialog/contract/conversation.ts';
import { chainLanguageModels } from '../../../src/providers/chain/language-model-chain.ts';
import { failure, listed, onTrial } from '../../support/listed-provider.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { replyRequest } from '../../support/reply-request.ts';
import { ScriptedLlm, type LlmScript } from '../../support/scripted-llm.ts';

let clock: ManualClock;
let first: ScriptedLlm;
let second: ScriptedLlm;

beforeEach(() => {
  clock = new ManualClock();
  first = new ScriptedLlm(clock, [['The first.']]);
  second = new ScriptedLlm(clock, [['The second.']]);
});

function chainOf(...scripts: LlmScript[]) {
  if (scripts.length > 0) first.scripts.splice(0, first.scripts.length, ...scripts);
  return chainLanguageModels({
    providers: [listed('first', first, clock), listed('second', second, clock)],
    clock,
    patienceMs: 1000,
  });
}

/** Everything that comes, in words, and what is thrown. */
async function ask(
  chain: ReturnType<typeof chainOf>,
  more: Partial<ReplyRequest> = {},
  signal = new AbortController().signal,
) {
  const told: string[] = [];
  const began = clock.now();
  let over = false;
  const reading = (async () => {
    try {
      for await (const event of chain.reply({ ...replyRequest('hello'), ...more }, signal)) {
        told.push(inWords(event));
      }
    } catch (error) {
      told.push(`thrown: ${(error as Error).message}`);
    }
    over = true;
  })();
  await clock.until(() => over, 20_000);
  await reading;
  return { told, ms: clock.now() - began };
}

function inWords(event: LlmEvent): string {
  if (event.type === 'text') return event.text;
  if (event.type !== 'trouble') return event.type;
  const { provider, kind, outcome, next } = event.trouble;
  return `${provider} ${kind} ${outcome}${next === undefined ? '' : ` ${next}`}`;
}

describe('language models on a list', () => {
  it('use the first one as long as it works', async () => {
    expect((await ask(chainOf())).told).toEqual(['The first.']);
    expect(second.requests).toEqual([]);
  });

  it('are asked again once for what a fresh connection may put right', async () => {
    const { told, ms } = await ask(chainOf([{ error: failure('first', 'cut') }], ['The first.']));
    expect(told).toEqual(['first cut retried', 'The first.']);
    expect(ms).toBeLessThan(150);
  });

  it('give way to the next when it was no better the second time', async () => {
    const { told } = await ask(chainOf([{ error: failure('first', 'refused') }]));
    expect(told).toEqual(['first refused retried', 'first refused fell-back second', 'The second.']);
  });

  it.each(['unauthorized', 'rate-limited', 'malformed', 'empty', 'tls', 'dns', 'timeout'] as const)(
    'give way at once for what would be the same again: %s',
    async (kind) => {
      const { told } = await ask(chainOf([{ error: failure('first', kind) }]));
      expect(told).toEqual([`first ${kind} fell-back second`, 'The second.']);
      expect(first.requests).toHaveLength(1);
    },
  );

  it('are asked again when they say themselves that it is worth it soon', async () => {
    const script = (retryAfterMs: number) => [{ error: failure('first', 'rate-limited', retryAfterMs) }];
    expect((await ask(chainOf(script(300), ['The first.']))).told).toEqual([
      'first rate-limited retried',
      'The first.',
    ]);
    const elsewhere = await ask(chainOf(script(1000), ['The first.']));
    expect(elsewhere.told).toEqual(['first rate-limited fell-back second', 'The second.']);
  });

  it('are waited for a little longer when no other is left', async () => {
    const limited = failure('first', 'rate-limited', 1000);
    first.scripts.splice(0, 1, [{ error: limited }], ['The first.']);
    const alone = chainLanguageModels({
      providers: [listed('first', first, clock)],
      clock,
      patienceMs: 1000,
    });
    const { told, ms } = await ask(alone);
    expect(told).toEqual(['first rate-limited retried', 'The first.']);
    expect(ms).toBeGreaterThanOrEqual(1000);
  });

  it('give way when no word comes in time', async () => {
    const { told, ms } = await ask(chainOf([{ hang: true }]));
    expect(told).toEqual(['first timeout fell-back second', 'The second.']);
    expect(ms).toBeLessThan(1100);
  });

  it('have no deadline when no other follows', async () => {
    second.firstTokenMs = 3000;
    expect((await ask(chainOf([{ error: failure('first', 'tls') }]))).told.at(-1)).toBe('The second.');
  });

  it('open its breaker, so that the next caller is answered by the second model at once', async () => {
    const chain = chainOf([{ hang: true }]);
    await ask(chain);
    const { told, ms } = await ask(chain);
    expect(told).toEqual(['first timeout skipped second', 'The second.']);
    expect(ms).toBeLessThan(50);
    expect(first.requests).toHaveLength(1);
  });

  it('are tried again when their time is up', async () => {
    const chain = chainOf([{ error: failure('first', 'tls') }], ['The first.']);
    await ask(chain);
    await clock.advance(20_000);
    expect((await ask(chain)).told).toEqual(['The first.']);
  });

  it('fail when all have', async () => {
    second.scripts.splice(0, 1, [{ error: failure('second', 'server') }]);
    const { told } = await ask(chainOf([{ error: failure('first', 'tls') }]));
    expect(told).toEqual([
      'first tls fell-back second',
      'second server retried',
      'thrown: second: as scripted (server)',
    ]);
  });

  it('are asked in spite of an open breaker when no other is left', async () => {
    const chain = chainOf([{ error: failure('first', 'tls') }]);
    second.scripts.splice(0, 1, [{ error: failure('second', 'tls') }]);
    await ask(chain);
    first.scripts.splice(0, first.scripts.length, ['The first.']);
    expect((await ask(chain)).told).toEqual(['The first.']);
  });

  it('do not retry a model that broke off: the reply goes on with the next one', async () => {
    const chain = chainOf(['We open', { error: failure('first', 'stalled') }]);
    expect((await ask(chain)).told).toEqual([
      'We open',
      'first stalled fell-back second',
      'thrown: first: as scripted (stalled)',
    ]);
    expect((await ask(chain, { avoid: ['first'] })).told.at(-1)).toBe('The second.');
  });

  it('stop silently when the consumer stops, and count that neither as success nor as failure', async () => {
    const chain = chainOf([{ hang: true }]);
    const controller = new AbortController();
    clock.at(clock.now() + 500, () => {
      controller.abort();
    });
    expect((await ask(chain, {}, controller.signal)).told).toEqual([]);
    await settle();
    first.scripts.splice(0, 1, ['The first.']);
    expect((await ask(chain)).told).toEqual(['The first.']);
    expect(clock.pending).toBe(0);
  });

  it('are asked no more by a caller who leaves in the wait before a second attempt', async () => {
    const chain = chainOf([{ error: failure('first', 'cut') }]);
    const controller = new AbortController();
    clock.at(clock.now() + 40, () => {
      controller.abort();
    });
    expect((await ask(chain, {}, controller.signal)).told).toEqual(['first cut retried']);
    await clock.advance(5000);
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
    expect((await ask(chain, {}, controller.signal)).told).toEqual([]);
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
    expect(clock.pending).toBe(0);
  });

  it('leave no breaker half-open when the caller didn’t wait', async () => {
    const { providers, trial } = await onTrial(first, second, clock);
    const chain = chainLanguageModels({ providers, clock, patienceMs: 1000 });
    for await (const event of chain.reply(replyRequest('hello'), new AbortController().signal)) {
      expect(inWords(event)).toBe('first tls skipped second');
      expect(trial.admits).toBe(false);
      break;
    }
    expect(trial.admits).toBe(true);
  });

  it('are waited for while they are at work on something else than words', async () => {
    const script = [{ progress: true as const }, { waitMs: 1500 }, { tool: 'hang_up' }];
    expect((await ask(chainOf(script))).told).toEqual(['progress', 'tool']);
    expect(second.requests).toEqual([]);
  });

  it('have one time for all their attempts', async () => {
    const script = [{ waitMs: 400 }, { error: failure('first', 'cut') }];
    const { told, ms } = await ask(chainOf(script, [{ hang: true }]));
    expect(told).toEqual(['first cut retried', 'first timeout fell-back second', 'The second.']);
    expect(ms).toBeLessThan(1000 + 50);
  });
});
