import type { WebSocket } from 'ws';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { AudioRingReader } from '../media/audio-ring.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { LiveCalls } from './live-calls.ts';
import type { FromPage, ToPage } from './protocol.ts';

export interface LiveStreamOptions {
  readonly calls: LiveCalls;
  readonly clock: Clock;
  /** Asked before a call is listened in to: never rejects. */
  readonly mayListen: (call: string) => Promise<boolean>;
}

const SOUND_MS: Milliseconds = 100;
/** A page that takes so little that this much waits for it is cut off: it comes again and begins anew. */
const WAITING_BYTES = 4 * 1024 * 1024;
/** What is listened in to is left out before that. */
const WAITING_SOUND_BYTES = 256 * 1024;

/** One page that watches: what runs at first, then all that happens, until the socket closes. */
export function streamTo(socket: WebSocket, { calls, clock, mayListen }: LiveStreamOptions): void {
  let stopListening = (): void => undefined;
  let asked = 0;
  const sendJson = (json: string): void => {
    if (socket.bufferedAmount > WAITING_BYTES) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.send(json);
  };
  const send = (message: ToPage): void => {
    sendJson(JSON.stringify(message));
  };
  const listen = async (call: string | null): Promise<void> => {
    stopListening();
    const mine = ++asked;
    const allowed = call !== null && calls.mediaOf(call) !== undefined && (await mayListen(call));
    // Meanwhile the page may have asked for something else, or be gone, and the call over.
    if (mine !== asked) return;
    const media = allowed ? calls.mediaOf(call) : undefined;
    if (call === null || !media) send({ type: 'listening', call: undefined, rateHz: 0 });
    else stopListening = pump(call, media, socket, clock, send);
  };

  const unwatch = calls.watch(sendJson);
  socket.on('message', (data, isBinary) => {
    const message = isBinary ? undefined : fromPage((data as Buffer).toString());
    if (message) void listen(message.listen);
    else socket.close(1003);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    unwatch();
    asked += 1;
    stopListening();
  });
}

/** Both sides of a call as they come, caller and agent by turns. Returns how to end it. */
function pump(
  call: string,
  media: MediaSession,
  socket: WebSocket,
  clock: Clock,
  send: (message: ToPage) => void,
): () => void {
  const sides = [new AudioRingReader(media.heard), new AudioRingReader(media.sent)] as const;
  const [{ samplesPerFrame, rateHz }] = sides;
  const stop = new AbortController();
  send({ type: 'listening', call, rateHz });
  void (async () => {
    // Frames of one place in time stand beside each other; a side that has none yet is silent.
    let place = Math.max(sides[0].written, sides[1].written);
    const frame = new Int16Array(samplesPerFrame);
    while (!stop.signal.aborted && !sides[0].closed) {
      await clock.sleep(SOUND_MS, stop.signal);
      const until = Math.max(sides[0].written, sides[1].written);
      const frames = Math.max(0, until - place);
      const both = new Int16Array(frames * samplesPerFrame * 2);
      sides.forEach((side, channel) => {
        side.seek(place);
        while (side.next < until && side.read(frame)) {
          const from = (side.info.frame - place) * samplesPerFrame;
          for (let i = 0; i < samplesPerFrame; i++) both[(from + i) * 2 + channel] = frame[i] as number;
        }
      });
      place = until;
      if (frames > 0 && socket.bufferedAmount < WAITING_SOUND_BYTES) socket.send(new Uint8Array(both.buffer));
    }
    if (!stop.signal.aborted) send({ type: 'listening', call: undefined, rateHz });
  })();
  return () => {
    stop.abort();
  };
}

function fromPage(text: string): FromPage | undefined {
  try {
    const { listen } = JSON.parse(text) as Partial<FromPage>;
    return listen === null || typeof listen === 'string' ? { listen } : undefined;
  } catch {
    return undefined;
  }
}
