/** Steps from sequence number `from` to `to`, −32,768 … 32,767, across the wrap (RFC 3550 A.1). */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Ticks from timestamp `from` to `to`, −2³¹ … 2³¹ − 1, across the wrap. */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0;
}
