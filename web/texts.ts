import { computed, signal } from '@preact/signals';
import type { Party } from '../src/dialog/contract/call-info.ts';
import { de } from './texts/de.ts';
import { en, type Texts } from './texts/en.ts';

export type Language = 'en' | 'de';

const LANGUAGES: Readonly<Record<Language, Texts>> = { en, de };
const stored = localStorage.getItem('language');
const preferred = navigator.language.startsWith('de') ? 'de' : 'en';

export const language = signal<Language>(stored === 'de' || stored === 'en' ? stored : preferred);

/** What the page says, in the language that was chosen. */
export const texts = computed(() => LANGUAGES[language.value]);

export function chooseLanguage(chosen: Language): void {
  localStorage.setItem('language', chosen);
  language.value = chosen;
}

/** A code of the server's in words; one that this page doesn't know, of another version's record, as it is. */
export function inWords(words: Readonly<Record<string, string>>, code: string, otherwise = code): string {
  return Object.hasOwn(words, code) ? (words[code] as string) : otherwise;
}

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : `${Math.round(ms)} ms`;
}

/** A caller as one knows them: name and number. */
export function nameOf({ number, name }: Party): string {
  return [name, number].filter(Boolean).join(' · ') || texts.value.unknownCaller;
}

/** Day of the week, date and time, in full. */
export function momentInFull(iso: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'full', timeStyle: 'medium' }).format(
    new Date(iso),
  );
}

/** Date and time as people of the chosen language write them; today's without the date. */
export function moment(iso: string): string {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language.value, {
    ...(today
      ? {}
      : {
          day: 'numeric',
          month: 'short',
          ...(at.getFullYear() !== new Date().getFullYear() && { year: 'numeric' }),
        }),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(at);
}

/** Of a BCP 47 tag: `de-CH` is “Schweizer Hochdeutsch”. */
export function languageName(tag: string): string {
  return new Intl.DisplayNames(language.value, { type: 'language' }).of(tag) ?? tag;
}

export function count(n: number): string {
  return decimal(n, 0);
}

/** With so many places behind the point, or comma. */
export function decimal(n: number, places: number): string {
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(language.value, digits).format(n);
}

/** A share, 0 … 1, or none if it isn't known. */
export function percent(share: number | undefined, places = 1): string {
  return share === undefined || Number.isNaN(share) ? '–' : `${decimal(100 * share, places)} %`;
}
