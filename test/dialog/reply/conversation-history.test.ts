import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ConversationHistory,
  playedText,
  type Utterance,
} from '../../../src/dialog/reply/conversation-history.ts';

/** One word every 400 ms, 300 ms long, as a synthesiser reports them. */
function timed(text: string) {
  return text.split(' ').map((word, n) => ({ text: word, startMs: n * 400, endMs: n * 400 + 300 }));
}

function heard(text: string, playedMs: number, more: Partial<Utterance> = {}): string {
  const words = timed(text);
  return playedText({
    text,
    words,
    complete: true,
    account: { playedMs, writtenMs: words.length * 400, outcome: 'flushed' },
    ...more,
  }).text;
}

describe('what was heard of a reply', () => {
  const text = 'We are open from eight to six, every day.';

  it('is all of it when all was played', () => {
    expect(
      playedText({
        text,
        words: timed(text),
        complete: true,
        account: { playedMs: 3600, writtenMs: 3600, outcome: 'completed' },
      }),
    ).toEqual({ text, interrupted: false });
  });

  it('is cut at the last word that was over when the caller broke in', () => {
    expect(heard(text, 1100)).toBe('We are open');
    expect(heard(text, 1099)).toBe('We are');
    expect(heard(text, 2700)).toBe('We are open from eight to six,');
  });

  it('is nothing before the first word is over', () => {
    expect(heard(text, 0)).toBe('');
    expect(heard(text, 299)).toBe('');
  });

  it('is marked as interrupted', () => {
    const account = { playedMs: 1200, writtenMs: 3600, outcome: 'flushed' } as const;
    expect(playedText({ text, words: timed(text), complete: true, account }).interrupted).toBe(true);
  });

  it('is found though the synthesiser spells words otherwise', () => {
    const spoken = [
      { text: 'It', startMs: 0, endMs: 100 },
      { text: 'costs', startMs: 100, endMs: 400 },
      { text: 'fifty', startMs: 400, endMs: 600 },
      { text: 'dollars', startMs: 600, endMs: 900 },
      { text: 'a', startMs: 900, endMs: 950 },
      { text: 'month', startMs: 950, endMs: 1300 },
    ];
    expect(heard('It costs $50 a month.', 1000, { words: spoken })).toBe('It costs $50 a');
  });

  it('is estimated in whole words where no timed words are known', () => {
    expect(heard(text, 1800, { words: [] })).toBe('We are open from');
  });

  it('of a reply that broke off is what had been synthesised', () => {
    const account = { playedMs: 1200, writtenMs: 1200, outcome: 'completed' } as const;
    expect(playedText({ text, words: timed(text), complete: false, account })).toEqual({
      text: 'We are open',
      interrupted: true,
    });
  });

  it('doesn’t shrink when a word is found that the text has twice, behind some that it has otherwise', () => {
    const spoken = ['xx', 'xx', 'A'].map((text, n) => ({ text, startMs: n * 300, endMs: n * 300 + 300 }));
    expect(heard('A a A', 700, { words: spoken })).toBe('A a');
    expect(heard('A a A', 1000, { words: spoken })).toBe('A a');
  });

  it('is always a beginning of the text, and never shrinks as more is played', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-zA-Z0-9,.$']{1,8}$/), { minLength: 1, maxLength: 20 }),
        fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
        fc.nat(9000),
        (words, respelled, playedMs) => {
          const sentence = words.join(' ');
          const spoken = timed(sentence).map((word, n) =>
            respelled[n] ? { ...word, text: 'xxxxxxxxx' } : word,
          );
          const now = heard(sentence, playedMs, { words: spoken });
          const later = heard(sentence, playedMs + 400, { words: spoken });
          expect(sentence.startsWith(now)).toBe(true);
          expect(later.startsWith(now)).toBe(true);
        },
      ),
    );
  });
});

describe('the history', () => {
  it('holds what both sides said in order, and nothing that nobody heard', () => {
    const history = new ConversationHistory();
    history.callerSaid({ role: 'caller', text: 'hello', via: 'speech' });
    history.agentSaid('', true);
    history.agentSaid('Hi', false);
    expect(history.messages).toEqual([
      { role: 'caller', text: 'hello', via: 'speech' },
      { role: 'agent', text: 'Hi', interrupted: false },
    ]);
  });
});

describe('an interrupted reply in a script without spaces', () => {
  const account = { playedMs: 900, writtenMs: 2000, outcome: 'flushed' as const };
  it.each([
    ['ja', 'はい、明日は九時からです。', [], 'はい、明日'],
    ['zh', '我们九点开门。您想几点来？', [], '我们九点开'],
    ['th', 'ร้านเปิดเก้าโมงเช้าค่ะ', [], undefined],
    // The synthesiser's words are longer or shorter than a sign.
    ['ja', 'はい、明日は九時からです。', ['はい', '明日', 'は', '九時', 'から', 'です'], 'はい、明日は'],
    ['zh', '我们九点开门。您想几点来？', ['我', '们', '九', '点', '开', '门'], '我们九'],
  ])('(%s) stands in the history up to what was heard', (_code, text, spoken, heard) => {
    const words = spoken.map((word, at) => ({ text: word, startMs: at * 300, endMs: (at + 1) * 300 }));
    const { text: kept, interrupted } = playedText({ text, words, account, complete: true });
    expect(interrupted).toBe(true);
    if (heard !== undefined) expect(kept).toBe(heard);
    expect(kept.length).toBeGreaterThan(1);
    expect(text.startsWith(kept)).toBe(true);
    expect(kept.length).toBeLessThan(text.length);
  });
});
