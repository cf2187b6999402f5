import { isFunctionWord } from '../function-words.ts';
import { concept } from './concepts.ts';

interface Rule {
  readonly intent: Intent;
  readonly score: number;
  /** Every one of these must be there. */
  readonly needs: readonly (readonly string[])[];
  readonly forbids: readonly string[];
}

/** `DAY`: a weekday, today, tomorrow, the weekend. */
const DAYS =
  'monday|tuesday|wednesday|thursday|friday|saturday|sunday|mondays|tuesdays|wednesdays|thursdays|fridays|' +
  'saturdays|sundays|today|tonight|tomorrow|weekend|weekends|weekday|weekdays|now|christmas|easter|holidays';

/**
 * What callers want of any business (what is particular to one stands in agents.yaml): score, words needed. `|` separates
 * alternatives, `_` joins a phrase, `!` forbids. Patterns say which words must be there, never in which order
 * (phrases apart), so that a recogniser's slip in the rest of the sentence does no harm.
 */
const RULES = {
  hours: [
    [
      1,
      'opening|open|opened|close|closed|closing|shut|office|business hours|our|hour|times|time|until|till|late|early|long',
    ],
    [1, 'when|what|until|till|how_late|how_early open|opened|opening|close|closed|shut|closing'],
    [1, 'open|opened|opening|closed|close|closing|shut|there|hours DAY'],
    [0.95, 'hours'],
    [0.9, 'are|you open|opened|close|closed|shut'],
    [0.95, 'times DAY'],
    [
      0.9,
      "!can't|cannot|can_not|won't come|there|in|open|available|work|close after|before|at|until|till|for one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|lunch|work",
    ],
    [
      0.9,
      'what_time|when|how_late|how_early|until_when|which_days come|get|there|start|around|call|stop_by|pop_in|drop_in|work|finish',
    ],
    [0.9, 'how_late|until_when|which_days|what_days'],
    [0.9, "!can't|cannot|can_not|won't come|in|work|working|there|available DAY"],
    [0.7, 'open|opening|opens|closing|closes'],
    [0.55, 'DAY'],
  ],
  address: [
    [1, "where|where's|whereabouts are|is|you|located|find|clinic|garage|shop|office|practice|place|your"],
    [1, '!email|mail|web address|located|whereabouts|directions|location'],
    [1, 'how|way get|come|drive|find there|here|to_you|you|to_your|to_the'],
    [0.9, 'find you|place|clinic|garage'],
    [0.9, 'which|what street|road|town|part'],
    [0.7, 'where|street|situated'],
  ],
  services: [
    [1, 'what|which|services|all|kind|kinds services|treatments|offers|repairs|jobs'],
    [
      0.95,
      '!pay|cost|charge|want_for|take_for what_do|what_can|what_else|what_all|what_kind|what_sort|what_things|which_things|what_work do|offer|provide|treat|repair|fix|help|you_do',
    ],
    [0.85, 'services|treatments'],
  ],
  price: [
    [1, 'how_much|cost|costs|price|prices|charge|charges|expensive|fee|fees|pricing|rate|rates|cheap'],
    [1, 'what|how_much|much pay|set_me_back|come_to'],
    [1, 'what|how|much do_you|would_you|will_you charge|want|take|ask for'],
    [0.7, '!very_much|so_much dollars|money|much'],
  ],
  duration: [
    [1, 'how_long take|takes|last|need|be|does|for'],
    [0.9, 'how_long|how_many minutes|hours|visits|take|takes|days'],
    [0.8, 'how_long'],
  ],
  booking: [
    [
      1,
      '!do_i_need|do_i_have_to|urgent|urgently|emergency book|make|schedule|arrange|need|like|want|get|set_up|fix|have appointment|appointments|slot',
    ],
    [1, 'book|schedule|bring|arrange visit|in|car|check|time|appointment|service|inspection|cleaning|it'],
    [0.95, '!urgent|urgently|emergency see|come_in_to_see|see_a doctor|dentist|mechanic|specialist'],
    [1.1, '!urgent|urgently|emergency want_to|need_to|like_to see doctor|dentist|mechanic|specialist'],
    [0.85, '!do_i_need|do_i_have_to|urgent|urgently|emergency appointment|appointments|book|booking'],
    [1.15, '!still|at can_i|could_i|may_i|like_to|want_to|need_to come|come_in|come_by|drop_by for'],
    [0.9, 'when|next|any|first available|slot|slots|free_slot'],
  ],
  message: [
    [1, 'leave|take|pass|give|send|get|have message|messages|note|word'],
    [1, 'call|calls|ring|phone|get_back|calling back|me_back'],
    [0.9, 'call_me|ring_me|phone_me'],
    [1, 'callback|call_back|ring_back|return_my_call'],
    [1, 'tell_him|tell_her|tell_them|let_him|let_her|let_them|inform'],
    [1, '!tell_me tell|let that_i|that_we|that_my|saying|know_that'],
    [0.95, '!tell_me|are_you tell|inform i_will|i_am|i_have|i_need|i_can|i_cannot|i_would|will_be'],
    [0.85, 'message'],
  ],
  transfer: [
    [1, 'put|through me|through'],
    [1, 'put_me_through|put_through|transfer|connect_me|connect|forward_me|pass_me'],
    [0.9, 'speak|talk|speaking|talking|spoke to|with'],
    [0.75, 'department|desk|extension|through_to'],
  ],
  human: [
    [1, 'real|actual|live|human|someone_else|another person|human|being|agent'],
    [
      1,
      'speak|talk|put|transfer|connect|get|need|want|have somebody|someone|person|human|operator|people|manager|boss|agent|representative|staff|member|colleague|anybody|anyone|owner',
    ],
    [0.95, 'operator|human|representative'],
    [0.8, 'manager|boss|owner'],
  ],
  repeat: [
    [1, 'repeat|say|tell again|that|please|it|repeat|time'],
    [
      1,
      'pardon|repeat|come_again|say_again|once_more|one_more_time|what_did_you|what_was_that|missed_that|sorry_what|beg_your_pardon',
    ],
    [
      1,
      "didn't|did|couldn't|could|can't|cannot|not catch|hear|understand|get|follow that|you|it|last|understand|catch",
    ],
    [0.8, 'again'],
  ],
  who: [
    [1, "who|who's this|are_you|speaking|am_i|talking|there|calling"],
    [1, "what's|what|is|have|your your_name|you_called"],
    [
      0.9,
      'is_this|am_i|have_i|did_i right_number|right|the_clinic|the_garage|reach|reached|got|through_to|speaking|talking',
    ],
  ],
  machine: [
    [
      1,
      'machine|robot|computer|bot|recording|recorded|artificial|automated|automatic|ai|a_i|real|human are_you|you_are|you_a|am_i|is_this|this_is|this_a|talking_to|speaking_to|speak_to',
    ],
    [0.8, 'robot|computer|bot|machine|artificial'],
  ],
  'how-are-you': [
    [
      1,
      'how_are_you|how_are_things|how_is_it_going|how_do_you_do|how_you_doing|nice_to_meet_you|how_is_your_day',
    ],
  ],
  wait: [
    [1, 'wait|hold|hang a_moment|a_second|a_minute|on|one_moment|one_second'],
    [
      0.9,
      'one_moment|one_second|one_minute|just_a_moment|just_a_second|just_a_minute|let_me_think|hold_on|hang_on',
    ],
  ],
  help: [
    [
      1,
      'what_can_i|what_can_you|how_can_you|how_does_this|what_are_my|what_do_you_know ask|say|help|work|options|do|know',
    ],
    [0.9, 'help|options|menu'],
    [0.7, 'have_a_question|have_another_question'],
  ],
  thanks: [[0.9, 'thank|thanks|cheers|appreciate|great|perfect|wonderful|lovely|brilliant|excellent']],
  goodbye: [
    [
      1,
      'bye|goodbye|good_bye|bye_bye|see_you|hang_up|good_night|talk_later|speak_soon|have_a_nice_day|have_a_good_day|farewell',
    ],
    [
      1,
      "that's_all|that_is_all|that_was_all|nothing_else|that_will_be_all|that'll_be_all|that's_it|that_is_it|that_was_it|i'm_done|no_more_questions|all_i_needed|all_i_wanted|everything_i_needed",
    ],
  ],
  cancel: [
    [
      1,
      'never_mind|nevermind|forget_it|forget_about|forget_that|leave_it|stop_it|changed_my_mind|no_message|not_now|cancel_that|cancel_it|cancel_the_message|cancel_message|do_not_bother|something_else',
    ],
    [0.8, '!DAY|appointment|visit|booking cancel|stop'],
  ],
  greeting: [
    [0.8, 'hello|hi|hey|good_morning|good_afternoon|good_evening|good_day|morning|afternoon|evening'],
  ],
} satisfies Record<string, [score: number, pattern: string][]>;

