import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const fr = {
  code: 'fr',
  phrases: {
    stillThere: 'Êtes-vous toujours là ?',
    silenceGoodbye: 'Je ne vous entends pas, je vais donc raccrocher. Merci de rappeler. Au revoir.',
    oneMoment: 'Un instant, s’il vous plaît.',
    welcomeBack: 'Rebonjour. Comment puis-je vous aider ?',
    sayAgain: 'Excusez-moi, il y a eu un problème. Pouvez-vous répéter, s’il vous plaît ?',
    apology: 'Je suis désolé, j’ai un problème technique et je ne peux pas vous aider davantage.',
    notReached:
      'Je suis désolé, personne n’est joignable pour le moment. Puis-je vous aider pour autre chose ?',
    maxCall: 'Je suis désolé, nous devons terminer cet appel. N’hésitez pas à rappeler. Au revoir.',
    draining:
      'Je suis désolé, je dois terminer cet appel. Merci de rappeler dans quelques minutes. Au revoir.',
    goodbye: 'Au revoir.',
    unknownExtension:
      'Désolé, le numéro demandé n’est pas attribué. Veuillez le vérifier et rappeler. Au revoir.',
    busy: 'Désolé, toutes nos lignes sont occupées. Veuillez réessayer dans quelques minutes. Au revoir.',
  },
  backchannels: list(`
    mhm hm hmm mm ah oh oui ouais ok okay d'accord d’accord bien très_bien bon voilà exactement je_vois je_comprends
    tout_à_fait ah_bon ah_oui ah_d'accord ah_d’accord parfait entendu
    continuez allez-y poursuivez continuez_s'il_vous_plaît
  `),
  urgent: list(`
    stop arrêtez attendez attends un_instant un_moment excusez excusez-moi pardon allô ça_suffit écoutez
  `),
  openEnds: list(`
    et ou mais donc car parce que qu' si alors quand comme le la les l' un une des du de d' mon ma mes votre vos notre
    nos son sa ses à au aux pour par avec sans sur sous dans chez vers suis était c'est c’est j' j'ai j’ai j'aimerais
    cette euh heu ben bah monsieur madame  très
  `),
  announced: list(`
    je_voudrais j'ai_besoin dites_moi me_dire voudrais_savoir mon_nom mon_numéro
    une_question une_petite_question une_autre_question un_problème un_souci une_demande quelque_chose_à_vous_demander
  `),
  complete: list(`
    oui non ouais ok okay d'accord d’accord exactement voilà merci merci_beaucoup oui_merci non_merci
    oui_s'il_vous_plaît oui_s’il_vous_plaît oui_c'est_ça oui_c’est_ça c'est_ça c’est_ça c'est_tout c’est_tout
    ce_sera_tout rien_d'autre rien_d’autre au_revoir bonjour bonsoir allô tout_à_fait si parfait entendu très_bien
    bien_sûr oui_bien_sûr pas_du_tout bonne_journée merci_au_revoir
  `),
  numbers: {
    others: {
      un: list('une'),
      zéro: list('zero'),
      'soixante-dix': list('septante'),
      'quatre-vingts': list('huitante octante quatre-vingt'),
      'quatre-vingt-dix': list('nonante'),
    },
    scales: { cent: 2, cents: 2, mille: 3, million: 6, millions: 6 },
    repeats: { double: 1, triple: 2 },
    between: list(`
      euh heu hum ben bah alors bon oui voilà attendez pardon puis et_puis ensuite et_ensuite après et_après
      encore tiret moins espace point virgule barre plus fois fois_le
    `),
  },
  asks: {
    number: list(`
      numéro téléphone code chiffres naissance date postal carte compte dossier
    `),
    name: list(`
      nom prénom épeler épelez adresse rue mail e_mail courriel
    `),
    openly: list(`
      que qu'est quoi quel quelle quels quelles quand qui où pourquoi comment combien
    `),
  },
  sentences: {
    ...PLAIN_SENTENCES,
    abbreviations: list(`
    m mm dr pr me p.ex ex etc env tél av bd boul st ste cf max min janv févr avr juil sept oct nov déc c.-à-d n.b mme
    mlle pers cie ets réf chap fig vol rte imp appt bât hab éd `),
    mayEnd: list('etc min pers hab'),
    beforeNumbers: ['n', 'no', 'art', 'p'],
    oneLetterWords: ['h', 'y', 'a', 'à'],
  },
  reading: {
    per: 'par',
    plus: 'plus',
    keys: { hash: 'dièse', star: 'étoile' },
    address: { dot: 'point', slash: 'barre oblique', at: 'arobase', dash: 'tiret', underscore: 'tiret bas' },
  },
} satisfies Language;
