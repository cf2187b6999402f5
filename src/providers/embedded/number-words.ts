/** Numbers in English words, as they are said on the telephone. Lower case, no punctuation. */

export const DIGIT_NAMES: readonly string[] = 'zero one two three four five six seven eight nine'.split(' ');
export const TEENS: readonly string[] =
  'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
/** From 20 on. */
export const TENS: readonly string[] = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

const SMALL = [...DIGIT_NAMES, ...TEENS];
const SCALES = [
  [1e9, 'billion'],
  [1e6, 'million'],
  [1e3, 'thousand'],
] as const;
const IRREGULAR_ORDINALS: Readonly<Record<string, string>> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
};

/** `1234` → "one thousand two hundred and thirty four". From a trillion on: digit by digit. */
export function cardinal(value: number): string {
  if (value >= 1e12 || !Number.isInteger(value) || value < 0) return digitByDigit(String(value));
  if (value < 20) return SMALL[value] as string;
  if (value < 100) return joined(TENS[Math.floor(value / 10) - 2] as string, '', value % 10);
  const [unit, name] = SCALES.find(([scale]) => value >= scale) ?? [100, 'hundred'];
  const rest = value % unit;
  return joined(`${cardinal(Math.floor(value / unit))} ${name}`, rest < 100 ? 'and ' : '', rest);
}

function joined(head: string, and: string, rest: number): string {
  return rest === 0 ? head : `${head} ${and}${cardinal(rest)}`;
}

/** `21` → "twenty first". */
export function ordinal(value: number): string {
  const words = cardinal(value).split(' ');
  const last = words.pop() as string;
  const irregular = IRREGULAR_ORDINALS[last];
  words.push(irregular ?? (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`));
  return words.join(' ');
}

/** `2024` → "twenty twenty four", `1905` → "nineteen oh five", `2005` → "two thousand and five". */
export function year(value: number): string {
  const century = Math.floor(value / 100);
  const rest = value % 100;
  if (value < 1000 || value > 9999 || (century % 10 === 0 && rest < 10)) return cardinal(value);
  if (rest === 0) return `${cardinal(century)} hundred`;
  return `${cardinal(century)} ${rest < 10 ? 'oh ' : ''}${cardinal(rest)}`;
}

/** Every digit of `text` by its name; whatever isn't a digit is left out. */
export function digitByDigit(text: string): string {
  return Array.from(text.replaceAll(/[^0-9]/g, ''), (digit) => DIGIT_NAMES[Number(digit)]).join(' ');
}

/** `"1,234.5"` → "one thousand two hundred and thirty four point five". */
export function decimal(text: string): string {
  const [whole = '', fraction = ''] = text.replaceAll(',', '').split('.');
  const words = cardinal(Number(whole));
  return fraction ? `${words} point ${digitByDigit(fraction)}` : words;
}

/**
 * A number as it is written, with commas and a point perhaps: `"24"` → "twenty four", `"1999"` → "nineteen ninety
 * nine". One that is long or begins with a zero is a code or a telephone number: digit by digit.
 */
export function numberWords(written: string): string {
  if (/[,.]/.test(written)) return decimal(written);
  if (written.length >= 5 || (written.length > 1 && written.startsWith('0'))) return digitByDigit(written);
  const value = Number(written);
  return (value >= 1100 && value < 2000) || (value >= 2010 && value < 2100) ? year(value) : cardinal(value);
}
