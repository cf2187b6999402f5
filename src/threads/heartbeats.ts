import { AsyncLocalStorage } from 'node:async_hooks';

/** How often threads are looked at while they have work. */
export const LOOK_MS = 1000;

/** Looks at it once; false: it needn't be looked at again until it is told something. */
export type Look = () => boolean;

const looks = new Set<Look>();
/** Nothing here belongs to the call on whose behalf a thread happened to be told something. */
const outside = AsyncLocalStorage.snapshot();
let timer: NodeJS.Timeout | undefined;

/** Has `look` done every second as long as it is true. One timer for all threads, and none while all rest. */
export function watchHeart(look: Look): void {
  looks.add(look);
  timer ??= outside(() => setInterval(lookAtAll, LOOK_MS).unref());
}

export function unwatchHeart(look: Look): void {
  looks.delete(look);
}

function lookAtAll(): void {
  for (const look of [...looks]) {
    if (!look()) looks.delete(look);
  }
  if (looks.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
