import { toCardinal as german, toOrdinal as germanOrdinal } from 'n2words/de-DE';
import { toCardinal as dutch, toOrdinal as dutchOrdinal } from 'n2words/nl-NL';
import { dialled, forms, romans, table, type Figures } from './figures.ts';

/** Before these a German ordinal number ends in -n, and before those in -e; else it stands without an article. */
const DATIVE =
  /^(?:am|vom|zum|beim|im|dem|den|des|ab|bis|seit|einem|einen|jedem|jeden|diesem|diesen|nächsten|und|–)$/;
const NOMINATIVE = /^(?:der|die|das|jede|diese|nächste)$/;

const FEMININE =
  /^(?:Stunde|Minute|Sekunde|Woche|Person|Nacht|Frage|Nummer|Tonne|Flasche|Tasse|Rechnung|Mail|E|Stelle|Straße|Karte|Seite|Taste|Stufe)$|(?:ung|heit|keit|schaft|tion|tät|ei)$/;
const NEUTER = /^(?:Kilo|Jahr|Pfund|Gramm|Kilogramm|Stück|Glas|Mal|Zimmer|Ticket|Prozent|Mittel)$/;

function ordinalEnding(before: string): string {
  return DATIVE.test(before) ? 'n' : NOMINATIVE.test(before) ? '' : 'r';
}