export type Intent = keyof typeof RULES;
const INTENTS = Object.keys(RULES) as Intent[];

const COMPILED: readonly Rule[] = INTENTS.flatMap((intent) =>
  RULES[intent].map(([score, pattern]) => {
    const parts = pattern.split(' ').map((part) =>
      part
        .replace('DAY', DAYS)
        .split('|')
        .map((word) => ` ${word.replace('!', '').replaceAll('_', ' ')} `),
    );
    const forbidden = pattern.split(' ').map((part) => part.startsWith('!'));
    return {
      intent,
      score,
      needs: parts.filter((_, index) => !forbidden[index]),
      forbids: parts.filter((_, index) => forbidden[index]).flat(),
    };
  }),
);

/** Words that an intent explains though no rule needs them: they don't speak against it. */
const VOCABULARY = new Map<Intent, ReadonlySet<string>>(
  INTENTS.map((intent) => {
    const words = COMPILED.filter((rule) => rule.intent === intent).flatMap((rule) =>
      rule.needs.flat().flatMap((need) => need.trim().split(' ')),
    );
    return [intent, new Set([...words, ...DAYS.split('|')].map(concept))];
  }),
);

/** Words that belong to every question to a business. */
const COMMON = new Set(
  'day week hour clinic garage place shop practice dental office phone call morning afternoon evening'
    .split(' ')
    .map(concept),
);

