import type { WebSocket } from 'ws';
import type { Clock, Milliseconds } from '../lib/clock.ts';

const PING_MS: Milliseconds = 20_000;
/** Keys pressed on a telephone, and changes of what is listened to, don't come faster. */
const MESSAGES = 100;
const WINDOW_MS: Milliseconds = 5000;

/** What holds for each page's socket: one that answers no ping, or sends too much, is cut off. */
export function limitSocket(page: WebSocket, clock: Clock): void {
  let heard = true;
  let count = 0;
  let since = clock.now();
  let cancel = (): void => undefined;
  const watch = (): void => {
    cancel = clock.at(clock.now() + PING_MS, () => {
      if (!heard) {
        page.terminate();
        return;
      }
      heard = false;
      page.ping();
      watch();
    });
  };
  const limit = (): void => {
    heard = true;
    const now = clock.now();
    if (now - since > WINDOW_MS) [since, count] = [now, 0];
    count += 1;
    if (count > MESSAGES) page.terminate();
  };
  page.on('message', limit);
  page.on('ping', limit);
  page.on('pong', limit);
  page.on('close', () => {
    cancel();
  });
  watch();
}
