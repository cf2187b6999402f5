import type { TurnStep } from '../dialog/contract/call-events.ts';
import type { Milliseconds } from '../lib/clock.ts';
import type { FollowUp } from '../dialog/turn/turn-states.ts';
import { isDid, isTold, numberIn, type Told } from './logged-call.ts';

const SIGNS = ['reply-committed', 'reply-resumed', 'reply-near'] as const;
type Sign = (typeof SIGNS)[number];

/** How a reply, or a phrase, came to be heard in the call. Instants count from its beginning. */
export interface ReplyOfLog {
  readonly key: string;
  /** Its first sound could have been heard; missing: none ever was. */
  readonly readyMs?: Milliseconds | undefined;
  /** From when it was ready, and might be heard, to its first packet. */
  readonly sendMs: Milliseconds;
  /** How long it is. */
  readonly soundMs: Milliseconds;
  readonly text: string;
  /** It was cut off: more of it than was synthesised by then isn't known. */
  readonly isCut: boolean;
  readonly ending?: FollowUp | undefined;
  /** It failed then. */
  readonly failedMs?: Milliseconds | undefined;
  /** Nothing of it was heard when it ended. */
  readonly endedMs?: Milliseconds | undefined;
  /** A tool was at work, or its first words were with the voice. */
  readonly signs: readonly { readonly type: Sign; readonly ms: Milliseconds }[];
}

/** Replies are told apart by the turn that they answer, phrases by their names. */
export function keyOf(step: TurnStep): string {
  const { phrase, turn } = step as { readonly phrase?: unknown; readonly turn?: unknown };
  return typeof phrase === 'string' ? `phrase ${phrase}` : `reply ${String(turn)}`;
}

/** What a phrase takes that wasn't said in the call. */
const UNHEARD: Omit<ReplyOfLog, 'key'> = {
  readyMs: 0,
  sendMs: 20,
  soundMs: 1500,
  text: '',
  isCut: false,
  signs: [],
};

/** Replies and phrases as they were made in the call. */
export class RepliesOfLog {
  readonly #replies: readonly ReplyOfLog[];
  readonly #given = new Map<string, number>();

  constructor(steps: readonly TurnStep[]) {
    this.#replies = steps
      .filter(isDid)
      .filter(({ did }) => did === 'reply' || did === 'say')
      .map((begun) => replyOf(begun, steps));
  }

  /**
   * The next one of this kind: the one that was heard, where several were begun for a turn and taken back. Undefined: none
   * was made in the call.
   */
  next(step: TurnStep): ReplyOfLog | undefined {
    const key = keyOf(step);
    const alike = this.#replies.filter((one) => one.key === key);
    const n = this.#given.get(key) ?? 0;
    this.#given.set(key, n + 1);
    if (key.startsWith('phrase')) return alike[n] ?? alike.at(-1) ?? { key, ...UNHEARD };
    return alike.findLast(({ readyMs }) => readyMs !== undefined) ?? alike.at(-1);
  }
}

function replyOf(begun: TurnStep, steps: readonly TurnStep[]): ReplyOfLog {
  const id = numberIn(begun, 'reply');
  const own = steps.filter((step) => numberIn(step, 'reply') === id);
  const told = (type: string): Told | undefined => own.filter(isTold).find((step) => step.told === type);
  const did = (action: string): TurnStep | undefined => own.filter(isDid).find((step) => step.did === action);
  const since = (step: TurnStep | undefined): Milliseconds | undefined => step && step.at - begun.at;
  const [audible, ended, said] = [told('reply-audible'), told('reply-ended'), told('agent-said')];
  const released = (begun as { readonly gated?: unknown }).gated === true ? did('release')?.at : begun.at;
  const readyAt = audible && Math.min(numberIn(audible, 'readyAt') ?? audible.at, audible.at);
  const letBegin = own.filter(isDid).findLast((step) => step.did === 'let-begin')?.at;
  const mayBeHeard = Math.max(readyAt ?? begun.at, released ?? begun.at, letBegin ?? begun.at);
  const cut = did('interrupt');
  const heardMs = audible ? ((cut ?? ended)?.at ?? audible.at) - audible.at - pausedMs(own) : 0;
  return {
    key: keyOf(begun),
    readyMs: readyAt === undefined ? undefined : readyAt - begun.at,
    sendMs: audible ? audible.at - mayBeHeard : 0,
    soundMs: cut ? Math.max(heardMs, (said && numberIn(said, 'soundMs')) ?? 0) : heardMs,
    text: typeof said?.['text'] === 'string' ? said['text'] : '',
    isCut: cut !== undefined,
    ending: ended?.['ending'] as FollowUp | undefined,
    failedMs: since(told('reply-failed')),
    endedMs: audible ? undefined : since(ended),
    signs: own.filter(isTold).flatMap((step) => {
      const type = SIGNS.find((one) => one === step.told);
      return type ? [{ type, ms: step.at - begun.at }] : [];
    }),
  };
}

function pausedMs(own: readonly TurnStep[]): Milliseconds {
  let since: Milliseconds | undefined;
  let sum = 0;
  for (const step of own.filter(isDid)) {
    if (step.did === 'pause') since ??= step.at;
    if (since === undefined || (step.did !== 'resume' && step.did !== 'interrupt')) continue;
    sum += step.at - since;
    since = undefined;
  }
  return sum;
}
