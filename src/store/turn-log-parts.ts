import { spokenBy, type CallRecord, type Saying, type TurnLogPart } from '../dialog/call/call-record.ts';
import type { TurnStep } from '../dialog/contract/call-events.ts';
import { TURN_END } from '../dialog/language/spoken-numbers.ts';
import type { KeepRules } from './call-rows.ts';
import { TURNS, type Told } from './redaction.ts';

/*
 * The log of a call's turns has their words again, as the recogniser found them one by one. What is taken out of a turn's
 * text is taken out of its log with everything else that was said in it: which of a recogniser's guesses were a part of
 * what is hidden, nobody can tell.
 */

const MASK = '•';
/** Where words or keys stand in a step. */
const TEXTS: ReadonlySet<string> = new Set(['text', 'digit']);

/**
 * Parts that must be written after `before`: the new ones, and those of turns of which the text is kept otherwise now
 * (`changed`). A part may begin or end with words of the turn beside its own.
 */
export function changedLog(
  record: CallRecord,
  before: CallRecord | undefined,
  changed: ReadonlySet<number>,
  rules: KeepRules,
): readonly { readonly n: number; readonly part: TurnLogPart }[] {
  return (record.turnLog ?? []).flatMap((part, n) => {
    const hasChanged = [-1, 0, 1].some((beside) => changed.has(part.turn + beside));
    if (part === before?.turnLog?.[n] && !hasChanged) return [];
    return [{ n, part: !rules.texts || hasSecrets(part, record, rules) ? masked(part) : part }];
  });
}

function hasSecrets(part: TurnLogPart, record: CallRecord, { redact }: KeepRules): boolean {
  const { agent, ended } = record;
  const isSecret = (text: string, how: Told): boolean => redact(text, how, agent) !== text;
  const keys = part.steps.map((step) => (step['digit'] as string | undefined) ?? '').join('');
  return (
    isSecret(keys, ended ? 'keyed' : 'keyed so far') ||
    textsIn(part.steps).some((text) => isSecret(text, 'said')) ||
    (['caller', 'agent'] as const).some((who) => isHiddenNear(part, who, record, redact))
  );
}

/** Something is taken out of what that side has said in the part's turns, perhaps because of what they said before or after. */
function isHiddenNear(
  { turn }: TurnLogPart,
  side: 'caller' | 'agent',
  record: CallRecord,
  redact: KeepRules['redact'],
): boolean {
  const { agent, ended } = record;
  const spoken = spokenBy(side, record).map(({ saying }) => saying);
  const isNear = (one: Saying): boolean => Math.abs(one.turn - turn) <= 1;
  const [first, last] = [spoken.findIndex(isNear), spoken.findLastIndex(isNear)];
  if (first < 0) return false;
  const around = spoken.slice(Math.max(0, first - TURNS), last + TURNS);
  const texts = around.map(({ text = '' }) => text.replaceAll(TURN_END, ' '));
  const how = ended ? 'said' : 'said so far';
  const kept = redact(texts.join(TURN_END), how, agent).split(TURN_END);
  return around.some((one, n) => isNear(one) && kept[n] !== texts[n]);
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
