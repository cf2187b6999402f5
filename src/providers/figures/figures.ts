/** How a language says what is written in figures. Names of units, months and money are Intl's, which knows their plurals. */
export interface Figures {
  /** ISO 639-1; Intl's locale. */
  readonly code: string;
  /** A whole number that isn't negative, before a noun of that gender if one follows. */
  cardinal(n: bigint, noun?: Gender): string;
  /** The mark before decimals; the other one parts thousands. */
  readonly decimalMark: ',' | '.';
  /** Decimals are read as a number ("virgule quatorze") where they are two figures at most; else one by one. */
  readonly decimalsAsNumber?: boolean;
  /** Between words; none where a script has no spaces. */
  readonly gap: ' ' | '';
  readonly words: {
    readonly point: string;
    readonly minus: string;
    readonly plus: string;
    /** "five *to* ten". */
    readonly to: string;
    /** In versions: "two *point* one". */
    readonly dot: string;
    readonly and: string;
    readonly equals: string;
    readonly times: string;
    /** "two *to* one", of 2:1; default: nothing. */
    readonly ratio?: string;
  };
  /** Thousands and more behind a number, as they are shortened and written out: `Mio.`, `million`. */
  readonly magnitudes: Readonly<Record<string, (n: number) => string>>;
  /** The gender of a noun that is counted, as far as it matters and its ending tells it; undefined: it is none. */
  nounOf?(word: string): Gender | undefined;
  /** The gender of "million" and what is above it, where one of them has a word of its own: "eine Million". */
  readonly magnitudeGender?: Gender;
  /** "3/5" is a day. */
  readonly slashedDays?: boolean;
  /** Numbers that are parted by dashes, of an address: "1-2-3"; default: a gap. */
  readonly dashed?: string;
  /** From one number to another, where it isn't just `to` between them. */
  range?(from: bigint, to: bigint, after: string): string;
  /** Units and currencies, as Intl calls them, that aren't masculine. */
  readonly feminine: ReadonlySet<string>;
  readonly neuter?: ReadonlySet<string>;
  readonly money: {
    /** Sign or code → its name, by the plural category; of what isn't here, Intl's. */
    readonly names: Readonly<Record<string, Forms>>;
    /** Hundredths by the currency: their name, by the plural category. */
    readonly cents: Readonly<Record<string, Forms>>;
    /** "nine euros *and* fifty". */
    readonly and: string;
    /** "nine euros fifty *cents*"; else "nine euros fifty". */
    readonly saysCents: boolean;
    /** "nine point five yuan": hundredths are decimals. */
    readonly asDecimals?: boolean;
  };
  /** Units that Intl doesn't know, by the plural category. */
  readonly units?: Readonly<Record<string, Forms>>;
  /** 1/2, 1/3, 2/3, 1/4, 3/4. */
  readonly parts: Readonly<Record<string, string>>;
  /** A half before `after`, and a whole number before it perhaps; where it is more than the word of `parts`. */
  half?(whole: bigint | undefined, after: string): string;
  /** A day, and a year perhaps; `before`: the word before it. */
  date(day: Day, before: string): string;
  /** `written`: what stood behind the figures that says so ("Uhr", "h", "godz."); undefined: nothing. */
  time(time: TimeOfDay, before: string): string;
  /** Words behind a time that belong to it. */
  readonly clock?: RegExp;
  /** A number that orders, as `ordinals` finds it; `before` and `after` are the words around it. */
  readonly ordinals?: RegExp;
  ordinal?(n: bigint, mark: string, before: string, after: string): string | undefined;
  /** 1100–2099 by itself. */
  year?(n: bigint): string;
  /** Shortenings and what they stand for, with their dots. */
  readonly short: Readonly<Record<string, string>>;
  /** Signs with which what `own` reads begins, beside letters and figures; as in a class of a regular expression. */
  readonly begins?: string;
  /** What is to be read with others before the rules ("2025 r."); undefined: by the rules. */
  readonly own?: readonly (readonly [
    pattern: RegExp,
    read: (match: RegExpExecArray, before: string, after: string) => string | undefined,
  ])[];
}

export type Gender = 'm' | 'f' | 'n';

/** Names by the plural category of Intl.PluralRules; `other` stands for those that aren't there. */
export type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string }>;

export interface Day {
  readonly day: number;
  /** 1 … 12. */
  readonly month: number;
  /** As Intl calls it within a date. */
  readonly name: string;
  readonly year?: bigint;
}

export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
  /** Behind the figures stands what says that it is a time. */
  readonly said: boolean;
}

/** "Stunde|Stunden" (one|other), or of four: one|few|many|other. */
export function forms(text: string): Forms {
  const [one = '', ...more] = text.split('|');
  if (more.length === 0) return { other: one };
  if (more.length === 1) return { one, other: more[0] ?? '' };
  const [few = '', many = '', other = many] = more;
  return { one, few, many, other };
}

/** Entries as "€: Euro; $: Dollar|Dollars". */
export function table<T = string>(
  text: string,
  read: (value: string) => T = (value) => value as T,
): Record<string, T> {
  const entries = text.split(';').map((entry) => entry.split('='));
  return Object.fromEntries(
    entries.flatMap(([key = '', value = '']) =>
      key.trim() === '' ? [] : [[key.trim(), read(value.trim())]],
    ),
  );
}

/** Words before which three figures are a number that somebody dials. */
const DIALS =
  /^(?:die|der|unter|über|notruf|nummer|rufnummer|tel|telefon|wählen|rufen|anrufen|bel|bellen|nummer|alarmnummer|al|el|número|llame|marque|teléfono|il|numero|chiami|componga|telefono)[.:]?$/i;

/** A short number that is dialled, figure by figure; undefined: `before` it there is no word that says so. */
export function dialled(number: string, before: string, cardinal: (n: bigint) => string): string | undefined {
  if (!DIALS.test(before) && number.length === 3) return undefined;
  return number
    .split(' ')
    .map((group) => Array.from(group, (digit) => cardinal(BigInt(digit))).join(' '))
    .join(', ');
}

const ROMAN: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10, L: 50 };

/** A Roman number, as `pattern` finds it in its first group, read by `say`. */
export function romans(
  pattern: RegExp,
  say: (n: number, before: string, after: string) => string | undefined,
): NonNullable<Figures['own']> {
  return [
    [
      pattern,
      ([, letters = ''], before, after) => {
        const values = Array.from(letters, (letter) => ROMAN[letter] ?? 0);
        const sum = values.reduce(
          (all, value, at) => all + (value < (values[at + 1] ?? 0) ? -value : value),
          0,
        );
        return say(sum, before, after);
      },
    ],
  ];
}
