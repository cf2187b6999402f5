import type { CallInfo } from '../../../dialog/contract/call-info.ts';
import type { ToolName } from '../../../dialog/contract/tool-names.ts';
import type { KnowledgeBase } from './knowledge.ts';
import type { LocalTime } from './opening.ts';
import type { Act } from './understand.ts';

/** What a turn depends on besides the state: the agent, the call and the time. */
export interface Surroundings {
  readonly base: KnowledgeBase;
  readonly call: CallInfo;
  readonly now: LocalTime;
}

/** What has to be known for a message, in the order in which it is asked for. */
export type Slot = 'name' | 'own-number' | 'number' | 'confirm' | 'text';

/** A question of the agent's that the caller has heard, and may answer with a word. */
export type Question =
  | { readonly kind: 'anything-else' }
  | { readonly kind: 'which-service'; readonly wants: 'price' | 'duration' | 'service' }
  | { readonly kind: 'which-department' }
  | { readonly kind: 'put-through'; readonly department: number }
  | { readonly kind: 'take-message' }
  /** After several failures: a message, or a department? */
  | { readonly kind: 'rescue' }
  | { readonly kind: 'meant'; readonly act: Act }
  | { readonly kind: 'form'; readonly slot: Slot };

/** The message that is being taken. */
export interface Form {
  readonly name?: string;
  /** Digits so far. */
  readonly digits: string;
  /** The caller has confirmed the number. */
  readonly confirmed: boolean;
  /** The caller was offered the number that they call from. */
  readonly ownOffered: boolean;
  readonly text: string;
  /** Failed attempts at the current slot. */
  readonly tries: number;
}

export const EMPTY_FORM: Form = { digits: '', confirmed: false, ownOffered: false, text: '', tries: 0 };

/** All that the agent remembers; it follows from the history alone. */
export interface State {
  /** The caller's turns so far: makes the wording vary. */
  readonly turns: number;
  /** What was talked about last: "how much is that", "and on Sunday?" */
  readonly service?: number;
  readonly hours: boolean;
  /** The question that stands open, if the caller heard it. */
  readonly asked?: Question | undefined;
  readonly form?: Form | undefined;
  /** Turns in a row that weren't understood; silences in a row. */
  readonly misunderstood: number;
  readonly silences: number;
  /** What the agent said last, for "could you say that again". */
  readonly said: string;
}

export const INITIAL_STATE: State = { turns: 0, hours: false, misunderstood: 0, silences: 0, said: '' };

/** What the agent says and does next, and what it remembers if all of it is heard. */
export interface Reply {
  /** Spoken one after the other; a question comes last. */
  readonly sentences: readonly string[];
  readonly tool?: { readonly name: ToolName; readonly arguments: Readonly<Record<string, unknown>> };
  readonly state: State;
}

/** The state without its open question, or with another. */
export function asking(state: State, asked?: Question): State {
  return { ...state, asked };
}

/** The state with another form, or none. */
export function withForm(state: State, form?: Form): State {
  return { ...state, form };
}
