/** Light or dark: as the system has it, until somebody chooses. */
const root = document.documentElement;

const stored = localStorage.getItem('theme');
if (stored !== null) root.dataset['theme'] = stored;

export function switchTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const next = (root.dataset['theme'] ?? system) === 'dark' ? 'light' : 'dark';
  root.dataset['theme'] = next;
  localStorage.setItem('theme', next);
}

/** A colour of style.css as a canvas takes it. */
export function colour(name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
