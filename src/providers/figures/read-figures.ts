import type { Figures, Forms, Gender } from './figures.ts';
import { signName } from './signs.ts';

/** A stretch of a text as it was written, and as it is said; the same where nothing is to be read. */
export interface ReadPart {
  readonly written: string;
  readonly said: string;
}

/** A number as it is written. */
interface Written {
  readonly minus: boolean;
  readonly whole: string;
  readonly fraction: string;
  /** Its thousands are parted, or it is short. */
  readonly isQuantity: boolean;
}

const CURRENCIES: Record<string, string> = {
  ...{ '€': 'EUR', $: 'USD', '£': 'GBP', '¥': 'JPY', '￥': 'JPY', R$: 'BRL', US$: 'USD', '₹': 'INR' },
  ...{
    '₩': 'KRW',
    '₽': 'RUB',
    '₺': 'TRY',
    '฿': 'THB',
    '₫': 'VND',
    zł: 'PLN',
    Kč: 'CZK',
    kr: 'SEK',
    'Rs.': 'INR',
  },
  ...{ Rs: 'INR', Fr: 'CHF' },
};
/** The names of money, which get their hundredths when these stand in the number: "49,50 Euro". */
const NAMED: Readonly<Record<string, string>> = {
  EUR: 'Euro Euros euro euros यूरो ユーロ ยูโร 欧元',
  USD: 'Dollar Dollars dollar dollars dólares dólar dollari dollaro dolarów dolary डॉलर ドル ดอลลาร์ 美元',
  GBP: 'Pfund livres libras sterline pond funtów ポンド',
  CHF: 'Franken francs francos franchi',
  PLN: 'złotych złote złoty',
  BRL: 'reais',
  ...{ INR: 'रुपये रुपए रुपया', THB: 'บาท', JPY: '円', CNY: '元 人民币' },
};
for (const [currency, names] of Object.entries(NAMED))
  for (const name of names.split(' ')) CURRENCIES[name] = currency;

const CODES =
  'EUR USD GBP JPY CHF PLN BRL INR THB CNY RMB KRW RUB TRY CZK SEK NOK DKK AUD CAD NZD HKD SGD MXN VND';
const SIGN = [...Object.keys(CURRENCIES), ...CODES.split(' ')]
  .toSorted((one, other) => other.length - one.length)
  .map((sign) => sign.replaceAll(/[$.]/g, String.raw`\$&`))
  .join('|');

/** As they are written → as Intl calls them. */
const UNITS: Readonly<Record<string, string>> = {
  ...{
    '%': 'percent',
    '％': 'percent',
    '㎡': 'm²',
    '°C': 'celsius',
    '℃': 'celsius',
    mq: 'm²',
    '°F': 'fahrenheit',
    '°': 'degree',
    'km/h': 'kilometer-per-hour',
  },
  ...{ kmh: 'kilometer-per-hour', 'm/s': 'meter-per-second', km: 'kilometer', m: 'meter', cm: 'centimeter' },
  ...{ mm: 'millimeter', kg: 'kilogram', g: 'gram', l: 'liter', L: 'liter', ml: 'milliliter', ha: 'hectare' },
  ...{
    h: 'hour',
    Std: 'hour',
    'Std.': 'hour',
    std: 'hour',
    min: 'minute',
    'Min.': 'minute',
    'min.': 'minute',
  },
  ...{ s: 'second', sec: 'second', sek: 'second', 'Sek.': 'second', ms: 'millisecond', 'godz.': 'hour' },
  ...{
    kB: 'kilobyte',
    KB: 'kilobyte',
    MB: 'megabyte',
    GB: 'gigabyte',
    TB: 'terabyte',
    'MBit/s': 'megabit-per-second',
  },
  ...{ 'Mbit/s': 'megabit-per-second', Mbps: 'megabit-per-second', กก: 'kilogram', 'กก.': 'kilogram' },
  ...{ 'กม.': 'kilometer', กม: 'kilometer', 'ชม.': 'hour', 'น.': '', किमी: 'kilometer', किग्रा: 'kilogram' },
};
const OWN_UNITS = ['mg', 'm²', 'm2', 'm³', 'm3', 'km²', 'kW', 'kWh', 't', 'Hz', 'MHz', 'GHz', 'W', 'V'];
const UNIT = [...Object.keys(UNITS), ...OWN_UNITS]
  .filter((unit) => unit !== 'น.')
  .toSorted((one, other) => other.length - one.length)
  .map((unit) => unit.replaceAll(/[./]/g, String.raw`\$&`))
  .join('|');
/** `5 m` may be a unit, but of one letter only where it isn't a word: `5 l`, not `5 s`. */
const ONLY_CLOSE: ReadonlySet<string> = new Set([
  's',
  't',
  'V',
  'W',
  'm',
  'h',
  'l',
  'L',
  'g',
  'ha',
  'kr',
  'Fr',
]);

