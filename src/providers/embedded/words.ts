import { numberWords } from './number-words.ts';

/** Lower-case words without accents; apostrophes stay, everything else that isn't a letter or digit separates. */
export function tokens(text: string): string[] {
  return plain(text)
    .split(/[^a-z0-9']+/)
    .map((word) => word.replace(/^'+|'+$/g, ''))
    .filter((word) => word !== '');
}

const SIGNS: Readonly<Record<string, string>> = {
  '&': ' and ',
  '%': ' percent ',
  '+': ' plus ',
  $: ' dollars ',
  '£': ' pounds ',
  '€': ' euros ',
};

/** The same with numbers and signs written out: words as a pronouncing dictionary has them. */
export function spokenWords(text: string): string[] {
  const written = plain(text)
    .replace(/[&%+$£€]/g, (sign) => SIGNS[sign] ?? ' ')
    // "3.5" has a point; "3.50" and "9.30" are a price and a time, said without one.
    .replace(/\d+(?:,\d{3})*(?:\.\d(?!\d))?/g, (number) => ` ${numberWords(number)} `);
  return tokens(written);
}

function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[\u2018\u2019\u02bc]/g, "'")
    .toLowerCase();
}
