import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetstringReader, netstring } from '../../lab/baresip.ts';

describe('Netstrings', () => {
  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.integer({ min: 1, max: 9 }),
        (texts, step) => {
          const bytes = Buffer.from(texts.map(netstring).join(''));
          const reader = new NetstringReader();
          const read: string[] = [];
          for (let at = 0; at < bytes.length; at += step)
            read.push(...reader.push(bytes.subarray(at, at + step)));
          expect(read).toEqual(texts);
        },
      ),
    );
  });

  it('are refused when they have no length', () => {
    expect(() => new NetstringReader().push(Buffer.from('x:abc,'))).toThrow('Not a netstring');
  });
});
