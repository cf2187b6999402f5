import { editDistance } from '../lib/edit-distance.ts';

/** The allowed name that was probably meant, if one is near enough (a third of its letters wrong at most). */
export function nearest(name: string, allowed: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of allowed) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), { swaps: true });
    if (distance < bestDistance && distance <= Math.max(1, Math.floor(candidate.length / 3))) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` (did you mean "x"?)`, or nothing. */
export function didYouMean(name: unknown, allowed: readonly string[]): string {
  const meant = typeof name === 'string' ? nearest(name, allowed) : undefined;
  return meant === undefined ? '' : ` (did you mean "${meant}"?)`;
}
