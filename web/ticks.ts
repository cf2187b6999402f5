import { useEffect, useState } from 'preact/hooks';

const TICK_MS = 500;

/** Draws again twice a second, for what shows how long something lasts. */
export function useTicks(wanted: boolean): void {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!wanted) return undefined;
    const timer = setInterval(() => {
      tick((n) => n + 1);
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  }, [wanted]);
}
