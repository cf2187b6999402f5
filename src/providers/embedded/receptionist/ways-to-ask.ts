import { seeded } from '../random.ts';

/**
 * How callers put what they want, for any business: a line each, `(a|b)` for alternatives, `(a|)` for what may be left
 * out, `{}` for what it is about. The recogniser expects these sentences, and hears others the better for their pieces.
 */

export const HOURS = lines(`
  what are (your|the) (opening|business|office|) hours (on {}|today|tomorrow|on the weekend|this week|)
  (when|what time|how early|how late) (do|can|will) (you|i) (open|close|come|come in|come by|start|finish|get there|bring it in) (on {}|today|tomorrow|tonight|in the morning|in the evening|this weekend|)
  (when|until when|till when|how long|how late) are you (guys|) (open|there|in|available|working) (on {}|today|tomorrow|tonight|this weekend|)
  are you (guys|still|already|) (open|closed|there|working|available) (on {}|today|tomorrow|tonight|now|this weekend|at the weekend|in the evening|at noon|at five|at six|at seven|over lunch|over christmas|)
  is (the office|anybody|anyone|somebody|someone|the shop|the place) (open|there|in|closed|available) (on {}|today|tomorrow|tonight|now|this weekend|)
  do you (guys|) (work|open|close|have hours|have evening hours|have weekend hours) (on {}|today|tomorrow|tonight|early|late|at noon|this weekend|on weekends|on holidays|in the evening|)
  (can|could|may) i (still|also|) come (in|by|over|there|) (on {}|today|tomorrow|tonight|at five|at six|at seven|at eight|in the evening|in the morning|after work|before work)
  (i need to know|i want to know|can you tell me) when you (open|close|are open|are there) (on {}|today|tomorrow|)
  (which|what) days are you (open|closed|there|working)
  (and|what about|how about|is it open) (on {}|{}|tomorrow|today|the weekend|sundays|saturdays)
`);

export const ADDRESS = lines(`
  (where|where exactly|whereabouts) (are you|is it|is the office|is your office|is your place|do i have to go|do i go|do i find you|can i find you)
  (can you|could you|please|) (tell me|give me|say) (your address|the address|where you are|where it is|where to go|how to get to you|how to get there|how to find you)
  (what is|what's|can i have|i need) (your|the) (address|exact address|location) (please|)
  (which|what) (street|road|part of town) (are you|is it|is that) (on|in|)
  how (do|can|would|will) i (get|come|drive|find my way) (there|to you|to your place|from the station|from the center|from here)
  (i am|i'm) (looking for|trying to find) (you|your place|your address|your office)
  (i don't know|i do not know|i can't find) (how to find you|where you are|how to get there|your place)
  what (is|would be) the best way to get (to you|there)
`);

/** `{}`: what the place is called, "clinic". */
export const PLACE = lines(`
  (where|whereabouts) is (the|your) {} (please|)
  (can you|could you|please|) tell me where (the|your) {} is
  how (do|can|would) i (get to|find|come to) (the|your) {}
  (i am|i'm) looking for (the|your) {}
  (can i have|i need|what is|what's) the address of (the|your) {} (please|)
  (which|what) (street|road) is (the|your) {} (on|in)
  (is|when is|until when is) (the|your) {} (open|closed) (today|tomorrow|tonight|on the weekend|)
  (when|what time) does (the|your) {} (open|close) (today|tomorrow|tonight|in the morning|)
  is there (parking|a bus|somebody) (at|near) (the|your) {}
`);

export const SERVICES = lines(`
  (what|which) (kind of|sort of|) (services|treatments|work|jobs|things|repairs) do you (guys|) (do|offer|have|provide)
  what (do|can) you (guys|all|) (do|offer|provide|repair|treat) (for me|there|exactly|)
  what (else|all|) (do|can) you do
  (tell me|i want to know|i would like to know) what you (do|offer)
`);

/** About something that was named before. */
export const THAT = lines(`
  (how much|how expensive) (is|was|would be|will be) (that|it|this) (all together|please|)
  (what|how much) (does|would|will|do) (that|it|this|i) (cost|cost me|come to|set me back|take|have to pay)
  how (long|much time) (does|would|will) (that|it|this) (take|need|last)
`);

/** `{}`: a service. */
export const SERVICE = lines(`
  {} (please|)
  (do|can|could|would) you (guys|also|) (do|make|offer|have|fit|provide) {}
  (i need|i'd like|i would like|i want|i'm looking for|i am interested in|i think i need) (to have|to get|a new|new|) {}
  (can|could) i (get|have) {} (at your place|there|done|)
  (how much|how expensive) (is|are|would|for|would be) {} (at your place|there|these days|)
  (what|how much) (does|do|would|will) {} (cost|cost me|come to|set me back|be) (at your place|there|)
  (what|how much) (do|would|will|did) you (charge|charge me|want|take|ask) for {}
  (what|how much) (do|will|would) i (pay|have to pay|spend) (for|to get|to have) {}
  (what is|what's|i need|can you tell me|i'd like to know) the (price|cost) (of|for) {}
  (can|could) you give me (a price|an idea what|a quote) (for|) {}
  how (long|much time) (does|do|will|would) {} (take|need|last)
  how (long|much time|many visits|many days) do (i|you) need for {}
  how long does it take to (get|have|do) {}
  (can you|could you|please|) tell me (more|something|) about {}
  (i have a question|it is|i am calling) about {}
  (i need|i'd like|can i get|can i make) an appointment for {}
  i need {} how much (is|would|will) that (be|cost|)
`);

