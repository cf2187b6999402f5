import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { onAbort } from '../../lib/abort.ts';
import { formatFor } from '../reply/prepared-phrases.ts';
import type { AgentAtWork, CallInHand } from './call-in-hand.ts';
import type { AgentProfile, TransferTarget } from '../contract/agent-profile.ts';
import type { CallInfo, LineEvent, TransferOutcome, TransferRequest } from '../contract/call-info.ts';

/** After the briefing, before it is said once more. */
const BRIEF_AGAIN_MS = 3000;

/** Who the caller is with. */
type Standing =
  | { readonly is: 'with-agent' }
  | { readonly is: 'ringing'; readonly cancel: AbortController }
  | { readonly is: 'talking'; readonly target: string; readonly since: Milliseconds }
  /** The talk is over. */
  | {
      readonly is: 'left';
      readonly target: string;
      readonly talkMs: Milliseconds;
      readonly by: 'caller' | 'target' | 'system';
    };

/** What a transfer needs of the agent: who speaks, and how. */
type Briefer = Pick<AgentAtWork, 'agent' | 'clock' | 'parts' | 'source'>;

/** Calls others for the caller, and measures how long they talk with the one who answers. */
export class CallTransfer {
  readonly #agent: Briefer;
  readonly #call: CallInHand;
  #standing: Standing = { is: 'with-agent' };

  constructor(agent: Briefer, call: CallInHand) {
    this.#agent = agent;
    this.#call = call;
  }

  /** Caller and target talk with each other. */
  get connected(): boolean {
    return this.#standing.is === 'talking' || this.#standing.is === 'left';
  }

  /** `about`: what the call is about, for who answers. Never rejects. */
  async begin(target: TransferTarget, about = ''): Promise<TransferOutcome> {
    const { agent, clock } = this.#agent;
    const { line, facts, reporter } = this.#call;
    const { endpoint, ringMs, whileRinging } = target;
    const callerId = callerIdOf(target.callerId, facts.info, agent);
    const cancel = new AbortController();
    this.#standing = { is: 'ringing', cancel };
    const began = clock.now();
    let outcome: TransferOutcome = 'failed';
    try {
      const text = target.briefing && this.#briefingOf(target.briefing, about);
      const brief = text ? { brief: (signal: AbortSignal) => void this.#brief(text, signal) } : {};
      outcome = await line.transfer({ endpoint, ringMs, whileRinging, callerId, ...brief }, cancel.signal);
    } catch (error) {
      reporter.trouble('line', messageOf(error));
    }
    const now = clock.now();
    reporter.emit({ type: 'transfer', target: target.name, outcome, ringMs: now - began });
    const talking = { is: 'talking', target: target.name, since: now } as const;
    this.#standing = outcome === 'answered' ? talking : { is: 'with-agent' };
    return outcome;
  }

  #briefingOf(text: string, about: string): string {
    const { facts, history } = this.#call;
    const { name, number } = facts.info.caller;
    // A model that doesn't say what it is about: the caller's own last words.
    const said = history.messages.findLast(({ role }) => role === 'caller');
    const lastWords = said && 'text' in said ? said.text : '';
    return text.replaceAll('{caller}', name ?? number ?? '').replaceAll('{about}', about || lastWords);
  }

  /** Says it to the target again and again until they press a key, so that they hear it whole even if they missed the beginning. */
  async #brief(text: string, signal: AbortSignal): Promise<void> {
    const { parts, agent, source, clock } = this.#agent;
    const { media, reporter } = this.#call;
    const { voice, language } = agent;
    const wanted = { voice, language, format: formatFor(parts.tts, media.format, source) };
    const withdraw = onAbort(signal, () => {
      media.flush();
    });
    try {
      do {
        const playback = media.play();
        for await (const event of parts.tts.speak(one(text), wanted, signal)) {
          if (event.type === 'audio' && !(await playback.write(event.audio))) break;
        }
        playback.end();
        await playback.finished;
      } while (await clock.sleep(BRIEF_AGAIN_MS, signal));
    } catch (error) {
      reporter.thrown('tts', error);
    } finally {
      withdraw();
    }
  }

  cancel(): void {
    if (this.#standing.is === 'ringing') this.#standing.cancel.abort();
  }

  /** What the line told of its end. */
  onLine(event: LineEvent): void {
    if (event.type === 'target-left') this.#left('target');
    if (event.type === 'ended') this.#left(event.reason === 'caller-hung-up' ? 'caller' : 'system');
  }

  /** The call is over. */
  close(): void {
    this.#left('system');
    if (this.#standing.is !== 'left') return;
    const { target, talkMs, by } = this.#standing;
    this.#call.reporter.emit({ type: 'transfer-ended', target, talkMs, by });
  }

  #left(by: 'caller' | 'target' | 'system'): void {
    if (this.#standing.is !== 'talking') return;
    const { target, since } = this.#standing;
    this.#standing = { is: 'left', target, talkMs: this.#agent.clock.now() - since, by };
  }
}

async function* one(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

/** What a target's telephone shows, by what agents.yaml says of it. */
export function callerIdOf(
  wanted: string,
  { caller, dialled }: Pick<CallInfo, 'caller' | 'dialled'>,
  agent: Pick<AgentProfile, 'name'>,
): TransferRequest['callerId'] {
  if (wanted === 'caller') return caller;
  if (wanted === 'agent') return { name: agent.name, number: dialled };
  const [, name, number] = /^([^<]*)(?:<([^>]*)>)?$/.exec(wanted) ?? [];
  return { name: name?.trim() || undefined, number: number?.trim() || undefined };
}
