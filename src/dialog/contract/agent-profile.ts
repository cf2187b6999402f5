import type { Milliseconds } from '../../lib/clock.ts';
import type { CodecName } from '../../media/codec.ts';
import type { AgentPhrase } from './stock-phrases.ts';

/** An agent of agents.yaml, checked and complete. */
export interface AgentProfile {
  readonly id: string;
  readonly extensions: readonly string[];
  readonly name: string;
  readonly greeting: string;
  /** First words of a call that it makes. Missing: it makes none. */
  readonly callOpening?: string;
  /** Stock phrases of its own, in the place of its language's. */
  readonly phrases?: Readonly<Partial<Record<AgentPhrase, string>>>;
  readonly instructions: string;
  readonly voice: string;
  readonly language: string;
  /** On the wire to Asterisk; `auto`: the caller's own. */
  readonly codec: CodecName | 'auto';
  readonly limits: AgentLimits;
  /** How long it lets callers pause. */
  readonly patience: 'quick' | 'normal' | 'relaxed';
  /** What a caller who waits for an answer hears first: "one moment", or a soft tone. */
  readonly filler: 'words' | 'tone';
  /** Whether a caller's voice may interrupt the greeting; keys may in any case. */
  readonly greetingInterruptible: boolean;
  /** Where the caller goes when the conversation is over: nowhere, or on in the dialplan. */
  readonly afterwards: 'hang-up' | 'continue';
  /** Names of the tools that its model may call. Missing: those for which its knowledge and targets have a use. */
  readonly tools?: readonly string[];
  /** The only people that it may call for a caller. */
  readonly transferTargets: readonly TransferTarget[];
  /** What becomes of a caller when several replies in a row have failed. */
  readonly whenFailing: 'continue' | 'hang-up' | 'keep-trying';
  /** What the embedded receptionist answers from; other models get it within their instructions. */
  readonly knowledge: AgentKnowledge;
}

/** Somebody whom an agent may call to put a caller through. */
export interface TransferTarget {
  readonly name: string;
  /** Other words that callers use for it. */
  readonly also: readonly string[];
  /** In the words of the telephony that carries the call: `PJSIP/softphone2`, `Local/200@from-internal`, `+4930123456`. */
  readonly endpoint: string;
  /** What the target's telephone shows: `caller`, `agent` (its name, and the number that was dialled), or `Name <number>`. */
  readonly callerId: string;
  /** How long it rings. */
  readonly ringMs: Milliseconds;
  /** What the caller hears meanwhile. */
  readonly whileRinging: 'ringing' | 'music';
  /** Said to the target when they answer; they must then take the call by a key. `{caller}`, `{about}`: who calls, and what about. */
  readonly briefing?: string;
}

export interface AgentLimits {
  /** Silence of the caller that ends a turn. */
  readonly endpointingMs: Milliseconds;
  /** Silence after which a reply is prepared, though the turn may go on; 0: never before its end is certain. */
  readonly eagerPauseMs: Milliseconds;
  /** A caller who talks for longer is answered, whether they have finished or not. */
  readonly longestTurnMs: Milliseconds;
  /** Voiced time that interrupts the agent. */
  readonly bargeInMs: Milliseconds;
  /** Pause that ends a row of keys; a key that chooses a department is answered sooner. */
  readonly interDigitMs: Milliseconds;
  /** Silence after which a caller who waits for an answer hears a filler. */
  readonly fillerMs: Milliseconds;
  /** How long the greeting waits for the caller's first packet; 0: it doesn't. */
  readonly firstPacketMs: Milliseconds;
  /** Silence after which the caller is asked, and after being asked `silencePrompts` times, said goodbye to. */
  readonly silenceMs: Milliseconds;
  readonly silencePrompts: number;
  readonly maxCallMs: Milliseconds;
}

/** Used where agents.yaml sets nothing. */
export const DEFAULT_LIMITS: AgentLimits = {
  endpointingMs: 500,
  eagerPauseMs: 150,
  // Whisper hears windows of 30 s (Radford et al. 2022, section 2.2); a turn and its lead-in stay within one.
  longestTurnMs: 25_000,
  bargeInMs: 80,
  interDigitMs: 1_500,
  fillerMs: 1_000,
  firstPacketMs: 0,
  silenceMs: 7_000,
  silencePrompts: 2,
  maxCallMs: 600_000,
};

export interface AgentKnowledge {
  readonly company: string;
  /** IANA name; the receptionist's "today" is there. The machine's own when missing. */
  readonly timeZone?: string;
  /** Missing: unknown. A day without an entry is closed. */
  readonly openingHours?: readonly OpeningTime[];
  readonly address?: string;
  /** `also`: other words that callers use for it. `price`: in spoken words. */
  readonly services: readonly {
    readonly name: string;
    readonly also: readonly string[];
    readonly about: string;
    readonly price?: string;
  }[];
  /** Question and answer pairs beyond the above. */
  readonly questions: readonly { readonly ask: readonly string[]; readonly answer: string }[];
  /** Where a caller can be put through: goes on in the dialplan with this department. */
  readonly departments: readonly {
    readonly name: string;
    readonly digit?: string;
    readonly also: readonly string[];
  }[];
  readonly takesMessages: boolean;
  /** Words that no dictionary has, in ARPAbet: `{ Zuse: "T S UW Z AH" }`. */
  readonly pronunciations: Readonly<Record<string, string>>;
}

/** The phones of the CMU pronouncing dictionary, without stress marks. */
export const ARPABET: readonly string[] =
  'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH'.split(
    ' ',
  );

export const WEEKDAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;

export type Weekday = (typeof WEEKDAYS)[number];

/** One stretch of a day, in minutes after midnight. */
export interface OpeningTime {
  readonly day: Weekday;
  readonly fromMinute: number;
  readonly toMinute: number;
}
