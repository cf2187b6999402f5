import { cardinal, decimal, digitByDigit, numberWords, ordinal, year } from '../number-words.ts';
import {
  ABBREVIATIONS,
  CURRENCIES,
  MISREAD,
  ONLY_CLOSE,
  SPELLED,
  SYMBOL_WORDS,
  UNITS,
} from './spoken-forms.ts';
import { tokenOf, type Token } from './spoken-tokens.ts';

/** How a rule reads the tokens from `at` on: what is said, and how many of them that was. */
export interface Reading {
  readonly say: string;
  readonly count: number;
}

type Rule = (tokens: readonly Token[], at: number) => Reading | undefined;

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const MAGNITUDES: Readonly<Record<string, string>> = {
  k: 'thousand',
  m: 'million',
  bn: 'billion',
  thousand: 'thousand',
  million: 'million',
  billion: 'billion',
};

/** Reads on at `at`: by the first rule that knows what stands there, or word by word. */
export function readAt(tokens: readonly Token[], at: number): Reading {
  for (const rule of RULES) {
    const reading = rule(tokens, at);
    if (reading) return reading;
  }
  return { say: plainWords((tokens[at] as Token).core), count: 1 };
}

const address: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const bare = core.replace(/^https?:\/\//, '');
  const isAddress =
    bare !== core ||
    /^[\w.+-]+@[\w-]+\.[\w.-]+$/.test(bare) ||
    /^www\.|^[\w-]+\.(?:com|org|net|co|uk|de|eu|io)\b/i.test(bare);
  if (!isAddress) return undefined;
  const say = bare
    .replace(/^www\./i, 'w w w dot ')
    .replaceAll('@', ' at ')
    .replaceAll('.', ' dot ')
    .replaceAll('/', ' slash ')
    .replaceAll('-', ' dash ')
    .replaceAll('_', ' underscore ');
  const words = say.split(/\s+/).filter(Boolean);
  return {
    say: words.map((word) => (SPELLED.has(word.toUpperCase()) ? spell(word) : plainWords(word))).join(' '),
    count: 1,
  };
};

const YEAR = '(?:1[0-9]|20)\\d\\d';
const YEARS = new RegExp(`^(${YEAR})[-–/](${YEAR}|\\d\\d)$`);
/** Short numbers that are dialled, whatever stands before them. */
const DIALLED: ReadonlySet<string> = new Set(['911']);
const BEFORE_DIALLED =
  /^(?:call|calls|calling|dial|dialling|dialing|ring|phone|text|press|sms|at|on|number|extension|ext|code|pin|flight|room|rm|suite|line)$/i;

/** `911`, `dial 112`, `extension 204`: digit by digit. */
const shortNumber: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  if (!/^\d{3,4}$/.test(core)) return undefined;
  const before = tokens[at - 1]?.core ?? '';
  const isDialled =
    DIALLED.has(core) ||
    (BEFORE_DIALLED.test(before) &&
      !(/^(?:at|on)$/i.test(before) && !/^(?:112|999|988|311|411|111|101)$/.test(core)));
  return isDialled ? { say: digitByDigit(core), count: 1 } : undefined;
};

