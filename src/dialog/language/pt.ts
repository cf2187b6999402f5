import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const pt = {
  code: 'pt',
  phrases: {
    stillThere: 'Ainda está na linha?',
    silenceGoodbye: 'Não consigo ouvir, por isso vou desligar. Por favor, ligue novamente. Até logo.',
    oneMoment: 'Um momento, por favor.',
    welcomeBack: 'Olá novamente. Em que posso ajudar?',
    sayAgain: 'Desculpe, houve um problema. Pode repetir, por favor?',
    apology: 'Lamento, estou com um problema técnico e não posso continuar a ajudar.',
    notReached: 'Lamento, não há ninguém disponível neste momento. Posso ajudar em mais alguma coisa?',
    maxCall: 'Lamento, temos de terminar esta chamada. Ligue novamente se precisar. Até logo.',
    draining:
      'Lamento, tenho de terminar esta chamada. Por favor, ligue novamente daqui a alguns minutos. Até logo.',
    goodbye: 'Até logo.',
    unknownExtension: 'Desculpe, este número não existe. Verifique o número e ligue novamente. Até logo.',
    busy: 'Desculpe, todas as nossas linhas estão ocupadas. Tente novamente daqui a alguns minutos. Até logo.',
  },
  backchannels: list(`
    mhm hm hmm mm ah oh ahã aham sim é pois pois_é claro certo está_bem tá tá_bom ok okay bem muito_bem bom ótimo
    perfeito exato exatamente isso entendo entendi percebo sei
    continue prossiga pode_continuar continue_por_favor
  `),
  urgent: list(`
    pare espere espera um_momento um_instante desculpe alô basta chega escute
  `),
  openEnds: list(`
    e ou mas porque que se quando como então pois o a os as um uma uns umas meu minha meus minhas seu sua de do da dos
    das a ao à aos às para pra por pelo pela com sem em no na nos nas sobre até desde sou eu me quero queria gostaria
    preciso hum hã ééé senhor senhora   muito
  `),
  announced: list(`
    eu_preciso pode_me_dizer me_diga gostaria_de_saber queria_saber o_meu_nome meu_nome meu_número
    uma_pergunta outra_pergunta uma_dúvida um_problema uma_questão perguntar_uma_coisa
  `),
  complete: list(`
    sim não ok okay claro certo exato isso obrigado obrigada muito_obrigado muito_obrigada sim_obrigado sim_obrigada
    não_obrigado não_obrigada sim_por_favor sim_claro é_isso isso_mesmo é_tudo é_só só_isso mais_nada tchau adeus
    até_logo olá oi alô bom_dia boa_tarde boa_noite está_bem perfeito de_acordo tudo_bem não_é_tudo não_é_só
  `),
  numbers: {
    others: {
      um: list('uma'),
      dois: list('duas'),
      seis: list('meia'),
      catorze: list('quatorze'),
      dezasseis: list('dezesseis'),
      dezassete: list('dezessete'),
      dezanove: list('dezenove'),
      cinquenta: list('cincoenta'),
    },
    scales: { mil: 3, milhão: 6, milhões: 6 },
    repeats: { duplo: 1, dobro: 1, triplo: 2 },
    between: list(`
      hum hã ééé é então bom sim espere desculpe depois e_depois aí e_aí de_novo outra_vez deixa_ver traço
      hífen menos espaço ponto vírgula barra mais vezes
    `),
  },
  asks: {
    number: list(`
      número telefone telemóvel celular código dígitos algarismos nascimento data cep postal cartão conta nif cpf
    `),
    name: list(`
      nome apelido sobrenome soletrar soletre morada endereço rua email e_mail
    `),
    openly: list(`
      que quê qual quais quando quem onde aonde porque porquê como quanto quanta quantos quantas
    `),
  },
  sentences: {
    ...PLAIN_SENTENCES,
    abbreviations: list(`
      sr sra srta srs dr dra prof profa eng exmo exma p.ex ex etc sta sto arq lic cap fig ltda cia min aprox av r tel núm nº pág art máx mín jan fev mar abr
      mai jun jul ago set out nov dez
    `),
    mayEnd: list('etc min ltda cia'),
    beforeNumbers: ['n', 'núm'],
    oneLetterWords: ['e', 'o', 'a', 'é'],
  },
  reading: {
    per: 'por',
    plus: 'mais',
    keys: { hash: 'cardinal', star: 'asterisco' },
    address: { dot: 'ponto', slash: 'barra', at: 'arroba', dash: 'hífen', underscore: 'sublinhado' },
  },
} satisfies Language;
