import { toCardinal as spanish, toOrdinal as spanishOrdinal } from 'n2words/es-ES';
import { toCardinal as french, toOrdinal as frenchOrdinal } from 'n2words/fr-FR';
import { toCardinal as italian, toOrdinal as italianOrdinal } from 'n2words/it-IT';
import { toCardinal as portuguese, toOrdinal as portugueseOrdinal } from 'n2words/pt-PT';
import { dialled, forms, romans, table, type Figures, type Gender } from './figures.ts';

/** Words before which a number isn't one of things. */
const NO_NOUN =
  /^.{0,2}$|^(?:que|por|con|para|per|pour|dans|avec|est|son|más|piu|più|mas|mais|ou|sur|les|des|del|dos)$/;
const MASCULINE_A = /^(?:día|días|dia|dias|problemas?|programas?|mapas?|idiomas?|sistemas?|temas?)$/;

/** By its ending, as most nouns of these languages have it. */
function byEnding(feminine: RegExp): (word: string) => Gender | undefined {
  return (word) =>
    NO_NOUN.test(word) ? undefined : !MASCULINE_A.test(word) && feminine.test(word) ? 'f' : 'm';
}

/** French and Portuguese take 1.5 for one; Spanish and Italian don't. */
const size =
  (one: string, many: string, below = 2): ((n: number) => string) =>
  (n) =>
    Math.abs(n) < below ? one : many;

/** "Two and a half", of a noun's gender: `dos y media`. */
function halfOf(
  figures: () => Figures,
  spoken: (n: bigint) => string,
  and: string,
  [masculine, feminine]: readonly [string, string],
): NonNullable<Figures['half']> {
  return (whole, after) => {
    const half = figures().nounOf?.(after) === 'f' ? feminine : masculine;
    return whole !== undefined ? `${spoken(whole)} ${and} ${half}` : half;
  };
}

