import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const es = {
  code: 'es',
  phrases: {
    stillThere: '¿Sigue usted ahí?',
    silenceGoodbye: 'No le oigo, así que voy a colgar. Por favor, vuelva a llamar. Adiós.',
    oneMoment: 'Un momento, por favor.',
    welcomeBack: 'Hola de nuevo. ¿En qué puedo ayudarle?',
    sayAgain: 'Perdone, ha habido un problema. ¿Podría repetirlo, por favor?',
    apology: 'Lo siento, tengo un problema técnico y no puedo seguir ayudándole.',
    notReached: 'Lo siento, en este momento no hay nadie disponible. ¿Puedo ayudarle en algo más?',
    maxCall: 'Lo siento, tenemos que terminar esta llamada. Vuelva a llamar si necesita algo más. Adiós.',
    draining:
      'Lo siento, tengo que terminar esta llamada. Por favor, vuelva a llamar dentro de unos minutos. Adiós.',
    goodbye: 'Adiós.',
    unknownExtension:
      'Lo sentimos, el número que ha marcado no existe. Por favor, compruébelo y vuelva a marcar. Adiós.',
    busy: 'Lo sentimos, todas nuestras líneas están ocupadas. Por favor, inténtelo dentro de unos minutos. Adiós.',
  },
  backchannels: list(`
    mhm hm hmm mm ajá ah oh sí si ya claro vale ok okay bien muy_bien bueno perfecto de_acuerdo entiendo exacto
    exactamente eso ya_veo entendido correcto sí_sí si_si
    siga continúe adelante siga_por_favor continúe_por_favor
  `),
  urgent: list(`
    pare para espere espera un_momento disculpe perdone oiga basta alto
  `),
  openEnds: list(`
    y e o u pero porque que si cuando como entonces pues el la los las lo un una unos unas mi mis su sus de del a al
    para por con sin en sobre hasta desde soy yo nosotros me le quiero quisiera necesito eh em este señor señora 
     muy
  `),
  announced: list(`
    me_gustaría podría_decirme puede_decirme dígame quisiera_saber mi_nombre mi_número
    una_pregunta otra_pregunta una_duda un_problema una_consulta preguntarle_algo preguntar_algo
  `),
  complete: list(`
    sí si no vale ok okay claro exacto correcto eso gracias muchas_gracias sí_gracias si_gracias no_gracias sí_por_favor
    si_por_favor sí_claro si_claro eso_es eso_es_todo nada_más es_todo adiós adios hasta_luego hola buenos_días
    buenas_tardes buenas_noches dígame de_acuerdo está_bien muy_bien perfecto nada_más_gracias no_nada_más
  `),
  numbers: {
    others: { uno: list('una un') },
    scales: { mil: 3, millón: 6, millones: 6 },
    repeats: { doble: 1, triple: 2 },
    between: list(`
      eh em este bueno pues sí vale espere perdón luego y_luego después y_después otra_vez a_ver guion guión
      menos espacio punto coma barra más veces
    `),
  },
  asks: {
    number: list(`
      número teléfono móvil celular código cifras dígitos nacimiento fecha postal tarjeta cuenta
    `),
    name: list(`
      nombre apellido apellidos deletrear deletrea deletreármelo dirección calle correo email
    `),
    openly: list(`
      qué cuál cuáles cuándo quién quiénes dónde adónde cómo cuánto cuánta cuántos cuántas
    `),
  },
  sentences: {
    ...PLAIN_SENTENCES,
    abbreviations: list(`
      sr sra srta sres dr dra prof d dña ud uds p.ej ej etc aprox avda av c tel núm pág art dto izq dcha máx mín
      sta sto lic ing arq prol col ext int min fig cap cía ltda hnos tfno ene feb mar abr jun jul ago sept oct nov dic a.m p.m ee uu ee.uu
    `),
    mayEnd: list('etc min cía ltda a.m p.m uu ee.uu'),
    beforeNumbers: ['n', 'no', 'núm'],
    oneLetterWords: ['y', 'o', 'a', 'e', 'u'],
  },
  reading: {
    per: 'por',
    plus: 'más',
    keys: { hash: 'almohadilla', star: 'asterisco' },
    address: { dot: 'punto', slash: 'barra', at: 'arroba', dash: 'guion', underscore: 'guion bajo' },
  },
} satisfies Language;
