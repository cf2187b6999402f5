import { editDistance } from '../../../lib/edit-distance.ts';
import { isFunctionWord } from '../function-words.ts';
import { tokens } from '../words.ts';

/** Words that mean the same to a caller, in any business; the first of each line stands for all. */
const SYNONYMS = `park parking carpark lot
pay payment paid paying
card credit debit visa mastercard
cash coins
installment installments instalments monthly rates
insurance insured insurer cover covered covers coverage medicare
emergency urgent urgently emergencies
hurt hurts kill killing pain painful ache aches aching sore hurting toothache
tooth teeth
child children childs kid kids son daughter boy girl toddler baby pediatric little
cancel cancelled cancellation
change move reschedule postpone shift rearrange switch
bus tram transport train subway station public
wheelchair disabled disability handicapped accessible stairs elevator lift ramp steps crutches
tow towed towing breakdown stranded stuck crash crashed accident
start starts starting
warranty guarantee guaranteed
loan courtesy borrow replacement rent rental lend
tire tires tyre tyres wheels wheel
brake brakes braking
flat puncture punctured
oil lubricant
inspection inspect inspected checkover
coffee tea drink drinks
electric electrical hybrid
motorcycle motorcycles motorbike motorbikes bike
key keys
wait waiting
register registered registering registration join enroll
patient patients
dentist dentists
doctor doctors
checkup checkups exam examination examine
cleaning cleaned clean cleanings hygienist polish polished polishing
whitening whiter whiten whitened white brighter bleach bleached bleaching
filling fillings filled cavity cavities
crown crowns cap
extraction extractions extract extracted pulled pull remove removed
braces brace aligners straighten straightened straight straightening orthodontist crooked
wisdom
bleed bleeding
battery batteries
conditioning aircon ac
dent dents dented bump bumped
scratch scratches scratched
paint painted painting repaint
fix repair repairs repaired repairing fixed fixing mend
car vehicle auto automobile
collect ready finished pickup done
drop leave dropping leaving
night evening overnight
appointment appointments booking bookings slot visit
bill billing invoice bills accounts accounting
make makes brand brands model models
mechanic mechanics workshop
part parts spare spares accessories`;

const CONCEPTS = new Map<string, string>();
for (const line of SYNONYMS.split('\n')) {
  const [concept = '', ...others] = line.split(' ');
  for (const word of [concept, ...others]) {
    if (!CONCEPTS.has(stem(word))) CONCEPTS.set(stem(word), concept);
  }
}

/** The words that carry meaning, each as its concept (a synonym's head word, else its stem). */
export function concepts(text: string | readonly string[]): string[] {
  const words = typeof text === 'string' ? tokens(text) : text;
  const result = words.filter((word) => !isFunctionWord(word)).map(concept);
  return [...new Set(result)];
}

export function concept(word: string): string {
  const root = stem(word);
  return CONCEPTS.get(root) ?? root;
}

/** Cuts English endings, roughly: enough to bring "opens", "opened" and "opening" together. */
function stem(word: string): string {
  let root = word.replace(/'s?$/, '');
  if (root.length > 4 && root.endsWith('ies')) root = `${root.slice(0, -3)}y`;
  else if (root.length > 3 && /[^su]s$/.test(root)) root = root.slice(0, -1);
  for (const ending of ['ing', 'ed']) {
    const rest = root.slice(0, -ending.length);
    if (root.endsWith(ending) && rest.length >= 3 && /[aeiouy]/.test(rest)) {
      root = /([^aeiouls])\1$/.test(rest) ? rest.slice(0, -1) : rest;
      break;
    }
  }
  return root.length > 3 && root.endsWith('e') ? root.slice(0, -1) : root;
}

/**
 * How sure it is that a recogniser that wrote `heard` heard `meant`: 1 the same, less for words that sound or
 * look alike ("break", "brake"), 0 for others.
 */
export function likeness(heard: string, meant: string): number {
  if (heard === meant) return 1;
  if (Math.min(heard.length, meant.length) < 4 || heard[0] !== meant[0]) return 0;
  const key = soundKey(meant);
  if (key.replace('-', '').length >= 3 && soundKey(heard) === key) return 0.75;
  return meant.length >= 6 && editDistance(heard, meant) <= 1 ? 0.7 : 0;
}

/** Consonants as they sound, vowels left out. */
function soundKey(word: string): string {
  const sounds = word
    .replace(/^wr/, 'r')
    .replace(/^kn/, 'n')
    .replaceAll('ph', 'f')
    .replaceAll('gh', '')
    .replaceAll(/c(?=[eiy])/g, 's')
    .replaceAll(/[cq]/g, 'k')
    .replaceAll('z', 's')
    .replaceAll('x', 'ks');
  // "Bark" isn't "brake": whether a vowel follows the first sound is kept.
  const start = /^[^aeiou][aeiou]/.test(sounds) ? `${sounds.slice(0, 1)}-` : sounds.slice(0, 1);
  return start + sounds.slice(1).replaceAll(/[aeiouyhw]/g, '');
}
