const YES = new Set(
  'yes yeah yep yup sure correct right exactly ok okay absolutely definitely fine indeed'.split(' '),
);
const NO = new Set('no nope nah wrong incorrect not never'.split(' '));
/** Words that come along with a yes or no. */
const FILLER = new Set(
  "please that's that is it it's thanks thank you very much of course i do don't would not really the uh um oh well all so then".split(
    ' ',
  ),
);

/** A yes or a no at the beginning of what was said, and the words that remain. */
export function yesOrNo(words: readonly string[]): { answer?: 'yes' | 'no'; rest: readonly string[] } {
  const first = words.find((word) => !['oh', 'well', 'and', 'so', 'um'].includes(word)) ?? '';
  const start = words.indexOf(first) + 1;
  const alone = words.length <= 4;
  if (NO.has(first) && !(first === 'not' && !alone)) return { answer: 'no', rest: words.slice(start) };
  if (first === 'know' && alone) return { answer: 'no', rest: words.slice(start) };
  if (YES.has(first) && !(first === 'right' && words[start] === 'now')) {
    return { answer: 'yes', rest: words.slice(start).filter((word, index) => index > 1 || !YES.has(word)) };
  }
  const text = ` ${words.join(' ')} `;
  if (/ (that's|that is|it's|it is|this is) (right|correct|fine) /.test(text)) {
    return { answer: 'yes', rest: [] };
  }
  if (/ (that's|that is|it's|it is|this is) (not right|not correct|wrong|incorrect) /.test(text)) {
    return { answer: 'no', rest: words.filter((word) => !NO.has(word)) };
  }
  if (/^ (of course|please do|go ahead|yes please|do that|i would|i do|please|you can) $/.test(text)) {
    return { answer: 'yes', rest: [] };
  }
  return { rest: words };
}

/** True if the words are more than what comes along with a yes or no. */
export function saysMore(words: readonly string[]): boolean {
  return words.some((word) => !FILLER.has(word) && !YES.has(word) && !NO.has(word));
}