export const fr: Figures = {
  code: 'fr',
  decimalMark: ',',
  decimalsAsNumber: true,
  gap: ' ',
  nounOf: byEnding(
    /^(?:heure|minute|seconde|semaine|fois|personne|nuit|année|journée|tonne|question|place|chambre|page|ligne|option|livre)s?$|(?:tion|sion|ité|ence|ette)s?$/,
  ),
  cardinal: (n, noun) => (noun === 'f' ? french(n).replace(/\bun$/, 'une') : french(n)),
  words: {
    ...{ point: 'virgule', minus: 'moins', plus: 'plus', to: 'à', dot: 'point', and: 'et', equals: 'égale' },
    ...{ times: 'fois', ratio: 'à' },
  },
  magnitudeGender: 'm',
  magnitudes: {
    ...{ millions: size('million', 'millions'), million: size('million', 'millions') },
    ...{ milliards: size('milliard', 'milliards'), milliard: size('milliard', 'milliards') },
  },
  feminine: new Set(['hour', 'minute', 'second', 'millisecond', 't', 'GBP', 'TRY', 'INR']),
  money: {
    names: table(
      'EUR=euro|euros;USD=dollar|dollars;GBP=livre|livres;CHF=franc|francs;JPY=yen;PLN=zloty|zlotys',
      forms,
    ),
    cents: table('EUR=centime|centimes;USD=cent|cents;GBP=penny|pence;CHF=centime|centimes', forms),
    ...{ and: '', saysCents: false },
  },
  units: table(
    'mg=milligramme|milligrammes;m²=mètre carré|mètres carrés;m2=mètre carré|mètres carrés;km²=kilomètre carré|kilomètres carrés;m³=mètre cube|mètres cubes;m3=mètre cube|mètres cubes;kW=kilowatt|kilowatts;kWh=kilowattheure|kilowattheures;t=tonne|tonnes;W=watt|watts;V=volt|volts;Hz=hertz;MHz=mégahertz;GHz=gigahertz',
    forms,
  ),
  parts: {
    '1/2': 'un demi',
    '1/3': 'un tiers',
    '2/3': 'deux tiers',
    '1/4': 'un quart',
    '3/4': 'trois quarts',
  },
  half(whole, after) {
    const isFeminine = fr.nounOf?.(after) === 'f';
    return whole !== undefined
      ? `${french(whole)} et demi${isFeminine ? 'e' : ''}`
      : `${isFeminine ? 'une' : 'un'} demi`;
  },
  date: ({ day, name, year }) =>
    `${day === 1 ? 'premier' : french(day)} ${name}${year === undefined ? '' : ` ${french(year)}`}`,
  time: ({ hour, minute }) =>
    `${hour < 2 ? (hour === 0 ? 'zéro heure' : 'une heure') : `${fr.cardinal(BigInt(hour), 'f')} heures`}${minute > 0 ? ` ${french(minute)}` : ''}`,
  clock: /heures?|h/,
  ordinals: /(\d{1,3})(ers?|ère?s?|res?|ndes?|nds?|[eè]mes?|es?)(?!\p{L})/u,
  ordinal(n, mark) {
    if (n === 0n) return undefined;
    if (n === 1n) return /r?es?$/.test(mark) && !mark.startsWith('er') ? 'première' : 'premier';
    return /^nd/.test(mark) ? (mark.startsWith('nde') ? 'seconde' : 'second') : frenchOrdinal(n);
  },
  own: [
    [/[nN][°º]\s?(?=\d)/, () => 'numéro'],
    // 24h/24, 7j/7
    [/24\s?h\s?\/\s?24/, () => 'vingt-quatre heures sur vingt-quatre'],
    [/7\s?j\s?\/\s?7/, () => 'sept jours sur sept'],
    [
      /(\d[\d,]*)\s?(Mds?|M|k)\s?€/,
      ([, written = '0', size = 'k']) => {
        const amount = written.replace(',', '.');
        const name = `${size.startsWith('Md') ? 'milliard' : 'million'}${Number(amount) < 2 ? '' : 's'}`;
        return `${french(amount)} ${size === 'k' ? 'mille ' : `${name} d’`}euros`;
      },
    ],
    [/par h(?!\p{L})/u, () => 'par heure'],
    [/par j(?!\p{L})/u, () => 'par jour'],
    [/par pers\.?(?!\p{L})/u, () => 'par personne'],
    [/(\d+)\s?x(?![\p{L}\d]| ?\d)/u, ([, times = '0']) => `${fr.cardinal(BigInt(times), 'f')} fois`],
    [
      /(\d+)\s?sem\.(?!\p{L})/u,
      ([, weeks = '0']) => `${fr.cardinal(BigInt(weeks), 'f')} semaine${Number(weeks) > 1 ? 's' : ''}`,
    ],
    [
      /(\d+)\s?(?:s|sec\.?)(?![\p{L}’'])/u,
      ([, seconds = '0']) => `${fr.cardinal(BigInt(seconds), 'f')} seconde${Number(seconds) > 1 ? 's' : ''}`,
    ],
    ...romans(/([IVXL]+)(?:er|e|ème)(?= siècle)/u, (n) => (n === 1 ? 'premier' : frenchOrdinal(n))),
    ...romans(/(?<=(?:chapitre|ch\.|tome|\p{Lu}\p{Ll}+) )([IVX]{2,}|V)(?=[\s,.;!?)]|$)/u, (n) => french(n)),
  ],
  short: table(
    'av. J.-C.=avant Jésus-Christ;apr. J.-C.=après Jésus-Christ;art.=article;p.=page;ch.=chapitre;ex.=exemple;lun.=lundi;mer.=mercredi;jeu.=jeudi;ven.=vendredi;sam.=samedi;dim.=dimanche;sem.=semaine;pers.=personnes;apt.=appartement;bât.=bâtiment;p. ex.=par exemple;c.-à-d.=c’est-à-dire;etc.=et cetera;env.=environ;tél.=téléphone;av.=avenue;bd=boulevard;boul.=boulevard;max.=maximum;min.=minimum;M.=monsieur;MM.=messieurs;Mme=madame;Mlle=mademoiselle;Dr=docteur;Dr.=docteur;Pr=professeur;St=saint;Ste=sainte;N.B.=notez bien;TTC=toutes taxes comprises;HT=hors taxes;RDV=rendez-vous;rdv=rendez-vous',
  ),
};

const ACCENTS: readonly (readonly [RegExp, string])[] = [
  [/dieciseis/g, 'dieciséis'],
  [/veintidos/g, 'veintidós'],
  [/veintitres/g, 'veintitrés'],
  [/veintiseis/g, 'veintiséis'],
];

function castilian(n: bigint | number, noun?: Gender): string {
  const words = ACCENTS.reduce(
    (text, [bare, accented]) => text.replace(bare, accented),
    spanish(n, { gender: noun === 'f' ? 'feminine' : 'masculine' }),
  );
  return noun === 'm' ? words.replace(/veintiuno$/, 'veintiún').replace(/uno$/, 'un') : words;
}

export const es: Figures = {
  code: 'es',
  decimalMark: ',',
  decimalsAsNumber: true,
  gap: ' ',
  nounOf: byEnding(
    /(?:a|as|ción|ciones|sión|siones|dad|dades|noche|noches|clase|clases|vez|veces)$|^(?:mujer|flor|llave|calle|tarde|parte|mano|foto|moto|serie|gente|clave|nube|fuente|sede|red)(?:e?s)?$/,
  ),
  cardinal: castilian,
  words: {
    ...{
      point: 'coma',
      minus: 'menos',
      plus: 'más',
      to: 'a',
      dot: 'punto',
      and: 'y',
      equals: 'igual a',
      times: 'por',
      ratio: 'a',
    },
  },
  magnitudeGender: 'm',
  magnitudes: {
    ...{
      millones: size('millón', 'millones', 1.1),
      millón: size('millón', 'millones', 1.1),
      mil: () => 'mil',
    },
    ...{ 'mill.': size('millón', 'millones', 1.1) },
  },
  feminine: new Set(['hour', 't', 'GBP', 'INR', 'TRY', 'SEK', 'second-less']),
  money: {
    names: table(
      'EUR=euro|euros;USD=dólar|dólares;GBP=libra|libras;CHF=franco|francos;JPY=yen|yenes;MXN=peso|pesos;BRL=real|reales;PLN=esloti|eslotis',
      forms,
    ),
    cents: table(
      'EUR=céntimo|céntimos;USD=centavo|centavos;GBP=penique|peniques;CHF=céntimo|céntimos;MXN=centavo|centavos;BRL=centavo|centavos',
      forms,
    ),
    ...{ and: 'con', saysCents: false },
  },
  units: table(
    'mg=miligramo|miligramos;m²=metro cuadrado|metros cuadrados;m2=metro cuadrado|metros cuadrados;km²=kilómetro cuadrado|kilómetros cuadrados;m³=metro cúbico|metros cúbicos;m3=metro cúbico|metros cúbicos;kW=kilovatio|kilovatios;kWh=kilovatio hora|kilovatios hora;t=tonelada|toneladas;W=vatio|vatios;V=voltio|voltios;Hz=hercio|hercios;MHz=megahercio|megahercios;GHz=gigahercio|gigahercios',
    forms,
  ),
  parts: {
    '1/2': 'medio',
    '1/3': 'un tercio',
    '2/3': 'dos tercios',
    '1/4': 'un cuarto',
    '3/4': 'tres cuartos',
  },
  half: halfOf(
    () => es,
    (n) => castilian(n),
    'y',
    ['medio', 'media'],
  ),
  date: ({ day, name, year }) =>
    `${castilian(day)} de ${name}${year === undefined ? '' : ` de ${castilian(year)}`}`,
  time: ({ hour, minute, said }) =>
    `${castilian(hour, 'f')}${minute > 0 ? ` y ${castilian(minute)}` : said || hour > 12 || hour === 0 ? (hour === 1 ? ' hora' : ' horas') : ' en punto'}`,
  clock: /h\.?(?=\s|$|[,.])|horas?/,
  ordinals: /(\d{1,3})(\.?[ºª°]|er|ero|era|do|da|ro|ra|to|ta)(?!\p{L})/u,
  ordinal(n, mark) {
    if (n === 0n) return undefined;
    const word = spanishOrdinal(n);
    if (mark === 'er') return word.replace(/(primer|tercer)o$/, '$1');
    return /[ªa]$/.test(mark) ? word.replaceAll(/o(?=$|\s)/g, 'a') : word;
  },
  own: [
    [/[nN]\.?[°º]\s?(?=\d)/, () => 'número'],
    [
      /(?:112|061|091|062|016)(?![\p{L}\d]|[.,:]\d)/u,
      ([number], before) => dialled(number, before, (n) => castilian(n)),
    ],
    [
      /([01]?\d|2[0-3])(?::([0-5]\d))? ?(am|pm)(?!\p{L})/u,
      ([, hour = '0', minute = '0', half]) =>
        `${es.time({ hour: Number(hour), minute: Number(minute), said: false }, '').replace(/ en punto$/, '')} de la ${half === 'am' ? 'mañana' : 'tarde'}`,
    ],
    [
      /(\d{1,3})\.(?:er|ª|º)(?!\p{L})/u,
      ([mark, digits = '0']) =>
        es.ordinal?.(BigInt(digits), mark.endsWith('er') ? 'er' : mark.slice(-1), '', ''),
    ],
    [
      /D\.(?= \p{Lu})/u,
      (_match, before) => (/^(?:|a|con|de|para|por|y|al|el|señor)$/.test(before) ? 'don' : undefined),
    ],
    [/por h(?!\p{L})/u, () => 'por hora'],
    [/por pers\.?(?!\p{L})/u, () => 'por persona'],
    [
      /(\d+)\s?seg\.?(?!\p{L})/u,
      ([, seconds = '0']) => `${castilian(BigInt(seconds), 'm')} segundo${seconds === '1' ? '' : 's'}`,
    ],
    [
      /(\d+)\s?x(?= \p{Ll}|$)/u,
      ([, times = '0']) => `${castilian(BigInt(times), 'f')} ${times === '1' ? 'vez' : 'veces'}`,
    ],
    [/(?:L[-–]V|L a V)(?!\p{L})/u, () => 'lunes a viernes'],
    [/[cC]\/\s?(?=\p{Lu})/u, () => 'calle'],
    [
      /(\d[\d,]*)\s?M\s?€/,
      ([, written = '0']) => {
        const amount = written.replace(',', '.');
        return `${spanish(amount)} ${amount === '1' ? 'millón' : 'millones'} de euros`.replace(
          /^uno /,
          'un ',
        );
      },
    ],
    ...romans(/(?<=siglo )([IVXL]+)(?!\p{L})/u, (n) => castilian(n)),
    ...romans(/(?<=(?:capítulo|cap\.|\p{Lu}\p{Ll}+) )([IVX]{2,}|V)(?=[\s,.;!?)]|$)/u, (n, before) =>
      n > 10 || /^cap/.test(before) ? castilian(n) : spanishOrdinal(n),
    ),
  ],
  short: table(
    'art.=artículo;cap.=capítulo;Dña.=doña;D.ª=doña;Av.=avenida;Avda.=avenida;a. C.=antes de Cristo;d. C.=después de Cristo;lun.=lunes;mié.=miércoles;jue.=jueves;vie.=viernes;sáb.=sábado;dom.=domingo;Nº=número;p. ej.=por ejemplo;p.ej.=por ejemplo;etc.=etcétera;aprox.=aproximadamente;tel.=teléfono;núm.=número;pág.=página;avda.=avenida;av.=avenida;máx.=máximo;mín.=mínimo;Sr.=señor;Sra.=señora;Srta.=señorita;Sres.=señores;Dr.=doctor;Dra.=doctora;Prof.=profesor;Ud.=usted;Uds.=ustedes;EE. UU.=Estados Unidos;EE.UU.=Estados Unidos;izq.=izquierda;dcha.=derecha;Dto.=descuento;a. m.=de la mañana;a.m.=de la mañana;p. m.=de la tarde;p.m.=de la tarde;IVA=IVA',
  ),
};