/** `{}`: another name of a service. */
export const SERVICE_ALSO = lines(`
  {} (please|)
  (do|can) you (do|have|fit|) {}
  (i need|i want|i have|i've got|i think i have|there is|to get my|to have my) (a|) {}
  (how much is|how much are|what do you charge for|what does it cost for|what is the price for|what's the price of) (a|new|) {}
`);

export const BOOKING = lines(`
  (i would like|i'd like|i want|i need|can i|could i|how do i) (to|) (make|book|get|have|schedule|arrange|set up) an appointment (please|today|tomorrow|this week|for next week|for {}|on {}|)
  (when|how soon) (can|could) (i|you) (come in|get an appointment|have an appointment|see me|fit me in|be seen)
  (can|could) you (see me|fit me in|squeeze me in|take me|book me in) (today|tomorrow|this week|on {}|)
  (do you have|is there|are there) (anything|any time|a free slot|an opening|an appointment) (free|available|left|) (today|tomorrow|this week|on {}|)
  (i want|i need|i'd like) to (come in|see somebody|come by|book a time) (today|tomorrow|this week|on {}|)
`);

export const MESSAGE = lines(`
  (can|could|may) i (leave|give you) a message (for somebody|for the boss|for them|)
  (can|could|would|will) you (please|) (take|pass on|write down) a message (for me|for somebody|)
  (i want|i'd like|i would like) (you to take|to leave) a message (please|for the boss|for them|)
  (can|could|would) (somebody|someone|you|they|anyone) (please|) (call|ring|phone|get back to) me (back|) (today|tomorrow|later|this afternoon|in the morning|)
  (please|) (have|tell|ask) (somebody|someone|them|the boss|him|her) (to|) (call|ring) me (back|) (please|tomorrow|later|)
  (can|could) (somebody|someone) give me a (call|ring) (back|later|tomorrow|)
`);

export const HUMAN = lines(`
  (can|could|may) i (please|) (speak|talk) (to|with) (somebody|someone|a person|a real person|a human|the boss|the manager|the owner|somebody else)
  (i want|i'd like|i would like|i would rather|let me|i need) (to|) (speak|talk) (to|with) (somebody|someone|a person|a real person|a human|your boss|the boss|the manager|somebody real)
  (can|could) you (get|give|put) me (a human|a real person|somebody|through to somebody|through to a person) (please|)
  is there (somebody|someone|anybody|a person|a human) (i can|i could|to) (talk to|speak to|speak with)
`);

/** `{}`: a department. */
export const DEPARTMENT = lines(`
  {} (please|)
  (can you|could you|please|would you|) (put me through|connect me|transfer me) (to|with) (the|) {} (please|)
  (can|could|may) i (speak|talk) (to|with) (somebody in|one of|) (the|) {} (please|)
  (i want|i'd like|i would like|i need|let me) (to|) (speak|talk) (to|with) (somebody in|one of|) (the|) {} (please|)
  (give me|get me) {} (please|)
  i have a question about (my|the) {}
`);

/** What callers say of any business in a sentence, or what stands in it: as a bridge between their own words. */
export const BETWEEN = lines(`
  (is|are) there (any|somewhere|some|a place|anything) (to|near|at|) (leave|put|you|there|close by|)
  (do|would|will|can) you (guys|also|still|already|even|) (accept|take|have|do|look at|see|work with|deal with|fix|repair|treat) (any|my|the|a|all) (kind of|)
  (can|could|may|should) i (also|just|still|) (use|pay|bring|leave|drop off|pick up|get|borrow|wait|come) (with|in|by|my|the|there|without)
  (does|will|would) (my|the|your) (insurance|plan|card|company) (pay|cover|work|take) (for|) (this|that|it)
  (do|will|would) i (have to|need to|get|need) (bring|pay|wait|make|have|call|a|an)
  (i|we) (have to|need to|want to|had to|wanted to) (cancel|change|move|ask|know|come|bring|order|see) (my|the|a|if|whether|for)
  (i have|i've got|i just|my|we have) (had|got|moved|lost|broke|broken) (a|my|here|down|off)
  (who|which|what) (is|are|one|will|do|does) (going to|i|you|the|your) (see me|see|take|have|name|names)
  (what if|what happens if|and if) (i|it|the) (doesn't|don't|can't|miss|breaks|come)
`);

function lines(text: string): readonly string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

/**
 * Some `most` of the sentences of `patterns`, chosen at random, but the same ones each time; each of `about` comes in every
 * pattern that has a place for it.
 */
export function waysToAsk(patterns: readonly string[], about: readonly string[], most: number): string[] {
  const random = seeded(1);
  const each = Math.max(1, Math.round(most / patterns.length));
  return patterns.flatMap((pattern) => {
    const slots = [...pattern.matchAll(/\(([^)]*)\)|([^()]+)/g)].map(([, choice, plain]) =>
      choice === undefined ? [plain ?? ''] : choice.split('|'),
    );
    return Array.from({ length: Math.max(each, pattern.includes('{}') ? about.length : 0) }, (_, n) =>
      slots
        .map((choices) => choices[Math.floor(random() * choices.length)] ?? '')
        .join('')
        .replaceAll('{}', about[n % Math.max(1, about.length)] ?? ''),
    );
  });
}
