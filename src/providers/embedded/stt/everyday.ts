/** What callers of any business say around and beside its own phrases. */

/** Said before a request, any number of them. */
export const PREFIXES: readonly string[] = [
  'um',
  'uh',
  'er',
  'well',
  'so',
  'okay',
  'right',
  'yes',
  'no',
  'and',
  'please',
  'sorry',
  'thanks',
  'thank you',
  'hello',
  'hi',
  'hello there',
  'hi there',
  'good morning',
  'good afternoon',
  'good evening',
  'excuse me',
  'could you tell me',
  'can you tell me',
  'could you please tell me',
  'i would like to know',
  "i'd like to know",
  'i want to know',
  'i wanted to ask',
  'i was wondering',
  'i was wondering if',
  'do you know',
  'i have a question',
];

/** Said after a request, any number of them. */
export const SUFFIXES: readonly string[] = [
  'please',
  'thanks',
  'thank you',
  'thank you very much',
  'then',
  'today',
  'bye',
  'goodbye',
];

/** Whole utterances that belong to any call. */
export const EVERYDAY: readonly string[] = [
  'yes',
  'yes please',
  'yes that is right',
  "yes that's right",
  "that's right",
  "that's correct",
  'yeah',
  'yep',
  'sure',
  'okay',
  'all right',
  'correct',
  'no',
  'no thanks',
  'no thank you',
  "no that's all",
  "no that's it",
  'nope',
  "no that's wrong",
  "that's wrong",
  "that's not right",
  'hello',
  'hello are you there',
  'can you hear me',
  'thank you',
  'thanks',
  'thank you very much',
  'thanks a lot',
  'great thanks',
  'goodbye',
  'bye',
  'bye bye',
  'thank you goodbye',
  'thanks bye',
  "that's all",
  "that's all thanks",
  "that's all thank you goodbye",
  "that's everything",
  'that will be all',
  'pardon',
  'sorry',
  'what did you say',
  'could you repeat that',
  'can you say that again',
  'please say that again',
  'could you speak more slowly',
  "i didn't understand",
  'one moment please',
  'just a moment',
  'hold on',
  'i want to talk to a person',
  'can i speak to somebody',
  'could i speak to a real person',
  'i would like to speak to someone',
  'could someone call me back',
  'please call me back',
  'can you call me back tomorrow',
  'i will call again later',
  "i'll call back later",
];

export const DIGITS: readonly string[] = 'zero oh one two three four five six seven eight nine'.split(' ');
export const LETTERS: readonly string[] = Array.from('abcdefghijklmnopqrstuvwxyz');
/** Before a digit or a letter. */
export const REPEATS: readonly string[] = ['double', 'triple'];

/** Before a telephone number. */
export const NUMBER_LEADS: readonly string[] = [
  'my number is',
  'the number is',
  'my phone number is',
  'my telephone number is',
  'call me back on',
  'you can reach me at',
  'you can call me on',
  "it's",
  'it is',
];

/** Before a name. */
export const NAME_LEADS: readonly string[] = [
  'my name is',
  'this is',
  "it's",
  'it is',
  'i am',
  "i'm",
  'the name is',
  'here is',
];

/** Before a spelled name. */
export const SPELLING_LEADS: readonly string[] = ["that's", "it's spelled", 'spelled', 'i spell'];

/** First names, the commonest of Britain and the United States (census lists of given names, 1950–2010). */
export const FIRST_NAMES: readonly string[] = (
  'adam alan albert alex alexander alice amanda amy andrea andrew angela ann anna anne anthony arthur ashley barbara ' +
  'ben benjamin beth betty bill bob brandon brenda brian bruce carl carol caroline catherine charles charlotte chris ' +
  'christina christine christopher cynthia daniel dave david deborah debra dennis diana diane donald donna dorothy ' +
  'douglas edward elizabeth ellen emily emma eric ethan eva evelyn frances frank gary george gerald gloria grace greg ' +
  'gregory hannah harold harry heather helen henry isabella jack jacob jacqueline james jane janet jason jean jeff ' +
  'jeffrey jennifer jeremy jerry jessica jim joan joe john jonathan jordan jose joseph joshua joyce juan judith judy ' +
  'julia julie justin karen kate katherine kathleen keith kelly kenneth kevin kim kyle larry laura lauren lawrence ' +
  'linda lisa louis louise lucy lily luke margaret maria marie mark martha martin mary matthew megan melissa michael ' +
  'michelle mike mohammed nancy natalie nathan nicholas nick nicole nina noah olivia oliver oscar pamela patricia ' +
  'patrick paul peter philip phillip rachel ralph raymond rebecca richard rob robert roger ronald rose roy russell ruth ' +
  'ryan sam samantha samuel sandra sara sarah scott sean sharon shirley simon sophia sophie stephanie stephen steve ' +
  'steven susan teresa theresa thomas tim timothy tina todd tom tony tyler victor victoria vincent virginia walter ' +
  'wayne wendy will william zoe'
).split(' ');

/** Family names, the commonest of Britain and the United States (census 2000 and 2001). */
export const FAMILY_NAMES: readonly string[] = (
  'adams allen anderson andrews armstrong bailey baker barnes bell bennett black brooks brown bryant burns butler ' +
  'campbell carter chapman clark clarke cole coleman collins cook cooper cox cruz davies davis diaz edwards ellis evans ' +
  'fisher ford foster fox garcia gibson gomez gonzalez graham grant gray green griffin hall hamilton harris harrison ' +
  'hayes henderson hill holmes howard hughes hunt hunter jackson james jenkins johnson jones jordan kelly kennedy khan ' +
  'king knight lee lewis long lopez marshall martin martinez mason matthews mcdonald miller mills mitchell moore morgan ' +
  'morris murphy murray myers nelson nguyen palmer parker patel patterson perez perry peters peterson phillips porter ' +
  'powell price ramirez reed reynolds rice richards richardson rivera roberts robertson robinson rodriguez rogers rose ' +
  'ross russell ryan sanchez sanders scott shaw simmons simpson singh smith stevens stewart stone sullivan taylor ' +
  'thomas thompson torres turner walker wallace ward washington watson webb wells west white williams williamson wilson ' +
  'wood woods wright young'
).split(' ');

/** The 300 commonest spoken words (by the unigrams of the generic CMU model): what stands between an agent's own words. */
export const COMMON_WORDS: readonly string[] = (
  'a able about actually after again ago ah all already also always am an and another any anything are ' +
  'around as at away back bad be because been before being believe best better between big bit both but by ' +
  "call can can't cause change children come could country day days did didn't different do does doesn't " +
  "doing dollars don't done down each eight else end enough even ever every everything exactly family far " +
  'feel few fifty find first five for forty found four friends from game get getting give go going gonna ' +
  "good got government great guess had hard has have having he he's help her here high him his home house " +
  "how hundred i i'd i'll i'm i've if in into is isn't it it's its job just keep kids kind know last least " +
  'less let life like little live long look looking lot love made make man many may maybe me mean might ' +
  'million money more most much my need never new next nice nine ninety no not nothing now of off oh okay ' +
  'old on once one only or other our out over own part people percent person place play point pretty ' +
  "probably problem put real really right said same say saying says school see seen seven she she's should " +
  'show since six so some someone something start still stuff such sure take talk tell ten than that ' +
  "that's the their them then there there's these they they're thing things think thirty this those though " +
  'thought thousand three through time times to told too true try trying twenty two up us use used very ' +
  "want was watch way we we're week well went were what what's when where which while who whole why will " +
  "with without work world would wouldn't yeah year years yes you you're your "
)
  .trim()
  .split(' ');
