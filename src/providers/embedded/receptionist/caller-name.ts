import { FREQUENT_FIRST_NAMES } from '../names.ts';
import { capital } from './opening.ts';
import { digitsIn } from './spoken-digits.ts';
import { isFunctionWord } from '../function-words.ts';
import { tokens } from '../words.ts';

const LEAD =
  /\b(?:my name is|my name's|the name is|the name's|name is|this is|i am|i'm|it is|it's|call me|speaking is|here is|you are speaking to)\b/;
/** These say a name surely; "it is" may say anything. */
const SURE_LEAD = /\bname(?:'s| is)\b/;
const TAIL = /\b(?:speaking|here|calling|please|thanks|thank you|from)\b.*$/;
const NEVER = new Set(
  'yes no not wrong right correct zero one two three four five six seven eight nine double triple number message phone call called name back again later tomorrow today late minutes about'.split(
    ' ',
  ),
);

/**
 * The caller's name in what they said: "my name is john smith", "it's mary", "john smith speaking", "smith, s m i
 * t h". `lead`: they said that it is their name. Undefined if nothing in it can be one.
 */
export function nameIn(text: string): { name: string; lead: boolean } | undefined {
  const said = tokens(text).join(' ');
  const match = LEAD.exec(said);
  const after = match ? said.slice(match.index + match[0].length) : said;
  const words = after
    .replace(TAIL, '')
    .split(' ')
    .filter((word) => word !== '');
  const spelled = words.filter((word) => /^[a-z]$/.test(word));
  const whole = words.filter((word) => word.length > 1 && /^[a-z']+$/.test(word));
  const names = whole.filter((word) => !isFunctionWord(word) && !NEVER.has(word));
  if (spelled.length >= 3) {
    const last = spelled.join('');
    const first = names.filter((name) => name !== last).slice(0, 2);
    return { name: [...first, last].map(capital).join(' '), lead: true };
  }
  if (!match && digitsIn(said) !== '') return undefined;
  const most = match ? 3 : 4;
  if (names.length === 0 || names.length > most || whole.length - names.length > 2) return undefined;
  const lead = SURE_LEAD.test(said) || FREQUENT_FIRST_NAMES.includes(names[0] ?? '');
  return { name: names.slice(0, 3).map(capital).join(' '), lead };
}
