import { useEffect, useState } from 'preact/hooks';

const TICK_MS = 500;

/** Draws again twice a second, or as often as is said, for what shows how long something lasts. */
export function useTicks(wanted: boolean, everyMs = TICK_MS): void {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!wanted) return undefined;
    const timer = setInterval(() => {
      tick((n) => n + 1);
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [wanted, everyMs]);
}