/** What a word that nothing explains takes from an intent's score. */
const UNEXPLAINED_COST = 0.12;
const UNEXPLAINED_COST_MAX = 0.5;
/** What a message says needn't be understood. */
const MESSAGE_COST_MAX = 0.15;

/** These are asked about something of the agent's own ("how much is whitening"); the others stand alone. */
const ABOUT_OWN: ReadonlySet<Intent> = new Set([
  'price',
  'duration',
  'booking',
  'message',
  'transfer',
  'services',
]);

export interface ScoredIntent {
  readonly intent: Intent;
  readonly score: number;
}

/** The intents that fit, best first. `own` are the words that the agent's own knowledge explains. */
export function scoreIntents(words: readonly string[], own: ReadonlySet<string>): ScoredIntent[] {
  const text = ` ${words.join(' ')} `;
  const content = words.filter((word) => !isFunctionWord(word)).map(concept);
  const best = new Map<Intent, number>();
  for (const { intent, score, needs, forbids } of COMPILED) {
    if (score <= (best.get(intent) ?? 0) || forbids.some((word) => text.includes(word))) continue;
    if (needs.every((need) => need.some((word) => text.includes(word)))) best.set(intent, score);
  }
  return [...best]
    .map(([intent, score]) => {
      const vocabulary = VOCABULARY.get(intent);
      const unexplained = content.filter(
        (word) => !vocabulary?.has(word) && !COMMON.has(word) && !(ABOUT_OWN.has(intent) && own.has(word)),
      ).length;
      const costMax = intent === 'message' ? MESSAGE_COST_MAX : UNEXPLAINED_COST_MAX;
      return { intent, score: score - Math.min(costMax, unexplained * UNEXPLAINED_COST) };
    })
    .sort((a, b) => b.score - a.score);
}
