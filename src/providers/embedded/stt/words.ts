/** Text as it is spoken: lower-case words, digits and signs written out. */

const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = ' ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const SIGNS: Readonly<Record<string, string>> = {
  '&': ' and ',
  '%': ' percent ',
  '+': ' plus ',
  $: ' dollars ',
  '£': ' pounds ',
  '€': ' euros ',
};

/** The words of a sentence, as a dictionary has them. Hyphens part words; a letter alone stays a word. */
export function wordsOf(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[\u2018\u2019\u02bc]/g, "'")
    .toLowerCase()
    .replace(/[&%+$£€]/g, (sign) => SIGNS[sign] ?? ' ')
    .replace(/(\d),(\d{3})\b/g, '$1$2')
    .replace(/(\d)([a-z])/g, '$1 $2')
    .replace(/\d+/g, (digits) => ` ${numberInWords(digits)} `)
    .split(/[^a-z']+/)
    .map((word) => word.replace(/^'+(?!(cause|em|til)$)|'+$/g, ''))
    .filter((word) => word !== '');
}

/** Whole numbers up to 9,999 as one says them; longer ones and those with a leading zero digit by digit. */
export function numberInWords(digits: string): string {
  if (digits.length > 4 || (digits.length > 1 && digits.startsWith('0'))) {
    return Array.from(digits)
      .map((digit) => ONES[Number(digit)])
      .join(' ');
  }
  return cardinal(Number(digits));
}

function cardinal(value: number): string {
  if (value < 20) return ONES[value] as string;
  if (value < 100) return joined(TENS[Math.floor(value / 10)] as string, value % 10);
  if (value < 1000) return joined(`${ONES[Math.floor(value / 100)] as string} hundred`, value % 100);
  return joined(`${cardinal(Math.floor(value / 1000))} thousand`, value % 1000);
}

function joined(head: string, rest: number): string {
  return rest === 0 ? head : `${head} ${cardinal(rest)}`;
}