const DASH = '[-–—−〜～~]';
const PARTS = '½¼¾⅓⅔';
const PART_OF: Readonly<Record<string, string>> = {
  '½': '1/2',
  '¼': '1/4',
  '¾': '3/4',
  '⅓': '1/3',
  '⅔': '2/3',
};
/** What stands between the two ends of a range, each of which is read by itself. */
const BETWEEN = new RegExp(`^${DASH}$`);
/** Words behind which a dot parts hours and minutes: "um 9.30". */
const TIME_FOLLOWS: ReadonlySet<string> = new Set(
  'um gegen ab bis von vor nach alle dalle ore om tot van vanaf rond à las às o od do'.split(' '),
);
/** Behind a number, nothing of it follows. */
const END = String.raw`(?![\d]|[.,:/]\d)`;

type Read = (match: RegExpExecArray, before: string, after: string) => string | undefined;
type Rule = readonly [pattern: string, read: Read, flags?: string];

/** Reads the figures of a language. Pure. */
export class FigureReader {
  readonly #figures: Figures;
  readonly #plural: Intl.PluralRules;
  readonly #months: ReadonlyMap<string, number>;
  readonly #monthNames: readonly string[];
  readonly #rules: readonly (readonly [RegExp, Read])[];
  readonly #start: RegExp;

