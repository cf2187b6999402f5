import type { CallRecord, TurnLogPart } from '../dialog/call/call-record.ts';
import type { TurnStep } from '../dialog/contract/call-events.ts';
import { TURN_END } from '../dialog/language/spoken-numbers.ts';
import type { KeepRules } from './call-rows.ts';
import { TURNS } from './redaction.ts';

/*
 * The log of a call's turns has their words again, as the recogniser found them one by one. What is taken out of a turn's
 * text is taken out of its log with everything else that was said in it: which of a recogniser's guesses were a part of
 * what is hidden, nobody can tell.
 */

const MASK = '•';
/** Where words or keys stand in a step. */
const TEXTS: ReadonlySet<string> = new Set(['text', 'digit']);

/**
 * Parts that must be written after `before`: the new ones, and those of turns of which now something is `hidden`. A part may
 * begin or end with words of the turn beside its own.
 */
export function changedLog(
  record: CallRecord,
  before: CallRecord | undefined,
  hidden: ReadonlySet<number>,
  rules: KeepRules,
): readonly { readonly n: number; readonly part: TurnLogPart }[] {
  return (record.turnLog ?? []).flatMap((part, n) => {
    const isHidden = [-1, 0, 1].some((beside) => hidden.has(part.turn + beside));
    if (part === before?.turnLog?.[n] && !isHidden) return [];
    const mustMask = isHidden || !rules.texts || hasSecrets(part, record, rules);
    return [{ n, part: mustMask ? masked(part) : part }];
  });
}

function hasSecrets(part: TurnLogPart, record: CallRecord, { redact }: KeepRules): boolean {
  const { agent } = record;
  const isSecret = (text: string, how: 'said' | 'keyed'): boolean => redact(text, how, agent) !== text;
  const keys = part.steps.map((step) => (step['digit'] as string | undefined) ?? '').join('');
  return (
    isSecret(keys, 'keyed') ||
    textsIn(part.steps).some((text) => isSecret(text, 'said')) ||
    (['caller', 'agent'] as const).some((who) => isHiddenNear(part, who, record, redact))
  );
}

/** Something is taken out of what that side has said in the part's turns, perhaps because of what they had said before. */
function isHiddenNear(
  { turn }: TurnLogPart,
  who: 'caller' | 'agent',
  { said, agent }: CallRecord,
  redact: KeepRules['redact'],
): boolean {
  const before = said.filter((one) => one.who === who && one.turn <= turn + 1).slice(-TURNS);
  const texts = before.map(({ text = '' }) => text.replaceAll(TURN_END, ' '));
  const kept = redact(texts.join(TURN_END), 'said', agent).split(TURN_END);
  return before.some((one, n) => Math.abs(one.turn - turn) <= 1 && kept[n] !== texts[n]);
}

function textsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    TEXTS.has(name) && typeof one === 'string' ? [one] : textsIn(one),
  );
}

/** The same without a word of it: how many there were is left. */
function masked(part: TurnLogPart): TurnLogPart {
  return { ...part, steps: part.steps.map((step) => hide(step) as TurnStep), masked: true };
}

function hide(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hide);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      TEXTS.has(name) && typeof one === 'string' ? one.replace(/\S+/g, MASK) : hide(one),
    ]),
  );
}