export const de: Figures = {
  code: 'de',
  decimalMark: ',',
  gap: ' ',
  cardinal(n, noun) {
    if (n === 1n && noun !== undefined) return noun === 'f' ? 'eine' : 'ein';
    return german(n).replace(/^ein(?=hundert|tausend)/, n < 2000n ? '' : 'ein');
  },
  nounOf: (word) => (/^\p{Lu}/u.test(word) ? (FEMININE.test(word) ? 'f' : 'm') : undefined),
  half(whole, after) {
    if (whole !== undefined) return whole === 1n ? 'eineinhalb' : `${german(whole)}einhalb`;
    if (FEMININE.test(after)) return 'eine halbe';
    return NEUTER.test(after) ? 'ein halbes' : /^\p{Lu}/u.test(after) ? 'ein halber' : 'ein halb';
  },
  year: (n) =>
    n < 2000n && n % 100n > 0n
      ? `${german(n / 100n)}hundert${german(n % 100n)}`
      : n < 2000n
        ? `${german(n / 100n)}hundert`
        : german(n),
  words: {
    ...{
      point: 'Komma',
      minus: 'minus',
      plus: 'plus',
      to: 'bis',
      dot: 'Punkt',
      and: 'und',
      equals: 'gleich',
    },
    ...{ times: 'mal', ratio: 'zu' },
  },
  magnitudeGender: 'f',
  slashedDays: false,
  magnitudes: {
    ...{ 'Mio.': millions('Million', 'Millionen'), Millionen: millions('Million', 'Millionen') },
    ...{ Million: millions('Million', 'Millionen'), 'Mrd.': millions('Milliarde', 'Milliarden') },
    ...{ Milliarden: millions('Milliarde', 'Milliarden'), Tsd: () => 'Tausend', 'Tsd.': () => 'Tausend' },
  },
  feminine: new Set(['hour', 'minute', 'second', 'millisecond', 'kWh', 't', 'TRY']),
  money: {
    names: table(
      'EUR=Euro;USD=Dollar;GBP=Pfund;CHF=Franken;JPY=Yen;PLN=Złoty;THB=Baht;CNY=Yuan;RMB=Yuan',
      forms,
    ),
    cents: table('EUR=Cent;USD=Cent;GBP=Pence;CHF=Rappen;PLN=Groszy', forms),
    ...{ and: '', saysCents: false },
  },
  units: table(
    'mg=Milligramm;m²=Quadratmeter;m2=Quadratmeter;km²=Quadratkilometer;m³=Kubikmeter;m3=Kubikmeter;kW=Kilowatt;kWh=Kilowattstunde|Kilowattstunden;t=Tonne|Tonnen;W=Watt;V=Volt;Hz=Hertz;MHz=Megahertz;GHz=Gigahertz',
    forms,
  ),
  parts: {
    '1/2': 'ein halb',
    '1/3': 'ein Drittel',
    '2/3': 'zwei Drittel',
    '1/4': 'ein Viertel',
    '3/4': 'drei Viertel',
  },
  date({ day, name, year }, before) {
    const ordinal = `${germanOrdinal(day)}${ordinalEnding(before)}`;
    return `${ordinal} ${name}${year === undefined ? '' : ` ${de.year?.(year) ?? german(year)}`}`;
  },
  time: ({ hour, minute }) =>
    `${hour === 1 ? 'ein' : german(hour)} Uhr${minute > 0 ? ` ${german(minute)}` : ''}`,
  clock: /Uhr/,
  ordinals: /(\d{1,3})(\.)(?=[ –-]+(?:bis |und |oder |[-–] ?)?\p{L}|[-–]\d{1,2}\.)/u,
  ordinal(n, _mark, before, after) {
    // "Es sind 3. Wir …" is an end.
    const isEnd =
      /^(?:Wir|Ich|Sie|Er|Es|Das|Die|Der|Bitte|Und|Aber|Haben|Was|Wann|Wie|Möchten|Kann|Können)$/.test(after);
    if (n === 0n || n > 31n || isEnd) return undefined;
    return `${germanOrdinal(n)}${ordinalEnding(before)}`;
  },
  own: [
    // Emergency calls, and the doctors on call: figure by figure.
    [/(?:116 ?\d{3}|11[0-8])(?![\p{L}\d]|[.,:]\d)/u, ([number], before) => dialled(number, before, german)],
    [
      /(\d{1,2})\s?h(?!\p{L})/u,
      ([, hour = '0'], before) =>
        AT_TIME.test(before) ? de.time({ hour: Number(hour), minute: 0, said: true }, before) : undefined,
    ],
    [/pro (?:Std\.?|h)(?!\p{L})/u, () => 'pro Stunde'],
    [/pro (?:Mon|Mt)\.?(?!\p{L})/u, () => 'pro Monat'],
    [/pro Pers\.?(?!\p{L})/u, () => 'pro Person'],
    [/pro St(?:k|ck)\.?(?!\p{L})/u, () => 'pro Stück'],
    [
      /Fr\.\s?(\d+)(?:[.,](\d{2}))?(?:[.,][-–—]+)?(?!\d|\.\s?\p{L}|\s?Uhr|\s?[-–:])/u,
      ([, whole = '0', cents]) =>
        `${german(BigInt(whole)).replace(/^eins$/, 'ein')} Franken${cents === undefined || cents === '00' ? '' : ` ${german(BigInt(cents))}`}`,
    ],
    // die 90er, 2er-Zimmer
    [
      /(\d{1,4})er(n)?(?!\p{L})/u,
      ([, number = '0', ending = '']) =>
        `${/^(?:1[1-9]|20)\d\d$/.test(number) ? (de.year?.(BigInt(number)) ?? '') : german(BigInt(number))}er${ending}`,
    ],
    // zum 15.
    [
      /(\d{1,2})\.(?=\s*(?:[,;!?)]|$))/u,
      ([, day = '0'], before) =>
        /^(?:am|vom|zum|dem|ab|bis)$/.test(before) && Number(day) <= 31
          ? `${germanOrdinal(Number(day))}n`
          : undefined,
    ],
    [
      /([13])\/4 Stunde(?!\p{L})/u,
      ([, parts]) => (parts === '1' ? 'eine Viertelstunde' : 'eine Dreiviertelstunde'),
    ],
    [
      /(\d+)\s?x(?= \p{Ll}|\s*[,.;!?)]|$)/u,
      ([, times = '0']) => `${german(BigInt(times)).replace(/^eins$/, 'ein')}mal`,
    ],
    [/(\d+)\s?%ig(\p{Ll}*)/u, ([, share = '0', ending = '']) => `${german(BigInt(share))}prozentig${ending}`],
    // 8.30 h
    [
      /([01]?\d|2[0-3])[.:]([0-5]\d)\s?h(?!\p{L})/u,
      ([, hour = '0', minute = '0']) =>
        de.time({ hour: Number(hour), minute: Number(minute), said: true }, ''),
    ],
    [/(\p{Lu}\p{L}*\p{Ll})str\.(?!\p{L})/u, ([, name = '']) => `${name}straße`],
    [/S\.(?= \d)/, () => 'Seite'],
    ...romans(/(?<=\p{Lu}\p{Ll}+ )([IVX]{2,})\.?(?=[\s,.;!?)]|$)/u, (n, before) =>
      /^(?:kapitel|teil|band|akt|klasse|saal|halle|raum|gruppe|phase|stufe|typ|bezirk|quartal|modell|version)$/.test(
        before,
      )
        ? german(n)
        : `der ${capital(germanOrdinal(n))}`,
    ),
  ],
  short: table(
    'u.=und;z. Zt.=zurzeit;z. T.=zum Teil;s. o.=siehe oben;s. u.=siehe unten;o. g.=oben genannt;bzgl.=bezüglich;Hausnr.=Hausnummer;Kap.=Kapitel;geb.=geboren;gest.=gestorben;Mo.=Montag;Di.=Dienstag;Mi.=Mittwoch;Do.=Donnerstag;Sa.=Samstag;Dipl.-Ing.=Diplomingenieur;Ing.=Ingenieur;Wo.=Wochen;z. B.=zum Beispiel;d. h.=das heißt;u. a.=unter anderem;o. ä.=oder ähnlich;i. d. R.=in der Regel;v. a.=vor allem;u. U.=unter Umständen;ca.=circa;bzw.=beziehungsweise;usw.=und so weiter;etc.=et cetera;ggf.=gegebenenfalls;evtl.=eventuell;inkl.=inklusive;exkl.=exklusive;zzgl.=zuzüglich;abzgl.=abzüglich;max.=maximal;min.=mindestens;mind.=mindestens;bspw.=beispielsweise;vgl.=vergleiche;sog.=sogenannt;Nr.=Nummer;Tel.=Telefon;Str.=Straße;Dr.=Doktor;Prof.=Professor;Hr.=Herr;Fr.=Frau;Std.=Stunden;Min.=Minuten;Sek.=Sekunden;Mio.=Millionen;Mrd.=Milliarden;Abs.=Absatz;Art.=Artikel;St.=Sankt;MwSt.=Mehrwertsteuer;tgl.=täglich;Jh.=Jahrhundert',
  ),
};

