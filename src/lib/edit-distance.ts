/**
 * How many elements (letters, words) must be put in, left out or replaced to make `b` of `a` (Levenshtein). With
 * `swaps`, exchanging two neighbours is one edit, too: people mistype so (optimal string alignment).
 */
export function editDistance<T>(
  a: ArrayLike<T>,
  b: ArrayLike<T>,
  { swaps = false }: { readonly swaps?: boolean } = {},
): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped =
        swaps && row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
