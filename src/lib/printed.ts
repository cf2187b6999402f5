/** Controls, line and paragraph separators, what turns the direction of writing, what isn't seen and halves of letters. */
const HARMFUL =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Whoever names themselves must not be able to steer the operator's terminal: what could is a space. */
export function printable(text: string): string {
  return text.replace(new RegExp(`${HARMFUL.source}+`, 'gu'), ' ');
}

/** JSON that a terminal takes, too: what could steer it is escaped. */
export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(HARMFUL, (letter) =>
    letter === '\n'
      ? letter
      : letter
          .split('')
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}
