import type { Config } from '../config.ts';
import type { CallRecord } from '../dialog/call/call-record.ts';
import type { CallEvent } from '../dialog/contract/call-events.ts';
import type { KeepRules } from '../store/call-rows.ts';
import { keptRest, keptTurns, redactionOf } from '../store/redaction.ts';

/** What may be kept of calls, and how. */
export function keepRules({ agents, announcements, records }: Config): KeepRules {
  const { transcripts, redact, prices } = records;
  const languages = new Map(agents.map(({ id, language }) => [id, language]));
  const languageOf = (agent: string): string => languages.get(agent) ?? announcements.language;
  const redactText = redactionOf(redact);
  // The number that somebody wants to be called at is what a message is for.
  const redactMessage = redactionOf({ ...redact, digits: false });
  return {
    texts: transcripts,
    redact: (text, how, agent) =>
      how === 'message'
        ? redactMessage(text, 'said', languageOf(agent))
        : redactText(text, how, languageOf(agent)),
    ...(prices && { cost: (record: CallRecord) => costOf(record, prices) }),
  };
}

/** So many keys may be told one by one: as many as a menu has. */
const MENU_KEYS = 3;

/** What the log has of a call so far. */
interface Told {
  readonly agent: string;
  readonly caller: string[];
  readonly agentSaid: string[];
  keys: number;
}

/** Events as the log may have them. A card that is keyed comes key by key: only its beginning is told. */
export function redactedEvents({ redact }: KeepRules, cards: boolean): (event: CallEvent) => CallEvent {
  const calls = new Map<string, Told>();
  return (event) => {
    if (event.type === 'started')
      calls.set(event.call, { agent: event.agent, caller: [], agentSaid: [], keys: 0 });
    const call = calls.get(event.call);
    if (!call) return event;
    const said = (text: string): string => redact(text, 'said', call.agent);
    const turn = (text: string, before: string[]): string => {
      const kept = wordsSoFar(text, before, redact, call.agent);
      before.push(text);
      return kept;
    };
    const keyed = (text: string): string => redact(text, 'keyed', call.agent);
    switch (event.type) {
      case 'caller-said':
        if (event.via !== 'dtmf') return { ...event, text: turn(event.text, call.caller) };
        call.keys = 0;
        return { ...event, text: keyed(event.text) };
      case 'agent-said': {
        const { unheard } = event;
        const text = turn(event.text, call.agentSaid);
        if (unheard === undefined) return { ...event, text };
        return { ...event, text, unheard: keptRest(call.agentSaid, unheard, said) };
      }
      case 'sound-judged':
        return { ...event, words: wordsSoFar(event.words, call.caller, redact, call.agent) };
      case 'tool':
        return { ...event, result: said(event.result) };
      case 'dtmf':
        call.keys += 1;
        return { ...event, digit: cards && call.keys > MENU_KEYS ? '•' : keyed(event.digit) };
      case 'ended':
        calls.delete(event.call);
        return event;
      default:
        return event;
    }
  };
}

/** What somebody is saying, or has said, as it may be shown at once: the log can't take back the beginning of a number. */
export function wordsSoFar(
  words: string,
  before: readonly string[],
  redact: KeepRules['redact'],
  agent: string,
): string {
  return keptTurns([...before, words], (text) => redact(text, 'said so far', agent)).at(-1)?.text ?? '';
}

const MINUTE_MS = 60_000;
const MILLION = 1e6;

function costOf(
  { ended, usage = {} }: CallRecord,
  { currency, perMinute, tokens }: NonNullable<Config['records']['prices']>,
): CallRecord['cost'] {
  let amount = ((ended?.durationMs ?? 0) / MINUTE_MS) * perMinute;
  for (const [provider, { inputTokens, outputTokens }] of Object.entries(usage)) {
    const price = tokens[provider];
    if (price) amount += (inputTokens * price.input + outputTokens * price.output) / MILLION;
  }
  return { amount, currency };
}
