import { DIGIT_NAMES } from '../number-words.ts';

/** What callers of any business say around and beside its own phrases. */

/** Said before a request, any number of them. */
export const PREFIXES = phrases(`
um|uh|er|well|so|okay|right|yes|no|and|please|sorry|thanks|thank you|hello|hi|hello there|hi there
good morning|good afternoon|good evening|excuse me|could you tell me|can you tell me
could you please tell me|i would like to know|i'd like to know|i want to know|i wanted to ask
i was wondering|i was wondering if|do you know|i have a question
`);

/** Said after a request, any number of them. */
export const SUFFIXES = phrases('please|thanks|thank you|thank you very much|then|today|bye|goodbye');

/** Whole utterances that belong to any call. */
export const EVERYDAY = phrases(`
yes|yes please|yes that is right|yes that's right|that's right|that's correct|yeah|yep|sure|okay|all right
correct|no|no thanks|no thank you|no that's all|no that's it|nope|no that's wrong|that's wrong
that's not right|hello|hello are you there|can you hear me|thank you|thanks|thank you very much|thanks a lot
great thanks|goodbye|bye|bye bye|thank you goodbye|thanks bye|that's all|that's all thanks
that's all thank you goodbye|that's everything|that will be all|pardon|sorry|what did you say
could you repeat that|can you say that again|please say that again|could you speak more slowly
i didn't understand|one moment please|just a moment|hold on|i want to talk to a person
can i speak to somebody|could i speak to a real person|i would like to speak to someone
could someone call me back|please call me back|can you call me back tomorrow|i will call again later
i'll call back later
`);

export const DIGITS: readonly string[] = DIGIT_NAMES.toSpliced(1, 0, 'oh');
export const LETTERS: readonly string[] = Array.from('abcdefghijklmnopqrstuvwxyz');
/** Before a digit or a letter. */
export const REPEATS: readonly string[] = ['double', 'triple'];

/** Before a telephone number. */
export const NUMBER_LEADS = phrases(`
my number is|the number is|my phone number is|my telephone number is|call me back on|you can reach me at
you can call me on|it's|it is
`);

/** Before a name. */
export const NAME_LEADS = phrases("my name is|this is|it's|it is|i am|i'm|the name is|here is");

/** Before a spelled name. */
export const SPELLING_LEADS = phrases("that's|it's spelled|spelled|i spell");

/** The 300 commonest spoken words (by the unigrams of the generic CMU model): what stands between an agent's own words. */
export const COMMON_WORDS: readonly string[] = `
a able about actually after again ago ah all already also always am an and another any anything are around
as at away back bad be because been before being believe best better between big bit both but by call can
can't cause change children come could country day days did didn't different do does doesn't doing dollars
don't done down each eight else end enough even ever every everything exactly family far feel few fifty find
first five for forty found four friends from game get getting give go going gonna good got government great
guess had hard has have having he he's help her here high him his home house how hundred i i'd i'll i'm i've
if in into is isn't it it's its job just keep kids kind know last least less let life like little live long
look looking lot love made make man many may maybe me mean might million money more most much my need never
new next nice nine ninety no not nothing now of off oh okay old on once one only or other our out over own
part people percent person place play point pretty probably problem put real really right said same say
saying says school see seen seven she she's should show since six so some someone something start still
stuff such sure take talk tell ten than that that's the their them then there there's these they they're
thing things think thirty this those though thought thousand three through time times to told too true try
trying twenty two up us use used very want was watch way we we're week well went were what what's when where
which while who whole why will with without work world would wouldn't yeah year years yes you you're your
`
  .trim()
  .split(/\s+/);

/** What is often said in calls to a business, whatever it does. */
export const CALL_WORDS: readonly string[] = `
accept accepts account address afford afternoon afterwards anybody anyone anywhere appointment arrange arrive available
bill book booked booking boss bring broke broken brought building bus busy buy calling cancel card cards cash
center charge cheap cheaper check city client close closed company complain cost costs cover credit customer daughter
deal deliver delivery deposit discount door drive drop early earlier email entrance estimate evening exactly
expensive father fee finish finished fix form free front gate guys happen happened happens health hear
holiday holidays hours husband immediately including inside insurance invoice late later latest leave left lent
lobby lost lunch manager meantime meet message mine minute minutes mister missed missus moment monthly months
morning mother move moved named nearest near necessary needed noon north offer office open opening order
outside owner paid park parking patient pay paying payment people's phone pick plan possible practice prefer price prices
private quick quickly quote reach ready receipt recommend reschedule refund road sell send service
shop sign somebody somewhere son soon south speak special spend staff station stay stop store straight street
supposed taken taking telephone thinking till tonight town train treat treatment treatments
urgent urgently using usually visit visits wait waiting walk wednesday weekend weekends whether wife
wondering works worried worse
`
  .trim()
  .split(/\s+/);

function phrases(list: string): readonly string[] {
  return list.trim().split(/[|\n]/);
}
