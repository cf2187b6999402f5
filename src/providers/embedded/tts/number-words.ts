/** English words for numbers, as they are said on the telephone. Lower case, no punctuation. */

const SMALL = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
] as const;
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'] as const;
const SCALES = ['', 'thousand', 'million', 'billion'] as const;
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
  if (value < 100) return belowHundred(value);
  const words: string[] = [];
  let rest = value;
  for (let scale = SCALES.length - 1; scale >= 0; scale--) {
    const unit = 1000 ** scale;
    const count = Math.floor(rest / unit);
    rest %= unit;
    if (count === 0) continue;
    const name = SCALES[scale] as string;
    if (scale === 0 && count < 100 && words.length > 0) words.push('and');
    words.push(belowThousand(count));
    if (name) words.push(name);
  }
  return words.join(' ');
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
  if (rest === 0) return `${belowHundred(century)} hundred`;
  return `${belowHundred(century)} ${rest < 10 ? `oh ${SMALL[rest] as string}` : belowHundred(rest)}`;
}

/** Every digit of `text` by its name; whatever isn't a digit is left out. */
export function digitByDigit(text: string): string {
  return Array.from(text)
    .filter((character) => character >= '0' && character <= '9')
    .map((digit) => SMALL[Number(digit)] as string)
    .join(' ');
}

/** `"1,234.5"` → "one thousand two hundred and thirty four point five". */
export function decimal(text: string): string {
  const [whole = '', fraction = ''] = text.replaceAll(',', '').split('.');
  const words = cardinal(Number(whole));
  return fraction ? `${words} point ${digitByDigit(fraction)}` : words;
}

function belowThousand(value: number): string {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  if (hundreds === 0) return belowHundred(rest);
  const words = `${SMALL[hundreds] as string} hundred`;
  return rest === 0 ? words : `${words} and ${belowHundred(rest)}`;
}

function belowHundred(value: number): string {
  if (value < 20) return SMALL[value] as string;
  const tens = TENS[Math.floor(value / 10)] as string;
  return value % 10 === 0 ? tens : `${tens} ${SMALL[value % 10] as string}`;
}
