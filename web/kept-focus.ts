import { useEffect, useRef } from 'preact/hooks';

/**
 * For a place whose buttons come and go with `what` is shown: whoever uses the keyboard there stays there, and isn't thrown
 * back to the page's beginning by a button that is gone. The place itself needs `tabIndex={-1}`.
 */
export function useKeptFocus<E extends HTMLElement>(what: unknown) {
  const place = useRef<E>(null);
  const wasHere = place.current?.contains(document.activeElement) === true;
  useEffect(() => {
    const { activeElement } = document;
    if (wasHere && (activeElement === null || activeElement === document.body))
      place.current?.focus({ preventScroll: true });
  }, [what]);
  return place;
}
