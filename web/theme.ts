import { signal } from '@preact/signals';

type Theme = 'light' | 'dark';

const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');
const stored = localStorage.getItem('theme');
const themeOfSystem = (): Theme => (system.matches ? 'dark' : 'light');

/** Light or dark: as the system has it, until somebody chooses. */
export const theme = signal<Theme>(stored === 'dark' || stored === 'light' ? stored : themeOfSystem());
if (stored !== null) root.dataset['theme'] = theme.value;

system.addEventListener('change', () => {
  if (root.dataset['theme'] === undefined) theme.value = themeOfSystem();
});

export function switchTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  root.dataset['theme'] = theme.value;
  localStorage.setItem('theme', theme.value);
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