function ofItaly(n: bigint | number, noun?: Gender): string {
  const words = italian(n);
  if (BigInt(n) === 1n && noun !== undefined) return noun === 'f' ? 'una' : 'un';
  return words;
}

export const it: Figures = {
  code: 'it',
  decimalMark: ',',
  decimalsAsNumber: true,
  gap: ' ',
  nounOf: byEnding(/(?:a|zione|sione|tà|notte)$/),
  cardinal: ofItaly,
  words: {
    ...{
      point: 'virgola',
      minus: 'meno',
      plus: 'più',
      to: 'a',
      dot: 'punto',
      and: 'e',
      equals: 'uguale a',
      times: 'per',
      ratio: 'a',
    },
  },
  magnitudeGender: 'm',
  magnitudes: {
    ...{
      milioni: size('milione', 'milioni', 1.1),
      milione: size('milione', 'milioni', 1.1),
      mila: () => 'mila',
    },
    ...{
      miliardi: size('miliardo', 'miliardi', 1.1),
      miliardo: size('miliardo', 'miliardi', 1.1),
      mln: size('milione', 'milioni', 1.1),
    },
  },
  feminine: new Set(['hour', 't', 'GBP', 'INR', 'TRY', 'SEK']),
  money: {
    names: table(
      'EUR=euro;USD=dollaro|dollari;GBP=sterlina|sterline;CHF=franco|franchi;JPY=yen;PLN=zloty',
      forms,
    ),
    cents: table(
      'EUR=centesimo|centesimi;USD=centesimo|centesimi;GBP=penny|pence;CHF=centesimo|centesimi',
      forms,
    ),
    ...{ and: 'e', saysCents: false },
  },
  units: table(
    'mg=milligrammo|milligrammi;m²=metro quadrato|metri quadrati;m2=metro quadrato|metri quadrati;km²=chilometro quadrato|chilometri quadrati;m³=metro cubo|metri cubi;m3=metro cubo|metri cubi;kW=chilowatt;kWh=chilowattora;t=tonnellata|tonnellate;W=watt;V=volt;Hz=hertz;MHz=megahertz;GHz=gigahertz',
    forms,
  ),
  parts: {
    '1/2': 'mezzo',
    '1/3': 'un terzo',
    '2/3': 'due terzi',
    '1/4': 'un quarto',
    '3/4': 'tre quarti',
  },
  half: halfOf(
    () => it,
    (n) => italian(n),
    'e',
    ['mezzo', 'mezza'],
  ),
  date: ({ day, name, year }) =>
    `${day === 1 ? 'primo' : italian(day)} ${name}${year === undefined ? '' : ` ${italian(year)}`}`,
  time: ({ hour, minute }) =>
    `${hour === 1 ? 'una' : italian(hour)}${minute > 0 ? ` e ${italian(minute)}` : ''}`,
  ordinals: /(\d{1,3})([°ºª])(?!\s?[CF])/,
  ordinal(n, mark) {
    if (n === 0n) return undefined;
    const word = italianOrdinal(n);
    return mark === 'ª' ? word.replace(/o$/, 'a') : word;
  },
  own: [
    [/[nN][°º.]\s?(?=\d)/, () => 'numero'],
    [/11[2-8](?![\p{L}\d]|[.,:]\d)/u, ([number], before) => dialled(number, before, (n) => italian(n))],
    [/1 ora(?!\p{L})/u, () => 'un’ora'],
    [/al h(?!\p{L})/u, () => 'all’ora'],
    [
      /h ([01]?\d|2[0-3])(?:[.:]([0-5]\d))?(?![.:]?\d)/u,
      ([, hour = '0', minute = '0']) =>
        `ore ${it.time({ hour: Number(hour), minute: Number(minute), said: true }, '')}`,
    ],
    [
      /(\d+)\s?x(?= \p{Ll}|$)/u,
      ([, times = '0']) => (times === '1' ? 'una volta' : `${italian(BigInt(times))} volte`),
    ],
    [/(max|min)\.?(?= \d)/u, ([, word]) => (word === 'max' ? 'massimo' : 'minimo')],
    [/['’](\d0)(?!\d)/, ([, decade = '0']) => italian(BigInt(decade))],
    ...romans(/([IVXL]+)(?= secolo)/u, (n) => italianOrdinal(n)),
    ...romans(/(?<=(?:secolo|sec\.) )([IVXL]+)(?!\p{L})/u, (n) => italianOrdinal(n)),
    ...romans(/(?<=(?:capitolo|cap\.|\p{Lu}\p{Ll}+) )([IVX]{2,}|V)(?=[\s,.;!?)]|$)/u, (n) =>
      italianOrdinal(n),
    ),
  ],
  short: table(
    'art.=articolo;sec.=secolo;P.zza=piazza;p.zza=piazza;C.so=corso;c.so=corso;cap.=capitolo;es.=esempio;a.C.=avanti Cristo;d.C.=dopo Cristo;lun.=lunedì;mar.=martedì;mer.=mercoledì;gio.=giovedì;ven.=venerdì;sab.=sabato;dom.=domenica;Sig.na=signorina;Sigg.=signori;Ing.=ingegner;Geom.=geometra;Rag.=ragionier;P.za=piazza;V.le=viale;p. es.=per esempio;p.es.=per esempio;ad es.=ad esempio;ecc.=eccetera;etc.=eccetera;ca.=circa;tel.=telefono;pag.=pagina;max.=massimo;min.=minimo;sig.=signor;sig.ra=signora;sig.na=signorina;sigg.=signori;dott.=dottor;dott.ssa=dottoressa;dr.=dottor;prof.=professor;prof.ssa=professoressa;avv.=avvocato;ing.=ingegner;p.za=piazza;p.zza=piazza;v.le=viale;nr.=numero;Sig.=signor;Sig.ra=signora;Dott.=dottor;Dott.ssa=dottoressa;Dr.=dottor;Prof.=professor;Avv.=avvocato',
  ),
};

function ofPortugal(n: bigint | number, noun?: Gender): string {
  const words = portuguese(n);
  if (noun !== 'f') return words;
  return words
    .replace(/\bum$/, 'uma')
    .replace(/\bdois$/, 'duas')
    .replaceAll(/entos\b/g, 'entas');
}

export const pt: Figures = {
  code: 'pt',
  decimalMark: ',',
  decimalsAsNumber: true,
  gap: ' ',
  nounOf: byEnding(/(?:a|as|ção|ções|são|sões|dade|dades|noite|noites|vez|vezes)$/),
  cardinal: ofPortugal,
  words: {
    ...{ point: 'vírgula', minus: 'menos', plus: 'mais', to: 'a', dot: 'ponto', and: 'e', equals: 'igual a' },
    ...{ times: 'vezes', ratio: 'a' },
  },
  magnitudeGender: 'm',
  magnitudes: {
    ...{ milhões: size('milhão', 'milhões'), milhão: size('milhão', 'milhões'), mil: () => 'mil' },
    ...{ mi: size('milhão', 'milhões'), bilhões: size('bilhão', 'bilhões'), bi: size('bilhão', 'bilhões') },
  },
  feminine: new Set(['hour', 't', 'GBP', 'INR', 'TRY', 'SEK']),
  money: {
    names: table(
      'EUR=euro|euros;USD=dólar|dólares;GBP=libra|libras;CHF=franco|francos;JPY=iene|ienes;BRL=real|reais',
      forms,
    ),
    cents: table(
      'EUR=cêntimo|cêntimos;USD=cêntimo|cêntimos;GBP=pêni|pence;BRL=centavo|centavos;CHF=cêntimo|cêntimos',
      forms,
    ),
    ...{ and: 'e', saysCents: true },
  },
  units: table(
    'mg=miligrama|miligramas;m²=metro quadrado|metros quadrados;m2=metro quadrado|metros quadrados;km²=quilômetro quadrado|quilômetros quadrados;m³=metro cúbico|metros cúbicos;m3=metro cúbico|metros cúbicos;kW=quilowatt|quilowatts;kWh=quilowatt-hora|quilowatts-hora;t=tonelada|toneladas;W=watt|watts;V=volt|volts;Hz=hertz;MHz=mega-hertz;GHz=giga-hertz',
    forms,
  ),
  parts: {
    '1/2': 'meio',
    '1/3': 'um terço',
    '2/3': 'dois terços',
    '1/4': 'um quarto',
    '3/4': 'três quartos',
  },
  half: halfOf(
    () => pt,
    (n) => ofPortugal(n),
    'e',
    ['meio', 'meia'],
  ),
  date: ({ day, name, year }) =>
    `${day === 1 ? 'primeiro' : portuguese(day)} de ${name}${year === undefined ? '' : ` de ${portuguese(year)}`}`,
  time: ({ hour, minute }) =>
    `${ofPortugal(hour, 'f')}${minute > 0 ? ` e ${portuguese(minute)}` : hour === 1 ? ' hora' : ' horas'}`,
  clock: /horas?|h(?!\p{L})/u,
  ordinals: /(\d{1,3})(\.?[ºª°]|o|a)(?!\p{L}|\s?[CF](?!\p{L}))/u,
  ordinal(n, mark) {
    if (n === 0n) return undefined;
    const word = portugueseOrdinal(n);
    return /[ªa]$/.test(mark) ? word.replaceAll(/o(?=$|\s)/g, 'a') : word;
  },
  own: [
    [/[nN]\.?[°º]\s?(?=\d)/, () => 'número'],
    // A taxpayer's number (CPF, CNPJ): figure by figure.
    [
      /\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)|\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}(?!\d)/,
      ([number]) =>
        number
          .split(/\D/)
          .map((group) => Array.from(group, (digit) => portuguese(BigInt(digit))).join(' '))
          .join(', '),
    ],
    [
      /(\d+)\s?x(?= \p{Ll}|\s*[,.;!?)]|$)/u,
      ([, times = '0']) => `${ofPortugal(BigInt(times), 'f')} ${times === '1' ? 'vez' : 'vezes'}`,
    ],
    [/por h(?!\p{L})/u, () => 'por hora'],
    ...romans(/(?<=século )([IVXL]+)(?!\p{L})/u, (n) => portuguese(n)),
    ...romans(/(?<=(?:capítulo|cap\.|\p{Lu}\p{Ll}+) )([IVX]{2,}|V)(?=[\s,.;!?)]|$)/u, (n, before) =>
      n > 10 || /^cap/.test(before) ? portuguese(n) : portugueseOrdinal(n),
    ),
    [/D\.(?= \p{Lu}\p{Ll}+ [IVX]+(?!\p{L}))/u, () => 'Dom'],
  ],
  short: table(
    'art.=artigo;ex.=exemplo;p. ex.=por exemplo;p.ex.=por exemplo;etc.=et cetera;aprox.=aproximadamente;tel.=telefone;núm.=número;nº=número;pág.=página;av.=avenida;Av.=avenida;máx.=máximo;mín.=mínimo;Sr.=senhor;Sra.=senhora;Srs.=senhores;Srta.=senhorita;Dr.=doutor;Dra.=doutora;Prof.=professor;Profa.=professora;Eng.=engenheiro;R.=rua;Exmo.=excelentíssimo',
  ),
};
