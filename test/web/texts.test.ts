import { beforeAll, describe, expect, it, vi } from 'vitest';
import { FAILURE_REASONS, ORDINARY_REASONS } from '../../src/dialog/contract/end-reason.ts';
import { de } from '../../web/texts/de.ts';
import { en } from '../../web/texts/en.ts';

/** Every text by its place; of one with something to be filled in: what comes of it. */
function texts(of: object, at = ''): [place: string, text: string][] {
  return Object.entries(of).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const place = `${at}${key}`;
    if (typeof value === 'object' && value !== null) return texts(value, `${place}.`);
    const filled: unknown =
      typeof value === 'function' ? (value as (...of: string[]) => unknown)('7', '8') : value;
    return [[place, String(filled)]];
  });
}

describe('The page’s texts', () => {
  it('are the same ones in both languages, and none is empty', () => {
    expect(texts(de).map(([place]) => place)).toEqual(texts(en).map(([place]) => place));
    expect([...texts(en), ...texts(de)].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('say in each language what is filled in', () => {
    const filledIn = (of: object) =>
      texts(of).flatMap(([place, text]) =>
        /[78]/.test(text) ? [`${place}: ${text.replace(/[^78]/g, '')}`] : [],
      );
    expect(filledIn(de)).toEqual(filledIn(en));
  });

  it('have words for every way in which a call ends', () => {
    const reasons = [...FAILURE_REASONS, ...ORDINARY_REASONS].toSorted();
    expect(Object.keys(en.reasons).toSorted()).toEqual(reasons);
    for (const { reasons: words } of [en, de])
      expect(new Set(Object.values(words)).size, 'no two of them alike').toBe(reasons.length);
  });
});

describe('What the page writes', () => {
  let page: typeof import('../../web/texts.ts');

  beforeAll(async () => {
    vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
    vi.stubGlobal('navigator', { language: 'de-AT' });
    vi.resetModules();
    page = await import('../../web/texts.ts');
    return () => vi.unstubAllGlobals();
  });

  it('is in the browser’s language, until another is chosen', () => {
    expect([page.texts.value.live, page.texts.value.history]).toEqual(['Live', 'Verlauf']);
    expect(page.count(1234)).toBe('1.234');
    page.chooseLanguage('en');
    expect(page.texts.value.history).toBe('History');
    expect(page.count(1234)).toBe('1,234');
  });

  it('says how long something lasted', () => {
    expect([-5, 0, 59_999, 60_000, 3_599_000, 3_600_000, 36_610_000].map(page.duration)).toEqual([
      '0:00',
      '0:00',
      '0:59',
      '1:00',
      '59:59',
      '1:00:00',
      '10:10:10',
    ]);
    expect([undefined, 0, 412.6].map(page.milliseconds)).toEqual(['–', '0 ms', '413 ms']);
  });

  it('has words for codes, and shows one that it doesn’t know as it is', () => {
    expect(page.inWords(en.reasons, 'caller-hung-up')).toBe('the caller hung up');
    expect(page.inWords(en.reasons, 'of-another-version')).toBe('of-another-version');
    expect(page.inWords(en.reasons, 'constructor')).toBe('constructor');
  });
});
