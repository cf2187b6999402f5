import { ABBREVIATIONS } from './spoken-forms.ts';

/** A written word without the punctuation around it. */
export interface Token {
  readonly raw: string;
  /** Without brackets, quotes and closing punctuation. */
  readonly core: string;
  /** The pause after it: `,` `.` `?` `!` or nothing. */
  readonly mark: string;
}

/** The whitespace-separated words of `text`. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  // A fraction that is one sign stands by itself.
  for (const raw of text.replaceAll(/(?<=\d)(?=[¼-¾⅐-⅞])/g, ' ').split(/\s+/)) {
    if (raw === '') continue;
    const token = tokenOf(raw);
    const previous = tokens.at(-1);
    // A dash or a mark that stands alone is a pause after what was before it.
    if (/^(?:[-–—]+|[,.;:!?…]+)$/.test(raw) && previous?.mark === '') {
      tokens[tokens.length - 1] = { ...previous, mark: token.mark === '' ? ',' : token.mark };
    }
    tokens.push(token);
  }
  return tokens;
}

export function tokenOf(raw: string): Token {
  const plain = raw
    .normalize('NFKC')
    .replaceAll(/[‘’ʼ]/g, "'")
    .replaceAll(/[*_`]+|~~+/g, '');
  const [, core = '', closing = ''] = /^["'“”([{<]*(.*?)(["'“”)\]}>.,;:!?…—]*)$/s.exec(plain) ?? [];
  const dotted = /^(?:[a-z]\.)+[a-z]$/i.test(core) && closing.startsWith('.');
  const marks = dotted ? closing.slice(1) : closing;
  const mark = /[?]/.test(marks) ? '?' : /!/.test(marks) ? '!' : /[.…]/.test(marks) ? '.' : '';
  const pause = mark === '' && /[,;:)\]—]/.test(marks) ? ',' : mark;
  // The full stop of an abbreviation isn't the sentence's.
  const isShort = ABBREVIATIONS[core.toLowerCase()] !== undefined || /^(?:st|dr|no)$/i.test(core);
  const spared = isShort && closing === '.' ? '' : pause;
  return { raw, core: dotted ? core.replaceAll('.', '') : core, mark: spared };
}
