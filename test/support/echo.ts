import type { MediaSession } from '../../src/dialog/contract/ports.ts';
import { AudioRingReader, FRAME_FILLER } from '../../src/media/audio-ring.ts';

/**
 * Plays to the caller what the caller says: the shortest proof that both directions work. Ends when
 * the session closes, is flushed, or `signal` aborts. The silence between words isn't played back, so
 * a delay that came about is made up for there.
 */
export async function echo(session: MediaSession, signal: AbortSignal): Promise<void> {
  const reader = new AudioRingReader(session.heard);
  const playback = session.play();
  let samples = new Int16Array(reader.samplesPerFrame);
  const aborted = new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
  while (!signal.aborted) {
    while (reader.read(samples)) {
      if (reader.info.flags & FRAME_FILLER) continue;
      const { rateHz } = reader;
      if (!(await playback.write({ encoding: 'pcm_s16', rateHz, samples }))) return;
      samples = new Int16Array(reader.samplesPerFrame);
    }
    await Promise.race([reader.wait(), aborted]);
    if (reader.closed && reader.available === 0) break;
  }
  playback.end();
}
