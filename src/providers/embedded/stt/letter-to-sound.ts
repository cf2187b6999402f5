/**
 * How an English word that no dictionary has is probably said: spelling rules from left to right, longest
 * first, after the manner of the NRL rules (Elovitz et al., 1976), much shortened. For names of people and places.
 */
const RULES: readonly (readonly [RegExp, string])[] = (
  [
    // beginnings
    ['^kn', 'N'],
    ['^gn', 'N'],
    ['^wr', 'R'],
    ['^ps', 'S'],
    ['^mc', 'M AH K'],
    ['^x', 'Z'],
    // endings
    ['tion$', 'SH AH N'],
    ['sion$', 'ZH AH N'],
    ['ture$', 'CH ER'],
    ['ville$', 'V IH L'],
    ['borough$', 'B ER OW'],
    ['burgh$', 'B ER G'],
    ['ford$', 'F ER D'],
    ['ham$', 'AH M'],
    ['ton$', 'T AH N'],
    ['son$', 'S AH N'],
    ['man$', 'M AH N'],
    ['ley$', 'L IY'],
    ['ous$', 'AH S'],
    ['ing$', 'IH NG'],
    ['age$', 'IH JH'],
    ['ers$', 'ER Z'],
    ['er$', 'ER'],
    ['or$', 'ER'],
    ['le$', 'AH L'],
    ['ie$', 'IY'],
    ['ey$', 'IY'],
    ['y$', 'IY'],
    ['es$', 'Z'],
    ['e$', ''],
    // consonants in groups
    ['tch', 'CH'],
    ['sch', 'SH'],
    ['chr', 'K R'],
    ['ch', 'CH'],
    ['ck', 'K'],
    ['cc(?=[eiy])', 'K S'],
    ['c(?=[eiy])', 'S'],
    ['sh', 'SH'],
    ['sc(?=[eiy])', 'S'],
    ['th', 'TH'],
    ['ph', 'F'],
    ['wh', 'W'],
    ['igh', 'AY'],
    ['gh(?=[aeiou])', 'G'],
    ['gh', ''],
    ['dge?', 'JH'],
    ['g(?=[eiy])', 'JH'],
    ['gu(?=[eiy])', 'G'],
    ['nk', 'NG K'],
    ['ng(?![aeiouy])', 'NG'],
    ['qu', 'K W'],
    ['mb$', 'M'],
    // vowels in groups
    ['air', 'EH R'],
    ['ear', 'IH R'],
    ['eer', 'IH R'],
    ['oor', 'AO R'],
    ['our', 'AO R'],
    ['eau', 'OW'],
    ['a(?=[bcdfgklmnprstvz]e$)', 'EY'],
    ['e(?=[bcdfgklmnprstvz]e$)', 'IY'],
    ['i(?=[bcdfgklmnprstvz]e$)', 'AY'],
    ['o(?=[bcdfgklmnprstvz]e$)', 'OW'],
    ['u(?=[bcdfgklmnprstvz]e$)', 'UW'],
    ['a[iy]', 'EY'],
    ['a[uw]', 'AO'],
    ['ar(?![aeiouy])', 'AA R'],
    ['e[ae]', 'IY'],
    ['ei', 'AY'],
    ['eu', 'Y UW'],
    ['ew', 'UW'],
    ['er', 'ER'],
    ['ie', 'IY'],
    ['ir', 'ER'],
    ['ur', 'ER'],
    ['or', 'AO R'],
    ['oa', 'OW'],
    ['oe', 'OW'],
    ['oi', 'OY'],
    ['oy', 'OY'],
    ['oo', 'UW'],
    ['ou', 'AW'],
    ['ow', 'OW'],
    ['ue', 'UW'],
    ['ui', 'UW'],
    // one letter
    ['a$', 'AH'],
    ['a', 'AE'],
    ['bb?', 'B'],
    ['cc?', 'K'],
    ['dd?', 'D'],
    ['e', 'EH'],
    ['ff?', 'F'],
    ['gg?', 'G'],
    ['hh?', 'HH'],
    ['i$', 'IY'],
    ['i', 'IH'],
    ['j', 'JH'],
    ['kk?', 'K'],
    ['ll?', 'L'],
    ['mm?', 'M'],
    ['nn?', 'N'],
    ['o$', 'OW'],
    ['o', 'AA'],
    ['pp?', 'P'],
    ['q', 'K'],
    ['rr?', 'R'],
    ['(?<=[aeiou])s(?=[aeiou])', 'Z'],
    ['ss?', 'S'],
    ['tt?', 'T'],
    ['u', 'AH'],
    ['vv?', 'V'],
    ['w', 'W'],
    ['x', 'K S'],
    ['(?<=^)y', 'Y'],
    ['y', 'IH'],
    ['zz?', 'Z'],
  ] as const
).map(([pattern, phones]) => [new RegExp(pattern, 'y'), phones]);

/** Phones (ARPAbet without stress) of a word of letters and apostrophes; never empty. */
export function guessPhones(word: string): string {
  const phones: string[] = [];
  let at = 0;
  while (at < word.length) {
    let matched = 1;
    for (const [pattern, sound] of RULES) {
      pattern.lastIndex = at;
      const found = pattern.exec(word);
      if (!found || found[0] === '') continue;
      matched = found[0].length;
      if (sound !== '') phones.push(sound);
      break;
    }
    at += matched;
  }
  return phones.length > 0 ? phones.join(' ') : 'AH';
}
