/*
 * SQLite's thread keeps what it has prepared, some 15 to 60 kB each: of one statement with lists of every length there would
 * be hundreds, and those that are prepared no more stay until the thread's memory is swept. So lists have few lengths.
 */

/** Longer lists are rare, and a statement has room for some ten thousand values. */
const PADDED_MOST = 1024;

/** The same, repeated at its end up to a power of two: for a list in which it doesn't matter how often one stands. */
export function padded<T>(items: readonly T[]): T[] {
  const last = items.at(-1);
  if (last === undefined || items.length > PADDED_MOST) return [...items];
  const length = 2 ** Math.ceil(Math.log2(items.length));
  return [...items, ...new Array<T>(length - items.length).fill(last)];
}

/** Cut into pieces, in their order, each as long as a power of two: 13 are 8, 4 and 1. */
export function inPieces<T>(items: readonly T[]): T[][] {
  const pieces: T[][] = [];
  for (let from = 0; from < items.length; from += pieces.at(-1)?.length ?? 0)
    pieces.push(items.slice(from, from + 2 ** Math.floor(Math.log2(items.length - from))));
  return pieces;
}
