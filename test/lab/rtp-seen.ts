import type { RtpSeen } from '../../lab/capture.ts';
import { SILENCE_BYTE } from '../../src/media/g711.ts';

/** A loud μ-law packet of 20 ms. */
export const LOUD = new Uint8Array(160).fill(0x90);
/** A silent one. */
export const SILENT = new Uint8Array(160).fill(SILENCE_BYTE.ulaw);

/** The `index`th packet of a stream that began at `from`, sent on time. */
export function rtpSeen(index: number, options: Partial<RtpSeen> & { readonly from?: number } = {}): RtpSeen {
  const { from = 1_000_000, ...others } = options;
  return {
    at: from + 20 * index,
    source: { address: '127.0.0.1', port: 10_000 },
    destination: { address: '127.0.0.1', port: 20_000 },
    payloadType: 0,
    marker: false,
    sequence: (65_530 + index) & 0xffff,
    timestamp: (4_294_967_000 + 160 * index) >>> 0,
    ssrc: 7,
    payload: LOUD,
    ...others,
  };
}