/** `2024-2025`, `2024/25`, `the 1990s`, `the '90s`. */
const years: Rule = (tokens, at) => {
  const { core, raw } = tokens[at] as Token;
  const [, from, to = ''] = YEARS.exec(core) ?? [];
  if (from !== undefined) {
    const end = to.length === 4 ? year(Number(to)) : cardinal(Number(to));
    return { say: `${year(Number(from))} to ${end}`, count: 1 };
  }
  const decade = /^(\d{0,2})(\d0)'?s$/.exec(core);
  if (!decade) return undefined;
  const [, century = '', tens = ''] = decade;
  const article = /^(?:the|early|late|mid)$/i.test(tokens[at - 1]?.core ?? '');
  if (century.length === 1 || (century === '' && !article && !/^['‘’]/.test(raw))) return undefined;
  if (century === '') return { say: decades(cardinal(Number(tens))), count: 1 };
  if (tens === '00')
    return { say: century === '20' ? 'two thousands' : `${cardinal(Number(century))} hundreds`, count: 1 };
  return { say: `${cardinal(Number(century))} ${decades(cardinal(Number(tens)))}`, count: 1 };
};

function decades(tens: string): string {
  return tens.endsWith('y') ? `${tens.slice(0, -1)}ies` : `${tens}s`;
}

const PARTS: Readonly<Record<number, readonly [one: string, many: string]>> = {
  2: ['half', 'halves'],
  4: ['quarter', 'quarters'],
};

/** `1/2`, `3/4`, and with the number before it `2 1/2`; else a day: `12/25`, `12/25/2025`, `25.12.2025`; `24/7`. */
const slashed: Rule = (tokens, at) => {
  const { core, mark } = tokens[at] as Token;
  const next = tokens[at + 1]?.core ?? '';
  if (/^\d{1,3}$/.test(core) && mark === '' && fractionOf(next) !== undefined) {
    const [over, under] = fractionOf(next) ?? [0, 1];
    return { say: `${cardinal(Number(core))} and ${fractionWords(over, under, 'a')}`, count: 2 };
  }
  const fraction = fractionOf(core);
  if (fraction) return { say: fractionWords(...fraction, 'one'), count: 1 };
  const [, month, ofYear] = /^(0?[1-9]|1[0-2])\/((?:19|20)\d\d)$/.exec(core) ?? [];
  if (month !== undefined)
    return { say: `${MONTHS[Number(month) - 1] ?? ''} ${year(Number(ofYear))}`, count: 1 };
  const iso = /^(\d{4})[/.](\d{1,2})[/.](\d{1,2})$/.exec(core);
  if (iso) return dayOf(Number(iso[2]), Number(iso[3]), iso[1]);
  const parts = /^(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{4}|\d{2}))?$/.exec(core);
  if (!parts || (parts[2] !== '/' && parts[4] === undefined)) return undefined;
  const [first, second] = [Number(parts[1]), Number(parts[3])];
  if (AS_NUMBERS.has(core)) return { say: `${cardinal(first)} ${cardinal(second)}`, count: 1 };
  // The month comes first, as in America, unless it can't.
  const day = first > 12 ? dayOf(second, first, parts[4]) : dayOf(first, second, parts[4]);
  return day ?? { say: `${cardinal(first)} over ${cardinal(second)}`, count: 1 };
};

const AS_NUMBERS: ReadonlySet<string> = new Set(['24/7', '9/11', '50/50']);

function dayOf(month: number, day: number, years: string | undefined): Reading | undefined {
  const name = MONTHS[month - 1];
  if (name === undefined || day < 1 || day > 31) return undefined;
  const written = years?.length === 2 ? `20${years}` : years;
  return {
    say: `${name} ${ordinal(day)}${written === undefined ? '' : ` ${year(Number(written))}`}`,
    count: 1,
  };
}

/** What is rather a part of something than a day. */
function fractionOf(core: string): [over: number, under: number] | undefined {
  const [, over, under] = /^(\d{1,2})[/\u2044](\d{1,2})$/.exec(core) ?? [];
  const [above, below] = [Number(over), Number(under)];
  return above > 0 && above < below && [2, 3, 4, 5, 6, 8, 10, 16].includes(below)
    ? [above, below]
    : undefined;
}

function fractionWords(over: number, under: number, article: 'a' | 'one'): string {
  const [one, many] = PARTS[under] ?? [ordinal(under), `${ordinal(under)}s`];
  return over === 1
    ? `${article === 'a' && one.startsWith('e') ? 'an' : article} ${one}`
    : `${cardinal(over)} ${many}`;
}

const phoneNumber: Rule = (tokens, at) => {
  let count = 0;
  let digits = 0;
  for (; at + count < tokens.length; count++) {
    const { core, raw } = tokens[at + count] as Token;
    if (YEARS.test(core) || fractionOf(core)) break;
    const dotted = /^\d{3}\.\d{3}\.\d{4}$/.test(core);
    if (!dotted && !/^[+(]?\(?\d[\d()/-]*$/.test(core) && !/^\(\d+\)$/.test(raw)) break;
    digits += core.replaceAll(/\D/g, '').length;
    if ((tokens[at + count] as Token).mark !== '' && !raw.endsWith(')')) {
      count++;
      break;
    }
  }
  const first = tokens[at] as Token;
  const looksLike =
    count >= 3 ||
    /^[+(0]|^\d{3}\./.test(first.raw) ||
    /^\d{3}-/.test(first.core) ||
    (count === 1 && digits >= 7);
  if (digits < 7 || !looksLike) return undefined;
  const groups = tokens
    .slice(at, at + count)
    .flatMap((token) => token.core.split(/[^\d+]+/))
    .filter((group) => group !== '')
    .map((group) => (group.startsWith('+') ? 'plus ' : '') + digitByDigit(group));
  return { say: groups.join(', '), count };
};

/** `2h`, `1h30m`, `1h 30m`, `1:30:00`: how long; `0900 hours`. */
const duration: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const [, hours, minutes] = /^(\d{1,3})h(?:(\d{1,2})m(?:in)?)?$/i.exec(core) ?? [];
  const behind = /^(\d{1,2})m(?:in)?$/i.exec(tokens[at + 1]?.core ?? '')?.[1];
  if (hours !== undefined) {
    const rest = minutes ?? behind;
    const say = [counted(hours, 'hour'), ...(rest === undefined ? [] : [counted(rest, 'minute')])].join(' ');
    return { say, count: minutes === undefined && behind !== undefined ? 2 : 1 };
  }
  const [, begins, ends = ''] = /^([01]\d|2[0-3])([0-5]\d)$/.exec(core) ?? [];
  if (begins === undefined || !/^(?:hours|hrs|h)$/i.test(tokens[at + 1]?.core ?? '')) return undefined;
  const first = begins.startsWith('0') ? digitByDigit(begins) : cardinal(Number(begins));
  return { say: `${first} ${ends === '00' ? 'hundred' : cardinal(Number(ends))} hours`, count: 2 };
};

function counted(number: string, unit: string): string {
  return `${cardinal(Number(number))} ${unit}${Number(number) === 1 ? '' : 's'}`;
}

/** `16:9`, `2:1`, what is no time of the day. */
const ratio: Rule = (tokens, at) => {
  const [, one, other] = /^(\d{1,3}):(\d{1,3})$/.exec((tokens[at] as Token).core) ?? [];
  if (one === undefined || other === undefined || (other.length === 2 && Number(one) < 24)) return undefined;
  return { say: `${cardinal(Number(one))} to ${cardinal(Number(other))}`, count: 1 };
};

const time: Rule = (tokens, at) => {
  // Nobody says the seconds of an opening hour.
  const core = (tokens[at] as Token).core.replace(/^(\d{1,2}:\d{2}):00$/, '$1');
  const match = /^(\d{1,2})(?:[:.](\d{2}))?(am|pm|h)?$/i.exec(core);
  if (!match) return undefined;
  const [, hours = '', minutes, suffix] = match;
  const next = suffix ? undefined : tokens[at + 1]?.core.toLowerCase();
  const half = suffix?.toLowerCase() ?? (next === 'am' || next === 'pm' ? next : undefined);
  if (/^0?0:00$/.test(core)) return { say: 'midnight', count: 1 };
  const isClock = core.includes(':') && Number(hours) < 24 && Number(minutes) < 60;
  if (!isClock && (half === undefined || Number(hours) > 24)) return undefined;
  const spokenHalf = half === 'am' ? 'A M' : half === 'pm' ? 'P M' : '';
  const say = [cardinal(Number(hours)), minuteWords(hours, Number(minutes ?? 0), half), spokenHalf]
    .filter(Boolean)
    .join(' ');
  return { say, count: suffix === undefined && half !== undefined ? 2 : 1 };
};

function minuteWords(hours: string, minute: number, half: string | undefined): string {
  if (minute > 0) return minute < 10 ? `oh ${cardinal(minute)}` : cardinal(minute);
  if (half === 'am' || half === 'pm') return '';
  return Number(hours) > 12 || hours === '00' ? 'hundred' : "o'clock";
}

const SIGN = Object.keys(CURRENCIES)
  .toSorted((one, other) => other.length - one.length)
  .map((sign) => sign.replace('$', String.raw`\$`))
  .join('|');
const AMOUNT = String.raw`(\d[\d,. ]*?)(k|m|bn)?`;
const SIGN_FIRST = new RegExp(`^([-−]?)(${SIGN})${AMOUNT}$`, 'i');
const SIGN_LAST = new RegExp(`^([-−]?)${AMOUNT}(${SIGN})$`, 'i');
const SIGN_ONLY = new RegExp(`^(?:${SIGN})$`, 'i');

/** `$49.50`, `50€`, `50 €`, `R$50`, `USD 50`, `50 EUR`, `$1.5m`, `£2 million`. */
const money: Rule = (tokens, at) => {
  const { core, mark } = tokens[at] as Token;
  const next = tokens[at + 1]?.core ?? '';
  const first = SIGN_FIRST.exec(core);
  const last = SIGN_LAST.exec(core);
  if (first) return amount({ minus: first[1], sign: first[2], figures: first[3], scale: first[4] }, next);
  if (last) return amount({ minus: last[1], sign: last[4], figures: last[2], scale: last[3] }, '');
  if (mark !== '' && core !== 'Rs') return undefined;
  // Codes are upper case, so that "try 5" stays what it is.
  const isSign = (text: string): boolean =>
    SIGN_ONLY.test(text) && (text === text.toUpperCase() || /^(?:kr|zł|Kč|Rs)$/.test(text));
  const joined = (sign: string, figures: string): Reading | undefined => {
    const parts = new RegExp(`^([-−]?)${AMOUNT}$`, 'i').exec(figures);
    const reading =
      parts &&
      amount({ minus: parts[1], sign, figures: parts[2], scale: parts[3] }, tokens[at + 2]?.core ?? '');
    return reading ? { ...reading, count: reading.count + 1 } : undefined;
  };
  if (isSign(core)) return joined(core, next);
  return isSign(next) ? joined(next, core) : undefined;
};

interface Amount {
  readonly minus: string | undefined;
  readonly sign: string | undefined;
  readonly figures: string | undefined;
  readonly scale: string | undefined;
}

function amount({ minus = '', sign = '', figures = '', scale }: Amount, next: string): Reading {
  const [one, many, cents] = CURRENCIES[sign.toLowerCase()] as readonly [string, string, string];
  const { whole, fraction } = partsOf(figures);
  const before = minus === '' ? '' : 'minus ';
  const magnitude = MAGNITUDES[(scale ?? next).toLowerCase()];
  const value = Number(whole);
  const number = decimal(fraction ? `${whole}.${fraction}` : whole);
  if (magnitude !== undefined && (scale !== undefined || next.length > 2)) {
    return { say: `${before}${number} ${magnitude} ${many}`, count: scale === undefined ? 2 : 1 };
  }
  if (fraction.length !== 2 || cents === '') {
    return { say: `${before}${number} ${value === 1 && fraction === '' ? one : many}`, count: 1 };
  }
  const small = Number(fraction);
  const unit = cents === 'cents' && small === 1 ? 'cent' : cents;
  if (value === 0) return { say: `${before}${cardinal(small)} ${unit}`, count: 1 };
  const big = `${before}${cardinal(value)} ${value === 1 ? one : many}`;
  return { say: small === 0 ? big : `${big} ${cardinal(small)}`, count: 1 };
}

/** `1,234.50`, and `1.234,50` as it is written elsewhere. */
function partsOf(figures: string): { whole: string; fraction: string } {
  const european = /^\d{1,3}(?:\.\d{3})*,\d{1,2}$|^\d{1,3}(?:\.\d{3})+$/.test(figures);
  const [whole = '', fraction = ''] = european
    ? figures.replaceAll('.', '').split(',')
    : figures.replaceAll(',', '').split('.');
  return { whole, fraction };
}

const date: Rule = (tokens, at) => {
  const { core, mark } = tokens[at] as Token;
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(core);
  if (iso) {
    const month = MONTHS[Number(iso[2]) - 1];
    if (month === undefined) return undefined;
    return { say: `the ${ordinal(Number(iso[3]))} of ${month} ${year(Number(iso[1]))}`, count: 1 };
  }
  const next = tokens[at + 1];
  if (next === undefined || mark !== '') return undefined;
  const dayFirst = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(core);
  const following = monthOf(next.core);
  if (dayFirst && following !== undefined) {
    const article = tokens[at - 1]?.core.toLowerCase() === 'the' ? '' : 'the ';
    return { say: `${article}${ordinal(Number(dayFirst[1]))} of ${following}`, count: 2 };
  }
  const dayLast = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(next.core);
  const month = monthOf(core);
  const [, from, to] = /^(\d{1,2})(?:st|nd|rd|th)?[-–](\d{1,2})(?:st|nd|rd|th)?$/.exec(next.core) ?? [];
  if (month !== undefined && Number(from) <= 31 && Number(to) <= 31) {
    return { say: `${month} ${ordinal(Number(from))} to ${ordinal(Number(to))}`, count: 2 };
  }
  if (month !== undefined && dayLast && Number(dayLast[1]) <= 31) {
    return { say: `${month} ${ordinal(Number(dayLast[1]))}`, count: 2 };
  }
  return undefined;
};

/** By its name, or the beginning of it with a capital letter. */
function monthOf(core: string): string | undefined {
  if (MONTHS.includes(core)) return core;
  const full = /^[A-Z]/.test(core) ? ABBREVIATIONS[core.toLowerCase()] : undefined;
  return full !== undefined && MONTHS.includes(full) ? full : undefined;
}

/** `9-5`, `Mon–Fri`, `10:00–17:30`, `£5–£10`: "to" between the two. */
const range: Rule = (tokens, at) => {
  const token = tokens[at] as Token;
  const match = /^([^-–]+)[-–]([^-–]+)$/.exec(token.core);
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  const isRange = /\d/.test(from) && /^[£$€]?\d/.test(to);
  if (/^M[-–]F$/.test(token.core)) return { say: 'Monday to Friday', count: 1 };
  const days = [from, to].map((side) => ABBREVIATIONS[side.replace('.', '').toLowerCase()]);
  if (days.every((day) => day?.endsWith('day'))) return { say: days.join(' to '), count: 1 };
  if (!isRange && !token.core.includes('–')) return undefined;
  // "$20-30": of both
  const sign = /^[£$€]/.exec(from)?.[0];
  if (sign !== undefined && /^\d/.test(to)) {
    const bare = from.slice(1);
    return {
      say: `${decimal(bare.replaceAll(',', ''))} to ${readAt([tokenOf(`${sign}${to}`)], 0).say}`,
      count: 1,
    };
  }
  const sides = [from, to].map((side) => readAt([tokenOf(side)], 0).say).filter((say) => say !== '');
  // "10–15 min"
  const unit = /^\d+[-–]\d+$/.test(token.core) && token.mark === '' ? unitOf(tokens[at + 1]) : undefined;
  if (unit) return { say: `${sides.join(' to ')} ${unit[1]}`, count: 2 };
  return { say: sides.join(' to '), count: 1 };
};

/** `20kg`, `20 kg`, `-5`, `1,000`. */
const numberWithUnit: Rule = (tokens, at) => {
  const { core, mark } = tokens[at] as Token;
  const match = /^([-−+]?)(\d[\d,]*(?:\.\d+)?)(%|°[CF]?|¢|[a-zµ]+[23]?(?:\/[a-z]+)?)?$/i.exec(core);
  if (!match) return undefined;
  const [, sign = '', digits = '', close] = match;
  const apart = close === undefined && mark === '' ? unitOf(tokens[at + 1]) : undefined;
  const square = close === undefined && mark === '' ? squareUnit(tokens, at + 1) : undefined;
  if (square) return { say: `${measured(digits, numberWords(digits))} ${square}`, count: 3 };
  // A capital is no meter, and no gram: 1.5M, 5G.
  if (close === 'M')
    return { say: `${sign === '' ? '' : 'minus '}${decimal(digits.replaceAll(',', ''))} million`, count: 1 };
  const unit = close === undefined ? apart : close === 'G' ? undefined : UNITS[close.toLowerCase()];
  if (close !== undefined && unit === undefined) return undefined;
  const signed = sign === '' ? '' : sign === '+' ? 'plus ' : 'minus ';
  // A round number is no code.
  const number = /^[1-9]\d{1,2}000$/.test(digits) ? cardinal(Number(digits)) : numberWords(digits);
  const say = [`${signed}${unit ? measured(digits, number) : number}`, unit?.[digits === '1' ? 0 : 1]];
  return { say: say.filter(Boolean).join(' '), count: apart ? 2 : 1 };
};

/** Of something that is counted, 1995 is no year. */
function measured(digits: string, number: string): string {
  return /^\d{4}$/.test(digits) && !digits.startsWith('0') ? cardinal(Number(digits)) : number;
}

/** `sq ft`, `sq. m` */
function squareUnit(tokens: readonly Token[], at: number): string | undefined {
  if (!/^sq$/i.test(tokens[at]?.core ?? '')) return undefined;
  const unit = unitOf(tokens[at + 1]);
  return unit && `square ${unit[1]}`;
}

/** A unit that stands by itself behind a number. */
function unitOf(token: Token | undefined): readonly [string, string] | undefined {
  const core = token?.core ?? '';
  // Units of one letter are lower case, or else they are names: "2 L"; a capital letter begins a word.
  const isUnit = !ONLY_CLOSE.has(core.toLowerCase()) && !/^[A-Z][a-z]/.test(core);
  return isUnit ? UNITS[core.toLowerCase()] : undefined;
}

const ordinalNumber: Rule = (tokens, at) => {
  const match = /^(\d+)(?:st|nd|rd|th)$/i.exec((tokens[at] as Token).core);
  return match ? { say: ordinal(Number(match[1])), count: 1 } : undefined;
};

const abbreviation: Rule = (tokens, at) => {
  const token = tokens[at] as Token;
  const { core, raw } = token;
  const key = core.toLowerCase();
  const next = tokens[at + 1]?.core ?? '';
  const previous = tokens[at - 1]?.core ?? '';
  if (key === 'st' || key === 'dr') {
    // "Dr. Smith", "St. Mary's" before a name; "Mill St." and "Mill Dr." after one.
    const title = /^[A-Z]/.test(next) && !(/^[A-Z]/.test(previous) && at > 0 && raw.includes(','));
    const full = key === 'st' ? (title ? 'saint' : 'street') : title ? 'doctor' : 'drive';
    return { say: full, count: 1 };
  }
  if (key === 'ft' && raw.endsWith('.') && /^[A-Z]/.test(next)) return { say: 'fort', count: 1 };
  if ((key === 'p' || key === 'pp' || key === 'vol') && raw.endsWith('.') && /^\d/.test(next))
    return { say: { p: 'page', pp: 'pages', vol: 'volume' }[key], count: 1 };
  if (key === 'min' && /^Min\.|^min\./.test(raw) && /^\d/.test(next) && !/\d$/.test(previous))
    return { say: 'minimum', count: 1 };
  if (previous === 'per' && SHORT_TIMES[key] !== undefined) return { say: SHORT_TIMES[key], count: 1 };
  if (key === 'no' && raw.endsWith('.') && /^\d/.test(next)) return { say: 'number', count: 1 };
  const full = ABBREVIATIONS[key];
  if (full === undefined) return undefined;
  // Some are words as well ("sat", "sun", "min"): only with a full stop or a capital letter are they short.
  const isName =
    /^[A-Z][a-z]{2}$/.test(core) &&
    (at > 0 || (/^(?:&|and|or|to|-|–)$/.test(next) && isWeekday(tokens[at + 2])));
  if (AMBIGUOUS.has(key) && !raw.includes('.') && !isName) return undefined;
  return { say: full, count: 1 };
};
function isWeekday(token: Token | undefined): boolean {
  return ABBREVIATIONS[token?.core.toLowerCase() ?? '']?.endsWith('day') === true;
}
const AMBIGUOUS = new Set('sat sun wed mon mar dec jan min ext co ave approx inc max rm ref'.split(' '));

const spelled: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const isCode = /^(?=.*\d)(?=.*[A-Z])[A-Z\d-]+$/.test(core);
  if (!isCode && !SPELLED.has(core)) return undefined;
  return { say: spell(core), count: 1 };
};

/** `2.0.1`, `192.168.1.1`. */
const dotted: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  if (!/^v?\d{1,3}(?:\.\d{1,3}){2,4}$/i.test(core)) return undefined;
  const parts = core.replace(/^v/i, '').split('.');
  return { say: parts.map((part) => cardinal(Number(part))).join(' point '), count: 1 };
};

const POWERS: Readonly<Record<string, string>> = { '²': 'squared', '³': 'cubed' };

/** `5²`, `x²`, `10³`. */
const power: Rule = (tokens, at) => {
  const { raw } = tokens[at] as Token;
  const [, base = '', sign = ''] = /^[("“]*(\d+|[a-z]{1,2})([²³])[\p{P}]*$/iu.exec(raw) ?? [];
  const name = POWERS[sign];
  if (name === undefined || UNITS[`${base}${sign === '²' ? 2 : 3}`.toLowerCase()]) return undefined;
  return { say: `${/\d/.test(base) ? cardinal(Number(base)) : spell(base)} ${name}`, count: 1 };
};

const COMPARED: Readonly<Record<string, string>> = {
  ...{ '<': 'less than', '>': 'more than', '~': 'about', '≈': 'about', '≤': 'at most', '≥': 'at least' },
  ...{ '<=': 'at most', '>=': 'at least', '±': 'plus or minus' },
};

/** `<5 min`, `> 3 days`, `~20 km`, `±2`; and `.5`, which has no other beginning. */
const compared: Rule = (tokens, at) => {
  const { raw } = tokens[at] as Token;
  const [, sign = '', rest = ''] = /^["'“(]*([<>]=?|[~≈≤≥±])?([-−]?[$€£]?(?:\d|\.\d).*)?$/.exec(raw) ?? [];
  const words = COMPARED[sign];
  const isBare = /^[-−]?\./.test(rest);
  if (words !== undefined && rest === '')
    return /^[$€£]?\d/.test(tokens[at + 1]?.core ?? '') ? { say: words, count: 1 } : undefined;
  if ((words === undefined && !isBare) || rest === '') return undefined;
  const number = tokenOf(rest.replace(/^([-−]?)\./, '$10.'));
  const { say, count } = readAt([number, ...tokens.slice(at + 1)], 0);
  return { say: words === undefined ? say : `${words} ${say}`, count };
};

/** `5/day`, `$20/night`, `3/kg`. */
const each: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const [, number = '', of = ''] = /^([$€£]?\d[\d,.]*)\/([A-Za-z]+)$/.exec(core) ?? [];
  if (of === '') return undefined;
  const key = of.toLowerCase();
  return {
    say: `${readAt([tokenOf(number)], 0).say} per ${SHORT_TIMES[key] ?? UNITS[key]?.[0] ?? key}`,
    count: 1,
  };
};
const SHORT_TIMES: Readonly<Record<string, string>> = {
  ...{ h: 'hour', hr: 'hour', d: 'day', wk: 'week', mo: 'month', mth: 'month', yr: 'year', pp: 'person' },
};

/** `mid-1980s`, `pre-2000`. */
const around: Rule = (tokens, at) => {
  const [, before = '', rest = ''] =
    /^(mid|early|late|pre|post)[-–](.*\d.*)$/i.exec((tokens[at] as Token).core) ?? [];
  return rest === ''
    ? undefined
    : { say: `${before} ${readAt([tokenOf('the'), tokenOf(rest)], 1).say}`, count: 1 };
};

/** What has a number and no name: `Chapter IV`. Of people, the first of a name: `Henry VIII`. */
const COUNTED =
  /^(?:chapter|part|act|scene|war|type|phase|section|volume|book|level|grade|stage|class|title|article|appendix|annex|figure|table|unit|step|bowl|category|tier|lesson|round|zone|block|wing|building)$/i;

/** `World War II`, `Louis XIV`. */
const roman: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const before = tokens[at - 1]?.core ?? '';
  if (!/^(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})$/.test(core)) return undefined;
  const isCounted = COUNTED.test(before);
  if (!isCounted && (core.length < 2 || !/^[A-Z][a-z]+$/.test(before))) return undefined;
  const values = Array.from(core, (sign) => ({ I: 1, V: 5, X: 10 })[sign] ?? 0);
  const value = values.reduce((sum, one, n) => sum + (one < (values[n + 1] ?? 0) ? -one : one), 0);
  return { say: isCounted ? cardinal(value) : `the ${ordinal(value)}`, count: 1 };
};

/** `5'10"`, `10^6`, `C#`, `#parking`. */
const signed: Rule = (tokens, at) => {
  const { core, raw } = tokens[at] as Token;
  const feet = /^(\d{1,2})['′](\d{1,2})$/.exec(core);
  if (feet && /["″]/.test(raw))
    return { say: `${cardinal(Number(feet[1]))} foot ${cardinal(Number(feet[2]))}`, count: 1 };
  // 5', 12"
  const [, length, unit] = /^(\d{1,3})(['′″]|")[.,;:!?)]*$/.exec(raw) ?? [];
  const isQuoted = tokens.slice(0, at).filter((one) => /^["'“‘(]/.test(one.raw)).length > 0;
  if (length !== undefined && !isQuoted)
    return {
      say: `${cardinal(Number(length))} ${/['′]/.test(unit ?? '') ? (length === '1' ? 'foot' : 'feet') : length === '1' ? 'inch' : 'inches'}`,
      count: 1,
    };
  const isProduct =
    core === 'x' && [tokens[at - 1], tokens[at + 1]].every((one) => /^\d/.test(one?.core ?? ''));
  if (isProduct) return { say: 'times', count: 1 };
  const raised = /^(\d+)\^([-−]?)(\d+)$/.exec(core);
  if (raised) {
    const power = `${raised[2] === '' ? '' : 'minus '}${cardinal(Number(raised[3]))}`;
    return { say: `${cardinal(Number(raised[1]))} to the power of ${power}`, count: 1 };
  }
  const note = /^([A-G])#$/.exec(core)?.[1];
  if (note !== undefined) return { say: `${spell(note)} sharp`, count: 1 };
  const topic = /^#([A-Za-z]\w*)$/.exec(core)?.[1];
  return topic === undefined ? undefined : { say: `hashtag ${plainWords(topic)}`, count: 1 };
};

const RULES: readonly Rule[] = [
  compared,
  each,
  around,
  roman,
  signed,
  dotted,
  power,
  address,
  date,
  slashed,
  years,
  shortNumber,
  duration,
  ratio,
  phoneNumber,
  time,
  money,
  range,
  ordinalNumber,
  numberWithUnit,
  abbreviation,
  spelled,
];

function spell(code: string): string {
  return Array.from(code)
    .map((character) => {
      if (!/[a-z]/i.test(character)) return digitByDigit(character);
      const letter = character.toUpperCase();
      return letter === 'A' ? 'ay' : letter; // flite takes a single A for the article
    })
    .filter(Boolean)
    .join(' ');
}

/** What is left: letters and apostrophes; other signs are named or left out, digits are read. */
function plainWords(core: string): string {
  if (/^[-–—•#]+$/.test(core)) return '';
  return core
    .replaceAll(/[−≈≠≤≥]/g, (sign) => ` ${SYMBOL_WORDS[sign] ?? ''} `)
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replaceAll(/(?<=\d)\.(?=\d)/g, ' point ')
    .replaceAll(/[&+@%‰#§/=°×÷±~]/g, (sign) => ` ${SYMBOL_WORDS[sign] ?? ''} `)
    .replaceAll(/\d+/g, (digits) => ` ${numberWords(digits)} `)
    .replaceAll(/[^A-Za-z' ]+/g, ' ')
    .split(' ')
    .map((word) => word.replaceAll(/^'+|'+$/g, ''))
    .filter((word) => word !== '')
    .map((word) => (/^[b-hj-z]$/i.test(word) ? spell(word) : (MISREAD[word.toLowerCase()] ?? word)))
    .join(' ');
}
