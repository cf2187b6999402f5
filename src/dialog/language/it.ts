import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const it = {
  code: 'it',
  phrases: {
    stillThere: 'È ancora in linea?',
    silenceGoodbye: 'Non la sento, quindi ora chiudo la chiamata. La prego di richiamare. Arrivederci.',
    oneMoment: 'Un momento, per favore.',
    welcomeBack: 'Eccoci di nuovo. Come posso aiutarla?',
    sayAgain: 'Mi scusi, c’è stato un problema. Può ripetere, per favore?',
    apology: 'Mi dispiace, ho un problema tecnico e non posso aiutarla oltre.',
    notReached: 'Mi dispiace, al momento non risponde nessuno. Posso aiutarla in altro modo?',
    maxCall: 'Mi dispiace, dobbiamo terminare la chiamata. Richiami pure se ha bisogno. Arrivederci.',
    draining:
      'Mi dispiace, devo terminare la chiamata. La prego di richiamare tra qualche minuto. Arrivederci.',
    goodbye: 'Arrivederci.',
    unknownExtension: 'Spiacenti, questo numero non è attivo. Controlli il numero e richiami. Arrivederci.',
    busy: 'Spiacenti, tutte le linee sono occupate. Riprovi tra qualche minuto. Arrivederci.',
  },
  backchannels: list(`
    mhm hm hmm mm ah oh eh sì si già certo va_bene vabbè ok okay bene benissimo perfetto esatto esattamente giusto
    capisco ho_capito chiaro d'accordo d’accordo ecco
    continui prosegua avanti vada_avanti continui_pure
  `),
  urgent: list(`
    stop ferma fermi aspetti aspetta un_momento un_attimo scusi basta pronto senta
  `),
  openEnds: list(`
    e ed o oppure ma però perché che se quando come allora quindi il lo la i gli le un uno una mio mia miei mie suo sua
    di del dello della dei degli delle a al allo alla ai agli alle da dal dalla per con senza in nel nella su sul sulla
    tra fra è sono era ho vorrei volevo devo io noi mi ehm uhm beh signor signora dottor dottoressa molto non
  `),
  announced: list(`
    mi_serve ho_bisogno mi_dica può_dirmi vorrei_sapere il_mio_nome il_mio_numero
    una_domanda un'altra_domanda un_problema una_richiesta un'informazione chiedere_una_cosa chiederle_una_cosa
  `),
  complete: list(`
    sì si no va_bene ok okay certo esatto giusto grazie grazie_mille sì_grazie si_grazie no_grazie sì_per_favore
    si_per_favore sì_certo si_certo è_tutto basta_così nient'altro nient’altro arrivederci buongiorno buonasera ciao
    pronto perfetto d'accordo d’accordo benissimo no_basta_così
  `),
  numbers: {
    others: { uno: list('una un'), cento: list('cent') },
    scales: { mille: 3, mila: 3, milione: 6, milioni: 6 },
    repeats: { doppio: 1, doppia: 1, triplo: 2, tripla: 2 },
    between: list(`
      eh ehm uhm beh allora sì aspetti scusi poi e_poi dopo e_dopo quindi di_nuovo ancora vediamo trattino meno
      spazio punto virgola barra più volte
    `),
  },
  asks: {
    number: list(`
      numero telefono cellulare codice cifre nascita data cap tessera conto
    `),
    name: list(`
      nome cognome sillabare compitare scandire indirizzo via email mail
    `),
    openly: list(`
      che cosa cos'è quale quali quando chi dove dov'è perché come com'è quanto quanta quanti quante
    `),
  },
  sentences: {
    ...PLAIN_SENTENCES,
    abbreviations: list(`
      sig sig.ra sig.na sigg dr dott dott.ssa prof prof.ssa avv ing geom arch p.es es ecc etc ca v.le p.za p.zza tel
      st egr gent spett int art cap fig c.a n nr pag max min gen feb mar apr mag giu lug ago sett set ott nov dic
    `),
    mayEnd: list('ecc etc min'),
    oneLetterWords: ['e', 'o', 'a', 'è'],
  },
  reading: {
    per: 'al',
    plus: 'più',
    keys: { hash: 'cancelletto', star: 'asterisco' },
    address: {
      dot: 'punto',
      slash: 'barra',
      at: 'chiocciola',
      dash: 'trattino',
      underscore: 'trattino basso',
    },
  },
} satisfies Language;
