import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const de = {
  code: 'de',
  phrases: {
    stillThere: 'Sind Sie noch da?',
    silenceGoodbye:
      'Ich kann Sie leider nicht hören und lege jetzt auf. Bitte rufen Sie noch einmal an. Auf Wiederhören.',
    oneMoment: 'Einen Moment, bitte.',
    welcomeBack: 'Schön, dass Sie wieder da sind. Wie kann ich Ihnen helfen?',
    sayAgain: 'Entschuldigung, da ist etwas schiefgegangen. Könnten Sie das bitte noch einmal sagen?',
    apology: 'Es tut mir leid, ich habe eine technische Störung und kann Ihnen nicht weiterhelfen.',
    notReached:
      'Es tut mir leid, dort ist gerade niemand zu erreichen. Kann ich Ihnen sonst noch weiterhelfen?',
    maxCall:
      'Es tut mir leid, wir müssen das Gespräch jetzt beenden. Rufen Sie gern noch einmal an. Auf Wiederhören.',
    draining:
      'Es tut mir leid, ich muss das Gespräch jetzt beenden. Bitte rufen Sie in ein paar Minuten noch einmal an. Auf Wiederhören.',
    goodbye: 'Auf Wiederhören.',
    unknownExtension:
      'Diese Nummer ist leider nicht vergeben. Bitte prüfen Sie die Nummer und wählen Sie noch einmal. Auf Wiederhören.',
    busy: 'Zurzeit sind leider alle Leitungen belegt. Bitte versuchen Sie es in ein paar Minuten noch einmal. Auf Wiederhören.',
  },
  backchannels: list(`
    mhm hm hmm mm aha ah ach oh ja jaja jo joa okay ok gut genau richtig stimmt klar verstehe ach_so achso so alles_klar
    in_ordnung ja_genau sehr_gut super schön gern gerne na na_gut ich_verstehe
    weiter bitte_weiter machen_sie_weiter sprechen_sie_weiter reden_sie_weiter fahren_sie_fort nur_zu
  `),
  urgent: list(`
    stopp stop halt warten_sie moment entschuldigung hallo genug hören_sie warte
  `),
  openEnds: list(`
    und oder aber weil wenn dass ob sondern also der die den dem des ein eine einen einem einer eines mein meine meinen
    meinem meiner ihr ihre ihren kein keine zu zum zur von vom für mit ohne bei beim nach vor über unter am im in um bis
    gegen durch hätte möchte würde ich wir äh ähm öh hm tja herr   sehr noch
  `),
  announced: list(`
    ich_brauche sagen_sie_mir mir_sagen gerne_wissen mein_name meine_nummer
    eine_frage noch_eine_frage mal_eine_frage ein_problem noch_ein_problem ein_anliegen eine_bitte was_fragen etwas_fragen
    frage_stellen
  `),
  complete: list(`
    ja nein nee nö doch okay ok klar genau richtig stimmt gerne gern danke vielen_dank danke_schön dankeschön ja_bitte
    ja_gerne ja_gern ja_genau ja_danke ja_richtig ja_stimmt nein_danke nein_vielen_dank ja_vielen_dank okay_danke bitte
    das_war's das_war_es das_wäre_alles das_ist_alles sonst_nichts tschüss tschüs auf_wiederhören auf_wiedersehen hallo
    guten_tag guten_morgen alles_klar in_ordnung passt das_passt danke_sehr bis_dann
  `),
  numbers: {
    others: { eins: list('ein eine'), zwei: list('zwo'), fünf: list('fünfe') },
    scales: { hundert: 2, tausend: 3, million: 6, millionen: 6 },
    repeats: { doppel: 1, doppelt: 1, 'zweimal die': 1, zweimal: 1, 'dreimal die': 2, dreimal: 2 },
    between: list(`
      äh ähm öh hm tja also so ja genau moment dann und_dann danach und_danach weiter und_zwar nochmal noch_mal
      wieder entschuldigung warten_sie strich bindestrich minus punkt komma leerzeichen schrägstrich plus
    `),
  },
  asks: {
    number: list(`
      nummer telefonnummer rufnummer kundennummer kontonummer handynummer durchwahl code pin ziffern geburtsdatum geburtstag datum postleitzahl
    `),
    name: list(`
      name namen nachname vorname buchstabieren buchstabiert adresse anschrift straße e_mail mail
    `),
    openly: list(`
      was wann wer wem wen wessen welche welcher welches welchen welchem wo wohin woher warum wieso weshalb wie womit worum wofür wozu
    `),
    whether: list(`
      haben_sie habt_ihr sind_sie seid_ihr gibt_es ist_das ist_der ist_die ist_mein ist_meine machen_sie bieten_sie nehmen_sie
    `),
    when: list(`
      heute sie_morgen ihr_morgen es_morgen morgen_früh übermorgen jetzt gerade schon montag dienstag mittwoch donnerstag freitag samstag
      sonnabend sonntag montags dienstags mittwochs donnerstags freitags samstags sonntags wochenende diese_woche nächste_woche diesen_monat
      nächsten_monat vormittag nachmittag vormittags nachmittags mittags abends am_abend weihnachten ostern uhr
    `),
  },
  sentences: {
    ...PLAIN_SENTENCES,
    abbreviations: list(`
      z.b d.h od u.a o.ä i.d.r v.a z.t z.zt u.u ggf bzw ca evtl usw etc inkl exkl zzgl max min mind vgl sog bspw dr prof
      dipl ing med hr fr str tel nr st abs art bd hl jh mio mrd std sek tgl zb co fa inh kap pkt hbf bhf mwst ust gez gem z.hd geb verh ehem abt allg
      jan feb apr jun jul aug sep sept okt nov dez mo di mi do so
    `),
    mayEnd: list('usw etc str so art min std sek hbf bhf mwst'),
    dottedOrdinals: 'any',
  },
  reading: {
    per: 'pro',
    plus: 'plus',
    keys: { hash: 'Raute', star: 'Stern' },
    address: {
      dot: 'Punkt',
      slash: 'Schrägstrich',
      at: 'at',
      dash: 'Bindestrich',
      underscore: 'Unterstrich',
    },
  },
} satisfies Language;
