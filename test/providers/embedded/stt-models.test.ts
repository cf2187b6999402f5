import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildDomain } from '../../../src/providers/embedded/stt/domain.ts';
import { Grammar } from '../../../src/providers/embedded/stt/grammar.ts';
import { arpaModel } from '../../../src/providers/embedded/stt/language-model.ts';
import { guessPhones } from '../../../src/providers/embedded/stt/letter-to-sound.ts';
import { judge, similarity } from '../../../src/providers/embedded/stt/verdict.ts';
import { WordPairs } from '../../../src/providers/embedded/stt/word-pairs.ts';

describe('letter to sound', () => {
  it.each([
    ['smithers', 'S M IH TH ER Z'],
    ['knox', 'N AA K S'],
    ['blake', 'B L EY K'],
    ['northwich', 'N AO R TH W IH CH'],
  ])('says %s as %s', (word, phones) => {
    expect(guessPhones(word)).toBe(phones);
  });

  it('always says something in ARPAbet', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z']{1,12}$/), (word) =>
        /^[A-Z]{1,2}( [A-Z]{1,2})*$/.test(guessPhones(word)),
      ),
    );
  });
});

describe('the grammar', () => {
  const accepts = (grammar: Grammar, words: string[]): boolean => {
    let states = new Set([grammar.start]);
    for (const word of words) {
      states = new Set(
        grammar.arcs().flatMap((arc) => (states.has(arc.from) && arc.word === word ? [arc.to] : [])),
      );
    }
    return states.has(grammar.final);
  };

  it('accepts its sentences and nothing else, before and after it is made small', () => {
    const sentences = ['open on monday', 'open on friday', 'closed on monday', 'closed on friday', 'closed'];
    const grammar = new Grammar();
    const tree = new Map<string, number>();
    for (const text of sentences) grammar.sentence(0, text.split(' '), 1, 1, tree);
    const arcs = grammar.arcs().length;
    grammar.minimise();
    expect(grammar.arcs().length).toBeLessThan(arcs);
    for (const text of sentences) expect(accepts(grammar, text.split(' '))).toBe(true);
    expect(accepts(grammar, ['open'])).toBe(false);
    expect(accepts(grammar, ['open', 'monday'])).toBe(false);
  });

  it('has probabilities that sum to 1 from every state', () => {
    const grammar = new Grammar();
    const tree = new Map<string, number>();
    for (const text of ['a b', 'a c', 'd']) grammar.sentence(0, text.split(' '), 1, 1, tree);
    const sum = grammar.arcs().filter(({ from }) => from === 0);
    expect(sum.reduce((total, { probability }) => total + probability, 0)).toBeCloseTo(1);
  });
});

describe('the language model', () => {
  it('gives every history probabilities that sum to 1', () => {
    const arpa = arpaModel(
      [
        { words: ['open', 'today'], weight: 2 },
        { words: ['open'], weight: 1 },
      ],
      ['closed'],
    );
    const read = (order: number): Map<string, { p: number; backoff: number }> => {
      const section = arpa.split(`\\${order}-grams:\n`)[1]?.split('\n\n')[0] ?? '';
      return new Map(
        section.split('\n').map((line) => {
          const [p = '', ...rest] = line.split(' ');
          const entry = { p: 10 ** Number(p), backoff: 10 ** Number(rest[order] ?? 0) };
          return [rest.slice(0, order).join(' '), entry];
        }),
      );
    };
    const [one, two] = [read(1), read(2)];
    const p = (before: string, word: string): number =>
      two.get(`${before} ${word}`)?.p ?? (one.get(before)?.backoff ?? 1) * (one.get(word)?.p ?? 0);
    for (const before of ['<s>', 'open', 'today']) {
      const sum = ['open', 'today', 'closed', '</s>'].reduce((total, word) => total + p(before, word), 0);
      expect(sum).toBeCloseTo(1, 2);
    }
  });
});

it('a domain has words for names, numbers and spelling beside the agent’s own', () => {
  const { vocabulary } = buildDomain(['how much is a crown']);
  for (const word of ['crown', 'smith', 'double', 'oh', 'z.', 'goodbye']) expect(vocabulary).toContain(word);
});

it('word pairs know digits as a class, and what stands side by side', () => {
  const pairs = new WordPairs([['open', 'on', 'monday']]);
  expect(pairs.share(['open', 'on', 'monday'])).toBe(1);
  expect(pairs.share(['six', 'one', 'seven'])).toBeGreaterThan(0.7);
  expect(pairs.share(['monday', 'on', 'open'])).toBeLessThan(0.3);
});

describe('the verdict', () => {
  const evidence = {
    grammar: 'are you open today',
    model: 'are you open today',
    numbers: { text: 'oh one', lead: -20 },
    posterior: -1,
    familiar: 1,
    telling: 0,
  };

  it('is sure of what both searches say', () => {
    expect(judge(evidence)).toMatchObject({ text: 'are you open today', understood: true });
    expect(judge(evidence).confidence).toBeGreaterThan(0.8);
  });

  it('isn’t of what neither supports', () => {
    expect(judge({ ...evidence, grammar: 'beth webb', posterior: -10, familiar: 0.2 }).understood).toBe(
      false,
    );
  });

  it('isn’t where the words that tell what it is about may be others', () => {
    const heard = { ...evidence, grammar: 'are you open on monday', telling: -0.1 };
    expect(judge(heard).understood).toBe(true);
    expect(judge({ ...heard, telling: -3 })).toMatchObject({
      understood: false,
      confidence: judge(heard).confidence,
    });
    // Both searches heard the very same: "nope".
    expect(judge({ ...evidence, telling: -3 }).understood).toBe(true);
  });

  it('doesn’t believe a single word that only one of them heard', () => {
    expect(judge({ ...evidence, grammar: 'yep', model: 'thanks', posterior: 0 }).understood).toBe(false);
  });

  it('takes the number when both heard digits, or when only a number fits', () => {
    const numbers = { text: 'my number is oh two double seven', lead: 0 };
    const heard = { ...evidence, model: 'my number is oh to double seven', numbers };
    expect(judge(heard)).toMatchObject({ text: numbers.text, understood: true });
    const alone = { text: 'five five five one two three', lead: 9 };
    expect(judge({ ...evidence, numbers: alone }).text).toBe(alone.text);
    expect(judge({ ...evidence, numbers: { ...alone, lead: 3 } }).text).toBe('are you open today');
  });

  it('measures likeness by words', () => {
    expect(similarity(['a', 'b'], ['a', 'b'])).toBe(1);
    expect(similarity(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'd'])).toBe(0.75);
    expect(similarity([], [])).toBe(0);
  });
});
