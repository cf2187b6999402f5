/** Drawn with lines in a square of 24. */
const PATHS = {
  brand: 'M4 10v4M8 7v10M12 4v16M16 8v8M20 10.500v3',
  live: 'M3 12h3l3-8 5 16 3-8h4',
  history: 'M4 6h16M4 12h16M4 18h10',
  messages: 'M4 5h16v11H9l-5 4z',
  figures: 'M5 20V10M12 20V4M19 20v-7',
  health: 'M12 3l8 3v6c0 4.500-3.200 7.600-8 9-4.800-1.400-8-4.500-8-9V6zM8.500 12l2.500 2.500 4.500-5',
  theme: 'M12 4a8 8 0 1 0 8 8 6.500 6.500 0 0 1-8-8z',
  leave: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  call: 'M6 3h4l1.500 5-2.500 2a12 12 0 0 0 5 5l2-2.500 5 1.500v4a2 2 0 0 1-2 2A17 17 0 0 1 4 5a2 2 0 0 1 2-2z',
  hangUp: 'M3 14c0-2 4-5 9-5s9 3 9 5-1 3-2 3l-3.500-1v-3c-2.300-.700-4.700-.700-7 0v3L5 17c-1 0-2-1-2-3z',
  listen: 'M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v6H5a1 1 0 0 1-1-1zM20 14h-3v6h2a1 1 0 0 0 1-1z',
  mute: 'M9 5a3 3 0 0 1 6 0v6a3 3 0 0 1-6 0zM5 11a7 7 0 0 0 14 0M12 18v3',
  keypad: 'M6 5h.010M12 5h.010M18 5h.010M6 11h.010M12 11h.010M18 11h.010M6 17h.010M12 17h.010M18 17h.010',
  play: 'M7 4l13 8-13 8z',
  pause: 'M8 5v14M16 5v14',
  back: 'M14 6l-6 6 6 6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  check: 'M5 12.500l4.500 4.500L19 7',
  send: 'M4 12h15M13 6l6 6-6 6',
  forward: 'M4 18v-3a5 5 0 0 1 5-5h10M14 5l5 5-5 5',
} as const;

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
