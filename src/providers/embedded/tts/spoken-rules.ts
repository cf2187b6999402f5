import { cardinal, decimal, digitByDigit, numberWords, ordinal, year } from '../number-words.ts';
import { ABBREVIATIONS, MISREAD, SPELLED, SYMBOL_WORDS, UNITS } from './spoken-forms.ts';
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
const CURRENCIES: Readonly<Record<string, readonly [one: string, many: string, cents: string]>> = {
  '£': ['pound', 'pounds', 'pence'],
  $: ['dollar', 'dollars', 'cents'],
  '€': ['euro', 'euros', 'cents'],
  '¥': ['yen', 'yen', ''],
};
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

const phoneNumber: Rule = (tokens, at) => {
  let count = 0;
  let digits = 0;
  for (; at + count < tokens.length; count++) {
    const { core, raw } = tokens[at + count] as Token;
    if (!/^[+(]?\(?\d[\d()/-]*$/.test(core) && !/^\(\d+\)$/.test(raw)) break;
    digits += core.replaceAll(/\D/g, '').length;
    if ((tokens[at + count] as Token).mark !== '' && !raw.endsWith(')')) {
      count++;
      break;
    }
  }
  const first = tokens[at] as Token;
  const looksLike =
    count >= 3 || /^[+(0]/.test(first.raw) || /^\d{3}-/.test(first.core) || (count === 1 && digits >= 7);
  if (digits < 7 || !looksLike) return undefined;
  const groups = tokens
    .slice(at, at + count)
    .flatMap((token) => token.core.split(/[^\d+]+/))
    .filter((group) => group !== '')
    .map((group) => (group.startsWith('+') ? 'plus ' : '') + digitByDigit(group));
  return { say: groups.join(', '), count };
};

const time: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const match = /^(\d{1,2})(?:[:.](\d{2}))?(am|pm|h)?$/i.exec(core);
  if (!match) return undefined;
  const [, hours = '', minutes, suffix] = match;
  const next = suffix ? undefined : tokens[at + 1]?.core.toLowerCase();
  const half = suffix?.toLowerCase() ?? (next === 'am' || next === 'pm' ? next : undefined);
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

const money: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const match = /^([£$€¥])(\d[\d,]*)(?:\.(\d+))?(k|m|bn)?$/i.exec(core);
  if (!match) return undefined;
  const [, symbol = '', whole = '', fraction = '', suffix] = match;
  const [one, many, cents] = CURRENCIES[symbol] as readonly [string, string, string];
  const next = suffix ?? tokens[at + 1]?.core.toLowerCase() ?? '';
  const magnitude = MAGNITUDES[next.toLowerCase()];
  const amount = Number(whole.replaceAll(',', ''));
  const number = decimal(fraction ? `${whole}.${fraction}` : whole);
  if (magnitude !== undefined && (suffix !== undefined || next.length > 2)) {
    return { say: `${number} ${magnitude} ${many}`, count: suffix === undefined ? 2 : 1 };
  }
  if (fraction.length !== 2 || cents === '') {
    return { say: `${number} ${amount === 1 && fraction === '' ? one : many}`, count: 1 };
  }
  const small = Number(fraction);
  const unit = cents === 'cents' && small === 1 ? 'cent' : cents;
  if (amount === 0) return { say: `${cardinal(small)} ${unit}`, count: 1 };
  const big = `${cardinal(amount)} ${amount === 1 ? one : many}`;
  return { say: small === 0 ? big : `${big} ${cardinal(small)}`, count: 1 };
};

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
  if (dayFirst && MONTHS.includes(next.core)) {
    const article = tokens[at - 1]?.core.toLowerCase() === 'the' ? '' : 'the ';
    return { say: `${article}${ordinal(Number(dayFirst[1]))} of ${next.core}`, count: 2 };
  }
  const dayLast = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(next.core);
  if (MONTHS.includes(core) && dayLast) {
    return { say: `${core} ${ordinal(Number(dayLast[1]))}`, count: 2 };
  }
  return undefined;
};

/** `9-5`, `Mon–Fri`, `10:00–17:30`, `£5–£10`: "to" between the two. */
const range: Rule = (tokens, at) => {
  const token = tokens[at] as Token;
  const match = /^([^-–]+)[-–]([^-–]+)$/.exec(token.core);
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  const isRange = /\d/.test(from) && /^[£$€]?\d/.test(to);
  const days = [from, to].map((side) => ABBREVIATIONS[side.toLowerCase()]);
  if (days.every((day) => day?.endsWith('day'))) return { say: days.join(' to '), count: 1 };
  if (!isRange && !token.core.includes('–')) return undefined;
  const sides = [from, to].map((side) => readAt([tokenOf(side)], 0).say);
  return { say: sides.join(' to '), count: 1 };
};

const numberWithUnit: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const match = /^([-−+]?)(\d[\d,]*(?:\.\d+)?)(%|°[CF]?|[a-zµ]+[²³]?)?$/i.exec(core);
  if (!match) return undefined;
  const [, sign = '', digits = '', suffix] = match;
  const unit = suffix === undefined ? '' : UNITS[suffix.toLowerCase()];
  if (unit === undefined) return undefined;
  const signed = sign === '' ? '' : sign === '+' ? 'plus ' : 'minus ';
  const single = digits === '1' ? unit.replace(/s$/, '') : unit;
  return { say: `${signed}${numberWords(digits)}${single && ` ${single}`}`, count: 1 };
};

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
  if (key === 'no' && raw.endsWith('.') && /^\d/.test(next)) return { say: 'number', count: 1 };
  const full = ABBREVIATIONS[key];
  if (full === undefined) return undefined;
  // Some are words as well ("sat", "sun", "min"): only with a full stop or a capital letter are they short.
  const isName = at > 0 && /^[A-Z][a-z]{2}$/.test(core);
  if (AMBIGUOUS.has(key) && !raw.includes('.') && !isName) return undefined;
  return { say: full, count: 1 };
};
const AMBIGUOUS = new Set('sat sun wed mon mar dec jan min ext co ave approx inc'.split(' '));

const spelled: Rule = (tokens, at) => {
  const { core } = tokens[at] as Token;
  const isCode = /^(?=.*\d)(?=.*[A-Z])[A-Z\d-]+$/.test(core);
  if (!isCode && !SPELLED.has(core)) return undefined;
  return { say: spell(core), count: 1 };
};

const RULES: readonly Rule[] = [
  address,
  date,
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
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replaceAll(/[&+@%#/=°]/g, (sign) => ` ${SYMBOL_WORDS[sign] ?? ''} `)
    .replaceAll(/\d+/g, (digits) => ` ${numberWords(digits)} `)
    .replaceAll(/[^A-Za-z' ]+/g, ' ')
    .split(' ')
    .map((word) => word.replaceAll(/^'+|'+$/g, ''))
    .filter((word) => word !== '')
    .map((word) => (/^[b-hj-z]$/i.test(word) ? spell(word) : (MISREAD[word.toLowerCase()] ?? word)))
    .join(' ');
}
