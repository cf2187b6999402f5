/** How a caller of the lab behaves: speaks when the other side has finished, and listens. */
import { en } from '../src/dialog/language/en.ts';
import type { CallEvent } from '../src/dialog/contract/call-events.ts';
import type { AgentCall, AgentEvents, SeenEvent } from './agent-events.ts';
import type { SpeechWatch, Utterance } from './speech-watch.ts';

/** A call that a caller can speak into and listen to: a softphone's, or one from a cloud number. */
export interface LabCall {
  readonly heard: Pick<SpeechWatch, 'speech' | 'quiet' | 'utterance' | 'speechStartedAt'>;
  readonly ended: Promise<unknown>;
  readonly endReason: string | undefined;
  /** Resolves when all has been said; false when the call ended, or something else was said, before. */
  say(sound: Int16Array): Promise<Utterance | false>;
}

/** One question of a caller and what came back. Instants: wall clock. */
export interface Exchange {
  readonly name: string;
  readonly said: Utterance | undefined;
  /** When something was heard after it, if it was. */
  readonly replyAt: number | undefined;
  /** From the caller's last voiced packet to the first voiced one that came back, both seen on the wire. */
  readonly responseMs: number | undefined;
  /** What the agent took it for, if it told, and how many times it was said until it was understood. */
  readonly heardAs: string | undefined;
  readonly understood: boolean | undefined;
  readonly tries: number;
  /** The agent's words in return, if it told, to all of these tries. */
  readonly replyText: string | undefined;
}

export interface Patience {
  /** How long a reply may take to begin and to end. */
  readonly replyMs: number;
  /** Silence that says that the other side has finished. */
  readonly quietMs: number;
  /** How often a question is said when it wasn't understood. */
  readonly tries: number;
  readonly signal?: AbortSignal;
}

const FILLER = en.phrases.oneMoment;

export const PATIENCE: Patience = { replyMs: 25_000, quietMs: 800, tries: 2 };

/** The agent's side of the same call, where its log can be read. */
export interface AgentView {
  readonly events: AgentEvents;
  readonly find: () => AgentCall | undefined;
}

/** Waits until the far side has said something and finished, or hung up. */
export async function listen(
  sound: LabCall['heard'],
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

/** `reply`: what comes back is an answer if it has this in it. */
interface Question {
  readonly name: string;
  readonly sound: Int16Array;
  readonly reply?: RegExp;
}

/**
 * Says one thing and waits for what comes back; says it again, as people do, when it wasn't understood, or taken for
 * something else. With a view of the agent the caller waits for the reply itself, not for its "one moment, please".
 */
export async function exchange(
  call: LabCall,
  question: Question,
  patience: Patience,
  agent?: AgentView,
): Promise<Exchange> {
  let result: Exchange | undefined;
  for (let tries = 1; tries <= patience.tries; tries += 1) {
    const one = await sayOnce(call, question, patience, agent, tries);
    const texts = [result?.replyText, one.replyText].filter((text) => text !== undefined);
    result = { ...one, replyText: texts.length === 0 ? undefined : texts.join(' ') };
    const isAnswer = question.reply?.test(result.replyText ?? '') ?? true;
    const isOver = call.endReason !== undefined || patience.signal?.aborted === true;
    if (isOver || (result.understood !== false && isAnswer)) break;
  }
  return result as Exchange;
}

async function sayOnce(
  call: LabCall,
  { name, sound }: Question,
  patience: Patience,
  agent: AgentView | undefined,
  tries: number,
): Promise<Exchange> {
  const from = agent?.find()?.events.length ?? 0;
  const nothing = {
    ...{ responseMs: undefined, heardAs: undefined, understood: undefined, replyText: undefined },
    tries,
  };
  const said = await call.say(sound);
  if (said === false) return { name, said: undefined, replyAt: undefined, ...nothing };
  const timing = { timeoutMs: patience.replyMs, ...(patience.signal && { signal: patience.signal }) };
  const came = await Promise.race([
    call.heard.speech({ ...timing, after: said.endedAt }),
    call.ended.then(() => false),
  ]);
  if (!came) return { name, said, replyAt: undefined, ...nothing };
  const replyAt = call.heard.speechStartedAt ?? 0;
  const responseMs = Math.round(replyAt - said.endedAt);
  if (agent) {
    const replied = (): boolean => replyTo(agent.find()?.events.slice(from) ?? []) !== undefined;
    await Promise.race([agent.events.until(replied, patience.replyMs), call.ended]);
  }
  await Promise.race([call.heard.quiet({ ...timing, quietMs: patience.quietMs }), call.ended]);
  const told = agent?.find()?.events.slice(from) ?? [];
  const { text: heardAs, understood } = told.map(({ event }) => event).find(isCallerSaid) ?? {};
  return { name, said, replyAt, responseMs, heardAs, understood, tries, replyText: replyTo(told) };
}

function isCallerSaid(event: CallEvent): event is CallEvent & { type: 'caller-said' } {
  return event.type === 'caller-said';
}

/** What the agent said after the first thing that the caller said; undefined as long as it didn't. */
function replyTo(events: readonly SeenEvent[]): string | undefined {
  const said = events.findIndex(({ event }) => isCallerSaid(event));
  if (said < 0) return undefined;
  const texts = events
    .slice(said)
    .flatMap(({ event }) => (event.type === 'agent-said' && event.text !== FILLER ? [event.text] : []));
  return texts.length === 0 ? undefined : texts.join(' ');
}
