/** Frequent names: a recogniser that knows a list of words can take these. */
export const FIRST_NAMES: readonly string[] =
  `james mary john patricia robert jennifer michael linda david elizabeth william barbara richard susan joseph
  jessica thomas sarah charles karen daniel lisa matthew nancy anthony emma mark sandra paul anna george laura
  peter helen simon julia kevin alice martin claire`.split(/\s+/);
export const LAST_NAMES: readonly string[] =
  `smith johnson williams brown jones miller davis wilson anderson taylor moore jackson martin lee thompson white
  harris clark lewis walker young king wright scott green baker adams nelson carter mitchell turner parker evans
  collins edwards morris murphy cook rogers cooper`.split(/\s+/);
