/** Pulses of a laugh are between 140 and 320 ms apart: 3 to 7 a second. */
const SHORTEST_LAG = 7;
const LONGEST_LAG = 16;
/** What is so much softer than the loudest is silence: how soft it is doesn't matter. */
const SILENT_DB = 30;

/**
 * How evenly a sound gets louder and softer: the best autocorrelation of its levels (dBov, one for each 20 ms) at a laugh's pace, 0 … 1.
 * In 800 ms of each, 65 of 65 laughs have 0.85 or more, 2 of 219 sentences have (measured: other laughs of test/turns/noises.ts, the callers
 * of its tuning half, and five voices besides).
 */
export function evenness(levels: readonly number[]): number {
  const least = Math.max(...levels) - SILENT_DB;
  const heard = levels.map((dbov) => Math.max(least, dbov));
  // Pulses don't keep to steps of 20 ms.
  const smooth = heard.map((dbov, at) => (dbov + (heard[at - 1] ?? dbov) + (heard[at + 1] ?? dbov)) / 3);
  const mean = smooth.reduce((sum, dbov) => sum + dbov, 0) / smooth.length;
  const swing = smooth.map((dbov) => dbov - mean);
  let best = 0;
  for (let lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag++) {
    let [product, later, earlier] = [0, 0, 0];
    for (let at = lag; at < swing.length; at++) {
      const [now, before] = [swing[at] as number, swing[at - lag] as number];
      product += now * before;
      later += now * now;
      earlier += before * before;
    }
    if (later > 0 && earlier > 0) best = Math.max(best, product / Math.sqrt(later * earlier));
  }
  return best;
}
