import { toCardinal, toOrdinal } from 'n2words/pl-PL';
import { forms, table, type Figures } from './figures.ts';

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

const OBLIQUE = /^(?:o|od|do|po|koło|około|w|przy)$/;

const millions = (one: string, few: string, many: string): ((n: number) => string) => {
  const rules = new Intl.PluralRules('pl');
  const named = { one, few, many, other: few.replace(/y$/, 'a') };
  return (n) => named[rules.select(n) as keyof typeof named];
};

export const pl: Figures = {
  code: 'pl',
  decimalMark: ',',
  spacedThousands: true,
  decimalsAsNumber: true,
  gap: ' ',
  nounOf: (word) =>
    /^(?:osob|godzin|minut|sekund|noc|sztuk|ton|wizyt|dob|min|stron|opcj|linii|rzecz|złotówk)/.test(word)
      ? 'f'
      : undefined,
  cardinal(n, noun) {
    if (n === 1n && noun === 'n') return 'jedno';
    return noun === 'f' ? toCardinal(n, { gender: 'feminine' }) : toCardinal(n);
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
    times: 'razy',
  },
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
    [
      /(\d{4})\s?(?:r\.|roku)(?!\p{L})/u,
      ([, year = '0'], before) =>
        `${before === 'rok' ? toCardinal(year) : yearInCase(BigInt(year), before === 'w' ? 'ym' : 'ego')} roku`,
    ],
    [
      /(?:godz\.|godzin(?:a|ie|y))\s(\d{1,2})(?::([0-5]\d))?(?![\d:])/u,
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
    'np.=na przykład;itd.=i tak dalej;itp.=i tym podobne;m.in.=między innymi;tj.=to jest;tzn.=to znaczy;ok.=około;ul.=ulica;al.=aleja;pl.=plac;nr=numer;tel.=telefon;godz.=godzina;min.=minimum;maks.=maksimum;dr=doktor;prof.=profesor;mgr=magister;inż.=inżynier;p.=pan;str.=strona;r.=roku;św.=święty;wg=według;ww.=wyżej wymienione;tys.=tysięcy',
  ),
};
