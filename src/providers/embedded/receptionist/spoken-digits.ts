import { DIGIT_NAMES, digitByDigit, TEENS, TENS } from '../number-words.ts';
import { tokens } from '../words.ts';

/** What stands for a digit: its name, other names, and what a recogniser takes for it. */
const DIGITS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(DIGIT_NAMES.map((name, digit) => [name, String(digit)])),
  oh: '0',
  o: '0',
  nought: '0',
  null: '0',
  won: '1',
  to: '2',
  too: '2',
  for: '4',
  ate: '8',
  niner: '9',
};

/** Digits only by their sound: counted between real ones, never by themselves. */
const DOUBTFUL = new Set(['to', 'too', 'for', 'won', 'ate', 'o', 'oh', 'null']);

/**
 * The digits in what a caller said: "oh seven seven double four" → 07744, "triple nine" → 999, "twenty one" →
 * 21, "nine hundred" → 900. Words that aren't digits are passed over; digits that are only homophones ("to",
 * "for") count between or beside real digits. Empty if there are none.
 */
export function digitsIn(text: string): string {
  const words = tokens(text).flatMap((word) => (/^\d+$/.test(word) ? Array.from(word) : [word]));
  let digits = '';
  let index = 0;
  let lastWasDigit = false;
  while (index < words.length) {
    const [value, used] = digitsAt(words, index, lastWasDigit);
    digits += value;
    lastWasDigit = value !== '' && used > 0;
    index += Math.max(1, used);
  }
  return digits;
}

function digitsAt(words: readonly string[], index: number, lastWasDigit: boolean): [string, number] {
  const word = words[index] ?? '';
  const next = words[index + 1] ?? '';
  if (/^\d$/.test(word)) return [word, 1];
  const times = word === 'double' ? 2 : word === 'triple' || word === 'treble' ? 3 : 0;
  if (times > 0) {
    const digit = /^\d$/.test(next) ? next : DIGITS[next];
    return digit === undefined ? ['', 1] : [digit.repeat(times), 2];
  }
  const ten = TENS.indexOf(word);
  if (ten >= 0) {
    const unit = DOUBTFUL.has(next) ? undefined : DIGITS[next];
    return unit === undefined || unit === '0' ? [`${ten + 2}0`, 1] : [`${ten + 2}${unit}`, 2];
  }
  const teen = TEENS.indexOf(word);
  if (teen >= 0) return [`1${teen}`, 1];
  const digit = DIGITS[word];
  if (digit === undefined) return ['', 1];
  if (next === 'hundred') return [`${digit}00`, 2];
  if (next === 'thousand') return [`${digit}000`, 2];
  if (DOUBTFUL.has(word) && !lastWasDigit && !isSureDigit(next)) return ['', 1];
  return [digit, 1];
}

function isSureDigit(word: string): boolean {
  return (
    /^\d$/.test(word) ||
    (word in DIGITS && !DOUBTFUL.has(word)) ||
    ['double', 'triple', 'treble', ...TENS, ...TEENS].includes(word)
  );
}

/** Digits as they are read back: in groups of three (the last of up to four), with a pause between them. */
export function readDigits(digits: string): string {
  const groups: string[] = [];
  let rest = digits.replaceAll(/\D/g, '');
  while (rest.length > 4) {
    groups.push(rest.slice(0, 3));
    rest = rest.slice(3);
  }
  if (rest !== '') groups.push(rest);
  return groups.map(digitByDigit).join(', ');
}
