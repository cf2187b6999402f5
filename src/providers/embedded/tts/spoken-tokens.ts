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
  const words = text
    .replaceAll(/(?<=\d)(?=[¼-¾⅐-⅞])/g, ' ')
    .split(/\s+/)
    .filter((raw) => raw !== '');
  for (const [at, raw] of words.entries()) {
    const token = tokenOf(raw);
    const previous = tokens.at(-1);
    if (/^[-–—]$/.test(raw) && isRange(words[at - 1] ?? '', words[at + 1] ?? '')) {
      tokens.push({ raw, core: 'to', mark: '' });
      continue;
    }
    // A dash or a mark that stands alone is a pause after what was before it.
    if (/^(?:[-–—]+|[,.;:!?…]+)$/.test(raw) && previous?.mark === '') {
      tokens[tokens.length - 1] = { ...previous, mark: token.mark === '' ? ',' : token.mark };
    }
    tokens.push(token);
  }
  return tokens;
}

const RANGE_BEGINS = /(?:\d(?:st|nd|rd|th)?%?|\d ?[ap]\.?m\.?|^[ap]\.?m\.?)$/i;
const RANGE_ENDS =
  /^(?:[$€£]?\d|(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b)/i;

/** Whether a dash between these two is a "to": `9 AM - 5 PM`, `Jan 5 – Feb 10`; of bare numbers, where they rise. */
function isRange(from: string, to: string): boolean {
  const areNumbers = /^\d+$/.test(from) && /^\d+\D?$/.test(to);
  if (areNumbers && Number(from) >= parseInt(to, 10)) return false;
  return RANGE_BEGINS.test(from) && RANGE_ENDS.test(to);
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
  const isShort =
    ABBREVIATIONS[core.toLowerCase()] !== undefined || /^(?:st|dr|no|pp?|vol)$/i.test(core) || core === 'Ft';
  const spared = isShort && closing === '.' ? '' : pause;
  return { raw, core: dotted ? core.replaceAll('.', '') : core, mark: spared };
}