  constructor(figures: Figures) {
    this.#figures = figures;
    this.#plural = new Intl.PluralRules(figures.code);
    this.#monthNames = monthNames(figures.code, 'long');
    this.#months = new Map(
      [...monthNames(figures.code, 'short'), ...this.#monthNames].flatMap((name, at) => {
        const bare = name.replace(/[.॰]$/, '').toLowerCase();
        // Where months are numbered, they stand in figures.
        return /\d/.test(bare) ? [] : [bare, `${bare}.`].map((one): [string, number] => [one, (at % 12) + 1]);
      }),
    );
    this.#rules = this.#rulesOf();
    const shorts = shortsOf(figures.short).map(([short]) => short.charAt(0));
    const own = (figures.own ?? []).length > 0 ? String.raw`|\p{L}` : '';
    const letters = [...new Set(Array.from(`${SIGN}${shorts.join('')}`.replaceAll(/[^\p{L}]/gu, '')))].join(
      '',
    );
    this.#start = new RegExp(
      String.raw`(?<![\p{L}\p{M}\p{N}]|\d\.)[-−+](?:[$€£¥￥₹₩₽₺฿₫]|\d)|(?<![\p{L}\p{M}\p{N}])(?:[$€£¥￥₹₩₽₺฿₫]|[${letters}第]|n[º°.]${own})|\d|[≥≤<>±≈~§#](?=\s?[$€£]?\d)|[${PARTS}&=×+${figures.begins ?? ''}]|(?<=\d ?)x|(?<=\d)\p{L}`,
      'gu',
    );
  }

  /** The whole text, part by part. */
  read(text: string): ReadPart[] {
    const parts: ReadPart[] = [];
    let plain = 0;
    for (let at = 0; at < text.length;) {
      this.#start.lastIndex = at;
      const start = this.#start.exec(text);
      if (!start) break;
      at = start.index;
      const found = this.#at(text, at);
      if (!found) {
        at += start[0].length;
        continue;
      }
      const between = text.slice(plain, at);
      const isRange =
        /\d/.test(parts.at(-1)?.written ?? '') && BETWEEN.test(between) && /\d/.test(text.charAt(at));
      if (isRange) parts.push({ written: between, said: this.#range('', '') });
      else if (at > plain) parts.push(same(between));
      const written = text.slice(at, at + found.length);
      const said = this.#spaced(found.said, text.charAt(at - 1), text.charAt(at + found.length));
      parts.push({ written, said: /\s$/.test(parts.at(-1)?.said ?? '') ? said.trimStart() : said });
      at += found.length;
      plain = at;
    }
    if (plain < text.length) parts.push(same(text.slice(plain)));
    return parts;
  }

  /** Words need a space between them, where the script has any. */
  #spaced(said: string, before: string, after: string): string {
    if (this.#figures.gap === '') return said;
    const [left, right] = [before, after].map((one) => /[\p{L}\p{N}]/u.test(one));
    return `${left ? ' ' : ''}${said}${right ? ' ' : ''}`;
  }

  #at(text: string, at: number): { readonly said: string; readonly length: number } | undefined {
    // "vom 3.–5. Mai": the word before the range is before both of its ends.
    const left = text.slice(0, at).replace(/\d{1,2}\.?(?:\d{1,2}\.)?\s?[-–—]\s?$/, '');
    const before = /([\p{L}\p{M}.]+)[^\p{L}\p{M}\d]{0,2}$/u.exec(left)?.[1]?.toLowerCase() ?? '';
    for (const [pattern, read] of this.#rules) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (!match) continue;
      const rest = text.slice(at + match[0].length);
      const after = /^\s*([\p{L}\p{M}]+)/u.exec(rest)?.[1] ?? '';
      const said = read(match, before, after);
      if (said !== undefined) return { said, length: match[0].length };
    }
    return undefined;
  }

  #rulesOf(): (readonly [RegExp, Read])[] {
    const { clock, own = [] } = this.#figures;
    const patterns = patternsOf(this.#figures, this.#months);
    const rules: Rule[] = [
      ...own.map(([pattern, read]): Rule => [pattern.source, read]),
      ...this.#weekdays(),
      ...this.#dates(patterns),
      // 14:30, 14h30, 14.30 Uhr, 8–17 Uhr
      ...this.#times(clock),
      ...this.#amounts(patterns),
      ...this.#parts(),
      ...this.#numbers(patterns),
      ...this.#shortForms(),
    ];
    return rules.map(([pattern, read, flags = '']) => [new RegExp(pattern, `yu${flags}`), read]);
  }

  #dates({ month }: Patterns): Rule[] {
    const of = String.raw`(?:\s+de)?\s+`;
    return [
      // 2025-05-03
      [String.raw`(\d{4})-(\d{2})-(\d{2})(?!\d)`, ([, y, m, d], before) => this.#date(d, m, y, before)],
      // 2025年5月3日, 2025/5/3
      [String.raw`(\d{4})年(\d{1,2})月(\d{1,2})[日号]`, ([, y, m, d], before) => this.#date(d, m, y, before)],
      [String.raw`(\d{1,2})月(\d{1,2})[日号]`, ([, m, d], before) => this.#date(d, m, undefined, before)],
      [String.raw`(\d{4})年`, ([, y = '']) => `${this.#year(y)}年`],
      [
        String.raw`(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?!\d)`,
        ([, y, m, d], before) => this.#date(d, m, y, before),
      ],
      // 03.05.2025, 3/5/25
      [
        String.raw`(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\d]|[./-]\d)(?:\s?(?:r\.|roku)(?!\p{L}))?`,
        ([, d, , m, y = ''], before) => this.#date(d, m, y.length === 2 ? `20${y}` : y, before),
      ],
      // 3. Mai 2025, 1er mai, 3 de mayo de 2025
      [
        String.raw`(\d{1,2})(?:(?:\.|er|º|°|ª|ste|de|e)?${of}|\.)(${month})(?![\p{L}])(?:(?:\s+de)?\s+(\d{4})(?!\d)(?:\s?(?:r\.|roku)(?!\p{L}))?)?`,
        ([, d, name = '', y], before) =>
          this.#date(d, String(this.#months.get(name.toLowerCase()) ?? 0), y, before),
        'i',
      ],
      // 05/2025
      [
        String.raw`(0?[1-9]|1[0-2])([/.-])((?:19|20)\d{2})(?![\d/.-]\d|\d)`,
        ([, m = '', mark, y = '']) => (mark !== '/' && m.length < 2 ? undefined : this.#month(Number(m), y)),
      ],
      [
        String.raw`((?:19|20)\d{2})/(0[1-9]|1[0-2])(?![\d/])`,
        ([, y = '', m]) => (this.#figures.gap === '' ? this.#month(Number(m), y) : undefined),
      ],
      ...(this.#figures.decimalMark === ','
        ? ([
            // am 3.5.
            [
              String.raw`(\d{1,2})\.(\d{1,2})\.(?![\d])`,
              ([, d, m], before) => this.#date(d, m, undefined, before),
            ],
          ] as Rule[])
        : []),
    ];
  }

  #amounts({ n, signed, scale }: Patterns): Rule[] {
    const { ordinals } = this.#figures;
    return [
      // 2.1.3, v2.1
      [
        String.raw`(?!\d{1,3}(?:\.\d{3})+(?!\d))[vV]?\d+(?:\.\d+){2,}(?![\d])`,
        ([whole]) => this.#dotted(whole.replace(/^v/i, '')),
      ],
      // € 50, R$50–60
      [
        String.raw`([-−]?)(${SIGN})\s?(${n})(?:\s?${DASH}\s?(?:${SIGN})?\s?(${n}))?(?:,[-–]+)?(?:\s?(${scale})(?![\p{L}]))?${END}`,
        ([whole, minus = '', sign = '', from = '', to, size]) =>
          // "Fr 9–17 Uhr" is a Friday, "Fr. 20.–" are francs.
          /^Fr /.test(whole) ? undefined : this.#money(`${minus}${from}`, to, size, sign),
      ],
      // 12€50
      [
        String.raw`(\d+)([€$£])(\d{2})(?![\d.,:/])`,
        ([, whole = '', sign = '', cents = '']) =>
          this.#money(`${whole}${this.#figures.decimalMark}${cents}`, undefined, undefined, sign),
      ],
      // 50 €, 50,- €, 50–60 EUR, 2,5 Mio. €
      [
        String.raw`(${signed})(?:,[-–]+)?(?:\s?${DASH}\s?(${n}))?(?:\s?(${scale}))?\s?(${SIGN})(?![\p{L}\d])`,
        ([whole, from = '', to, size, sign = '']) =>
          ONLY_CLOSE.has(sign) && !/^(?:kr)$/.test(sign) && / /.test(whole)
            ? undefined
            : this.#money(from, to, size, sign),
      ],
      // 20 kg, 5–10 %, -5 °C
      [
        String.raw`(${signed})(?:\s?${DASH}\s?(${n}))?(\s?)(${UNIT})(?:(?<=[%％])(?=\p{Lu})|(?![\p{L}\p{M}\d]))`,
        ([, from = '', to, blank = '', unit = ''], _before, after) => {
          const isOrdinal = unit === '°' && ordinals !== undefined && after !== '';
          const isWord = blank !== '' && /^[tVWs]$/.test(unit);
          return isOrdinal || isWord ? undefined : this.#unit(from, to, unit);
        },
      ],
      // 50 ct
      [
        String.raw`(\d+)\s?(cts?|¢|gr)\.?(?![\p{L}\p{M}\d])`,
        ([, number = '', sign = '']) => this.#cents(number, sign),
      ],
      // 2,5 Mio.
      [
        String.raw`(${signed})\s?(${scale})(?![\p{L}])`,
        ([, from = '', size = '']) => {
          const words = this.#number(from, this.#figures.magnitudeGender);
          return `${words}${this.#figures.gap}${this.#figures.magnitudes[size]?.(this.#valueOf(from)) ?? size}`;
        },
      ],
    ];
  }

  #parts(): Rule[] {
    const { ordinals } = this.#figures;
    return [
      // 1/2, 2½, 2 1/2
      [
        String.raw`(?:(\d+)(?:\s(?=\d/)|\s?(?=[${PARTS}])))?(1/2|[12]/3|[13]/4|[${PARTS}])(?![\d/])(?:\s?(${UNIT})(?![\p{L}\p{M}\d]))?`,
        ([whole, over, part = '', unit], before, after) => {
          const name = unit === undefined ? undefined : this.#unitName(unit, over === undefined ? '1' : '2');
          if (unit !== undefined && name === undefined) return undefined;
          const said = this.#part(whole, over, part, before, name ?? after);
          return said === undefined || name === undefined ? said : `${said}${this.#figures.gap}${name}`;
        },
      ],
      // 3/5: a day
      [
        String.raw`(\d{1,2})/(\d{1,2})(?![\d/])`,
        ([whole, d, m], before) =>
          (whole === '24/7' || this.#figures.slashedDays === false
            ? undefined
            : this.#date(d, m, undefined, before)) ??
          [d, m].map((one = '') => this.#number(one, undefined)).join(this.#figures.gap || '、'),
      ],
      // 3., 2e, 1º, 第3
      ...(ordinals
        ? ([
            [
              ordinals.source,
              ([, digits = '', mark = ''], before, after) =>
                this.#figures.ordinal?.(BigInt(digits), mark, before, after),
            ],
          ] as Rule[])
        : []),
    ];
  }

  #numbers({ n, signed }: Patterns): Rule[] {
    return [
      // 2024–2025, 2024/25, 8–12
      [
        String.raw`(\d{4})(?:\s?${DASH}\s?|/)(\d{4}|\d{2})${END}`,
        ([, from = '', to = '']) =>
          this.#range(this.#year(from), to.length === 4 ? this.#year(to) : this.#number(to, undefined)),
      ],
      // 10 - 3: no range goes down, and has spaces
      [
        String.raw`(${n}) [-−–] (${n})${END}(?! ?${DASH})`,
        ([, from = '', to = '']) =>
          this.#valueOf(from) > this.#valueOf(to)
            ? `${this.#number(from, undefined)} ${this.#figures.words.minus} ${this.#number(to, undefined)}`
            : undefined,
      ],
      // An address, a score: 1-2-3
      [
        String.raw`\d{1,4}(?:-\d{1,4}){2,}(?![\d-])`,
        ([whole]) =>
          whole
            .split('-')
            .map((one) => this.#number(one, undefined))
            .join(this.#figures.dashed ?? (this.#figures.gap || '、')),
      ],
      [
        String.raw`(${n})\s?${DASH}\s?(${n})${END}(?!${DASH}\d)`,
        ([, from = '', to = ''], _before, after) => {
          const [one, other] = [from, to].map((end) =>
            /^[1-9]\d{0,2}$/.test(end) ? BigInt(end) : undefined,
          );
          if (this.#figures.range && one !== undefined && other !== undefined && one < other)
            return this.#figures.range(one, other, after);
          const noun = from === '1' ? this.#figures.nounOf?.(after) : undefined;
          return this.#range(this.#number(from, noun), this.#number(to, undefined));
        },
      ],
      [String.raw`(${signed})`, ([, digits = ''], _before, after) => this.#plain(digits, after)],
    ];
  }

  /** "Dr.", "z. B.", "&": no figures, but read with them. */
  #shortForms(): Rule[] {
    return [
      [String.raw`([≥≤<>±≈~§#])\s?(?=[$€£]?\d)`, ([, sign = '']) => signName(this.#figures.code, sign)],
      ...shortsOf(this.#figures.short)
        .toSorted(([one], [other]) => other.length - one.length)
        .map(([key, full]): Rule => [
          String.raw`${key
            .replaceAll(/[.\\^$*+?()[\]{}|/]/g, String.raw`\$&`)
            .replaceAll(/\s+/g, String.raw`\s?`)}(?![\p{L}\p{M}])`,
          (match, _before, after) => this.#short(match, full, after),
        ]),
      [
        String.raw`[&=×]|(?<=\d ?)\+(?= ?\d)|(?<=\d)\+(?!\S)|(?<=\d ?)x(?= ?\d)`,
        ([sign]) => this.#sign(sign),
      ],
    ];
  }

  /** Mo–Fr, lun.-ven. */
  #weekdays(): Rule[] {
    const { code, gap } = this.#figures;
    const [short, long] = (['short', 'long'] as const).map((length) => weekdayNames(code, length));
    if (gap === '' || code === 'pl') return [];
    const names = new Map(
      (short ?? []).map((name, at) => [name.replace(/\.$/, '').toLowerCase(), long?.[at] ?? name]),
    );
    const day = `(${anyOf([...names.keys()])})\\.?`;
    return [
      [
        String.raw`${day}(\s?${DASH}\s?| t/m | bis | au | al? | a | tot | à )${day}(?![\p{L}\p{M}])`,
        ([, from = '', joint = '', to = '']) => {
          const [first, last] = [from, to].map((name) => names.get(name.toLowerCase()));
          if (first === undefined || last === undefined || first === last) return undefined;
          if (/^\s?\p{Pd}/u.test(joint)) return this.#range(first, last);
          return `${first}${joint.replace('t/m', 'tot en met')}${last}`;
        },
        'i',
      ],
    ];
  }

  #times(clock: RegExp | undefined): Rule[] {
    const said = clock?.source ?? '(?!)';
    const hm = String.raw`([01]?\d|2[0-4])`;
    const of = (h = '0', m = '0', before: string, isSaid: boolean): string =>
      this.#figures.time({ hour: Number(h), minute: Number(m), said: isSaid }, before);
    return [
      [
        String.raw`${hm}(?:[:.h]([0-5]\d))?\s?(?:${said})?\s?${DASH}\s?${hm}(?:[:.h]([0-5]\d))?\s?(?:${said})(?![\p{L}\d])`,
        ([, h = '0', m, h2, m2], before) => {
          const isShort = m === undefined && SHORT_HOURS.has(this.#figures.code);
          const first = isShort ? this.#figures.cardinal(BigInt(h), 'f') : of(h, m, before, true);
          return this.#range(first, of(h2, m2, before, true));
        },
      ],
      [
        String.raw`${hm}[:：h]([0-5]\d)\s?${DASH}\s?${hm}[:：h]([0-5]\d)(?![:\d])`,
        ([, h, m, h2, m2], before) => this.#range(of(h, m, before, false), of(h2, m2, before, false)),
      ],
      [
        String.raw`${hm}(?:[:.h]([0-5]\d))(?::[0-5]\d)?\s?(?:${said})(?![\p{L}\d])`,
        ([, h, m], before) => of(h, m, before, true),
      ],
      [String.raw`${hm}\s?(?:${said})(?![\p{L}\d])`, ([, h], before) => of(h, '0', before, true)],
      [
        String.raw`${hm}[:：hu]([0-5]\d)(?::[0-5]\d)?(?:\s?h(?!\p{L}))?(?![:\d])`,
        ([, h, m], before) => of(h, m, before, false),
      ],
      // um 9.30
      [
        String.raw`${hm}\.([0-5]\d)(?![.,]?\d|\s?(?:%|${SIGN}|${UNIT})(?!\p{L}))`,
        ([, h, m], before) => (TIME_FOLLOWS.has(before) ? of(h, m, before, false) : undefined),
      ],
      // 16:9
      [
        String.raw`(\d{1,3}):(\d{1,3})(?![:\d])`,
        ([, one = '', other = '']) =>
          [one, this.#figures.words.ratio, other]
            .filter((part) => part !== undefined)
            .map((part) => (/\d/.test(part) ? this.#number(part, undefined) : part))
            .join(this.#figures.gap || '、'),
      ],
    ];
  }

  #date(day = '', month = '', year: string | undefined, before: string): string | undefined {
    let [d, m] = [Number(day), Number(month)];
    if (m > 12 && d <= 12) [d, m] = [m, d];
    const name = this.#monthNames[m - 1];
    if (name === undefined || d < 1 || d > 31) return undefined;
    return this.#figures.date(
      { day: d, month: m, name, ...(year !== undefined && { year: BigInt(year) }) },
      before,
    );
  }

  /** By itself, as Intl has it. */
  #month(month: number, year: string): string {
    const { code, gap } = this.#figures;
    const names = new Intl.DateTimeFormat(code, { month: 'long', year: 'numeric', timeZone: 'UTC' });
    const parts = names.formatToParts(Date.UTC(2024, month - 1, 15));
    return parts
      .map(({ type, value }) =>
        type === 'year'
          ? this.#year(year)
          : type === 'literal' && value.trim() === ''
            ? gap
            : value.replace(/\d+/, (digits) => this.#figures.cardinal(BigInt(digits))),
      )
      .join('');
  }

  #year(digits: string): string {
    const value = BigInt(digits);
    return this.#figures.year?.(value) ?? this.#figures.cardinal(value);
  }

  #dotted(text: string): string {
    const { gap, words } = this.#figures;
    return text
      .split('.')
      .map((digits) => this.#figures.cardinal(BigInt(digits)))
      .join(`${gap}${words.dot}${gap}`);
  }

  #range(from: string, to: string): string {
    const { gap, words } = this.#figures;
    return `${from}${gap}${words.to}${gap}${to}`;
  }

  #money(from: string, to: string | undefined, size: string | undefined, sign: string): string {
    const { money, gap, magnitudes, feminine, neuter, words } = this.#figures;
    const currency = CURRENCIES[sign] ?? sign;
    // "$1,500": nobody writes three decimals of money.
    const inThousands = (text: string): string =>
      /^[-−]?\d{1,3}(?:,\d{3})+$/.test(text) ? text.replaceAll(',', '') : text;
    [from, to] = [inThousands(from), to && inThousands(to)];
    const noun: Gender = feminine.has(currency) ? 'f' : neuter?.has(currency) === true ? 'n' : 'm';
    const last = to ?? from;
    const { minus, whole, fraction } = this.#parse(last);
    const name = (text: string): string => {
      const own = money.names[currency];
      return own ? this.#form(own, text) : this.#intlName(text, { style: 'currency', currency });
    };
    const begin = to === undefined ? '' : `${this.#number(from, undefined)}${gap}${words.to}${gap}`;
    if (size !== undefined) {
      const scale = magnitudes[size]?.(this.#valueOf(last)) ?? size;
      const of =
        this.#figures.code === 'fr' || ['es', 'it', 'pt'].includes(this.#figures.code) ? 'million' : '';
      const joint =
        of !== '' && !/^(?:mil|mille|mila)$/.test(scale)
          ? joinOf(this.#figures.code, name('1000000'))
          : name('1000000');
      return `${begin}${this.#number(last, this.#figures.magnitudeGender)}${gap}${scale}${gap}${joint}`;
    }
    const cents = money.cents[currency];
    if (fraction.length !== 2 || !cents || money.asDecimals === true) {
      const digits = money.asDecimals === true && fraction !== '' ? last.replace(/\.?0+$/, '') : last;
      return `${begin}${this.#number(digits, noun)}${gap}${name(last)}`;
    }
    const before = minus ? `${words.minus}${gap}` : '';
    const small = this.#figures.cardinal(BigInt(fraction), feminine.has(`${currency} cents`) ? 'f' : 'm');
    const named = `${small}${gap}${this.#form(cents, String(Number(fraction)))}`;
    if (Number(whole) === 0 && Number(fraction) > 0) return `${begin}${before}${named}`;
    const sum = `${begin}${before}${this.#figures.cardinal(BigInt(whole), noun)}${gap}${name(whole)}`;
    if (Number(fraction) === 0) return sum;
    const and = money.and === '' ? '' : `${money.and}${gap}`;
    return `${sum}${gap}${and}${money.saysCents ? named : this.#figures.cardinal(BigInt(fraction))}`;
  }

  #cents(number: string, sign: string): string | undefined {
    const { money, gap, feminine } = this.#figures;
    const currency = sign === '¢' ? 'USD' : sign === 'gr' ? 'PLN' : 'EUR';
    const cents = money.cents[currency];
    // In most languages it is a gram.
    if (!cents || (sign === 'gr' && this.#figures.code !== 'pl')) return undefined;
    const noun = feminine.has(`${currency} cents`) ? 'f' : 'm';
    return `${this.#figures.cardinal(BigInt(number), noun)}${gap}${this.#form(cents, number)}`;
  }

  #unit(from: string, to: string | undefined, written: string): string | undefined {
    const { gap, words, feminine, neuter, units } = this.#figures;
    const begin = to === undefined ? '' : `${this.#number(from, undefined)}${gap}${words.to}${gap}`;
    const last = to ?? from;
    const unit = UNITS[written] ?? written;
    const noun: Gender = feminine.has(unit) ? 'f' : neuter?.has(unit) === true ? 'n' : 'm';
    const number = this.#number(last, noun);
    const own = units?.[unit];
    if (own) return `${begin}${number}${gap}${this.#form(own, last)}`;
    if (!(written in UNITS)) return undefined;
    return `${begin}${this.#withUnit(number, last, unit)}`;
  }

  /** "Liter", behind a part of one. */
  #unitName(written: string, digits: string): string | undefined {
    const unit = UNITS[written] ?? written;
    const own = this.#figures.units?.[unit];
    if (own) return this.#form(own, digits);
    if (!(written in UNITS)) return undefined;
    const parts = new Intl.NumberFormat(this.#figures.code, {
      style: 'unit',
      unit,
      unitDisplay: 'long',
    }).formatToParts(Number(digits));
    return parts.find(({ type }) => type === 'unit')?.value.trim();
  }

  /** As Intl would write it, with words in the number's place: "摂氏5度" has the unit on both sides. */
  #withUnit(number: string, digits: string, unit: string): string {
    const { code, gap } = this.#figures;
    if (unit === 'percent' && code === 'zh') return `百分之${number}`;
    const parts = new Intl.NumberFormat(code, {
      style: 'unit',
      unit,
      unitDisplay: 'long',
      minimumFractionDigits: this.#parse(digits).fraction.length > 0 ? 1 : 0,
    }).formatToParts(this.#valueOf(digits));
    let isNumber = false;
    const said = parts.map(({ type, value }) => {
      if (type === 'unit') return value;
      if (type === 'literal') return value.replaceAll(/\s+/g, gap);
      if (isNumber) return '';
      isNumber = true;
      return number;
    });
    return said
      .join('')
      .trim()
      .replace(/^una (?=[aeo])/, code === 'it' ? 'un’' : 'una ');
  }

  #intlName(digits: string, of: { readonly style: 'currency'; readonly currency: string }): string {
    const parts = new Intl.NumberFormat(this.#figures.code, {
      ...of,
      currencyDisplay: 'name',
    }).formatToParts(this.#valueOf(digits));
    return parts.find(({ type }) => type === 'currency')?.value ?? of.currency;
  }

  #form(named: Forms, digits: string): string {
    return named[this.#plural.select(Math.abs(this.#valueOf(digits)))] ?? named.other;
  }

  #part(
    whole: string,
    over: string | undefined,
    part: string,
    before: string,
    after: string,
  ): string | undefined {
    const { parts, gap, words } = this.#figures;
    const name = PART_OF[part] ?? part;
    const half =
      name === '1/2' ? this.#figures.half?.(over === undefined ? undefined : BigInt(over), after) : undefined;
    const said = half ?? parts[name];
    // "le 1/2": a day.
    if (said === undefined || (over === undefined && DAY_FOLLOWS.has(before) && whole.includes('/')))
      return undefined;
    return over === undefined || half !== undefined
      ? said
      : `${this.#number(over, undefined)}${gap}${words.and}${gap}${said}`;
  }

  #plain(written: string, after: string): string | undefined {
    const { gap, words } = this.#figures;
    const { minus, whole, fraction, isQuantity } = this.#parse(written);
    const sign = minus ? `${words.minus}${gap}` : written.startsWith('+') ? `${words.plus}${gap}` : '';
    if (/^\d{4}$/.test(written) && this.#figures.year && Number(whole) >= 1100 && Number(whole) < 2100)
      return this.#year(whole);
    const isCode =
      fraction === '' && !isQuantity && (/^0\d/.test(whole) || (whole.length >= 5 && !/00$/.test(whole)));
    if (isCode) return `${sign}${this.#oneByOne(whole)}`;
    return this.#number(written, fraction === '' ? this.#figures.nounOf?.(after) : undefined);
  }

  #oneByOne(digits: string): string {
    return Array.from(digits, (digit) => this.#figures.cardinal(BigInt(digit))).join(this.#figures.gap);
  }

  #number(written: string, noun: Gender | undefined): string {
    const { gap, words, decimalsAsNumber } = this.#figures;
    const { minus, whole, fraction } = this.#parse(written);
    const sign = minus ? `${words.minus}${gap}` : written.startsWith('+') ? `${words.plus}${gap}` : '';
    if (fraction === '') return `${sign}${this.#figures.cardinal(BigInt(whole || '0'), noun)}`;
    const isShort = decimalsAsNumber === true && fraction.length <= 2 && !fraction.startsWith('0');
    const decimals = isShort ? this.#figures.cardinal(BigInt(fraction)) : this.#oneByOne(fraction);
    return `${sign}${this.#figures.cardinal(BigInt(whole || '0'))}${gap}${words.point}${gap}${decimals}`;
  }

  #valueOf(written: string): number {
    const { minus, whole, fraction } = this.#parse(written);
    return (minus ? -1 : 1) * Number(`${whole || '0'}.${fraction || '0'}`);
  }

  #parse(written: string): Written {
    const { decimalMark } = this.#figures;
    const minus = /^[-−]/.test(written);
    const bare = written.replace(/^[-−+]/, '').replaceAll(/[\s\u00A0\u202F’']/g, '');
    // A dot is a decimal mark in figures of Englishmen, too: "49.99 €"; "1.234" is a thousand.
    const isEnglish = decimalMark === ',' && /^\d+\.\d{1,2}$|^\d{1,3}(?:,\d{3})+\.\d{1,2}$/.test(bare);
    const mark = isEnglish ? '.' : decimalMark;
    const [whole = '', fraction = ''] = bare.replaceAll(mark === ',' ? '.' : ',', '').split(mark);
    return { minus, whole, fraction, isQuantity: /[.,\s\u00A0\u202F’']/.test(written) };
  }

  #short([written]: RegExpExecArray, full: string, after: string): string {
    // Its dot may be the sentence's, too.
    const isEnd = written.endsWith('.') && after === '' && /\b(?:etc|usw|itd|itp|ecc|enz)\.$/.test(written);
    return `${full}${isEnd ? '.' : ''}`;
  }

  #sign(sign: string): string {
    const { words } = this.#figures;
    return { '&': words.and, '=': words.equals, '+': words.plus }[sign] ?? words.times;
  }
}

/** Shortenings, and how they stand at the beginning of a sentence; of one letter, a capital is a name. */
function shortsOf(short: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(short).flatMap(([key, full]): [string, string][] => {
    const capital = `${key.charAt(0).toUpperCase()}${key.slice(1)}`;
    return /^\p{Ll}\.$/u.test(key) || capital in short
      ? [[key, full]]
      : [
          [key, full],
          [capital, full],
        ];
  });
}

const FROM_TO =
  /(?<![\p{L}\d.,:/+-])(\d{1,2}[:.h]\d{2}|\d{1,4})(\s?[-–—]\s?)(?=(\d{1,2}[:.h]\d{2}|\d{1,4})(?![\d/-]|[.,:]\d))/gu;

/** Between two numbers that rise, or two times of the day, `to` in the dash's place: `9-17`, `2024–2025`, `22:00-6:00`. */
export function rangesRead(text: string, to: string): ReadPart[] {
  const parts: ReadPart[] = [];
  let at = 0;
  for (const { 1: first = '', 2: dash = '', 3: last = '', index } of text.matchAll(FROM_TO)) {
    const areTimes = /\D/.test(first) && /\D/.test(last);
    if (!areTimes && Number(first) >= Number(last)) continue;
    const from = index + first.length;
    parts.push(same(text.slice(at, from)), { written: dash, said: to });
    at = from + dash.length;
  }
  return at < text.length ? [...parts, same(text.slice(at))] : parts;
}

/** "neun bis siebzehn Uhr": the first of two hours is said without its word. */
const SHORT_HOURS: ReadonlySet<string> = new Set(['de', 'nl', 'es', 'pt']);

/** Words behind which 1/2 is a day. */
const DAY_FOLLOWS: ReadonlySet<string> = new Set(
  'am vom bis le du au el del al il dal em dia no op vanaf od do dnia'.split(' '),
);

/** "deux millions *d'*euros", "dos millones *de* euros". */
function joinOf(code: string, name: string): string {
  const elided = code === 'fr' && /^[aeiouéh]/i.test(name);
  return elided ? `d’${name}` : `${code === 'it' ? 'di' : 'de'} ${name}`;
}

function same(text: string): ReadPart {
  return { written: text, said: text };
}

function monthNames(code: string, month: 'long' | 'short'): string[] {
  const names = new Intl.DateTimeFormat(code, { day: 'numeric', month, timeZone: 'UTC' });
  return Array.from(
    { length: 12 },
    (_, at) => names.formatToParts(at * 2_650_000_000).find(({ type }) => type === 'month')?.value ?? '',
  );
}

/** From Monday on, as Intl calls them. */
function weekdayNames(code: string, weekday: 'long' | 'short'): string[] {
  const names = new Intl.DateTimeFormat(code, { weekday, timeZone: 'UTC' });
  const monday = Date.UTC(2024, 0, 1);
  return Array.from({ length: 7 }, (_, at) => names.format(monday + at * 86_400_000));
}

/** Parts of regular expressions, as the language writes them. */
interface Patterns {
  /** A number, with its thousands and decimals; `signed`: with a sign before it. */
  readonly n: string;
  readonly signed: string;
  /** "Mio.", "billion". */
  readonly scale: string;
  readonly month: string;
}

function patternsOf({ decimalMark, magnitudes }: Figures, months: ReadonlyMap<string, number>): Patterns {
  const thousands = decimalMark === ',' ? String.raw`[.\u00A0\u202F’']` : String.raw`[,\u00A0\u202F]`;
  const space = decimalMark === ',' ? '|[ ]' : '';
  const decimals = String.raw`(?:[${decimalMark}]\d+|${decimalMark === ',' ? String.raw`\.\d{1,2}(?![\d.])` : '(?!)'})`;
  // "$1,500.00" wherever it stands: models write figures as Englishmen do.
  const english = decimalMark === ',' ? String.raw`[1-9]\d{0,2}(?:,\d{3})+\.\d{1,2}(?!\d)|` : '';
  const n = String.raw`(?:${english}[1-9]\d{0,2}(?:(?:${thousands}${space})\d{3})+(?!\d)(?:${decimals})?|[1-9]\d?(?:,\d{2})+,\d{3}(?!\d)|\d+(?:${decimals})?)`;
  return {
    n,
    signed: String.raw`[-−+]?${n}`,
    scale: anyOf(Object.keys(magnitudes)),
    month: anyOf([...months.keys()]),
  };
}

/** The longest that fits; nothing fits where there are none. */
function anyOf(words: readonly string[]): string {
  const longestFirst = words.toSorted((one, other) => other.length - one.length);
  return longestFirst.map((word) => word.replaceAll('.', String.raw`\.`)).join('|') || '(?!)';
}
