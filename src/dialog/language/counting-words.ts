import { toCardinal as german } from 'n2words/de-DE';
import { toCardinal as english } from 'n2words/en-GB';
import { toCardinal as spanish } from 'n2words/es-ES';
import { toCardinal as belgian } from 'n2words/fr-BE';
import { toCardinal as french } from 'n2words/fr-FR';
import { toCardinal as hindi } from 'n2words/hi-IN';
import { toCardinal as italian } from 'n2words/it-IT';
import { toCardinal as japanese } from 'n2words/ja-JP';
import { toCardinal as dutch } from 'n2words/nl-NL';
import { toCardinal as polish } from 'n2words/pl-PL';
import { toCardinal as portuguese } from 'n2words/pt-PT';
import { toCardinal as thai } from 'n2words/th-TH';
import { toCardinal as chinese } from 'n2words/zh-Hans-CN';

type Counting = (n: bigint) => string;

/** The numerals of cheques, and those that are said. */
const PLAIN_NUMERALS = new Map(
  Array.from('壹贰叁肆伍陆柒捌玖拾佰', (numeral, at) => [numeral, '一二三四五六七八九十百'.charAt(at)]),
);

function spokenChinese(n: bigint): string {
  return chinese(n).replace(/./gu, (numeral) => PLAIN_NUMERALS.get(numeral) ?? numeral);
}

const COUNTING: Readonly<Record<string, readonly Counting[]>> = {
  de: [german, (n) => german(n).replace(/^ein(?=hundert)/, '')],
  en: [english, (n) => english(n).replace(' and ', ' '), (n) => english(n).replace(/^one /, 'a ')],
  es: [spanish],
  fr: [french, belgian],
  hi: [hindi],
  it: [italian],
  ja: [japanese],
  nl: [dutch],
  pl: [polish],
  pt: [portuguese],
  th: [thai],
  zh: [spokenChinese, (n) => spokenChinese(n).replace(/^一(?=十)/, '')],
};

/** From nought to 999, how each is said in the language of that code; several ways perhaps. Empty: nobody here knows. */
export function countingWords(code: string): readonly (readonly [spoken: string, value: number])[] {
  const ways = COUNTING[code] ?? [];
  return Array.from({ length: 1000 }, (_, n) => n).flatMap((n) =>
    [...new Set(ways.map((way) => way(BigInt(n))))].map((spoken) => [spoken, n] as const),
  );
}
