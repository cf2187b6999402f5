import type { CallSound, Utterance } from './call-sound.ts';
import type { SoftphoneCall } from './softphone.ts';

/** One question of a caller and what came back. Instants: wall clock. */
export interface Exchange {
  readonly name: string;
  readonly said: Utterance | undefined;
  /** What was heard after it, if anything. */
  readonly reply: Utterance | undefined;
  /** From the caller's last voiced packet to the reply's first voiced one, both seen on the wire. */
  readonly responseMs: number | undefined;
}

export interface Patience {
  /** How long a reply may take to begin and to end. */
  readonly replyMs: number;
  /** Silence that says that the agent has finished. */
  readonly quietMs: number;
  readonly signal?: AbortSignal;
}

export const PATIENCE: Patience = { replyMs: 20_000, quietMs: 900 };

/** Waits until the far side has said something and finished, or hung up. */
export async function listen(
  sound: CallSound,
  patience: Patience,
  after?: number,
): Promise<Utterance | undefined> {
  return sound.utterance({
    timeoutMs: patience.replyMs,
    quietMs: patience.quietMs,
    ...(after !== undefined && { after }),
    ...(patience.signal && { signal: patience.signal }),
  });
}

/** Says one thing when the other side is quiet, and waits for what comes back. */
export async function exchange(
  call: SoftphoneCall,
  question: { readonly name: string; readonly sound: Int16Array },
  patience: Patience,
): Promise<Exchange> {
  const { name } = question;
  const said = await call.say(question.sound);
  if (said === false) return { name, said: undefined, reply: undefined, responseMs: undefined };
  const reply = await listen(call.heard, patience, said.endedAt);
  const responseMs = reply && Math.round(reply.startedAt - said.endedAt);
  return { name, said, reply, responseMs };
}
