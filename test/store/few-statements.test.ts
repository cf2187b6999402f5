import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { describe, expect, it } from 'vitest';
import { inPieces, padded } from '../../src/store/few-statements.ts';
import type { Tables, Write } from '../../src/store/schema.ts';
import { writeRows } from '../../src/store/write-rows.ts';

describe('lists of few lengths', () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 4],
    [5, 8],
    [64, 64],
    [65, 128],
    [1024, 1024],
    [1025, 1025],
    [20_000, 20_000],
  ])('pads %i to %i with the last', (length, expected) => {
    const items = Array.from({ length }, (_, index) => index);
    expect(padded(items)).toHaveLength(expected);
    expect([...new Set(padded(items))]).toEqual(items);
  });

  it.each([
    [0, []],
    [1, [1]],
    [13, [8, 4, 1]],
    [256, [256]],
    [300, [256, 32, 8, 4]],
  ])('cuts %i into %j, in their order', (length, lengths) => {
    const items = Array.from({ length }, (_, index) => index);
    expect(inPieces(items).map((piece) => piece.length)).toEqual(lengths);
    expect(inPieces(items).flat()).toEqual(items);
  });
});

describe('what is written into SQLite', () => {
  it('is written by few statements, however many rows come at a time', async () => {
    const texts = new Set<string>();
    const db = new Kysely<Tables>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
      log: ({ query }) => {
        texts.add(query.sql);
      },
    });
    const search = { put: () => Promise.resolve() } as never;
    for (let rows = 1; rows <= 300; rows += 1) {
      const writes = Array.from(
        { length: rows },
        (_, n) => ({ table: 'turns', row: { call_id: `call-${n}`, n, text: 'Hello.' } }) as Write,
      );
      await writeRows({ db, search, kind: 'sqlite' }, writes);
    }
    // Nine lengths up to 256, one more for the ids of 300 calls, and two questions about them.
    expect(texts.size).toBeLessThanOrEqual(9 + 2 * 10);
    expect(texts.size).toBeGreaterThan(9);
  });
});
