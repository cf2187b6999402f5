import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const nl = {
  code: 'nl',
  phrases: {
    stillThere: 'Bent u er nog?',
    silenceGoodbye: 'Ik hoor u niet, dus ik hang nu op. Belt u gerust nog eens. Tot ziens.',
    oneMoment: 'Een ogenblik, alstublieft.',
    welcomeBack: 'Fijn dat u er weer bent. Waarmee kan ik u helpen?',
    sayAgain: 'Sorry, er ging iets mis. Kunt u dat nog een keer zeggen, alstublieft?',
    apology: 'Het spijt me, ik heb een technische storing en kan u niet verder helpen.',
    notReached:
      'Het spijt me, daar is op dit moment niemand bereikbaar. Kan ik u nog ergens anders mee helpen?',
    maxCall: 'Het spijt me, we moeten dit gesprek nu beëindigen. Belt u gerust nog eens. Tot ziens.',
    draining:
      'Het spijt me, ik moet dit gesprek nu beëindigen. Belt u over een paar minuten nog eens. Tot ziens.',
    goodbye: 'Tot ziens.',
    unknownExtension:
      'Sorry, dit nummer is niet in gebruik. Controleer het nummer en bel opnieuw. Tot ziens.',
    busy: 'Sorry, al onze lijnen zijn bezet. Probeert u het over een paar minuten nog eens. Tot ziens.',
  },
  backchannels: list(`
    mhm hm hmm mm ah oh ja jaja jawel oké ok okay goed prima precies klopt inderdaad juist snap_ik ik_snap_het
    begrijp_ik ik_begrijp_het natuurlijk zeker mooi fijn ach zo
    ga_door ga_verder gaat_u_verder gaat_u_door
  `),
  urgent: list(`
    stop wacht wacht_even moment momentje ogenblik sorry hallo genoeg luister
  `),
  openEnds: list(`
    en of maar want omdat dat als wanneer dus toen de een mijn uw ons onze zijn haar te van voor met zonder bij naar op
    aan in uit over onder tot om wil zou ik wij we eh uh uhm ehm nou tja meneer mevrouw  heel nog
  `),
  announced: list(`
    ik_heb_nodig kunt_u_me_zeggen zeg_me graag_weten mijn_naam mijn_nummer
    een_vraag een_vraagje nog_een_vraag een_probleem een_verzoek iets_vragen wat_vragen
  `),
  complete: list(`
    ja nee oké ok okay goed precies klopt juist zeker graag bedankt dank_u dank_u_wel dankjewel dank_je_wel ja_graag
    ja_bedankt nee_bedankt nee_dank_u nee_dank_u_wel ja_hoor ja_dat_klopt dat_klopt dat_is_alles dat_was_het
    verder_niets tot_ziens dag hallo goedemorgen goedemiddag in_orde dat_is_goed prima fijn
  `),
  numbers: {
    others: { één: list('een ene'), twee: list('tweeë') },
    scales: { honderd: 2, duizend: 3, miljoen: 6 },
    repeats: { dubbel: 1, dubbele: 1, tweemaal: 1, driemaal: 2 },
    between: list(`
      eh uh uhm ehm nou tja ja wacht sorry dan en_dan daarna en_daarna nog_een_keer even_kijken streepje
      koppelteken min spatie punt komma slash plus keer maal
    `),
  },
  asks: {
    number: list(`
      nummer telefoonnummer klantnummer rekeningnummer code pin cijfers geboortedatum geboorte datum postcode
    `),
    name: list(`
      naam achternaam voornaam spellen spelt adres straat e_mail mail
    `),
    openly: list(`
      wat wanneer wie wiens welke welk waar waarom waarmee waarover waarvoor hoe hoeveel
    `),
    whether: list('heeft_u hebben_jullie bent_u zijn_jullie is_er is_het is_de is_mijn zijn_er'),
    when: list(`
      vandaag u_morgen jullie_morgen het_morgen er_morgen morgenochtend morgenmiddag morgenavond overmorgen vanochtend vanmiddag
      vanavond nu maandag dinsdag woensdag donderdag vrijdag zaterdag zondag weekend deze_week volgende_week deze_maand volgende_maand
      de_ochtend de_middag de_avond kerst pasen uur
    `),
  },
  sentences: {
    ...PLAIN_SENTENCES,
    abbreviations: list(`
      dhr mevr mw dr prof ir ing mr drs bv bijv m.b.t o.a d.w.z i.p.v t.o.v n.v.t e.d enz etc ca evt incl excl max min
      pers resp st joh fa zgn nr tel str blz jan feb mrt apr jun jul aug sept okt nov dec
    `),
    mayEnd: list('enz etc e.d min pers jan'),
    oneLetterWords: ['u'],
  },
  reading: {
    per: 'per',
    plus: 'plus',
    keys: { hash: 'hekje', star: 'sterretje' },
    address: {
      dot: 'punt',
      slash: 'schuine streep',
      at: 'apenstaartje',
      dash: 'streepje',
      underscore: 'liggend streepje',
    },
  },
} satisfies Language;