export const nl: Figures = {
  code: 'nl',
  slashedDays: false,
  decimalMark: ',',
  decimalsAsNumber: true,
  gap: ' ',
  cardinal: (n, noun) => (n === 1n && noun !== undefined ? 'één' : dutch(n)),
  words: {
    ...{
      point: 'komma',
      minus: 'min',
      plus: 'plus',
      to: 'tot',
      dot: 'punt',
      and: 'en',
      equals: 'is',
      times: 'keer',
      ratio: 'op',
    },
  },
  magnitudes: {
    ...{ miljoen: () => 'miljoen', 'mln.': () => 'miljoen', mln: () => 'miljoen', miljard: () => 'miljard' },
    ...{ 'mld.': () => 'miljard', mld: () => 'miljard' },
  },
  feminine: new Set(),
  money: {
    names: table('EUR=euro;USD=dollar;GBP=pond;CHF=frank;JPY=yen;PLN=zloty', forms),
    cents: table('EUR=cent;USD=cent;GBP=pence;CHF=rappen', forms),
    ...{ and: '', saysCents: false },
  },
  units: table(
    'mg=milligram;m²=vierkante meter;m2=vierkante meter;km²=vierkante kilometer;m³=kubieke meter;m3=kubieke meter;kW=kilowatt;kWh=kilowattuur;t=ton;W=watt;V=volt;Hz=hertz;MHz=megahertz;GHz=gigahertz',
    forms,
  ),
  parts: {
    '1/2': 'een half',
    '1/3': 'een derde',
    '2/3': 'twee derde',
    '1/4': 'een kwart',
    '3/4': 'drie kwart',
  },
  date: ({ day, name, year }) => `${dutch(day)} ${name}${year === undefined ? '' : ` ${dutch(year)}`}`,
  time: ({ hour, minute }) => `${dutch(hour)} uur${minute > 0 ? ` ${dutch(minute)}` : ''}`,
  clock: /uur|u\.?(?=\s|$)/,
  ordinals: /(\d{1,3})(ste|de|e)(?!\p{L})/u,
  ordinal: (n) => (n === 0n ? undefined : dutchOrdinal(n)),
  own: [
    [/11[2-8](?![\p{L}\d]|[.,:]\d)/u, ([number], before) => dialled(number, before, (n) => dutch(n))],
    // op 24-12
    [
      /(\d{1,2})-(\d{1,2})(?![-\d])/,
      ([, day = '0', month = '0'], before) =>
        /^(?:op|vanaf|per|sinds|vóór|voor|\p{L}+dag)$/u.test(before) &&
        Number(month) <= 12 &&
        Number(month) > 0 &&
        Number(day) <= 31
          ? `${dutch(Number(day))} ${DUTCH_MONTHS[Number(month) - 1] ?? ''}`
          : undefined,
    ],
    [/(\d+)\s?km\/u(?!\p{L})/u, ([, n = '0']) => `${dutch(BigInt(n))} kilometer per uur`],
    [/(?:per u|p\/u)(?!\p{L})/u, () => 'per uur'],
    [/p[/.]\s?m\.?(?!\p{L})/u, () => 'per maand'],
    [/p[/.]\s?p\.?(?!\p{L})/u, () => 'per persoon'],
    [/t\/m(?!\p{L})/u, () => 'tot en met'],
    // A postal code: 1012 AB
    [
      /([1-9]\d{3}) ?(?!MB|GB|TB|KB|AM|PM|EU|MW|GW)([A-Z]{2})(?!\p{L})/u,
      ([, digits = '', letters = '']) =>
        `${dutch(Number(digits.slice(0, 2)))} ${digits.slice(2).startsWith('0') ? Array.from(digits.slice(2), (one) => dutch(Number(one))).join(' ') : dutch(Number(digits.slice(2)))} ${Array.from(letters).join(' ')}`,
    ],
    [/(\d+)\s?x(?= \p{Ll}|\s*[,.;!?)]|$)/u, ([, times = '0']) => `${dutch(BigInt(times))} keer`],
    ...romans(/(?<=\p{Lu}\p{Ll}+ )([IVX]{2,})(?=[\s,.;!?)]|$)/u, (n, before) =>
      /^(?:hoofdstuk|deel|zaal|groep|fase|klasse|type)$/.test(before)
        ? dutch(n)
        : `de ${capital(dutchOrdinal(n))}`,
    ),
  ],
  short: table(
    'm.u.v.=met uitzondering van;z.s.m.=zo snel mogelijk;o.l.v.=onder leiding van;b.v.d.=bij voorbaat dank;ing.=ingenieur;i.v.m.=in verband met;t.a.v.=ter attentie van;a.u.b.=alstublieft;s.v.p.=alstublieft;blz.=bladzijde;art.=artikel;drs.=doctorandus;ir.=ingenieur;di.=dinsdag;wo.=woensdag;do.=donderdag;vr.=vrijdag;za.=zaterdag;bijv.=bijvoorbeeld;bv.=bijvoorbeeld;o.a.=onder andere;d.w.z.=dat wil zeggen;m.b.t.=met betrekking tot;i.p.v.=in plaats van;t.o.v.=ten opzichte van;n.v.t.=niet van toepassing;e.d.=en dergelijke;enz.=enzovoort;etc.=et cetera;ca.=circa;evt.=eventueel;incl.=inclusief;excl.=exclusief;max.=maximaal;min.=minimaal;nr.=nummer;tel.=telefoon;str.=straat;dhr.=de heer;mevr.=mevrouw;mw.=mevrouw;dr.=dokter;prof.=professor;btw=B T W',
  ),
};

const AT_TIME = /^(?:um|gegen)$/;
const DUTCH_MONTHS =
  'januari februari maart april mei juni juli augustus september oktober november december'.split(' ');

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function millions(one: string, many: string): (n: number) => string {
  return (n) => (n === 1 ? one : many);
}
