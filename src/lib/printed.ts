/** Controls, line and paragraph separators, and what turns the direction of writing. */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Whoever names themselves must not be able to steer the operator's terminal: what could is a space. */
export function printable(text: string): string {
  return text.replace(new RegExp(`${HARMFUL.source}+`, 'gu'), ' ');
}

/** JSON that a terminal takes, too: what could steer it is escaped. */
export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(HARMFUL, (letter) =>
    letter === '\n' ? letter : `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
