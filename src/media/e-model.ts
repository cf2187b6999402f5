import type { Milliseconds } from '../lib/clock.ts';
import type { CodecName } from './codec.ts';

/** What ITU-T's E-model makes of a connection. */
export interface Rating {
  /** The transmission rating: up to 93.2 for narrowband (G.107), 129 for wideband (G.107.1). */
  readonly r: number;
  /** The mean opinion score that follows from it, 1 … 4.5. */
  readonly mos: number;
}

/**
 * `best`: a connection without delay or loss, all else as the model's defaults. `impairment`: the codec's own (Ie, G.113).
 * `robustness` against random loss (Bpl): G.711 with concealment has 25.1 (G.113, table I.1); of G.722 with ours nobody has
 * measured it, so it is taken to be as poor as G.711 without any.
 */
const CODECS: Readonly<Record<CodecName, { best: number; impairment: number; robustness: number }>> = {
  ulaw: { best: 93.2, impairment: 0, robustness: 25.1 },
  alaw: { best: 93.2, impairment: 0, robustness: 25.1 },
  g722: { best: 129, impairment: 13, robustness: 4.3 },
};
/** By so much wideband ratings exceed those from which an opinion score follows (G.107.1). */
const WIDEBAND_SCALE = 1.29;

/** Rates one way of a call: its delay from mouth to ear, and the share of packets that were lost, 0 … 1. No echo is heard. */
export function rate(codec: CodecName, delayMs: Milliseconds, lost: number): Rating {
  const { best, impairment, robustness } = CODECS[codec];
  const percent = lost * 100;
  const equipment = impairment + (95 - impairment) * (percent / (percent + robustness));
  const r = Math.max(0, best - delayImpairment(delayMs) - equipment);
  return { r, mos: opinion(codec === 'g722' ? r / WIDEBAND_SCALE : r) };
}

/** Idd of G.107, §7.4: what is noticed of a delay beyond 100 ms. */
function delayImpairment(delayMs: Milliseconds): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/** G.107, Annex B. */
function opinion(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}
