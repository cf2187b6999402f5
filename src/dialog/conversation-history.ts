import type { Message, ToolCall } from './conversation.ts';
import type { PlayedAccount } from './call-media.ts';
import type { TimedWord } from './speech.ts';

/** Speech is about this fast where nothing better is known, characters a millisecond. */
const CHARS_PER_MS = 0.015;

/** What was said in a call, by both sides, as both sides heard it. */
export class ConversationHistory {
  readonly #messages: Message[] = [];

  get messages(): readonly Message[] {
    return this.#messages;
  }

  callerSaid(message: Extract<Message, { role: 'caller' }>): void {
    this.#messages.push(message);
  }

  /** What was played of a reply; what nobody heard isn't in the history. */
  agentSaid(text: string, interrupted: boolean): void {
    if (text !== '') this.#messages.push({ role: 'agent', text, interrupted });
  }

  toolAnswered(call: ToolCall, result: string): void {
    this.#messages.push({ role: 'tool', call, result });
  }

  /** The result of a tool that stands in the history already, because its reply was stopped before. */
  toolFinished(call: ToolCall, result: string): void {
    const index = this.#messages.findIndex((message) => message.role === 'tool' && message.call === call);
    if (index >= 0) this.#messages[index] = { role: 'tool', call, result };
  }
}

export interface Utterance {
  /** All that was given to be spoken. */
  readonly text: string;
  readonly words: readonly TimedWord[];
  readonly account: Pick<PlayedAccount, 'playedMs' | 'writtenMs' | 'outcome'>;
  /** All of `text` was turned into audio, and `writtenMs` is how long that is. */
  readonly complete: boolean;
}

/** The part of an utterance that was really played, up to the last whole word. */
export function playedText(utterance: Utterance): { text: string; interrupted: boolean } {
  const { account, words, complete } = utterance;
  const text = utterance.text.trim();
  if (account.outcome === 'completed') {
    // A reply that broke off by itself is as unfinished as one that was interrupted.
    return complete
      ? { text, interrupted: false }
      : { text: upTo(text, words, account.writtenMs), interrupted: true };
  }
  if (complete && account.playedMs >= account.writtenMs && account.writtenMs > 0)
    return { text, interrupted: false };
  if (account.playedMs <= 0) return { text: '', interrupted: true };
  if (words.length > 0) return { text: upTo(text, words, account.playedMs), interrupted: true };
  const share = complete
    ? account.playedMs / account.writtenMs
    : (account.playedMs * CHARS_PER_MS) / text.length;
  return { text: wholeWords(text, Math.floor(text.length * Math.min(1, share))), interrupted: true };
}

/**
 * The text up to the last word that was over at `playedMs`. The synthesiser's words are found in the
 * text one after the other; it may spell some of them otherwise ("10" as "ten"), and these are told by
 * their neighbours.
 */
export function upTo(text: string, words: readonly TimedWord[], playedMs: number): string {
  if (words.length === 0) return wholeWords(text, Math.floor(playedMs * CHARS_PER_MS));
  const tokens = [...text.matchAll(/\S+/g)].map((match) => ({
    key: keyOf(match[0]),
    end: match.index + match[0].length,
  }));
  let token = -1;
  for (const word of words) {
    if (word.endMs > playedMs) break;
    const key = keyOf(word.text);
    if (key === '') continue;
    const ahead = tokens
      .slice(token + 1, token + 1 + LOOK_AHEAD)
      .findIndex((candidate) => candidate.key === key);
    if (ahead >= 0) token += ahead + 1;
  }
  if (token >= 0) return text.slice(0, tokens[token]?.end);
  // None of the spoken words stands in the text as it is: their share has to do.
  const spoken = words.filter((word) => word.endMs <= playedMs).length;
  const known = Math.max(tokens.length, words.length);
  const index = Math.floor((tokens.length * spoken) / known) - 1;
  return index < 0 ? '' : text.slice(0, tokens[index]?.end);
}

/** How many words of the text may be missing among the spoken ones. */
const LOOK_AHEAD = 6;

function keyOf(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function wholeWords(text: string, length: number): string {
  if (length >= text.length) return text;
  const end = text.lastIndexOf(' ', length);
  return end < 0 ? '' : text.slice(0, end).trimEnd();
}
