import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const pl = {
  code: 'pl',
  phrases: {
    stillThere: 'Czy nadal są Państwo na linii?',
    silenceGoodbye: 'Nic nie słyszę, więc kończę połączenie. Proszę zadzwonić ponownie. Do widzenia.',
    oneMoment: 'Chwileczkę, proszę.',
    welcomeBack: 'Witam ponownie. W czym mogę pomóc?',
    sayAgain: 'Przepraszam, coś poszło nie tak. Czy można prosić o powtórzenie?',
    apology: 'Przykro mi, mam problem techniczny i nie mogę dalej pomóc.',
    notReached: 'Przykro mi, w tej chwili nikt tam nie odbiera. Czy mogę pomóc w czymś jeszcze?',
    maxCall:
      'Przykro mi, musimy już zakończyć rozmowę. Proszę zadzwonić ponownie w razie potrzeby. Do widzenia.',
    draining: 'Przykro mi, muszę zakończyć rozmowę. Proszę zadzwonić ponownie za kilka minut. Do widzenia.',
    goodbye: 'Do widzenia.',
    unknownExtension:
      'Przepraszamy, ten numer nie istnieje. Proszę sprawdzić numer i zadzwonić ponownie. Do widzenia.',
    busy: 'Przepraszamy, wszystkie linie są zajęte. Proszę spróbować ponownie za kilka minut. Do widzenia.',
  },
  backchannels: list(`
    mhm hm hmm mm aha ach oh no tak tak_tak dobrze dobra okej ok okay jasne rozumiem racja właśnie dokładnie zgadza_się
    w_porządku świetnie super oczywiście
    dalej proszę_dalej proszę_mówić_dalej proszę_kontynuować niech_pan_mówi_dalej niech_pani_mówi_dalej
  `),
  urgent: list(`
    stop stój proszę_poczekać chwileczkę chwila moment przepraszam halo dość wystarczy
  `),
  openEnds: list(`
    i oraz a albo lub ale bo ponieważ że żeby jeśli jeżeli gdy kiedy jak więc to ten ta te mój moja moje pana pani do od
    z ze dla na w we o po przy przez pod nad za bez był była jestem mam chcę chciałbym chciałabym muszę ja my yyy eee
    hmm panie doktor jeszcze
  `),
  announced: list(`
    potrzebuję proszę_mi_powiedzieć chciałbym_wiedzieć chciałabym_wiedzieć moje_nazwisko mój_numer
    pytanie jedno_pytanie mam_problem prośbę taką_sprawę coś_zapytać
  `),
  complete: list(`
    tak nie dobrze dobra okej ok okay jasne dokładnie zgadza_się dziękuję dziękuję_bardzo dzięki tak_proszę tak_poproszę
    tak_dziękuję nie_dziękuję tak_zgadza_się to_wszystko nic_więcej do_widzenia do_usłyszenia halo dzień_dobry
    dobry_wieczór proszę poproszę w_porządku oczywiście zgoda nie_to_wszystko
  `),
  numbers: {
    others: {
      jeden: list('jedna jedno jedynka jedynkę jedynki'),
      dwa: list('dwie dwójka dwójkę dwójki'),
      trzy: list('trójka trójkę trójki'),
      cztery: list('czwórka czwórkę czwórki'),
      pięć: list('piątka piątkę piątki'),
      sześć: list('szóstka szóstkę szóstki'),
      siedem: list('siódemka siódemkę siódemki'),
      osiem: list('ósemka ósemkę ósemki'),
      dziewięć: list('dziewiątka dziewiątkę dziewiątki'),
      zero: list('zerem zera'),
    },
    scales: { tysiąc: 3, tysiące: 3, tysięcy: 3, milion: 6, miliony: 6, milionów: 6 },
    repeats: { podwójne: 1, podwójna: 1, podwójny: 1, podwójną: 1, potrójne: 2, potrójna: 2 },
    between: list(`
      yyy eee hmm no więc tak chwila przepraszam potem i_potem dalej i_dalej znowu jeszcze_raz kreska myślnik
      minus spacja kropka przecinek ukośnik plus razy
    `),
  },
  asks: {
    number: list(`
      numer numeru telefon telefonu kod kodu cyfry urodzenia data datę pesel pocztowy konta karty
    `),
    name: list(`
      nazwisko nazwiska imię imienia nazywa przeliterować przeliteruje adres ulica mail e_mail
    `),
    openly: list(`
      co czego czym kiedy kto kogo komu kim który która które jaki jaka jakie jaką gdzie dokąd skąd dlaczego czemu jak ile
    `),
  },
  sentences: {
    ...PLAIN_SENTENCES,
    abbreviations: list(`
      np tj pp sp tys mln mld zob str pon wt śr czw pt sob ks płk kpt woj tzn tzw itd itp m.in ok ul al pl os św dr hab prof inż mgr lek tel nr godz min max ds wg ww zł gr r w
      sty lut mar kwi cze lip sie wrz paź lis gru
    `),
    mayEnd: list('min tys mln mld ok itd itp zł gr r w'),
    dottedOrdinals: 'small',
    oneLetterWords: ['i', 'a', 'o', 'u', 'z'],
  },
  reading: {
    per: 'za',
    plus: 'plus',
    keys: { hash: 'krzyżyk', star: 'gwiazdka' },
    address: { dot: 'kropka', slash: 'ukośnik', at: 'małpa', dash: 'myślnik', underscore: 'podkreślnik' },
  },
} satisfies Language;
