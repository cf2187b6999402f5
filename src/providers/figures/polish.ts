import { toCardinal, toOrdinal } from 'n2words/pl-PL';
import { forms, romans, table, type Figures } from './figures.ts';

/** Masculine nominative → another form: "trzeci" → "trzeciego", "trzecia", "trzeciej". */
function inCase(n: bigint | number, ending: 'ego' | 'a' | 'ej' | 'ym'): string {
  return toOrdinal(n)
    .split(' ')
    .map((word) =>
      word.replace(/(?:y|i)$/, (last) => {
        const soft =
          last === 'i' && !/[kg]i$/.test(word) ? 'i' : /[kg]i$/.test(word) && ending !== 'a' ? 'i' : '';
        return ending === 'ym' ? `${last}m` : `${soft}${ending}`;
      }),
    )
    .join(' ');
}

/** Of a year only the last two numbers are ordinal: "dwa tysiące dwudziestego piątego". */
function yearInCase(year: bigint, ending: 'ego' | 'ym' = 'ego'): string {
  const rest = year % 100n;
  if (rest === 0n) return inCase(year, ending);
  return `${toCardinal(year - rest)} ${inCase(rest, ending)}`;
}

const PERSONS: Readonly<Record<string, string>> = { one: 'osoba', few: 'osoby', many: 'osób' };
const MONTHS_OF =
  'stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia';

const WEEKDAYS_OF = table(
  'pn=poniedziałku;pon=poniedziałku;wt=wtorku;śr=środy;czw=czwartku;pt=piątku;sob=soboty;nd=niedzieli;niedz=niedzieli',
);

const UNDER_20 =
  'zera jednego dwóch trzech czterech pięciu sześciu siedmiu ośmiu dziewięciu dziesięciu jedenastu dwunastu trzynastu czternastu piętnastu szesnastu siedemnastu osiemnastu dziewiętnastu'.split(
    ' ',
  );
const TENS =
  ' dziesięciu dwudziestu trzydziestu czterdziestu pięćdziesięciu sześćdziesięciu siedemdziesięciu osiemdziesięciu dziewięćdziesięciu'.split(
    ' ',
  );
const HUNDREDS = ' stu dwustu trzystu czterystu pięciuset sześciuset siedmiuset ośmiuset dziewięciuset'.split(
  ' ',
);

/** "od *dwóch* do *trzech*": of numbers below a thousand. */
function genitive(n: bigint): string {
  const [hundreds, rest] = [Number(n / 100n), Number(n % 100n)];
  const one = rest % 10;
  const words = [
    HUNDREDS[hundreds] ?? '',
    ...(rest < 20
      ? [rest === 0 && hundreds > 0 ? '' : (UNDER_20[rest] ?? '')]
      : [TENS[Math.floor(rest / 10)] ?? '', one === 0 ? '' : (UNDER_20[one] ?? '')]),
  ];
  return words.filter((word) => word !== '').join(' ');
}

/** "dwa, trzy dni", "dziesięć do piętnastu dni". */
function polishRange(from: bigint, to: bigint, after: string): string {
  const gender = pl.nounOf?.(after);
  return `${pl.cardinal(from, gender)} do ${genitive(to)}`;
}

/** Hours and minutes of both ends. */
function fromTo([hour = '0', minute = '0', hour2 = '0', minute2 = '0']: readonly (
  string | undefined
)[]): string {
  const of = (h: string, m: string): string =>
    pl.time({ hour: Number(h), minute: Number(m), said: true }, 'o');
  return `od ${of(hour, minute)} do ${of(hour2, minute2)}`;
}

const OBLIQUE = /^(?:o|od|do|po|koło|około|w|przy)$/;

const millions = (one: string, few: string, many: string): ((n: number) => string) => {
  const rules = new Intl.PluralRules('pl');
  const named = { one, few, many, other: few.replace(/y$/, 'a') };
  return (n) => named[rules.select(n) as keyof typeof named];
};

