/** What the agent sent, out of its recording, and where it stands in what was heard. */
import type { RtpSeen } from '../../lab/capture.ts';
import type { CallRecord } from '../../src/dialog/call/call-record.ts';
import { levelDbov } from '../../src/media/level.ts';
import { readWav } from '../../src/media/wav.ts';

/** The right channel of what the agent recorded: what it sent. */
export function sentIn(recording: Uint8Array): Int16Array {
  const right = readWav(recording).channels[1];
  if (right?.encoding !== 'pcm_s16') throw new Error('the recording has no second channel of 16 bits');
  return right.samples;
}

/** Without the silence before the first and after the last sample that isn't. */
export function withoutSilentEnds(samples: Int16Array): Int16Array {
  // A-law has no zero: its silence is 8 (and −8).
  const sounds = (sample: number): boolean => Math.abs(sample) > 8;
  const first = samples.findIndex(sounds);
  return samples.subarray(first, samples.findLastIndex(sounds) + 1);
}

/** Where `piece` stands in `whole` with the smallest mean distance, in samples; looks at its loudest second. */
export function align(whole: Int16Array, piece: Int16Array): number {
  const length = Math.min(4000, piece.length);
  let from = 0;
  for (let at = 0, best = -Infinity; at + length <= piece.length; at += 800) {
    const level = levelDbov(piece.subarray(at, at + length));
    if (level > best) [best, from] = [level, at];
  }
  let [place, least] = [0, Infinity];
  for (let at = 0; at + length <= whole.length; at += 1) {
    let distance = 0;
    for (let i = 0; i < length && distance < least; i += 1) {
      distance += Math.abs((whole[at + i] as number) - (piece[from + i] as number));
    }
    if (distance < least) [least, place] = [distance, at];
  }
  return place - from;
}

/**
 * How many frames of 20 ms these packets of one stream leave out, between the first and the last of them. The agent leaves out
 * what was due while its machine stood still, and the call's record says how late it was at most: throws where more is missing.
 */
export function framesLeftOut(packets: readonly RtpSeen[], { ended }: CallRecord): number {
  const lateness = ended?.media.sendLatenessMaxMs ?? 0;
  let sum = 0;
  for (const [i, { timestamp }] of packets.slice(1).entries()) {
    const frames = ((timestamp - (packets[i] as RtpSeen).timestamp) | 0) / 160 - 1;
    // The first of them would have been so late at least.
    const isKnown = Number.isInteger(frames) && frames >= 0 && frames * 20 <= lateness;
    if (!isKnown)
      throw new Error(
        `a hole of ${frames} frames, where the agent was late by ${lateness.toFixed(1)} ms at most`,
      );
    sum += frames;
  }
  return sum;
}
