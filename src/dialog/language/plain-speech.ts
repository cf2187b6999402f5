import { keptFor } from '../../lib/kept-for.ts';
import type { Language } from './language.ts';

/*
 * What a model writes, as plain speech: without markdown, HTML, emoji and links, and without remarks in square
 * brackets, which are the telephone system's. Figures stay as they are: voices that can't read them have them read.
 */

/** What a line begins with. */
type Line = 'plain' | 'item' | 'row';

/** As much of a line as may still become something that isn't words. */
const LONGEST_HELD = 300;

/** Marks of a block: heading, quotation, item of a list with a box perhaps, number of an item. */
const MARKER =
  /^[ \t]*(?:#{1,6}[ \t]+|>(?!\d)[ \t]?|(?:[-*+•‣◦▪●–—][ \t]+)(?:\[[ xX]?\][ \t]+)?|(\d{1,3})[.)][ \t]+)/;
/** The same, as long as it isn't whole. */
const MARKER_BEGUN = /^[ \t]*(?:#{0,6}|[-*+•‣◦▪●–—]|[-*+][ \t]+\[[ xX]?\]?|\d{1,3}[.)]?|>)[ \t]*$/;
/** A rule across the page, the line below a heading, the fence of a block of code. */
const RULE = /^[ \t]*(?:(?:[-*_=][ \t]*){3,}|(?:```|~~~)[^\n]*)$/;
const RULE_BEGUN = /^[ \t]*(?:[-*_=`~][-*_=`~ \t]*|(?:```|~~~).*)$/;
const ENDED = /[.!?…:;,。！？；：，、।]["'”’»)\]」』]*\s*$/u;

/** Emoji, whatever they are made of; figures and `#*` are emoji only with a keycap. */
const EMOJI =
  /[ \t]*(?![\d#*])(?:\p{Extended_Pictographic}|\p{Regional_Indicator})(?:\p{Emoji_Modifier}|\uFE0F|\u20E3|\u200D\p{Extended_Pictographic}|[\u{E0020}-\u{E007F}])*|[\uFE0F\u20E3\u200D]/gu;
const EMOTICON = /(?<=^|\s)(?:[:;=8][-']?[)(DPpoO3*|/\\]|<3|\^\^|xD|XD)(?=$|[\s.,!?])/g;
/** A key of a telephone: a `#` that stands alone, and a `*` at the end of words or before those of which it is one. */
const KEY =
  /(?<=^|[\s"'“„«(])#(?=$|[\s"'”“».,;:!?)])|(?<=(?:^|\p{L} )["'“„«(]?)\*(?=["'”“»)]?(?:[.,;:!?]|$| (?:key|button|to|for|taste|um|für|touche|pour|tecla|para|tasto|per|toets|om|voor|klawisz|aby)(?!\p{L})))/giu;
/** What an actor would do and not say: `*smiles*`, `(laughs)`. */
const STAGE =
  /(?<![\p{L}\p{N}*])(?:\*{1,2}|_|\()(?:smil(?:es?|ing)|laugh(?:s|ing|ter)?|chuckl(?:es?|ing)|giggl(?:es?|ing)|sigh(?:s|ing)?|nod(?:s|ding)?|paus(?:es?|ing)|wink(?:s|ing)?|whisper(?:s|ing)?|typing|interrupted|silence|inaudible|lächelt|lacht|seufzt|nickt|sourit|rit|soupire|sonríe|ríe|suspira|sorride|ride|sospira|sorri|ri|glimlacht|zucht|knikt|uśmiecha się|śmieje się)(?:\*{1,2}|_|\))(?![\p{L}\p{N}*])/giu;
/** Nobody sees or says these: control characters, halves of a sign, marks of where a word may be cut. */
const INVISIBLE =
  /(?!\t)[\p{Cc}\p{Cs}\u00AD\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF\uFFFD]/gu;
/** Signs that only the eye needs; between words, a pause. */
const SIGNS = /\s*[→⇒⟶➔➜➤►▶▸←⇐↔•‣◦▪●■□◆◇|](?:\s*[→⇒•|])*\s*/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ...{ euro: '€', pound: '£', deg: '°', ndash: '–', mdash: '—', hellip: '…', lsquo: '‘', rsquo: '’' },
  ...{ ldquo: '“', rdquo: '”', auml: 'ä', ouml: 'ö', uuml: 'ü', szlig: 'ß', eacute: 'é', egrave: 'è' },
  ...{ agrave: 'à', ccedil: 'ç', ntilde: 'ñ' },
};

/** `&amp;`, `&#8217;`, `&#x2019;`. */
function signOf(entity: string, name: string): string {
  const [, hex, code] = /^#(x?)([\da-f]+)$/i.exec(name) ?? [];
  if (code === undefined) return ENTITIES[name.toLowerCase()] ?? entity;
  const point = parseInt(code, hex === '' ? 10 : 16);
  return point > 31 && point < 0x11_00_00 ? String.fromCodePoint(point) : '';
}
/** LaTeX's marks around a formula, and its fractions: `\(x\)`, `\[x\]`, `\frac{1}{2}`. */
const FORMULA = /\\frac\{([^{}]*)\}\{([^{}]*)\}|\\[()[\]]/g;
/** Where the figures of other scripts begin: Arabic, Persian, Devanagari, Bengali, Thai, and full-width ones. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10];

function figureOf(sign: string): string {
  const point = sign.codePointAt(0) ?? 0;
  const zero = ZEROS.find((one) => point >= one && point < one + 10);
  return zero === undefined ? sign : String(point - zero);
}
/** Tags of HTML between which there is a pause. */
const BLOCKS = /(?:\s*<\/?(?:br|p|li|ul|ol|div|h[1-6]|tr|td|th|table)\b[^<>]*>)+\s*/gi;
const ADDRESS =
  /(?:https?:\/\/|www\.)[^\s<>()[\]"']+|(?<![\w@.-])[a-z\d-]{2,}(?:\.[a-z\d-]+)*\.(?:com|org|net|info|io|de|eu|co\.uk)\b(?:\/[^\s<>()[\]"']*)?(?![\w@])|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi;
/**
 * Telephone numbers, as they are written anywhere: with a plus, a zero or a code in brackets before them, in America's
 * groups, in Spain's, Poland's, Brazil's and India's, or a long run of figures that isn't round.
 */
const TELEPHONE =
  /(?<![\p{Lu}\p{Ll}\p{M}\p{N}.,:/-])(?:\+\d{1,3}(?:[ ./-]?\(?\d{1,5}\)?)+|\(?0\d{1,5}\)?(?:[ ./-]{1,2}\(?\d{1,8}\)?)+|(?:1[ -])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|\d{3}-\d{4}|\d{3}-\d{3,4}-\d{4}|\d{3} \d{4} \d{4}|[2-9]\d{2} \d{4}|3\d{2} \d{6,7}|0 \d{3} \d{3} \d{3}|[2-9]\d{2} \d{3} \d{3}|\d{3} \d{2} \d{2} \d{2}|2\d \d{3} \d{4}|\(0 ?\d{2,4}\)(?: \d{2,4}){2,4}(?:-\d{1,4})?|\d{2} \d{3} \d{2} \d{2}|\d{5} \d{5}|\(\d{2}\) ?\d{4,5}-\d{4}|\d{7,15}|0\d{6,14})(?![\p{N}:%€$£¥₹°]|[.,/-]\d| ?(?:€|zł|元|円))/gu;
const NO_TELEPHONE =
  /^\d{1,2}([./-])\d{1,2}\1\d{2,4}$|^\d{1,2}[.]\d{2}[ -]|^\d{4}-\d{2}-\d{2}$|^[1-9]\d{0,3}0{3,}$|(?: 000)+$/;

/** An account's number (IBAN), or a card's: in groups, sign by sign. */
const ACCOUNT =
  /(?<![\p{L}\p{N}])(?:[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){3,7}(?: ?[A-Z\d]{1,3})?|\d{4}(?:[ -]\d{4}){3})(?![\p{L}\p{N}]|[ -]\d)/gu;

function inFours(group: string): string[] {
  return group.match(/.{1,4}/g) ?? [];
}

/** Sign by sign, with a pause between the groups. */
function grouped(groups: readonly string[], pause: string): string {
  return groups.map((group) => Array.from(group).join(' ')).join(pause);
}

const CURRENCY = String.raw`[$€£¥₹₩₽₺฿]|R\$|zł|Kč|kr|元|円|บาท|रुपये`;
const PER = new RegExp(
  String.raw`((?:${CURRENCY})\s?\d[\d.,]*|\d[\d.,]*\s?(?:${CURRENCY}|[A-Z]{3}|[Ee]uros?))\s*\/\s*(?=\p{L})`,
  'gu',
);

const monthsOf = keptFor((code: string): readonly string[] => {
  const names = new Intl.DateTimeFormat(code, { month: 'long', timeZone: 'UTC' });
  return Array.from({ length: 12 }, (_, month) => names.format(month * 2_650_000_000).toLowerCase());
});

/** Turns a stream of text into plain speech, as it comes and wherever it is cut. */
export class PlainSpeech {
  readonly #language: Language;
  readonly #months: readonly string[];
  #held = '';
  #line: Line | undefined;
  /** The last number of a list; a list goes on behind it, or begins with one. */
  #number = 0;
  #said = false;
  #last = '';

  constructor(language: Language) {
    this.#language = language;
    this.#months = language.sentences.dottedOrdinals !== false ? monthsOf(language.code) : [];
  }

  /** Takes more text; gives as much as is certain. */
  push(text: string): string {
    this.#held += text.replaceAll('\r', '').replaceAll(/\p{Nd}/gu, figureOf);
    return this.#take(false);
  }

  /** Nothing follows for now: what was held back. */
  flush(): string {
    const text = this.#take(true);
    this.#line = this.#line === undefined ? undefined : 'plain';
    return text;
  }

  #take(isLast: boolean): string {
    let plain = '';
    for (;;) {
      if (this.#line === undefined && !this.#beginLine(isLast)) return plain;
      const end = this.#held.indexOf('\n');
      if (end < 0 && this.#line === 'row' && !isLast && this.#held.length < LONGEST_HELD) return plain;
      const length = end >= 0 ? end : isLast ? this.#held.length : certain(this.#held);
      plain += this.#given(this.#inline(this.#held.slice(0, length)));
      this.#held = this.#held.slice(length);
      if (end < 0) {
        // An item's end is an end of a sentence, though nothing says so.
        return isLast && this.#line !== 'plain' && this.#line !== undefined
          ? plain + this.#lineEnd('')
          : plain;
      }
      this.#held = this.#held.slice(1);
      plain += this.#lineEnd('\n');
      this.#line = undefined;
    }
  }

  /** False: what kind of line it is can't be told yet. */
  #beginLine(isLast: boolean): boolean {
    const [line = ''] = this.#held.split('\n', 1);
    const isWhole = isLast || line.length < this.#held.length;
    if (isWhole && line === '' && isLast) return false;
    if (RULE.test(line) && isWhole) {
      this.#held = this.#held.slice(line.length);
      this.#line = 'plain';
      return true;
    }
    if (!isWhole && line.length < LONGEST_HELD && (MARKER_BEGUN.test(line) || RULE_BEGUN.test(line)))
      return false;
    if (/^[ \t]*\|/.test(line)) {
      this.#line = 'row';
      return true;
    }
    const marker = MARKER.exec(line);
    const rest = line.slice(marker?.[0].length ?? 0);
    const number = marker?.[1];
    // "3. Mai" is a date, and needs its whole word to be known for one.
    if (number !== undefined && this.#months.length > 0 && !isWhole && !/\s/.test(rest)) return false;
    const isItem = marker !== null && (number === undefined || this.#continues(Number(number), rest));
    if (isItem) this.#held = this.#held.slice(marker[0].length);
    this.#line = isItem ? 'item' : 'plain';
    if (isItem && number !== undefined) this.#number = Number(number);
    return true;
  }

  #continues(number: number, rest: string): boolean {
    const word = /^\p{L}+/u.exec(rest)?.[0].toLowerCase() ?? '';
    return (number === 1 || number === this.#number + 1) && !this.#months.includes(word);
  }

  #lineEnd(newline: string): string {
    if (!this.#said) return '';
    const dot =
      this.#line !== 'plain' && !ENDED.test(this.#last) && this.#last.trim() !== '' ? this.#stop() : '';
    return this.#given(`${dot}${newline}`);
  }

  #stop(): string {
    return ['zh', 'ja'].includes(this.#language.code) ? '。' : '.';
  }

  /** Without marks at the very beginning, and without one space behind another. */
  #given(text: string): string {
    let given = text;
    if (!this.#said) {
      given = given.replace(/^(?:[\s.…,;:!?*_|/\\)\]]|[#>](?!\d)|[-–—~](?!\d))+/su, '');
      if (/[\p{L}\p{N}]/u.test(given)) this.#said = true;
      else if (given.trim() === '') return '';
    }
    if (/[\s(]$/.test(this.#last)) given = given.replace(/^[ \t]+/, '');
    given = given.replaceAll(/~{2,}/g, '');
    if (this.#last.endsWith('~')) given = given.replace(/^~/, '');
    given = given.replaceAll(/[ \t]{2,}/g, ' ').replaceAll(/(?<=[?!])\.(?!\.)/g, '');
    // "**Anything else?**."
    if (/[?!]$/.test(this.#last)) given = given.replace(/^\.(?!\.)/, '');
    // What stood before a mark is gone.
    if (/[ \t]$/.test(this.#last) || this.#last === '') given = given.replace(/^ +(?=[.,;!?])/, '');
    if (given !== '') this.#last = `${this.#last}${given}`.slice(-40);
    return given;
  }

  #inline(text: string): string {
    if (this.#line === 'row') return this.#row(text);
    const { reading } = this.#language;
    return text
      .replaceAll(INVISIBLE, '')
      .replaceAll(/&(#?\w{2,8});/g, signOf)
      .replaceAll(/!?\[([^\]]*)\]\(([^)]*)\)/g, (_, words: string, to: string) => (words === '' ? to : words))
      .replaceAll(/<((?:https?:\/\/|mailto:)[^>\s]+)>/g, '$1')
      .replaceAll(FORMULA, (_, over?: string, under = '') => (over === undefined ? ' ' : `${over}/${under}`))
      .replaceAll(BLOCKS, ', ')
      .replaceAll(/<\/?[a-z][^<>]*>/gi, '')
      .replaceAll(/\s*(?:\[[^\]]*\](?!\()|【[^】]*】)/g, '')
      .replaceAll(ADDRESS, (address) => this.#address(address))
      .replaceAll(/\\([*_`#>~[\](){}$%&"'!.|+-])/g, '$1')
      .replaceAll(/(?<=[\p{L}\d])\^([23])(?:\^|(?!\d))/gu, (_, two) => (two === '2' ? '²' : '³'))
      .replaceAll(/(?<=\p{L})~(\d+)~/gu, '$1')
      .replaceAll(/==(?=\S)([^=]*)==/g, '$1')
      .replaceAll(/(?<![\p{L}\p{N}:]):[a-z][a-z_]+:(?![\p{L}\p{N}])/gu, '')
      .replaceAll(
        /\\n(?=\s|\p{Lu}|\\|[-\d]|$)|\{\{[^{}]*\}\}|\{\p{L}+\}|\$\$|\$(?=\p{L}|$)(?<!\d ?\$)/gu,
        ' ',
      )
      .replaceAll(KEY, (sign) => this.#key(sign))
      .replaceAll(EMOTICON, '')
      .replaceAll(STAGE, '')
      .replaceAll(/\s*[©®™✓✔✗✘★☆※]/gu, '')
      .replaceAll(EMOJI, '')
      .replaceAll(/(?<=\d) ?\* ?(?=\d)/g, ' × ')
      .replaceAll(/(?:^| )\* (?=\S)/g, ', ')
      .replaceAll(/[*`]+/g, '')
      .replaceAll(/(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
      .replaceAll(/(?<=[\p{L}\p{N}])_(?=[\p{L}\p{N}])/gu, ' ')
      .replaceAll(/[[\]【】]/g, '')
      .replaceAll(/~~+/g, '')
      .replaceAll(SIGNS, ', ')
      .replaceAll(ACCOUNT, (number) => grouped(number.split(/[ -]/).flatMap(inFours), this.#pause))
      .replaceAll(TELEPHONE, (number) => this.#telephone(number))
      .replaceAll(PER, (_, amount: string) => (reading ? `${amount} ${reading.per} ` : `${amount} / `));
  }

  /** What a key of a telephone is called: "press #". */
  #key(sign: string): string {
    const { keys } = this.#language.reading ?? {};
    return (sign === '#' ? keys?.hash : keys?.star) ?? sign;
  }

  /** A table's row: its cells one after the other; of the line below the head, nothing. */
  #row(text: string): string {
    const cells = text.split('|').map((cell) => cell.trim());
    const told = cells.filter((cell) => cell !== '' && !/^:?-+:?$/.test(cell));
    this.#line = 'plain';
    const plain = told.map((cell) => this.#inline(cell)).join(', ');
    this.#line = 'row';
    return plain;
  }

  /** Figure by figure, in groups: as one number, nobody can write it down. */
  #telephone(written: string): string {
    // Behind a country's code, nobody dials the zero in brackets: +49 (0)30.
    const dialled = written.startsWith('+') ? written.replace(/\(0\)/, ' ') : written;
    const digits = dialled.replaceAll(/\D/g, '').length;
    if (NO_TELEPHONE.test(written) || digits < 7 || digits > 15) return written;
    const groups = (dialled.match(/\d+/g) ?? []).flatMap((group) =>
      group.length > 4 ? (group.match(/\d{3}(?=\d{2})|\d+/g) ?? []) : [group],
    );
    const plus = written.startsWith('+') ? `${this.#language.reading?.plus ?? '+'} ` : '';
    return plus + grouped(groups, this.#pause);
  }

  get #pause(): string {
    return { zh: '，', ja: '、' }[this.#language.code] ?? ', ';
  }

  /** An address of the net as it is said: without what nobody says. */
  #address(written: string): string {
    const [address = '', mark = ''] = /^(.*?)([.,;:!?]*)$/s.exec(written)?.slice(1) ?? [];
    const bare = address
      .replace(/^(?:https?:\/\/)?(?:www\.)?/i, '')
      .replace(/[?#].*$/s, '')
      .replace(/\/+$/, '');
    const { reading } = this.#language;
    if (!reading) return `${bare}${mark}`;
    const { dot, slash, at, dash, underscore } = reading.address;
    const words: Readonly<Record<string, string>> = {
      '.': dot,
      '+': reading.plus,
      '/': slash,
      '@': at,
      '-': dash,
      _: underscore,
    };
    return `${bare.replaceAll(/[./@_+-]/g, (sign) => ` ${words[sign] ?? ''} `)}${mark}`.replaceAll(
      / +/g,
      ' ',
    );
  }
}

/** A text that is there as a whole, as plain speech. */
export function plainText(text: string, language: Language): string {
  const plain = new PlainSpeech(language);
  return (plain.push(text) + plain.flush()).trim();
}

/**
 * So much of a line is certain, whatever follows. A word of letters may become an address, and what stands behind a
 * figure may belong to it; whatever has an opening mark waits for its closing one.
 */
function certain(text: string): number {
  if (text.length > LONGEST_HELD) return text.length;
  const open = /(?:\S*\s+[*|→⇒•×/]\s+)?(?:\S*[\d$€£¥₹]\S*[ \t]+)*[^\s。！？、，]*$/u.exec(text)?.[0] ?? '';
  const isWords = /^[^\x21-\x7e\p{S}\p{Cs}\u200D\uFE0F【】]*$/u.test(open);
  let end = isWords ? text.length : text.length - open.length;
  for (const [begin, close] of BRACKETS) {
    const at = text.lastIndexOf(begin, end);
    if (at < 0 || (begin === '<' && /^<[^/a-z!]/i.test(text.slice(at)))) continue;
    let shut = text.indexOf(close, at);
    // A link's address may follow.
    if (begin === '[' && shut >= 0) shut = shut + 1 < text.length ? linkEnd(text, shut) : -1;
    if (shut < 0 || shut >= end) end = Math.min(end, at);
  }
  return /(?:(?:^|\s+)[*|→⇒•×/])+\s*$/u.exec(text.slice(0, end))?.index ?? end;
}

const BRACKETS = [
  ['<', '>'],
  ['【', '】'],
  ['[', ']'],
] as const;

/** Of a text in brackets that ends at `shut`, with the address behind it if there is one; −1: not there yet. */
function linkEnd(text: string, shut: number): number {
  return text.charAt(shut + 1) === '(' ? text.indexOf(')', shut) : shut;
}
