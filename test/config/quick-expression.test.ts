import { describe, expect, it } from 'vitest';
import { isQuick } from '../../src/config/quick-expression.ts';

describe('a regular expression of the configuration', () => {
  it.each([
    '[A-Z]{2}[0-9]{6}',
    String.raw`\b[A-Z]{2}\d{2}(?: ?[A-Z\d]){11,30}\b`,
    '(?:\\d{4}[ -]?){4}',
    '(?:Frau|Herr) \\w+',
    '(',
  ])('is done soon: %s', (pattern) => {
    expect(isQuick(pattern, 'giu')).toBe(true);
  });

  it.each(['(a+)+b', '(?:\\d+[ -]?)+x', '(?:customer|custom|er)+!', '(?:\\w|\\d)*$x'])(
    'takes years with some texts: %s',
    (pattern) => {
      expect(isQuick(pattern, 'giu')).toBe(false);
    },
  );
});
