import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const en = {
  code: 'en',
  phrases: {
    stillThere: 'Are you still there?',
    silenceGoodbye: "I can't hear you, so I will hang up now. Please call again. Goodbye.",
    oneMoment: 'One moment, please.',
    welcomeBack: 'Hello again. How can I help you?',
    sayAgain: 'Sorry, something went wrong. Could you please say that again?',
    apology: 'I am sorry, I have a technical problem and cannot help you any further.',
    notReached: 'I am sorry, nobody can be reached there at the moment. Can I help you with anything else?',
    maxCall:
      'I am sorry, we have to end this call now. Please call again if you need anything else. Goodbye.',
    draining: 'I am sorry, I have to end this call now. Please call again in a few minutes. Goodbye.',
    goodbye: 'Goodbye.',
    unknownExtension: 'Sorry, this number is not in use. Please check the number and dial again. Goodbye.',
    busy: 'Sorry, all our lines are busy at the moment. Please try again in a few minutes. Goodbye.',
  },
  backchannels: list(`
    mhm mm m mmm hmm hm ha haha mmhm mmhmm uhhuh uh huh um ah aha oh yeah yes yep okay ok right sure i see good great alright
    all_right fine exactly
    go_on go_on_please please_go_on go_ahead please_go_ahead carry_on continue please_continue
  `),
  urgent: list(`
    stop wait hold_on hang_on one_moment excuse_me hello listen enough
  `),
  openEnds: list(`
    and or but so because if than then the a an my your our his her their to of for from with at in on about
    is are am was i i'm i'd we it's um uh er erm well mister missus into between until during whether would could should
    has had ask asking wanted wondering wonder which
  `),
  announced: list(`
    would_like i'd_like i_need tell_me let_me_know want_to_know like_to_know my_name my_number
    a_question one_question another_question a_quick_question a_problem another_problem an_issue a_request a_favour a_favor ask_something
    ask_you_something tell_you_something
  `),
  complete: list(`
    yes no yeah nope yep okay ok sure correct right exactly thank_you thanks no_thank_you bye good_bye goodbye
    that's_all that_is_all nothing_else hello hi
    yes_please no_please yeah_please nope_please yep_please okay_please ok_please sure_please
    yes_thanks no_thanks yeah_thanks nope_thanks yep_thanks okay_thanks ok_thanks sure_thanks
    yes_thank_you yeah_thank_you okay_thank_you ok_thank_you sure_thank_you
    yes_that's_right yeah_that's_right yep_that's_right okay_that's_right correct_that's_right
  `),
  numbers: {
    others: {
      zero: list('oh o nought naught nil'),
      one: list('won'),
      nine: list('niner'),
      four: list('fore'),
    },
    scales: { hundred: 2, thousand: 3, million: 6 },
    repeats: { double: 1, triple: 2 },
    between: list(`
      uh um er erm hmm mm well so okay ok yeah yes wait sorry like next again then and_then and_after_that
      followed_by let_me_see let_me_think let's_see hold_on you_know i_think dash hyphen minus space dot point
      comma slash stroke plus
    `),
  },
  asks: {
    number: list(`
      number phone telephone code digits pin birth birthday date zip postcode account card policy extension
    `),
    name: list(`
      name spell spelling address street email e_mail mail surname
    `),
    openly: list(`
      what what's when who whom whose which where where's why how how's
    `),
    whether: list(`
      are_you are_there are_the are_your are_they is_it is_there is_the is_your is_that is_this do_you do_they do_i
      does_it does_the does_that did_you have_you has_my will_you will_it
    `),
    when: list(`
      today tomorrow tonight now already yet at_the_moment monday tuesday wednesday thursday friday saturday sunday mondays tuesdays
      wednesdays thursdays fridays saturdays sundays weekend weekends this_week next_week this_month next_month this_morning
      this_afternoon this_evening the_morning the_afternoon the_evening at_night at_noon christmas easter
    `),
  },
  sentences: {
    ...PLAIN_SENTENCES,
    abbreviations: list(`
      mr mrs ms dr prof rev hon st sr jr gen col sgt capt lt vs etc inc ltd co corp dept nos vol approx apt ave blvd
      rd mt sen gov rep pres ext fig figs bldg ste rm sec min mins hr hrs est ph.d m.d d.d.s tel pp e.g i.e a.m p.m u.s u.k jan feb apr jun jul aug sept oct nov dec mon tue tues wed thu thur thurs fri
    `),
    mayEnd: list(
      'min mins hr hrs est sec rep ext ste ph.d m.d d.d.s etc a.m p.m inc ltd co u.s u.k jr sr ave blvd rd',
    ),
    beforeNumbers: ['no'],
    oneLetterWords: ['i'],
  },
  reading: {
    per: 'per',
    plus: 'plus',
    keys: { hash: 'pound', star: 'star' },
    address: { dot: 'dot', slash: 'slash', at: 'at', dash: 'dash', underscore: 'underscore' },
  },
} satisfies Language;
