import type { Transcript } from '../../../dialog/ports.ts';
import type { Segment } from './decoder.ts';

/** What both searches say of one turn. */
export interface Evidence {
  readonly grammar: { readonly text: string; readonly segments: readonly Segment[] };
  readonly model: {
    readonly text: string;
    readonly segments: readonly Segment[];
    readonly posterior: number;
  };
}

/** Decides which text is given, how sure it is, and whether it may be acted on. */
export function judge(evidence: Evidence): Transcript {
  const agreement = similarity(words(evidence.grammar.text), words(evidence.model.text));
  const text = agreement > 0.8 ? evidence.grammar.text : evidence.model.text;
  return { text, understood: agreement >= 0.5, confidence: agreement };
}

/** 1: the same words; 0: nothing in common. */
export function similarity(a: readonly string[], b: readonly string[]): number {
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 0 : 1 - editDistance(a, b) / longest;
}

/** Words to insert, delete or replace to make `b` of `a` (Levenshtein). */
export function editDistance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  a.forEach((word, i) => {
    const next = [i + 1];
    b.forEach((other, j) => {
      next.push(
        Math.min(
          (next[j] as number) + 1,
          (row[j + 1] as number) + 1,
          (row[j] as number) + (word === other ? 0 : 1),
        ),
      );
    });
    row = next;
  });
  return row[b.length] as number;
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}
