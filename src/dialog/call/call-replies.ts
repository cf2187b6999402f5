import type { Milliseconds } from '../../lib/clock.ts';
import { within } from '../../lib/abort.ts';
import type { AgentAtWork, CallInSession } from './call-in-hand.ts';
import { CallReply, PlayedPhrase, type ReplyOrder, type Stop } from './call-reply.ts';
import { CallTools } from './call-tools.ts';
import type { TurnAction } from '../turn/turn-states.ts';
import { playPhrase, playTone, type SpokenUtterance } from '../reply/utterance.ts';

/** How long the account of what was being said may take when the call is over. */
const ACCOUNT_MS = 1000;

/** What the agent says in a call: replies, prepared phrases and fillers, from their begin to what was heard of them. */
export class CallReplies {
  readonly #agent: AgentAtWork;
  readonly #call: CallInSession;
  readonly #tools: CallTools;
  readonly #sayings = new Map<number, CallReply | PlayedPhrase>();
  /** The account of the last thing said: the next reply's history waits for it. */
  #lastSettled: Promise<void> = Promise.resolve();
  /** The accounts of fillers: no reply waits for them, they are played before it anyhow. */
  #fillersTold: Promise<void> = Promise.resolve();

  constructor(agent: AgentAtWork, call: CallInSession) {
    this.#agent = agent;
    this.#call = call;
    this.#tools = new CallTools(agent, call);
  }

  reply({ reply: id, turn, input, gated }: Extract<TurnAction, { do: 'reply' }>): void {
    if (!gated && input.message.role === 'caller') this.#call.reporter.answering(turn);
    this.#call.reporter.answerBegun(turn, input.marks);
    const { agent, parts, tools } = this.#agent;
    const { history, facts } = this.#call;
    const { llm } = parts;
    const known = this.#lastSettled;
    const from = { is: 'model', llm, agent, call: facts.info, tools, input, history, known } as const;
    this.#start({ id, turn, gated, input, source: from });
  }

  release({ reply, input }: Extract<TurnAction, { do: 'release' }>, at: Milliseconds): void {
    const saying = this.#sayings.get(reply);
    if (saying instanceof CallReply) saying.release(input, at);
  }

  holdBack({ reply }: Extract<TurnAction, { do: 'hold-back' }>): void {
    const saying = this.#sayings.get(reply);
    if (saying instanceof CallReply) saying.holdBack();
  }

  letBegin({ reply }: Extract<TurnAction, { do: 'let-begin' }>): void {
    const saying = this.#sayings.get(reply);
    if (saying instanceof CallReply) saying.letBegin();
  }

  stop(action: Extract<TurnAction, { do: 'drop' | 'interrupt' }>, at: Milliseconds): void {
    // Also silences a "one moment" that went before the reply.
    this.stopFiller();
    const isTakenBack = action.do === 'drop' && action.takenBack;
    const by = action.do === 'interrupt' ? action.by : 'call';
    const how: Stop = isTakenBack ? { is: 'taken-back', at } : { is: 'interrupted', by };
    this.#sayings.get(action.reply)?.stop(how);
    this.#sayings.delete(action.reply);
  }

  /** What is being said, as far as it has come; undefined: nothing. */
  get progress(): SpokenUtterance['progress'] | undefined {
    for (const saying of this.#sayings.values()) {
      const { progress } = saying;
      if (progress) return progress;
    }
    return undefined;
  }

  pause({ reply }: Extract<TurnAction, { do: 'pause' }>): void {
    this.#sayings.get(reply)?.pause();
  }

  resume({ reply }: Extract<TurnAction, { do: 'resume' }>): void {
    this.#sayings.get(reply)?.resume();
  }

  say({ reply: id, turn, phrase }: Extract<TurnAction, { do: 'say' }>): void {
    const { phrases, agent } = this.#agent;
    const { media, history, facts } = this.#call;
    if (typeof phrase === 'object') {
      this.#start({ id, turn, gated: false, source: { is: 'written', text: phrase.text } });
      return;
    }
    const hasCalled = facts.info.direction === 'out' && agent.callOpening !== undefined;
    const words = phrase === 'greeting' && hasCalled ? 'callOpening' : phrase;
    if (phrase === 'stillThere') history.callerSaid({ role: 'caller', text: '', via: 'silence' });
    const prepared = phrases.get(agent.id, words, media.format);
    if (prepared) {
      this.#keep(id, new PlayedPhrase(playPhrase(media, prepared), { id, turn, phrase }, this.#call));
      return;
    }
    const text = phrases.text(agent.id, words) ?? (phrase === 'greeting' ? agent.greeting : undefined);
    if (text === undefined) this.#call.inbox.post({ type: 'reply-ended', reply: id });
    else this.#start({ id, turn, phrase, gated: false, source: { is: 'written', text } });
  }

  /** A filler: it tells the caller that somebody is at work; the reply comes after it. */
  filler({ turn }: Extract<TurnAction, { do: 'filler' }>): void {
    const { phrases, agent } = this.#agent;
    const { media, reporter } = this.#call;
    const prepared = phrases.get(agent.id, 'oneMoment', media.format);
    if (!prepared) {
      this.tone();
      return;
    }
    const told = playPhrase(media, prepared)
      .heard()
      .then((heard) => {
        reporter.fillerHeard(turn, heard);
      });
    this.#fillersTold = both(this.#fillersTold, told);
  }

  /** A tone: a filler without words. */
  tone(): void {
    void playTone(this.#call.media);
  }

  /** Nothing that was begun is heard any longer. */
  stopFiller(): void {
    this.#call.media.flush();
    this.#call.reporter.tellFiller();
  }

  /** What comes of it belongs to the history of the next reply. */
  follow(settled: Promise<void>): void {
    this.#lastSettled = both(this.#lastSettled, settled);
  }

  /** The call is over: what is on the way stops, and is accounted for. `silent`: nobody hears us anyhow. */
  async close(silent: boolean): Promise<void> {
    for (const saying of this.#sayings.values()) saying.close();
    if (!silent) this.#call.media.flush();
    const accounts = both(this.#lastSettled, this.#fillersTold);
    await within(accounts, ACCOUNT_MS, this.#agent.clock, () => undefined);
    this.#call.reporter.tellFiller();
    this.#tools.close();
  }

  #start(order: ReplyOrder): void {
    this.#keep(order.id, new CallReply(this.#agent, this.#call, this.#tools, order));
  }

  #keep(id: number, saying: CallReply | PlayedPhrase): void {
    this.#sayings.set(id, saying);
    this.follow(saying.settled.then(() => void this.#sayings.delete(id)));
  }
}

async function both(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.all([one, other]);
}