export const pl: Figures = {
  code: 'pl',
  decimalMark: ',',
  decimalsAsNumber: true,
  gap: ' ',
  nounOf: (word) =>
    /^(?:osob|godzin|minut|sekund|noc|sztuk|ton|wizyt|dob|min|stron|opcj|linii|rzecz|złotówk)/.test(word)
      ? 'f'
      : undefined,
  cardinal(n, noun) {
    if (n === 1n && noun === 'n') return 'jedno';
    // "Dwadzieścia jeden minut", of whatever gender.
    return noun === 'f' && (n === 1n || n % 10n !== 1n)
      ? toCardinal(n, { gender: 'feminine' })
      : toCardinal(n);
  },
  words: {
    ...{
      point: 'przecinek',
      minus: 'minus',
      plus: 'plus',
      to: 'do',
      dot: 'kropka',
      and: 'i',
      equals: 'równa się',
    },
    ...{ times: 'razy', ratio: 'do' },
  },
  slashedDays: false,
  magnitudeGender: 'm',
  range: (from, to, after) => polishRange(from, to, after),
  magnitudes: {
    ...{
      mln: millions('milion', 'miliony', 'milionów'),
      milionów: millions('milion', 'miliony', 'milionów'),
    },
    ...{
      miliony: millions('milion', 'miliony', 'milionów'),
      milion: millions('milion', 'miliony', 'milionów'),
    },
    ...{
      mld: millions('miliard', 'miliardy', 'miliardów'),
      'tys.': millions('tysiąc', 'tysiące', 'tysięcy'),
    },
  },
  feminine: new Set(['hour', 'minute', 'second', 'millisecond', 't', 'INR', 'TRY', 'SEK', 'CZK', 'kWh']),
  neuter: new Set(['EUR']),
  money: {
    names: table(
      'EUR=euro;USD=dolar|dolary|dolarów|dolara;GBP=funt|funty|funtów|funta;CHF=frank|franki|franków|franka;PLN=złoty|złote|złotych|złotego;JPY=jen|jeny|jenów|jena',
      forms,
    ),
    cents: table(
      'EUR=cent|centy|centów|centa;USD=cent|centy|centów|centa;GBP=pens|pensy|pensów|pensa;PLN=grosz|grosze|groszy|grosza;CHF=rap|rapy|rapów|rapa',
      forms,
    ),
    ...{ and: '', saysCents: true },
  },
  units: table(
    'mg=miligram|miligramy|miligramów|miligrama;m²=metr kwadratowy|metry kwadratowe|metrów kwadratowych|metra kwadratowego;m2=metr kwadratowy|metry kwadratowe|metrów kwadratowych|metra kwadratowego;km²=kilometr kwadratowy|kilometry kwadratowe|kilometrów kwadratowych|kilometra kwadratowego;m³=metr sześcienny|metry sześcienne|metrów sześciennych|metra sześciennego;m3=metr sześcienny|metry sześcienne|metrów sześciennych|metra sześciennego;kW=kilowat|kilowaty|kilowatów|kilowata;kWh=kilowatogodzina|kilowatogodziny|kilowatogodzin|kilowatogodziny;t=tona|tony|ton|tony;W=wat|waty|watów|wata;V=wolt|wolty|woltów|wolta;Hz=herc|herce|herców|herca',
    forms,
  ),
  parts: {
    ...{
      '1/2': 'pół',
      '1/3': 'jedna trzecia',
      '2/3': 'dwie trzecie',
      '1/4': 'jedna czwarta',
      '3/4': 'trzy czwarte',
    },
  },
  date: ({ day, name, year }) =>
    `${inCase(day, 'ego')} ${name}${year === undefined ? '' : ` ${yearInCase(year)} roku`}`,
  time({ hour, minute }, before) {
    const ending = OBLIQUE.test(before) ? 'ej' : 'a';
    const hours = hour === 0 ? (ending === 'a' ? 'zero' : 'zerowej') : inCase(hour, ending);
    const minutes = minute < 10 ? `zero ${toCardinal(minute)}` : toCardinal(minute);
    return `${hours}${minute > 0 ? ` ${minutes}` : ''}`;
  },
  ordinals: /(\d{1,3})(-?(?:ego|go|szy|gi|ci|ty|my|y|a|ej|sza|ga|cia|ta|ma))(?!\p{L})/u,
  ordinal(n, mark) {
    if (n === 0n) return undefined;
    return /go$/.test(mark)
      ? inCase(n, 'ego')
      : /ej$/.test(mark)
        ? inCase(n, 'ej')
        : /a$/.test(mark)
          ? inCase(n, 'a')
          : toOrdinal(n);
  },
  own: [
    // 3-5 maja, od 3 do 5 maja
    [
      new RegExp(String.raw`(\d{1,2})(?:\s?[-–—]\s?| do )(\d{1,2}) (?=(?:${MONTHS_OF})(?!\p{L}))`, 'u'),
      ([whole, from = '0', to = '0'], before) =>
        `${before === 'od' || /^\d+ do/.test(whole) ? '' : 'od '}${inCase(Number(from), 'ego')} do ${inCase(Number(to), 'ego')}`,
    ],
    // pn.-pt.
    [
      /(pn|pon|wt|śr|czw|pt|sob|nd|niedz)\.?(?:\s?[-–—]\s?| do )(pn|pon|wt|śr|czw|pt|sob|nd|niedz)\.?(?!\p{L})/u,
      ([, from = '', to = ''], before) =>
        `${before === 'od' ? '' : 'od '}${WEEKDAYS_OF[from] ?? ''} do ${WEEKDAYS_OF[to] ?? ''}`,
    ],
    // godz. 9-17, od 9 do 17
    [
      /(?:w )?godz(?:\.|inach)\s(\d{1,2})(?::([0-5]\d))?\s?[-–—]\s?(\d{1,2})(?::([0-5]\d))?(?![\d:])/u,
      ([whole, ...numbers]) => `${/^w /.test(whole) ? 'w ' : ''}godzinach ${fromTo(numbers)}`,
    ],
    [
      /od (\d{1,2})(?::([0-5]\d))? do (\d{1,2})(?::([0-5]\d))?(?!\d|\s?(?:\p{L}|%|[€$£])|[\d:.,]\d)/u,
      ([, ...numbers]) =>
        [numbers[0], numbers[2]].every((hour) => Number(hour) <= 24) ? fromTo(numbers) : undefined,
    ],
    // 9:00–17:00
    [
      /([01]?\d|2[0-4]):([0-5]\d)\s?[-–—]\s?([01]?\d|2[0-4]):([0-5]\d)(?![\d:])/,
      ([, ...numbers]) => fromTo(numbers),
    ],
    // dnia 24.12
    [
      /(\d{1,2})\.(0[1-9]|1[0-2])(?![\d.])/,
      ([, day = '0', month = '0'], before) =>
        /^(?:dnia|dniu|od|do|na|poniedziałek|wtorek|środę|środa|czwartek|piątek|sobotę|sobota|niedzielę|niedziela)$/u.test(
          before,
        )
          ? `${inCase(Number(day), 'ego')} ${MONTHS_OF.split('|')[Number(month) - 1] ?? ''}`
          : undefined,
    ],
    [
      new RegExp(String.raw`od (\d{1,3}) do (\d{1,3})(?![\d:]|[.,]\d| (?:${MONTHS_OF}))`, 'u'),
      ([, from = '0', to = '0']) => `od ${genitive(BigInt(from))} do ${genitive(BigInt(to))}`,
    ],
    // 00-950
    [
      /(\d{2})-(\d{3})(?![\d-])/,
      ([, ...groups]) =>
        groups.map((group) => Array.from(group, (digit) => toCardinal(Number(digit))).join(' ')).join(', '),
    ],
    // 2. piętro, na 3 piętrze; of a quantity ("3 piętra") nothing
    [
      /(\d{1,2})\.? (?=pi[ęe]tro(?!\p{L})|miejsce(?!\p{L}))/u,
      ([whole, n = '0'], before) =>
        before === '' || whole.includes('.') ? inCase(Number(n), 'ego').replace(/ego$/, 'e') : undefined,
    ],
    [/(\d{1,2})\.? (?=pi[ęe]trze(?!\p{L})|miejscu(?!\p{L}))/u, ([, n = '0']) => inCase(Number(n), 'ym')],
    [
      /(\d+)\s?os\.?(?!\p{L})/u,
      ([, n = '0']) =>
        `${toCardinal(BigInt(n), { gender: 'feminine' })} ${PERSONS[new Intl.PluralRules('pl').select(Number(n))] ?? 'osób'}`,
    ],
    [
      /(w )?latach (\d0)\.?(?![\d])/u,
      ([, within = '', n = '0']) => `${within}latach ${inCase(Number(n), 'ym')}i`.replace(/ymi$/, 'ych'),
    ],
    [/lata (\d0)\.?(?!\d)/u, ([, n = '0']) => `lata ${toOrdinal(Number(n)).replace(/y$/, 'e')}`],
    [/za h(?!\p{L})/u, () => 'za godzinę'],
    [/za mies\.?(?!\p{L})/u, () => 'za miesiąc'],
    [/za os\.?(?!\p{L})/u, () => 'za osobę'],
    [/(\d+)\s?x(?= \p{Ll}|$)/u, ([, times = '0']) => `${toCardinal(BigInt(times))} razy`],
    ...romans(/([IVXL]+)(?= wiek)/u, (n) => toOrdinal(n)),
    ...romans(/([IVXL]+) w\.(?!\p{L})/u, (n) => `${toOrdinal(n)} wiek`),
    [
      /lat (\d0)\.?(?!\d)/u,
      ([whole, n = '0']) =>
        whole.endsWith('.') ? `lat ${inCase(Number(n), 'ym').replace(/m$/, 'ch')}` : undefined,
    ],
    ...romans(/([IVXL]+)(?= wieku)/u, (n) => inCase(n, 'ego')),
    ...romans(/(?<=\p{Lu}\p{Ll}+ )([IVX]{2,}|[VX])(?=[\s,.;!?)]|$)/u, (n) => toOrdinal(n)),
    [
      /(\d{4})\s?(?:r\.|roku)(?!\p{L})/u,
      ([, year = '0'], before) =>
        `${before === 'rok' ? toCardinal(year) : yearInCase(BigInt(year), before === 'w' ? 'ym' : 'ego')} roku`,
    ],
    [
      /(?:godz\.|godzin(?:a|ie|y))\s(\d{1,2})(?:[:.]([0-5]\d))?(?![\d:])/u,
      ([whole, hour = '1', minute], before) => {
        const isNominative =
          whole.startsWith('godzina') || (whole.startsWith('godz.') && !OBLIQUE.test(before));
        const word = whole.startsWith('godz.')
          ? isNominative
            ? 'godzina'
            : before === 'o' || before === 'po'
              ? 'godzinie'
              : 'godziny'
          : (whole.split(' ')[0] ?? '');
        const time = pl.time(
          { hour: Number(hour), minute: Number(minute ?? 0), said: true },
          isNominative ? '' : 'o',
        );
        return `${word} ${time}`;
      },
    ],
  ],
  short: table(
    'art.=artykuł;os.=osiedle;pon.=poniedziałek;wt.=wtorek;śr.=środa;czw.=czwartek;pt.=piątek;sob.=sobota;niedz.=niedziela;rozdz.=rozdział;lek.=lekarz;hab.=habilitowany;mies.=miesięcy;sek.=sekund;m. in.=między innymi;np.=na przykład;itd.=i tak dalej;itp.=i tym podobne;m.in.=między innymi;tj.=to jest;tzn.=to znaczy;ok.=około;ul.=ulica;al.=aleja;pl.=plac;nr=numer;tel.=telefon;godz.=godzina;min.=minimum;maks.=maksimum;dr=doktor;prof.=profesor;mgr=magister;inż.=inżynier;p.=pan;str.=strona;r.=roku;św.=święty;wg=według;ww.=wyżej wymienione;tys.=tysięcy',
  ),
};
