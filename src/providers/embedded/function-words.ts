/** Words without any meaning of their own: they neither help nor harm a match. */
const FUNCTION_WORDS = new Set(
  `a an the i i'm i'd i'll i've im id ill ive you you're your yours my mine me we us our it it's its that that's
  this these those there here they them is are was were be been being am do does did done don't can could would
  will shall should may might must to of for in on at by with from into if or and but also then so as not no yes
  please like want wants wanted need needs know tell say ask about what what's which who who's whom how when when's
  where where's why some any anything something somebody someone much many more just well oh um uh er ah hm hmm
  hello hi hey thanks thank okay ok have has had having get got getting give gives let let's one ones go going
  really maybe perhaps actually quickly wondering wonder question quick sorry excuse still sometime somewhere
  guys people possible able offer offers provide take takes make sure all very too possibly kindly hear find
  information info anybody up see seen come comes coming i'm today tomorrow now would've cos because think guess mean speak talking put bring`.split(
    /\s+/,
  ),
);

export function isFunctionWord(word: string): boolean {
  return FUNCTION_WORDS.has(word);
}
