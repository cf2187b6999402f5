import type { Message, ToolCall } from '../contract/conversation.ts';
import type { PlayedAccount } from '../contract/call-media.ts';
import type { TimedWord } from '../contract/speech.ts';
import { keptFor } from '../../lib/kept-for.ts';
import { isUnspaced } from '../language/words.ts';

/** Speech is about this fast where nothing better is known: 15 letters a second, … */
const LETTER_MS = 1000 / 15;
/** … and five or six syllables, for each of which Chinese and Japanese mostly have one sign. */
const SIGN_MS = 180;
const SYLLABLE_SIGN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** What was said in a call, by both sides, as both sides heard it. */
export class ConversationHistory {
  readonly #messages: Message[];

  /** `earlier`: what was said before the program was started again in mid-call. */
  constructor(earlier: readonly Message[] = []) {
    this.#messages = [...earlier];
  }

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
  const spoken = durationOf(text);
  const heardMs = complete ? (spoken * account.playedMs) / account.writtenMs : account.playedMs;
  return { text: wholeWords(text, heardMs), interrupted: true };
}

/**
 * The text up to the last word that was over at `playedMs`. The synthesiser's words are found in the
 * text one after the other; it may spell some of them otherwise ("10" as "ten"), and these are told by
 * their neighbours. It may also cut a script without spaces in other places than we would.
 */
export function upTo(text: string, words: readonly TimedWord[], playedMs: number): string {
  if (words.length === 0) return wholeWords(text, playedMs);
  const tokens = tokensOf(text);
  const known = Math.max(tokens.length, words.length);
  /** So many tokens were heard; as long as none of the spoken words stands in the text as it is, their share has to do. */
  let heard = 0;
  let guessed = 0;
  for (const [index, word] of words.entries()) {
    if (word.endMs > playedMs) break;
    const key = keyOf(word.text);
    for (let ahead = 0; key !== '' && ahead < LOOK_AHEAD; ahead++) {
      const last = lastOf(tokens, heard + ahead, key);
      if (last === undefined) continue;
      heard = last + 1;
      break;
    }
    if (heard === 0) guessed = Math.floor((tokens.length * (index + 1)) / known);
  }
  // A word that is found may stand in the text several times: what was heard doesn't shrink by it.
  return textOf(text, tokens.slice(0, Math.max(heard, guessed)));
}

/** The text up to the end of these tokens, with which it begins. */
function textOf(text: string, tokens: readonly Pick<Token, 'end'>[]): string {
  return text.slice(0, tokens.at(-1)?.end ?? 0);
}

/** How many words of the text may be missing among the spoken ones. */
const LOOK_AHEAD = 6;

interface Token {
  readonly key: string;
  /** Where it ends in the text, marks behind it included. */
  readonly end: number;
}

/** The last of the tokens from `first` on that together make up `key`; undefined: they don't. */
function lastOf(tokens: readonly Token[], first: number, key: string): number | undefined {
  let joined = '';
  for (let at = first; at < tokens.length && joined.length < key.length; at++) {
    joined += tokens[at]?.key ?? '';
    if (joined === key) return at;
  }
  return undefined;
}

const graphemesOf = keptFor((code: string) => new Intl.Segmenter(code, { granularity: 'grapheme' }));

/** Words between spaces; of a script without spaces, its signs. */
function tokensOf(text: string): Token[] {
  return [...text.matchAll(/\S+/g)].flatMap(({ 0: run, index }) => {
    if (!isUnspaced(run)) return [{ key: keyOf(run), end: index + run.length }];
    const tokens: Token[] = [];
    for (const { segment, index: within } of graphemesOf('en').segment(run)) {
      const token = { key: keyOf(segment), end: index + within + segment.length };
      const before = tokens.at(-1);
      // A mark belongs to the sign before it.
      if (token.key === '' && before) tokens[tokens.length - 1] = { ...before, end: token.end };
      else tokens.push(token);
    }
    return tokens;
  });
}

function keyOf(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, '');
}

/** About how long it takes to speak a text. */
function durationOf(text: string): number {
  return tokensWithTime(text).at(-1)?.untilMs ?? 0;
}

/** The words, or signs, that are over when so much of the text has been spoken. */
function wholeWords(text: string, spokenMs: number): string {
  return textOf(
    text,
    tokensWithTime(text).filter(({ untilMs }) => untilMs <= spokenMs),
  );
}

function tokensWithTime(text: string): { readonly end: number; readonly untilMs: number }[] {
  let untilMs = 0;
  let from = 0;
  return tokensOf(text).map(({ end }) => {
    for (const sign of text.slice(from, end)) untilMs += SYLLABLE_SIGN.test(sign) ? SIGN_MS : LETTER_MS;
    from = end;
    return { end, untilMs };
  });
}
