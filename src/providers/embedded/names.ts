/** Names of callers: most frequent of all, and those that a recogniser of any caller should know. */

export const FREQUENT_FIRST_NAMES: readonly string[] = names(`
  james mary john patricia robert jennifer michael linda david elizabeth william barbara richard susan
  joseph jessica thomas sarah charles karen daniel lisa matthew nancy anthony emma mark sandra paul anna
  george laura peter helen simon julia kevin alice martin claire`);

export const FREQUENT_FAMILY_NAMES: readonly string[] = names(`
  smith johnson williams brown jones miller davis wilson anderson taylor moore jackson martin lee thompson
  white harris clark lewis walker young king wright scott green baker adams nelson carter mitchell turner
  parker evans collins edwards morris murphy cook rogers cooper`);

/** The commonest of Britain and the United States (census lists of given names, 1950–2010). */
export const FIRST_NAMES: readonly string[] = [
  ...FREQUENT_FIRST_NAMES,
  ...names(`
  adam alan albert alex alexander amanda amy andrea andrew angela ann anne arthur ashley ben benjamin beth
  betty bill bob brandon brenda brian bruce carl carol caroline catherine charlotte chris christina
  christine christopher cynthia dave deborah debra dennis diana diane donald donna dorothy douglas edward
  ellen emily eric ethan eva evelyn frances frank gary gerald gloria grace greg gregory hannah harold harry
  heather henry isabella jack jacob jacqueline jane janet jason jean jeff jeffrey jeremy jerry jim joan joe
  jonathan jordan jose joshua joyce juan judith judy julie justin kate katherine kathleen keith kelly
  kenneth kim kyle larry lauren lawrence louis louise lucy lily luke margaret maria marie martha megan
  melissa michelle mike mohammed natalie nathan nicholas nick nicole nina noah olivia oliver oscar pamela
  patrick philip phillip rachel ralph raymond rebecca rob roger ronald rose roy russell ruth ryan sam
  samantha samuel sara scott sean sharon shirley sophia sophie stephanie stephen steve steven teresa theresa
  tim timothy tina todd tom tony tyler victor victoria vincent virginia walter wayne wendy will zoe`),
];

/** The commonest of Britain and the United States (census 2000 and 2001). */
export const FAMILY_NAMES: readonly string[] = [
  ...FREQUENT_FAMILY_NAMES,
  ...names(`
  allen andrews armstrong bailey barnes bell bennett black brooks bryant burns butler campbell chapman
  clarke cole coleman cox cruz davies diaz ellis fisher ford foster fox garcia gibson gomez gonzalez graham
  grant gray griffin hall hamilton harrison hayes henderson hill holmes howard hughes hunt hunter james
  jenkins jordan kelly kennedy khan knight long lopez marshall martinez mason matthews mcdonald mills morgan
  murray myers nguyen palmer patel patterson perez perry peters peterson phillips porter powell price
  ramirez reed reynolds rice richards richardson rivera roberts robertson robinson rodriguez rose ross
  russell ryan sanchez sanders shaw simmons simpson singh stevens stewart stone sullivan thomas torres
  wallace ward washington watson webb wells west williamson wood woods`),
];

function names(list: string): string[] {
  return list.trim().split(/\s+/);
}
